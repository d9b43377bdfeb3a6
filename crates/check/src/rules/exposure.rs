//! Exposure and secrets, and file systems that are not there.

mod secrets;

use super::rules;
use crate::finding::{Findings, Place};
use crate::image::is_official;
use crate::kubernetes::{Object, Workload};
use crate::node::Walk;
use crate::settings::{self, REST};
use crate::system::System;

rules! {
    OPEN_REST "NK0901" Warning "the REST API is open to everybody who reaches the cluster"
        happens "Flink's web UI and REST API ask for no password. Whoever reaches them uploads a jar and runs any code with the rights of the pods: scanners look for such addresses all day."
        cure "Use a ClusterIP Service and `nutkin open` or `kubectl port-forward`, or put a proxy with a login in front. Where only trusted machines reach the port, silence this code with that reason.";
    NO_PLUGIN "NK0902" Error "nothing in the image opens this file system"
        happens "Flink includes the file systems of clouds as plugins that are switched off: `Could not find a file system implementation for scheme 's3'`, at the first checkpoint or when a JobManager becomes leader."
        cure "Set the environment variable ENABLE_BUILT_IN_PLUGINS to the plugin's jar in JobManagers and TaskManagers, or copy the jar into a directory below `/opt/flink/plugins` in a Dockerfile.";
    PLAIN_SECRET "NK0903" Warning "a secret in plain text"
        happens "Whoever may read ConfigMaps, pods or the file's repository has the password or key. Flink masks it in its own web UI, nothing else does."
        cure "Take the value out of the file: from a Secret as an environment variable (`valueFrom.secretKeyRef`), or from the identity of the pod (IRSA, workload identity), which needs no key at all.";
    ALL_INTERFACES "NK0904" Warning "the REST API of a machine listens on all its interfaces"
        happens "Flink's REST API asks for no password: whoever reaches the machine runs any code on it."
        cure "Set `rest.bind-address: localhost`, and reach it through ssh or a proxy with a login.";
}

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    open_rest(system, out);
    no_plugin(system, out);
    secrets::check(system, out);
    if system.workloads.is_empty()
        && system.session.is_none()
        && let Some(setting) = system.settings.exact("rest.bind-address")
    {
        let plain = setting.text() == "0.0.0.0" && system.dockerfiles.is_empty();
        let secured = system.settings.value("security.ssl.rest.authentication-enabled");
        if plain && secured.as_deref() != Some("true") {
            let patch = out.exchange(setting.place, "0.0.0.0", "localhost");
            let message = "`rest.bind-address` is 0.0.0.0";
            out.add(&ALL_INTERFACES, setting.place, message).patch = patch;
        }
    }
}

fn open_rest(system: &System<'_>, out: &mut Findings<'_>) {
    let settings = system.settings_of_job_managers();
    let protected =
        settings.value("security.ssl.rest.authentication-enabled").as_deref() == Some("true");
    if protected {
        return;
    }
    let rest = settings.port("rest.port").unwrap_or(REST);
    for service in system.services_of_job_managers() {
        let Some(kind) = service.node.at("spec/type") else { continue };
        let outside = matches!(kind.text(), Some("NodePort" | "LoadBalancer"));
        let ports = service.node.at("spec/ports").map_or(&[][..], Walk::items);
        let is_named = |name: &str| {
            let mut ports =
                system.job_managers().flat_map(|workload| workload.container.items_of("ports"));
            ports.any(|port| {
                port.text_of("name") == Some(name)
                    && port.get("containerPort").and_then(Walk::whole) == Some(rest)
            })
        };
        let is_rest = |port: &&nutkin_flink::yaml::Node| {
            let target = port.get("targetPort").or_else(|| port.get("port"));
            target.and_then(Walk::whole) == Some(rest)
                || target
                    .and_then(Walk::text)
                    .is_some_and(|name| matches!(name, "rest" | "webui" | "ui") || is_named(name))
        };
        if let (true, Some(port)) = (outside, ports.iter().find(is_rest)) {
            let message = format!(
                "{} of type {} leads to the REST API, which asks for no password",
                service.title(),
                kind.text().unwrap_or_default()
            );
            let patch = out
                .replace(kind.place(service.file), "type: ClusterIP")
                .filter(|patch| patch.remove[0].trim_start().starts_with("type:"));
            let place = port.get("nodePort").unwrap_or(kind).place(service.file);
            out.add(&OPEN_REST, place, message).patch =
                patch.filter(|_| port.get("nodePort").is_none());
        }
    }
    let is_way = |object: &&Object| match object.kind.as_str() {
        "Route" => object.group().is_none_or(|group| matches!(group, "" | "route.openshift.io")),
        _ => true,
    };
    let ways = WAYS.iter().flat_map(|kind| system.world.of_kind(kind)).filter(is_way);
    for ingress in ways {
        let near = system.workloads.iter().any(|w| w.object.shares_namespace(ingress));
        let mut place = None;
        let is_ours = |name: &str| system.service(name).is_some();
        find_backend(&ingress.node, &is_ours, ingress.file, &mut place);
        let has_login = ingress.node.at("metadata/annotations").is_some_and(|annotations| {
            let words = ["auth", "whitelist", "allowlist"];
            let mut keys = annotations.entries().iter();
            keys.any(|(key, _)| words.iter().any(|word| key.name.contains(word)))
        });
        if let (true, false, Some(place)) = (near, has_login, place) {
            let message =
                format!("{} leads to the REST API, which asks for no password", ingress.title());
            out.add(&OPEN_REST, place, message);
        }
    }
    if let Some(session) = system.session
        && let Some(ingress) = session.node.at("spec/ingress")
        && ingress.get("template").is_some()
    {
        let annotations = ingress.get("annotations").map_or(&[][..], Walk::entries);
        if !annotations.iter().any(|(key, _)| key.name.contains("auth")) {
            let message = "the Ingress leads to the REST API, which asks for no password";
            out.add(&OPEN_REST, ingress.place(session.file), message);
        }
    }
    if let Some(setting) = system.settings.exact("kubernetes.rest-service.exposed.type") {
        let text = setting.text();
        if matches!(text.as_str(), "NodePort" | "LoadBalancer") {
            let message = format!("`{}` is {text}", setting.key);
            out.add(&OPEN_REST, setting.place, message);
        }
    }
}

/// Kinds that lead from outside to a Service: of Kubernetes, its Gateway API, OpenShift and Traefik.
const WAYS: &[&str] = &["Ingress", "HTTPRoute", "Route", "IngressRoute"];

/// The first backend of an Ingress or the like that is one of the Services.
fn find_backend(
    node: &nutkin_flink::yaml::Node,
    is_ours: &dyn Fn(&str) -> bool,
    file: usize,
    found: &mut Option<Place>,
) {
    for (key, value) in node.entries() {
        let is_service = matches!(
            key.name.as_str(),
            "service" | "backend" | "to" | "alternateBackends" | "backendRefs" | "services"
        );
        for one in std::iter::once(value).chain(value.items()).filter(|_| is_service) {
            let name = one.text_of("name").or_else(|| one.text_of("serviceName"));
            if found.is_none() && name.is_some_and(is_ours) {
                *found = Some(one.place(file));
            }
        }
        find_backend(value, is_ours, file, found);
    }
    for item in node.items() {
        find_backend(item, is_ours, file, found);
    }
}

/// Schemes, the word that a jar for them has in its name, and Flink's own jar.
const FILE_SYSTEMS: &[(&[&str], &str, &str)] = &[
    (&["s3", "s3a", "s3p"], "s3", "flink-s3-fs-hadoop"),
    (&["gs"], "gs-fs", "flink-gs-fs-hadoop"),
    (&["abfs", "abfss", "wasb", "wasbs"], "azure", "flink-azure-fs-hadoop"),
    (&["oss"], "oss", "flink-oss-fs-hadoop"),
    (&["hdfs", "viewfs"], "hadoop", ""),
];

/// Options with directories that Flink itself opens.
const DIRECTORIES: &[&str] = &[
    "high-availability.storageDir",
    "execution.checkpointing.dir",
    "execution.checkpointing.savepoint-dir",
    "jobmanager.archive.fs.dir",
    "historyserver.archive.fs.dir",
];

/// Whether a session file is meant for Kubernetes, as far as it says so.
fn is_for_pods(session: &Object, system: &System<'_>) -> bool {
    let fields = ["spec/mode", "spec/image", "spec/serviceAccount", "metadata/namespace"];
    fields.iter().any(|field| session.node.at(field).is_some())
        || system.settings.list.iter().any(|setting| setting.key.starts_with("kubernetes."))
}

fn no_plugin(system: &System<'_>, out: &mut Findings<'_>) {
    let settings = system.settings_of_job_managers();
    for key in DIRECTORIES {
        let Some(setting) = settings.get(key) else { continue };
        let text = setting.text();
        let Some((scheme, _)) = text.split_once("://").or_else(|| text.split_once(":/")) else {
            continue;
        };
        let Some((_, word, jar)) =
            FILE_SYSTEMS.iter().find(|(schemes, ..)| schemes.contains(&scheme))
        else {
            continue;
        };
        let lacking = system
            .workloads
            .iter()
            .find(|workload| !brings(workload.pod, workload.container, word));
        let official = |image: Option<&str>| image.is_some_and(is_official);
        let title = match (system.session, lacking) {
            // On a machine Hadoop's classes are those of its HADOOP_CLASSPATH.
            (Some(session), _) if jar.is_empty() && !is_for_pods(session, system) => continue,
            (Some(session), _) => {
                let plain = session.node.at("spec/image").is_none()
                    || official(session.node.at("spec/image").and_then(Walk::text));
                let templates = ["spec/podTemplate/spec", "spec/jobManager/podTemplate/spec"];
                let brought =
                    templates.iter().filter_map(|path| session.node.at(path)).any(|pod| {
                        pod.items_of("containers")
                            .iter()
                            .any(|container| brings(pod, container, word))
                    });
                let own = system.settings.list.iter().any(|setting| {
                    (setting.key.starts_with("nutkin.plugins")
                        || setting.key.starts_with("nutkin.libs")
                        || setting.key.ends_with(".env.ENABLE_BUILT_IN_PLUGINS"))
                        && setting.text().contains(word)
                });
                if !plain || brought || own {
                    continue;
                }
                session.title()
            }
            (None, None) => match &system.boot {
                Some(boot) if boot_lacks(system, boot, word) => boot.title(),
                _ => continue,
            },
            (None, Some(workload)) if official(workload.image().and_then(Walk::text)) => {
                workload.title()
            }
            _ => continue,
        };
        let message =
            format!("`{}` begins with {scheme}:, and {title} has no plugin for it", setting.key);
        let finding = out.add(&NO_PLUGIN, setting.place, message);
        if jar.is_empty() {
            finding.cure = Some(
                "Build an image with Hadoop and set HADOOP_CLASSPATH in it, or mount both into the pods."
                    .to_owned(),
            );
        } else if let Some(version) = system.version {
            finding.cure = Some(format!(
                "Set the environment variable ENABLE_BUILT_IN_PLUGINS to `{jar}-{version}.jar` in JobManagers and TaskManagers."
            ));
        }
    }
}

/// Whether the pods that a client deploys are of the official image, and nothing gives them a plugin: no variable, and no
/// template of the client's own container.
fn boot_lacks(system: &System<'_>, boot: &Workload<'_>, word: &str) -> bool {
    let named = ["kubernetes.container.image.ref", "kubernetes.container.image"];
    let named = named.iter().find_map(|key| system.settings.value(key));
    let brought = system.settings.list.iter().any(|setting| {
        setting.key.starts_with("kubernetes.pod-template-file")
            || setting.key.ends_with(".env.ENABLE_BUILT_IN_PLUGINS")
                && setting.text().contains(word)
    });
    // Without the option the client takes the official image of its own release.
    named.is_none_or(|image| is_official(&image))
        && boot.image().and_then(Walk::text).is_some_and(is_official)
        && system.texts.is_empty()
        && settings::of_boot(boot).1.is_none()
        && !brought
}

/// Whether a pod of the official image brings a plugin by a variable, a mount or an init container.
fn brings(
    pod: &nutkin_flink::yaml::Node,
    container: &nutkin_flink::yaml::Node,
    word: &str,
) -> bool {
    let by_variable = container.items_of("env").iter().any(|entry| {
        let value = entry.text_of("value").unwrap_or_default();
        match entry.text_of("name") {
            Some("ENABLE_BUILT_IN_PLUGINS") => value.contains(word) || value.is_empty(),
            Some("HADOOP_CLASSPATH" | "HADOOP_HOME") => word == "hadoop",
            _ => false,
        }
    });
    let by_mount = container.items_of("volumeMounts").iter().any(|mount| {
        mount.text_of("mountPath").is_some_and(|path| {
            path.starts_with("/opt/flink/plugins") || path.starts_with("/opt/flink/lib")
        })
    });
    let by_command = container
        .items_of("command")
        .iter()
        .chain(container.items_of("args"))
        .any(|node| node.text().is_some_and(|text| text.contains("plugins/")));
    by_variable
        || by_mount
        || by_command
        || container.get("envFrom").is_some()
        || !pod.items_of("initContainers").is_empty()
}
