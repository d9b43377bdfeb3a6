//! The options of a session in standalone mode, completed.

use super::super::steps::client::ClientMachine;
use super::super::steps::effective::{
    self, NAMESPACE, fix_port, high_availability, is_highly_available,
};
use super::super::steps::settings::Settings;
use super::workload::Workload;
use crate::session::Session;
use nutkin_flink::Origin;

/// Ports that Services and probes name, and what they are when the option says 0. `rest.bind-port` is a range by
/// its nature; `taskmanager.rpc.port` is any by default.
const FIXED_PORTS: [(&str, u16); 3] =
    [("blob.server.port", 6124), ("taskmanager.rpc.port", 6122), ("rest.bind-port", 8081)];

/// The session's options completed. Precedence, lowest first:
///
/// 1. the session's own options;
/// 2. fields of a session file that stand for an option;
/// 3. what the deployment dictates: names, ports, addresses.
pub(super) fn effective(session: &Session, client: &ClientMachine) -> Settings {
    let mut settings = effective::begin(session, client);
    let dictated = Origin::Derived("what a session in standalone mode needs");
    let namespace = settings.text_or_default(NAMESPACE);
    let all = &mut settings.configuration;
    all.set("kubernetes.cluster-id", session.name.as_str(), dictated.clone());
    // Kubernetes high availability looks for its ConfigMaps in `default` otherwise, whatever the pod's namespace.
    all.set(NAMESPACE, namespace.as_str(), dictated.clone());
    all.set("execution.target", "remote", dictated);
    // Early releases put REST, which asks for no password, on the internet where a cloud gives load balancers.
    let exposed = "kubernetes.rest-service.exposed.type";
    if settings.text(exposed).is_none() && settings.name(exposed) != Some("ClusterIP") {
        let reason = Origin::Derived("REST stays inside the cluster unless somebody asks");
        settings.configuration.set(exposed, "ClusterIP", reason);
    }
    for (key, port) in FIXED_PORTS {
        fix_port(&mut settings, key, port.to_string());
    }
    if is_highly_available(&settings) {
        let rpc = settings.text_or_default("jobmanager.rpc.port");
        fix_port(&mut settings, "high-availability.jobmanager.port", rpc.clone());
        // With high availability JobManagers listen there and ask for no other port: probes and Services follow.
        let port = settings.text_or_default("high-availability.jobmanager.port");
        if port != rpc {
            let reason = Origin::Derived("where JobManagers listen with high availability");
            settings.configuration.set("jobmanager.rpc.port", port, reason);
        }
        identity(session, &mut settings);
    }
    settings
}

/// Tells everyone where the only JobManager is: behind the Service of the session, or in the first pod. With high
/// availability the leader is found otherwise.
pub(super) fn address(session: &Session, workload: Workload, settings: &mut Settings) {
    if is_highly_available(settings) {
        return;
    }
    let name = &session.name;
    let service = format!("{name}.{}", settings.text_or_default(NAMESPACE));
    let address = match workload {
        Workload::OneStatefulSet => format!("{name}-0.{service}"),
        _ => service,
    };
    let reason = Origin::Derived("the Service in front of the JobManager");
    settings.configuration.set("jobmanager.rpc.address", address, reason);
}

/// Under which name the session keeps its leaders and jobs: its own, as Flink's client and the operator have it (it sets
/// `HighAvailabilityOptions.HA_CLUSTER_ID` to the resource's name), so that a session continues with what it kept under
/// them. In ZooKeeper it is the user's word first: sessions of one name in two namespaces may share a quorum.
fn identity(session: &Session, settings: &mut Settings) {
    let key = "high-availability.cluster-id";
    if !is_on_zookeeper(settings) || settings.text(key).is_none() {
        let reason = Origin::Derived("the name of what a session keeps for high availability");
        settings.configuration.set(key, session.name.as_str(), reason);
    }
}

/// Whether ZooKeeper keeps leaders and jobs.
pub(super) fn is_on_zookeeper(settings: &Settings) -> bool {
    high_availability(settings).is_some_and(|mode| mode.eq_ignore_ascii_case("zookeeper"))
}
