//! Where TaskManagers look for the JobManager, in pods and on machines.

use super::{
    ADDRESS, HOST_LINE, MASTERS, NO_ADDRESS, RPC, SERVICE_PORTS, SEVERAL_MASTERS, is_ip, range,
};
use crate::finding::{Findings, Place};
use crate::image;
use crate::kubernetes::{Role, Workload};
use crate::node::Walk;
use crate::role;
use crate::settings::{Setting, has_fixed_configuration};
use crate::source::FileKind;
use crate::system::System;

pub(super) fn of_job_manager(system: &System<'_>, out: &mut Findings<'_>) {
    // What JobManagers call themselves is their own address where several of them lead.
    let settings = system.settings_of_task_managers();
    let Some(setting) = settings.get("jobmanager.rpc.address") else { return };
    let text = setting.text();
    let numeric = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if numeric && !is_ip(&text) || text.contains([' ', '/']) || text.ends_with('.') && numeric {
        let message =
            format!("`jobmanager.rpc.address`: `{text}` is neither an IP address nor a name");
        out.add(&NO_ADDRESS, setting.place, message);
        return;
    }
    let without = system.high_availability().is_some()
        || system.workloads.is_empty()
        || system.job_managers().next().is_none()
        || text.contains('$');
    if without {
        return;
    }
    if is_ip(&text) || text == "localhost" {
        let together = system.workloads.iter().all(|w| w.pod.items_of("containers").len() > 1);
        if !together {
            let message =
                format!("pods cannot reach the JobManager at `{text}`: that is not its pod");
            let service = system.services_of_job_managers().next();
            let patch =
                service.and_then(|service| out.exchange(setting.place, &text, &service.name));
            out.add(&ADDRESS, setting.place, message).patch = patch;
        }
        return;
    }
    let name = text.split('.').next().unwrap_or_default();
    if let Some(message) = elsewhere(system, name, &text) {
        let patch = system.service(name).and_then(|_| out.exchange(setting.place, &text, name));
        out.add(&ADDRESS, setting.place, message).patch = patch;
        return;
    }
    let Some(service) = system.service(name) else {
        let is_pod = system.workloads.iter().any(|w| {
            w.object.node.at("spec/serviceName").is_some() || name.starts_with(&w.object.name)
        });
        let other_services = system.services_of_job_managers().next().is_some();
        let is_made = || system.world.made.has("Service", name);
        if other_services && !is_pod && !is_made() {
            let message = format!("no Service `{name}` leads to the JobManager");
            out.add(&ADDRESS, setting.place, message);
        }
        return;
    };
    // What is in a ConfigMap of the cluster may say other ports.
    let is_unknown = system.job_managers().any(|one| system.absent_map(one).is_some());
    if service.is_headless() || is_unknown {
        return;
    }
    let ports: Vec<i64> = service
        .node
        .at("spec/ports")
        .map_or(&[][..], Walk::items)
        .iter()
        .filter_map(|port| port.get("port")?.whole())
        .collect();
    let masters = system.settings_of_job_managers();
    let rpc = settings.port("jobmanager.rpc.port").unwrap_or(RPC);
    let mut lacking = Vec::new();
    if !ports.contains(&rpc) {
        lacking.push(format!("port {rpc} for `jobmanager.rpc.port`"));
    }
    // Of a range it takes the first that is free.
    let blob = range(masters.value("blob.server.port")).into_iter().find(|port| 0 < *port);
    match blob {
        Some(blob) if !ports.contains(&blob) => {
            lacking.push(format!("port {blob} for `blob.server.port`"));
        }
        // The image's entrypoint sets 6124 where it can write.
        None if system.job_managers().all(has_random_blob_port) => {
            lacking.push("a fixed `blob.server.port` (unset, it is a random one)".to_owned());
        }
        _ => {}
    }
    if !lacking.is_empty() {
        let message = format!("{} lacks {}", service.title(), lacking.join(" and "));
        out.add(&SERVICE_PORTS, service.place_of("spec/ports"), message);
    }
}

/// Why an address leads into another namespace than that of the pods, if it does.
fn elsewhere(system: &System<'_>, name: &str, text: &str) -> Option<String> {
    let own = system.namespace()?;
    let mut rest = text.split('.').skip(1);
    let (namespace, tail) = (rest.next(), rest.next());
    let there = |namespace: &str| {
        let mut all = system.world.all_named("Service", name);
        all.find(|service| service.namespace.as_deref() == Some(namespace))
    };
    if let Some(namespace) = namespace.filter(|namespace| *namespace != own) {
        // `POD.SERVICE` is an address as well.
        let is_pod = system.service(namespace).is_some()
            || system.workloads.iter().any(|workload| {
                let service = workload.object.node.at("spec/serviceName").and_then(Walk::text);
                service == Some(namespace)
            });
        let is_named = matches!(tail, None | Some("svc")) && !is_pod;
        return (is_named && there(namespace).is_none() && system.service(name).is_some()).then(
            || format!("`{text}` leads into namespace `{namespace}`; the Service and the pods are in `{own}`"),
        );
    }
    if system.service(name).is_some() {
        return None;
    }
    // A Service selects pods of its own namespace only.
    let overlay = system.workloads.first().and_then(|workload| workload.object.overlay);
    let mut near =
        system.world.all_named("Service", name).filter(|service| service.overlay == overlay);
    let other = near.find(|service| {
        let selector = service.node.at("spec/selector").map_or(&[][..], Walk::entries);
        system.job_managers().any(|workload| workload.is_selected(selector))
    })?;
    let namespace = other.namespace.as_deref()?;
    Some(format!("Service `{name}` is in namespace `{namespace}`; the pods are in `{own}`"))
}

/// Whether nothing fixes the port of blobs where no file does: the entrypoint of Flink's image cannot write it, or is not
/// called.
fn has_random_blob_port(workload: &Workload<'_>) -> bool {
    let is_called = workload.container.get("command").is_none()
        || role::words(workload.container)
            .iter()
            .any(|(word, _)| word.ends_with("docker-entrypoint.sh"));
    let is_official = workload.image().and_then(Walk::text).is_some_and(image::is_official);
    has_fixed_configuration(workload) || !is_called && is_official
}

/// Options with an address, by who reads them.
const ADDRESSES: &[(Role, &[&str])] = &[
    (Role::JobManager, &["jobmanager.bind-host", "rest.bind-address"]),
    (Role::TaskManager, &["taskmanager.host", "taskmanager.bind-host", "jobmanager.rpc.address"]),
];

/// Variables in a mounted configuration: the entrypoint of Flink's image puts values in only where it can write, and Flink
/// takes the text as it is.
pub(super) fn literal(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        let is_official = workload.image().and_then(Walk::text).is_some_and(image::is_official);
        if !is_official || !has_fixed_configuration(workload) {
            continue;
        }
        let settings = system.settings_of(workload);
        let keys = ADDRESSES.iter().filter(|(role, _)| *role == workload.role);
        for key in keys.flat_map(|(_, keys)| *keys) {
            let is_found_otherwise =
                *key == "jobmanager.rpc.address" && system.high_availability().is_some();
            let Some(setting) = settings.get(key).filter(|_| !is_found_otherwise) else { continue };
            let text = setting.text();
            if setting.dialect.is_none() || !setting.is_open() {
                continue;
            }
            let message = format!(
                "`{key}` is `{text}` to Flink: {} mounts its configuration, and nothing puts the value in",
                workload.title()
            );
            let finding = out.add(&NO_ADDRESS, setting.place, message);
            finding.cure = Some(format!(
                "Remove the line, and give the arguments `-D` and `{key}={}`: Kubernetes puts values into `args`.",
                in_arguments(&text)
            ));
        }
    }
}

/// Variables in arguments that the container does not have: Kubernetes leaves `$(NAME)` as it is.
pub(super) fn without_value(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in system.workloads.iter().filter(|one| one.object.compose.is_none()) {
        let settings = system.settings_of(workload);
        let keys = ADDRESSES.iter().filter(|(role, _)| *role == workload.role);
        for key in keys.flat_map(|(_, keys)| *keys) {
            let Some(setting) = settings.get(key).filter(|one| one.dialect.is_none()) else {
                continue;
            };
            let text = setting.text();
            let name = text.split_once("$(").and_then(|(_, rest)| rest.split_once(')'));
            let Some((name, _)) = name else { continue };
            // A shell puts in what commands print, and Kubernetes the addresses of Services.
            let is_word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let is_known = !name.chars().all(is_word)
                || name.contains("_SERVICE_")
                || workload.variable(name).is_some()
                || workload.container.get("envFrom").is_some()
                || system.world.is_open_shift;
            if is_known || !is_argument(workload, setting) {
                continue;
            }
            let message = format!(
                "`{key}` is `{text}` to Flink: {} has no variable `{name}`",
                workload.title()
            );
            let finding = out.add(&NO_ADDRESS, setting.place, message);
            finding.cure = Some(format!(
                "Set `{name}` in `env`, from `status.podIP` where it is the pod's address."
            ));
        }
    }
}

/// Whether a container has a setting as an argument.
fn is_argument(workload: &Workload<'_>, setting: &Setting) -> bool {
    let file = workload.file();
    let all = ["command", "args"].iter().flat_map(|key| workload.container.items_of(key));
    let mut lines = all.map(|node| node.place(file).line);
    setting.place.file == file && lines.any(|line| line == setting.place.line)
}

/// A variable as Kubernetes writes it: `$(POD_IP)` for `${POD_IP}`.
fn in_arguments(text: &str) -> String {
    text.replace("${", "$(").replace('}', ")")
}

/// Machines that cannot be: what is in a line goes to ssh.
pub(super) fn host_lines(system: &System<'_>, out: &mut Findings<'_>) {
    for hosts in &system.hosts {
        for (place, host, port) in &hosts.lines {
            let numeric = host.chars().all(|c| c.is_ascii_digit() || c == '.');
            let is_host = !host.is_empty()
                && (!numeric || is_ip(host))
                && host.chars().all(|c| c.is_alphanumeric() || "-._@".contains(c));
            let is_port = match (port, hosts.kind) {
                (None, _) => true,
                (Some(_), FileKind::Workers) => false,
                (Some(port), _) => port.parse::<u16>().is_ok(),
            };
            if !is_host || !is_port {
                let port = port.as_ref().map(|port| format!(":{port}")).unwrap_or_default();
                out.add(&HOST_LINE, *place, format!("`{host}{port}` is not a machine"));
            }
        }
        let is_single = system.high_availability().is_none();
        let [_, (place, ..), ..] = &hosts.lines[..] else { continue };
        if hosts.kind == FileKind::Masters && is_single {
            let message = format!("{} machines, and only one is started", hosts.lines.len());
            out.add(&SEVERAL_MASTERS, *place, message);
        }
    }
}

pub(super) fn masters(system: &System<'_>, out: &mut Findings<'_>) {
    if system.high_availability().is_some() {
        return;
    }
    let Some(setting) = system.settings.get("jobmanager.rpc.address") else { return };
    let address = setting.text();
    for hosts in system.hosts.iter().filter(|hosts| hosts.kind == FileKind::Masters) {
        let beside = out.files[hosts.file].directory() == out.files[setting.place.file].directory();
        let Some((place, host, _)) = hosts.lines.first().filter(|_| beside) else { continue };
        let place: Place = *place;
        let is_address = is_ip(&address) || !address.ends_with('.');
        if *host != address && is_address {
            let message = format!("`{host}` here, `{address}` in `jobmanager.rpc.address`");
            out.add(&MASTERS, place, message);
        }
    }
}
