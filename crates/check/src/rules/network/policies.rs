//! NetworkPolicies: whether the pods of a session reach each other.

use super::{CLOSED, RPC, by_name, range, rpc_port};
use crate::finding::Findings;
use crate::kubernetes::{Object, Workload, selects};
use crate::node::Walk;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// One connection that a session needs.
struct Need<'w, 'a> {
    from: &'w Workload<'a>,
    to: &'w Workload<'a>,
    key: &'static str,
    port: i64,
}

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    if system.is_of_compose() || !system.refused.is_empty() {
        return;
    }
    let of = |object: &&Object| {
        let groups = ["networking.k8s.io", "extensions"];
        object.group().is_none_or(|group| groups.contains(&group))
            && system.workloads.iter().any(|workload| workload.object.shares_namespace(object))
    };
    let policies: Vec<&Object> = system.world.of_kind("NetworkPolicy").filter(of).collect();
    if policies.is_empty() {
        return;
    }
    for need in needs(system) {
        for (direction, own, other, list, peers) in [
            ("Ingress", need.to, need.from, "spec/ingress", "from"),
            ("Egress", need.from, need.to, "spec/egress", "to"),
        ] {
            let about = |policy: &&&Object| is_about(policy, own, direction);
            // One policy is enough to close what none of them opens.
            let Some(policy) = policies.iter().find(about) else { continue };
            let opens = |policy: &&Object| {
                let rules = policy.node.at(list).map_or(&[][..], Walk::items);
                may_be_about(policy, own)
                    && rules.iter().any(|rule| {
                        is_peer(rule.items_of(peers), other)
                            && is_port(rule.items_of("ports"), &need)
                    })
            };
            if policies.iter().any(opens) {
                continue;
            }
            let message = format!(
                "{} lets no pod of {} reach port {} of {} (`{}`)",
                policy.title(),
                need.from.object.title(),
                need.port,
                need.to.object.title(),
                need.key
            );
            let place = policy.node.at(list).map_or(policy.place(), |node| node.place(policy.file));
            out.add(&CLOSED, place, message);
            return;
        }
    }
}

/// The connections of which the ports are known.
fn needs<'w, 'a>(system: &'w System<'a>) -> Vec<Need<'w, 'a>> {
    let mut needs = Vec::new();
    let is_alone = |workload: &&Workload<'_>| !workload.role.is_task_manager();
    let Some(master) = system.job_managers().find(is_alone) else { return needs };
    let settings = system.settings_of(master);
    let (key, rpc) = rpc_port(&settings, system.high_availability().is_some());
    let blob = range(settings.value("blob.server.port")).into_iter().find(|port| 0 < *port);
    for worker in system.task_managers() {
        needs.push(Need { from: worker, to: master, key, port: rpc });
        if let Some(port) = blob {
            needs.push(Need { from: worker, to: master, key: "blob.server.port", port });
        }
        let own = system.settings_of(worker);
        for (from, key) in [(master, "taskmanager.rpc.port"), (worker, "taskmanager.data.port")] {
            let is_several = from.role.is_job_manager() || 1 < worker.replicas;
            if let Some(port) = own.port(key).filter(|port| is_several && *port != RPC) {
                needs.push(Need { from, to: worker, key, port });
            }
        }
    }
    needs
}

/// Whether a policy is certainly about pods of a workload, in a direction.
fn is_about(policy: &Object, workload: &Workload<'_>, direction: &str) -> bool {
    let types = policy.node.at("spec/policyTypes").map_or(&[][..], Walk::items);
    let is_of_type = match (types.is_empty(), direction) {
        (true, "Egress") => policy.node.at("spec/egress").is_some(),
        (true, _) => true,
        (false, _) => types.iter().any(|one| one.text() == Some(direction)),
    };
    let Some(selector) = policy.node.at("spec/podSelector") else { return false };
    let labels = selector.get("matchLabels").map_or(&[][..], Walk::entries);
    is_of_type
        && policy.shares_namespace(workload.object)
        && selector.items_of("matchExpressions").is_empty()
        && (labels.is_empty() || selects(labels, workload.labels()))
}

/// Whether a policy may be about them: expressions are not evaluated.
fn may_be_about(policy: &Object, workload: &Workload<'_>) -> bool {
    let labels = policy.node.at("spec/podSelector/matchLabels").map_or(&[][..], Walk::entries);
    policy.shares_namespace(workload.object)
        && (labels.is_empty() || selects(labels, workload.labels()))
}

/// Whether pods of a workload may be among the peers of a rule; a rule without peers is for all.
fn is_peer(peers: &[Node], workload: &Workload<'_>) -> bool {
    let is_meant = |peer: &Node| {
        let Some(selector) = peer.get("podSelector") else { return true };
        let labels = selector.get("matchLabels").map_or(&[][..], Walk::entries);
        labels.is_empty() || selects(labels, workload.labels())
    };
    peers.is_empty() || peers.iter().any(is_meant)
}

/// Whether the port may be among those of a rule; a rule without ports is for all.
fn is_port(ports: &[Node], need: &Need<'_, '_>) -> bool {
    let is_meant = |one: &Node| {
        let is_tcp = one.text_of("protocol").is_none_or(|protocol| protocol == "TCP");
        let Some(port) = one.get("port") else { return is_tcp };
        let first = port.whole().or_else(|| by_name(need.to, port.text()?));
        let last = one.get("endPort").and_then(Walk::whole).or(first);
        is_tcp && first.zip(last).is_some_and(|(first, last)| (first..=last).contains(&need.port))
    };
    ports.is_empty() || ports.iter().any(is_meant)
}
