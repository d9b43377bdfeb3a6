//! Addresses and ports: who calls whom, and whether anybody listens.

mod address;
mod machine;
mod pods;
mod policies;
pub(super) mod routes;
pub(super) mod services;
mod twice;

use super::rules;
use crate::finding::Findings;
use crate::image::is_official;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::settings::{REST, Settings, has_fixed_configuration};
use crate::system::System;
use nutkin_flink::yaml::Node;

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
    NO_ADDRESS "NK0412" Error "this is not an address"
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
    HOST_LINE "NK0416" Error "a line of masters or workers that is not a machine"
        happens "`start-cluster.sh` passes the line to ssh unchanged: `Could not resolve hostname`, and nothing is started there."
        cure "Write one host name or IP address in a line; only in `masters` may `:PORT` of the web UI follow.";
    OF_MACHINE "NK0417" Error "addresses of a single machine in pods, in containers or on several machines"
        happens "`localhost` is the pod itself. A process that is bound to it cannot be reached from other pods, and a TaskManager that calls itself so is looked for in the JobManager's pod: no TaskManager registers, the web UI does not open. Flink's own configuration has these lines for one machine; its image removes them, and a mounted configuration brings them back."
        cure "Remove `jobmanager.bind-host`, `taskmanager.bind-host`, `taskmanager.host` and `rest.bind-address`, or bind to `0.0.0.0`.";
    ONE_WORKER "NK0418" Error "several TaskManagers under one address"
        happens "The JobManager connects to the address that a TaskManager names. Under a name for several of them it reaches another one each time: messages are dropped, and TaskManagers come and go."
        cure "Leave `taskmanager.host` out: the pod's own address is the default. Otherwise give each pod its own: an environment variable POD_IP from `status.podIP`, and the arguments `-D` and `taskmanager.host=$(POD_IP)`.";
    NO_SUCH_PORT "NK0419" Error "an Ingress leads to a port that the Service does not have"
        happens "Kubernetes accepts it, and the controller answers every request with 503 or 502: it finds no pods behind that port."
        cure "Name a port of the Service: the number of `port`, or its name.";
    CLOSED "NK0420" Warning "a NetworkPolicy keeps the pods of a session apart"
        happens "Where the network of the cluster enforces policies, the connection times out: TaskManagers do not register, or jobs fail when they start, `Could not fetch BLOB`. A policy that selects pods closes everything that no policy opens."
        cure "Open `jobmanager.rpc.port` (6123) and `blob.server.port` (6124) of JobManagers to TaskManagers, and all ports of TaskManagers to the pods of the session.";
    TWO_LISTENERS "NK0421" Error "two listeners of one process on one port"
        happens "The second of them cannot start: `BindException: Address already in use`, or `Could not start rest endpoint on any port in port range`. Without its REST API a JobManager ends, and Kubernetes restarts it for ever."
        cure "Give each a port of its own. Prometheus has 9249 by default, the REST API 8081.";
}

/// Flink's defaults of the ports that others must reach (`JobManagerOptions`, `RestOptions`); those of
/// TaskManagers and blobs are random unless set.
pub(super) const RPC: i64 = 6123;

/// `blob.server.port` as the image's entrypoint sets it on every start.
const BLOB_OF_ENTRYPOINT: i64 = 6124;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        pods::own_labels(workload, out);
        pods::container_ports(system, workload, out);
        pods::probes(system, workload, out);
        pods::self_address(system, workload, out);
    }
    for service in &system.selecting {
        services::of_service(system, service, out);
    }
    policies::check(system, out);
    twice::check(system, out);
    address::of_job_manager(system, out);
    address::literal(system, out);
    address::without_value(system, out);
    machine::check(system, out);
    machine::of_hosts(system, out);
    queryable_state(system, out);
    services::calls(system, out);
    address::masters(system, out);
    address::host_lines(system, out);
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
pub(super) fn listening(settings: &Settings, workload: &Workload<'_>) -> Vec<i64> {
    let mut ports = Vec::new();
    if workload.role.is_job_manager() {
        ports.push(settings.port("jobmanager.rpc.port").unwrap_or(RPC));
        ports.push(settings.port("rest.port").unwrap_or(REST));
        ports.extend(settings.port("jobmanager.rpc.bind-port"));
        ports.extend(settings.port("high-availability.jobmanager.port"));
        ports.extend(range(settings.value("blob.server.port")));
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
        ports.extend(range(settings.value(key)));
    }
    ports.extend(range(settings.value("jmx.server.port")));
    ports.extend(of_java(settings, workload));
    for setting in settings.effective().filter(|s| s.key.starts_with("metrics.reporter.")) {
        ports.extend(setting.text().split('-').filter_map(|port| port.trim().parse::<i64>().ok()));
        let name = setting.key.trim_end_matches(".class").trim_end_matches(".factory");
        if setting.text().contains("PrometheusReporter")
            && settings.exact(&format!("{name}.port")).is_none()
        {
            ports.push(PROMETHEUS);
        }
    }
    ports
}

/// The default of `port` of a `PrometheusReporter` (`PrometheusReporterFactory`, 1.13 to 2.3).
const PROMETHEUS: i64 = 9249;

/// The ports of an option that takes one, several or a range.
fn range(value: Option<String>) -> Vec<i64> {
    let value = value.unwrap_or_default();
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let ports = value.split(',').filter_map(|part| match part.split_once('-') {
        None => number(part).map(|port| port..=port),
        Some((low, high)) => Some(number(low)?..=number(high)?),
    });
    // A thousand ports are more than anybody's range.
    ports.flat_map(|range| range.take(1000)).collect()
}

/// Ports that options of the JVM may open: of agents, of JMX, of debuggers.
fn of_java(settings: &Settings, workload: &Workload<'_>) -> Vec<i64> {
    let options = settings.effective().filter(|setting| setting.key.starts_with("env.java."));
    let variables = workload.container.items_of("env").iter().filter(|entry| {
        entry.text_of("name").is_some_and(|name| name.contains("JAVA") || name.contains("JVM"))
    });
    let texts = options.map(crate::settings::Setting::text);
    let texts =
        texts.chain(variables.filter_map(|entry| entry.text_of("value")).map(str::to_owned));
    let mut ports = Vec::new();
    for text in texts {
        let words = text.split(|c: char| !c.is_ascii_digit());
        ports.extend(
            words.filter(|word| 4 <= word.len()).filter_map(|word| word.parse::<i64>().ok()),
        );
    }
    ports
}

/// Whether the options of a system are known at all.
fn is_known(system: &System<'_>) -> bool {
    let is_absent = |one: &Workload<'_>| system.absent_map(one).is_some();
    !system.settings.is_empty()
        && system.refused.is_empty()
        && !system.workloads.iter().any(is_absent)
}

/// Whether a container that may run more than Flink's own script names a port: an image of somebody's own, or a command.
fn is_declared(workload: &Workload<'_>, number: i64) -> bool {
    let is_own = !workload.image().and_then(Walk::text).is_some_and(is_official)
        || workload.words().any(|(word, _)| word.contains(' '));
    let ports = workload.container.items_of("ports");
    let names = |port: &Node| port.get("containerPort").and_then(Walk::whole) == Some(number);
    is_own && ports.iter().any(names)
}

/// The number behind a port's name.
fn by_name(workload: &Workload<'_>, name: &str) -> Option<i64> {
    let mut ports = workload.container.items_of("ports").iter();
    ports.find(|port| port.text_of("name") == Some(name))?.get("containerPort")?.whole()
}

fn list(ports: &[i64]) -> String {
    let mut sorted = ports.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

fn is_ip(text: &str) -> bool {
    text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok())
}

fn queryable_state(system: &System<'_>, out: &mut Findings<'_>) {
    let settings = system.settings_of_task_managers();
    let on = settings.value("queryable-state.enable").is_some_and(|value| value == "true");
    if on {
        return;
    }
    for key in ["queryable-state.proxy.ports", "queryable-state.server.ports", "query.server.port"]
    {
        if let Some(setting) = settings.exact(key) {
            let message = format!("`{key}` is set, `queryable-state.enable` is not");
            out.add(&QUERYABLE_STATE, setting.place, message);
        }
    }
}
