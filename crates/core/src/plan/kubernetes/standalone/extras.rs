//! Objects on request: NetworkPolicy, PodDisruptionBudget, and the Ingress that both modes have.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::steps::draft::{Draft, Role};
use super::super::steps::ingress;
use super::workload::Workload;
use super::{metadata, services, workload};
use nutkin_flink::Problem;

/// Adds what was asked for.
pub(super) fn add(draft: &mut Draft<'_>, kind: Workload) {
    if is_on(draft, "nutkin.network-policy") {
        network_policy(draft, kind);
    }
    if is_on(draft, "nutkin.pod-disruption-budget") {
        disruption_budgets(draft, kind);
    }
    ingress::add(draft);
}

fn is_on(draft: &mut Draft<'_>, key: &str) -> bool {
    match draft.session.configuration.text(key).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            let problem = Problem::new(key, "neither true nor false");
            draft.settings.problem(problem.hint("write true or false"));
            false
        }
    }
}

/// Pods of the session reach each other at all ports; everyone else reaches REST, and what the user's own Services lead
/// to. REST runs any jar that it is given: who may reach it at all is for an Ingress with authentication, or for a policy
/// of the user's.
fn network_policy(draft: &mut Draft<'_>, kind: Workload) {
    let own = json!({"podSelector": {"matchLabels": draft.labels()}});
    let rest = draft.port("rest.bind-port");
    let both = [Role::JobManager, Role::TaskManager];
    // Of one StatefulSet any pod may be a JobManager.
    let roles = if kind == Workload::OneStatefulSet { &both[..1] } else { &both[..] };
    for role in roles.iter().copied() {
        let mut selector = workload::selector(draft, kind);
        if let Some(component) = selector.get_mut("component") {
            *component = json!(role.name());
        }
        let mut ingress = vec![json!({"from": [own]})];
        let mut open = called(draft, kind, role);
        if role == Role::JobManager {
            open.insert(rest);
        }
        if !open.is_empty() {
            let ports = open.into_iter().map(|port| json!({"port": port, "protocol": "TCP"}));
            ingress.push(json!({"ports": ports.collect::<Vec<_>>()}));
        }
        let name = format!("{}-{}", draft.cluster_id, role.name());
        draft.others.push(json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": metadata(draft, &name),
            "spec": {
                "podSelector": {"matchLabels": selector},
                "policyTypes": ["Ingress"],
                "ingress": ingress,
            },
        }));
    }
}

/// Ports of a role that further Services lead to and that are for others: queries of state, metrics. Nobody but the
/// session's own pods has business at those of RPC, which runs any code, and of blobs.
fn called(draft: &Draft<'_>, kind: Workload, role: Role) -> BTreeSet<u16> {
    let is_of_role = |service: &&Value| {
        let component = &service["spec"]["selector"]["component"];
        kind == Workload::OneStatefulSet || *component == *role.name()
    };
    let services = draft.others.iter().filter(|item| item["kind"] == "Service");
    let ports = services.filter(is_of_role).filter_map(|one| one["spec"]["ports"].as_array());
    let is_for_others =
        |port: &&Value| port["name"].as_str().is_some_and(|name| !services::is_inner(name));
    let ports = ports.flatten().filter(is_for_others);
    ports.filter_map(|port| port["targetPort"].as_u64()?.try_into().ok()).collect()
}

/// Nodes are drained so that one JobManager stays, where there are several, and no more TaskManagers are missing than
/// a change may take. A budget for a single pod would only block the drain.
fn disruption_budgets(draft: &mut Draft<'_>, kind: Workload) {
    let count = |role: &crate::session::RoleSpec| role.replicas.unwrap_or(1);
    let missing = draft.session.configuration.text("nutkin.upgrade.max-unavailable");
    let missing: u32 = missing.and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut budgets = Vec::new();
    if kind == Workload::OneStatefulSet {
        budgets.push((draft.cluster_id.to_owned(), workload::selector(draft, kind), 1));
    } else {
        for (role, pods, missing) in [
            (Role::JobManager, count(&draft.session.job_manager), 1),
            (Role::TaskManager, count(&draft.session.task_manager), missing),
        ] {
            if 1 < pods {
                let mut selector = draft.selectors();
                selector.insert("component".to_owned(), json!(role.name()));
                budgets.push((format!("{}-{}", draft.cluster_id, role.name()), selector, missing));
            }
        }
    }
    for (name, selector, missing) in budgets {
        draft.others.push(json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata(draft, &name),
            "spec": {"maxUnavailable": missing, "selector": {"matchLabels": selector}},
        }));
    }
}
