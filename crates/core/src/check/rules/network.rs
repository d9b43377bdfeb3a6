//! Addresses and ports: who calls whom, and whether anybody listens.

use super::rules;
use crate::check::finding::{Findings, Place};
use crate::check::kubernetes::{Object, Workload, selects};
use crate::check::node::Walk;
use crate::check::settings::Settings;
use crate::check::source::FileKind;
use crate::check::system::System;
use crate::yaml::Node;

rules! {
    SELECTS_NOTHING "NK0401" Error "a Service selects no pod"
        happens "The name resolves and nobody answers: TaskManagers never find the JobManager, the web UI does not open. Kubernetes does not say so; `kubectl get endpoints` shows an empty list."
        cure "Give the selector exactly the labels of `spec.template.metadata.labels` of the pods.";
    SELECTOR "NK0402" Error "a workload does not select its own pods"
        happens "Kubernetes refuses the object: `selector does not match template labels`."
        cure "Write the same labels into `spec.selector.matchLabels` and `spec.template.metadata.labels`.";
    DEAD_TARGET "NK0403" Error "a Service leads to a port on which nothing listens"
        happens "Connections through the Service are refused, although the pods run and look healthy."
        cure "Make `targetPort` the port that the options set (`rest.port`, `jobmanager.rpc.port`, `blob.server.port`, `taskmanager.rpc.port`), or change the option.";
    CONTAINER_PORT "NK0404" Warning "a container port is not the one of the options"
        happens "The list of container ports opens nothing and closes nothing; it tells people, network policies and Services by name where Flink listens, and here it tells them wrong."
        cure "Write the number that the option has, or change the option.";
    ADDRESS "NK0405" Error "`jobmanager.rpc.address` does not lead to the JobManager"
        happens "TaskManagers connect to this address for ever: `Could not resolve ResourceManager address`, and the web UI shows 0 TaskManagers."
        cure "Set `jobmanager.rpc.address` to the name of a Service that selects the JobManager's pods.";
    SERVICE_PORTS "NK0406" Error "the JobManager's Service lacks a port that TaskManagers need"
        happens "TaskManagers talk to the JobManager on `jobmanager.rpc.port` (6123) and fetch jars from `blob.server.port`. Without the first none registers; without the second every job fails when it starts: `Could not fetch BLOB`."
        cure "Add the port to the Service, and set `blob.server.port: 6124`, since its default is a random one.";
    NODE_PORT "NK0407" Error "a node port outside the range of Kubernetes"
        happens "The API server refuses the Service: node ports go from 30000 to 32767, unless the cluster was set up otherwise."
        cure "Take a port from 30000 to 32767, or leave `nodePort` out and let Kubernetes choose.";
    SPREAD_REST "NK0408" Warning "one Service for the REST API of several JobManagers"
        happens "Each request may reach another JobManager. A jar is uploaded to one and not found by the next: `Jar file ... does not exist`."
        cure "Mount one ReadWriteMany volume at `<web.upload.dir>/flink-web-upload` in all JobManagers, or let the Service send each client to one of them: `sessionAffinity: ClientIP`.";
    DEAD_PROBE "NK0409" Error "a probe asks a port on which nothing listens"
        happens "The probe fails from the first time on: Kubernetes restarts a healthy container again and again, or never sends traffic to it."
        cure "Ask the port that the options set: 6123 of a JobManager, 6122 of a TaskManager, 8081 for the REST API, unless they were changed.";
    QUERYABLE_STATE "NK0410" Note "a port for queryable state, which is off"
        happens "Nothing listens there. Queryable state is off unless `queryable-state.enable: true`, deprecated since Flink 1.18, and gone in 2.0."
        cure "Remove the option, the container port and the Service.";
    WRONG_CALL "NK0411" Error "a script calls a port that no Service opens"
        happens "The client ends with `Connection refused`, or after a long time with a timeout."
        cure "From outside the cluster take the `nodePort` of the Service, inside it the Service's name and `port`.";
    NO_ADDRESS "NK0412" Error "this is no address"
        happens "The name cannot be resolved: `UnknownHostException`, and no TaskManager finds the JobManager."
        cure "Write a whole IP address or a host name.";
    MASTERS "NK0413" Warning "`masters` and `jobmanager.rpc.address` disagree"
        happens "`start-cluster.sh` starts the JobManager on the machine in `masters`; the TaskManagers look for it at `jobmanager.rpc.address`. Without high availability both must be the same machine."
        cure "Write the same host in both.";
    SELF "NK0414" Error "TaskManagers that look for the JobManager in themselves"
        happens "The image's entrypoint writes `jobmanager.rpc.address` on every start: the value of JOB_MANAGER_RPC_ADDRESS, or else the pod's own name. With a configuration that it can write to, each TaskManager calls itself: `Connection refused` at its own address."
        cure "Set the environment variable JOB_MANAGER_RPC_ADDRESS to the JobManager's Service, or give `-D` and `jobmanager.rpc.address=...` as arguments.";
    SEVERAL_MASTERS "NK0415" Warning "several masters without high availability"
        happens "`start-cluster.sh` reads `masters` for ZooKeeper high availability only. Otherwise it starts one JobManager, on the machine where it is called; the others of the file are never started."
        cure "Leave one line, or set `high-availability.type: zookeeper` with its quorum and a storage directory that all machines share.";
    HOST_LINE "NK0416" Error "a line of masters or workers that is no machine"
        happens "`start-cluster.sh` gives the line to ssh as it stands: `Could not resolve hostname`, and nothing is started there."
        cure "Write one host name or IP address in a line; only in `masters` may `:PORT` of the web UI follow.";
}

/// Flink's defaults of the ports that others must reach (`JobManagerOptions`, `RestOptions`); those of
/// TaskManagers and blobs are random unless set.
const RPC: i64 = 6123;

/// `blob.server.port` as the image's entrypoint sets it on every start.
const BLOB_OF_ENTRYPOINT: i64 = 6124;
const REST: i64 = 8081;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        own_labels(workload, out);
        container_ports(system, workload, out);
        probes(system, workload, out);
        self_address(system, workload, out);
    }
    for service in &system.selecting {
        of_service(system, service, out);
    }
    address(system, out);
    queryable_state(system, out);
    calls(system, out);
    masters(system, out);
    host_lines(system, out);
}

/// Services that select nothing are looked at once, for all sessions together.
pub(super) fn services_without_pods(world: &crate::check::system::World, out: &mut Findings<'_>) {
    let workloads: Vec<Workload<'_>> = world.objects.iter().filter_map(Workload::of).collect();
    let mut labelled = Vec::new();
    for object in &world.objects {
        if let Some(labels) = object.node.at("spec/template/metadata/labels") {
            labelled.push((object, labels.entries()));
        }
    }
    for service in world.of_kind("Service") {
        let Some(selector) = service.node.at("spec/selector") else { continue };
        let near = workloads.iter().filter(|workload| workload.object.shares_namespace(service));
        let any = labelled.iter().any(|(object, labels)| {
            object.shares_namespace(service) && selects(selector.entries(), labels)
        }) || near.clone().any(|workload| workload.is_selected(selector.entries()));
        if any {
            continue;
        }
        // A Service that has nothing to do with these pods has its own somewhere else.
        let akin = near.clone().any(|workload| {
            let shares = |(key, value): &(crate::yaml::Key, Node)| {
                workload
                    .labels()
                    .iter()
                    .any(|(k, v)| k.name == key.name && v.text() == value.text())
            };
            selector.entries().iter().any(shares) || is_flink_name(&service.name)
        });
        if akin {
            let message = format!("{} selects none of the pods in these files", service.title());
            out.add(&SELECTS_NOTHING, selector.place(service.file), message);
        }
    }
}

fn is_flink_name(name: &str) -> bool {
    ["flink", "jobmanager", "taskmanager"].iter().any(|word| name.contains(word))
}

fn own_labels(workload: &Workload<'_>, out: &mut Findings<'_>) {
    let Some(selector) = workload.object.node.at("spec/selector/matchLabels") else { return };
    if !workload.is_selected(selector.entries()) {
        let message = format!("{} selects other labels than its pods have", workload.title());
        out.add(&SELECTOR, selector.place(workload.file()), message);
    }
}

/// Whether the image's entrypoint cannot write to the configuration of the pods.
fn has_fixed_configuration(workload: &Workload<'_>) -> bool {
    let files = ["/opt/flink/conf/flink-conf.yaml", "/opt/flink/conf/config.yaml"];
    files.iter().any(|file| workload.mount_of(file).is_some_and(|mount| mount.is_read_only()))
}

/// The option that says where TaskManagers reach the JobManager, and its value.
fn rpc_port(settings: &Settings, is_highly_available: bool) -> (&'static str, i64) {
    let key = "high-availability.jobmanager.port";
    match settings.port(key).filter(|_| is_highly_available) {
        Some(port) => (key, port),
        None => ("jobmanager.rpc.port", settings.port("jobmanager.rpc.port").unwrap_or(RPC)),
    }
}

/// Ports on which a workload's process listens, as far as they are known.
fn listening(settings: &Settings, workload: &Workload<'_>) -> Vec<i64> {
    let mut ports = Vec::new();
    if workload.role.is_job_manager() {
        ports.push(settings.port("jobmanager.rpc.port").unwrap_or(RPC));
        ports.push(settings.port("rest.port").unwrap_or(REST));
        ports.extend(settings.port("jobmanager.rpc.bind-port"));
        ports.extend(settings.port("high-availability.jobmanager.port"));
        ports.extend(settings.port("blob.server.port"));
        if !has_fixed_configuration(workload) {
            ports.push(BLOB_OF_ENTRYPOINT);
        }
    }
    if workload.role.is_task_manager() {
        ports.extend(settings.port("taskmanager.rpc.port"));
        ports.extend(settings.port("taskmanager.data.port"));
        ports.extend(settings.port("queryable-state.proxy.ports"));
        ports.extend(settings.port("queryable-state.server.ports"));
    }
    // A range binds one of its ports: which one is not known.
    for key in ["rest.bind-port", "taskmanager.rpc.bind-port", "taskmanager.data.bind-port"] {
        let Some(value) = settings.value(key) else { continue };
        match value.split_once('-') {
            None => ports.extend(value.parse::<i64>().ok()),
            Some((low, high)) => {
                if let (Ok(low), Ok(high)) = (low.trim().parse::<i64>(), high.trim().parse::<i64>())
                {
                    // A thousand ports are more than anybody's range.
                    ports.extend((low..=high).take(1000));
                }
            }
        }
    }
    for setting in settings.effective().filter(|s| s.key.starts_with("metrics.reporter.")) {
        ports.extend(setting.text().split('-').filter_map(|port| port.trim().parse::<i64>().ok()));
    }
    ports
}

/// Whether the options of a system are known at all.
fn is_known(system: &System<'_>) -> bool {
    !system.settings.is_empty() && system.refused.is_empty()
}

fn container_ports(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    if !is_known(system) {
        return;
    }
    let settings = system.settings.with_arguments(workload);
    for port in workload.container.items_of("ports") {
        let (Some(node), Some(name)) = (port.get("containerPort"), port.text_of("name")) else {
            continue;
        };
        let master = workload.role.is_job_manager() && !workload.role.is_task_manager();
        let (key, expected) = match name {
            "rpc" | "jobmanager-rpc" | "jm-rpc" if master => {
                let (key, port) = rpc_port(&settings, system.high_availability().is_some());
                (key, Some(port))
            }
            "blob" | "blob-server" | "blobserver" if master => {
                ("blob.server.port", settings.port("blob.server.port"))
            }
            "rest" | "webui" | "web" | "ui" | "flink-ui" if master => {
                ("rest.port", Some(settings.port("rest.port").unwrap_or(REST)))
            }
            "rpc" | "taskmanager-rpc" | "tm-rpc" if !workload.role.is_job_manager() => {
                ("taskmanager.rpc.port", settings.port("taskmanager.rpc.port"))
            }
            _ => continue,
        };
        let Some(expected) = expected else { continue };
        if node.whole() != Some(expected) && settings.exact("rest.bind-port").is_none() {
            let message = format!(
                "the port `{name}` is {}, `{key}` is {expected}",
                node.text().unwrap_or_default()
            );
            let place = node.place(workload.file());
            let old = out.files[place.file].line(place.line).unwrap_or_default();
            let new = old.replacen(node.text().unwrap_or_default(), &expected.to_string(), 1);
            let patch = out.replace(place, new.trim());
            out.add(&CONTAINER_PORT, place, message).patch = patch;
        }
    }
}

/// The number behind a port's name.
fn by_name(workload: &Workload<'_>, name: &str) -> Option<i64> {
    let mut ports = workload.container.items_of("ports").iter();
    ports.find(|port| port.text_of("name") == Some(name))?.get("containerPort")?.whole()
}

fn probes(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    if !is_known(system) {
        return;
    }
    let settings = system.settings.with_arguments(workload);
    for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = workload.container.get(kind) else { continue };
        let asked = ["tcpSocket/port", "httpGet/port"].iter().find_map(|path| probe.at(path));
        let Some(node) = asked else { continue };
        let number = node.whole().or_else(|| by_name(workload, node.text()?));
        let ports = listening(&settings, workload);
        let message = match number {
            Some(number) if ports.contains(&number) => continue,
            // Without fixed ports of a TaskManager any number may be right by chance.
            Some(_) if ports.is_empty() => continue,
            Some(number) => format!("{kind} asks port {number}; Flink listens on {}", list(&ports)),
            None => format!(
                "{kind} asks the port `{}`, which the container does not name",
                node.text().unwrap_or_default()
            ),
        };
        out.add(&DEAD_PROBE, node.place(workload.file()), message);
    }
}

fn list(ports: &[i64]) -> String {
    let mut sorted = ports.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

fn self_address(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let has_entrypoint = workload.image().and_then(Walk::text).is_some_and(|image| {
        matches!(image.split([':', '@']).next(), Some("flink" | "apache/flink"))
    }) && workload.container.get("command").is_none();
    if !has_entrypoint || workload.role.is_job_manager() || system.high_availability().is_some() {
        return;
    }
    let named =
        workload.variable("JOB_MANAGER_RPC_ADDRESS").is_some()
            || system.settings.with_arguments(workload).list.iter().any(|setting| {
                setting.key == "jobmanager.rpc.address" && setting.dialect.is_none()
            });
    if !has_fixed_configuration(workload) && !named && workload.container.get("envFrom").is_none() {
        let place = workload.container.place(workload.file());
        let message = format!("{} does not say where the JobManager is", workload.title());
        out.add(&SELF, place, message);
    }
}

fn of_service(system: &System<'_>, service: &Object, out: &mut Findings<'_>) {
    let Some(selector) = service.node.at("spec/selector") else { return };
    let selected: Vec<&Workload<'_>> = system
        .workloads
        .iter()
        .filter(|w| w.object.shares_namespace(service) && w.is_selected(selector.entries()))
        .collect();
    if selected.is_empty() {
        return;
    }
    let ports = service.node.at("spec/ports").map_or(&[][..], Walk::items);
    for port in ports {
        if let Some(node) = port.get("nodePort")
            && node.whole().is_some_and(|number| !(30000..=32767).contains(&number))
        {
            let message =
                format!("node port {} of {}", node.text().unwrap_or_default(), service.title());
            out.add(&NODE_PORT, node.place(service.file), message);
        }
        if is_known(system) {
            target(system, service, port, &selected, out);
        }
    }
    spread_rest(system, service, &selected, out);
}

/// Whether somebody listens behind a port of a Service.
fn target(
    system: &System<'_>,
    service: &Object,
    port: &Node,
    selected: &[&Workload<'_>],
    out: &mut Findings<'_>,
) {
    let Some(node) = port.get("targetPort").or_else(|| port.get("port")) else { return };
    let mut known = Vec::new();
    for workload in selected {
        let number = node.whole().or_else(|| by_name(workload, node.text()?));
        let ports = listening(&system.settings.with_arguments(workload), workload);
        if number.is_some_and(|number| ports.contains(&number)) || ports.is_empty() {
            return;
        }
        // Containers beside Flink listen where they like.
        if workload.pod.items_of("containers").len() != 1 {
            return;
        }
        known.extend(ports);
    }
    let text = node.text().unwrap_or_default();
    let message = format!("port {text} of {}: Flink listens on {}", service.title(), list(&known));
    let dead_by_option = port.text_of("name").is_some_and(|name| name.contains("query"));
    if !dead_by_option {
        out.add(&DEAD_TARGET, node.place(service.file), message);
    }
}

fn spread_rest(
    system: &System<'_>,
    service: &Object,
    selected: &[&Workload<'_>],
    out: &mut Findings<'_>,
) {
    let rest = system.settings.port("rest.port").unwrap_or(REST);
    let mut ports = service.node.at("spec/ports").map_or(&[][..], Walk::items).iter();
    let port = ports.find(|port| {
        port.get("targetPort").or_else(|| port.get("port")).and_then(Walk::whole) == Some(rest)
    });
    let Some(port) = port else { return };
    let several = selected
        .iter()
        .find(|w| w.role.is_job_manager() && !w.role.is_task_manager() && 1 < w.replicas);
    let Some(workload) = several else { return };
    let directory = system.settings.value("web.upload.dir").unwrap_or_default();
    let uploads = format!("{}/flink-web-upload", directory.trim_end_matches('/'));
    let shared = !directory.is_empty()
        && super::storage::reach(system, workload, &uploads) == super::storage::Reach::All;
    let is_sticky =
        service.node.at("spec/sessionAffinity").and_then(Walk::text) == Some("ClientIP");
    // The Service that gives the pods of a StatefulSet their names is not there to be called itself.
    let gives_names = system.workloads.iter().any(|workload| {
        workload.object.node.at("spec/serviceName").and_then(Walk::text) == Some(&service.name)
    });
    let is_headless = service.node.at("spec/clusterIP").and_then(Walk::text) == Some("None");
    let is_harmless = shared || is_sticky || gives_names && is_headless;
    if !is_harmless {
        let message = format!(
            "{} spreads requests over {} JobManagers, each with uploaded jars of its own",
            service.title(),
            workload.replicas
        );
        out.add(&SPREAD_REST, port.place(service.file), message);
    }
}

fn is_ip(text: &str) -> bool {
    text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok())
}

fn address(system: &System<'_>, out: &mut Findings<'_>) {
    let Some(setting) = system.settings.get("jobmanager.rpc.address") else { return };
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
            let patch = service.and_then(|service| {
                out.replace(setting.place, &format!("{}: {}", setting.key, service.name))
            });
            out.add(&ADDRESS, setting.place, message).patch = patch;
        }
        return;
    }
    let name = text.split('.').next().unwrap_or_default();
    let Some(service) = system.services().find(|service| service.name == name) else {
        let is_pod = system.workloads.iter().any(|w| {
            w.object.node.at("spec/serviceName").is_some() || name.starts_with(&w.object.name)
        });
        let other_services = system.services_of_job_managers().next().is_some();
        if other_services && !is_pod {
            let message = format!("no Service `{name}` leads to the JobManager");
            out.add(&ADDRESS, setting.place, message);
        }
        return;
    };
    if service.node.at("spec/clusterIP").and_then(Walk::text) == Some("None") {
        return;
    }
    let ports: Vec<i64> = service
        .node
        .at("spec/ports")
        .map_or(&[][..], Walk::items)
        .iter()
        .filter_map(|port| port.get("port")?.whole())
        .collect();
    let rpc = system.settings.port("jobmanager.rpc.port").unwrap_or(RPC);
    let mut lacking = Vec::new();
    if !ports.contains(&rpc) {
        lacking.push(format!("port {rpc} for `jobmanager.rpc.port`"));
    }
    match system.settings.port("blob.server.port") {
        Some(blob) if !ports.contains(&blob) => {
            lacking.push(format!("port {blob} for `blob.server.port`"));
        }
        // The image's entrypoint sets 6124 where it can write.
        None if system.workloads.iter().all(has_fixed_configuration) => {
            lacking.push("a fixed `blob.server.port` (unset, it is a random one)".to_owned());
        }
        _ => {}
    }
    if !lacking.is_empty() {
        let message = format!("{} lacks {}", service.title(), lacking.join(" and "));
        out.add(&SERVICE_PORTS, service.place_of("spec/ports"), message);
    }
}

fn queryable_state(system: &System<'_>, out: &mut Findings<'_>) {
    let on = system.settings.value("queryable-state.enable").is_some_and(|value| value == "true");
    if on {
        return;
    }
    for key in ["queryable-state.proxy.ports", "queryable-state.server.ports", "query.server.port"]
    {
        if let Some(setting) = system.settings.exact(key) {
            let message = format!("`{key}` is set, `queryable-state.enable` is not");
            out.add(&QUERYABLE_STATE, setting.place, message);
        }
    }
}

fn calls(system: &System<'_>, out: &mut Findings<'_>) {
    let mut open: Vec<(i64, Option<i64>)> = Vec::new();
    for service in system.services_of_job_managers() {
        for port in service.node.at("spec/ports").map_or(&[][..], Walk::items) {
            let Some(number) = port.get("port").and_then(Walk::whole) else { continue };
            open.push((number, port.get("nodePort").and_then(Walk::whole)));
        }
    }
    let from_outside: Vec<i64> = open.iter().filter_map(|(_, node_port)| *node_port).collect();
    if from_outside.is_empty() {
        return;
    }
    for (place, host, port) in system.scripts.iter().flat_map(|script| &script.calls) {
        // A port that no Service knows may be anything: a tunnel, a container published by Docker.
        let is_inner = open.iter().any(|(inner, _)| inner == port) && !from_outside.contains(port);
        if is_ip(host) && is_inner && !host.starts_with("127.") {
            let message = format!(
                "nothing answers at {host}:{port}; from outside it is port {}",
                list(&from_outside)
            );
            let old = out.files[place.file].line(place.line).unwrap_or_default();
            let new =
                old.replacen(&format!("{host}:{port}"), &format!("{host}:{}", from_outside[0]), 1);
            let patch = out.replace(*place, new.trim());
            out.add(&WRONG_CALL, *place, message).patch = patch;
        }
    }
}

/// Machines that cannot be: what stands in a line goes to ssh.
fn host_lines(system: &System<'_>, out: &mut Findings<'_>) {
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
                out.add(&HOST_LINE, *place, format!("`{host}{port}` is no machine"));
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

fn masters(system: &System<'_>, out: &mut Findings<'_>) {
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
