//! The workloads as objects: Deployments, or one or two StatefulSets with the pods of both roles.

use serde_json::{Map, Value, json};

use super::super::steps::draft::{Draft, Role};
use super::super::steps::effective::is_highly_available;
use super::super::steps::json::{append, object};
use super::super::steps::{json::texts, owners};
use super::claims::{self, Claim};
use super::workload::{STATEFUL_SETS, Workload, job_manager_hosts, selector};
use nutkin_flink::Problem;

/// The workloads, that of the JobManagers first.
pub(super) fn of_both(
    job_manager: &mut Draft<'_>,
    task_manager: &mut Draft<'_>,
    workload: Workload,
    claims: &[Claim],
) -> Vec<Value> {
    let job_managers = job_manager.session.job_managers();
    let task_managers = job_manager.session.task_manager.replicas.unwrap_or(1);
    let both = [Role::JobManager, Role::TaskManager];
    let mut items = if workload == Workload::OneStatefulSet {
        unite(job_manager, task_manager);
        vec![object_of(job_manager, workload, job_managers + task_managers, claims, &both)]
    } else {
        vec![
            object_of(job_manager, workload, job_managers, claims, &both[..1]),
            object_of(task_manager, workload, task_managers, claims, &both[1..]),
        ]
    };
    let owners = owners::read(&mut job_manager.settings);
    if let Some(Value::Object(metadata)) = items[0].get_mut("metadata") {
        append(metadata, "ownerReferences", owners);
    }
    items
}

fn object_of(
    draft: &mut Draft<'_>,
    workload: Workload,
    replicas: u32,
    claims: &[Claim],
    roles: &[Role],
) -> Value {
    let container = Value::Object(std::mem::take(&mut draft.container));
    append(object(&mut draft.pod, "spec"), "containers", [container]);
    let selector = selector(draft, workload);
    let mut labels = texts(draft.settings.map(&draft.role.option("labels")));
    labels.extend(selector.clone());
    let mut spec = Map::from_iter([
        ("replicas".to_owned(), json!(replicas)),
        ("selector".to_owned(), json!({"matchLabels": selector})),
    ]);
    let name = workload.name(draft.cluster_id, draft.role);
    let kind = if workload == Workload::Deployments {
        spec.insert("strategy".to_owned(), strategy(draft));
        "Deployment"
    } else {
        // All at once: no pod waits for another of lower ordinal.
        spec.insert("podManagementPolicy".to_owned(), json!("Parallel"));
        spec.insert("serviceName".to_owned(), json!(name));
        append(&mut spec, "volumeClaimTemplates", claims::templates(claims, roles));
        "StatefulSet"
    };
    spec.insert("template".to_owned(), Value::Object(std::mem::take(&mut draft.pod)));
    json!({
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
    })
}

/// How pods are replaced. A JobManager without high availability must be gone before the next one starts: both would
/// answer behind one Service. Otherwise the new ones start beside the old ones, which costs room for a moment and
/// only one change of leader.
fn strategy(draft: &Draft<'_>) -> Value {
    if draft.role == Role::JobManager && !is_highly_available(&draft.settings) {
        return json!({"type": "Recreate"});
    }
    json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}})
}

/// Makes one pod that can be either role: the ports of both, the larger resources of the two, and the names of the
/// pods that are JobManagers.
fn unite(job_manager: &mut Draft<'_>, task_manager: &mut Draft<'_>) {
    for (field, template) in [
        ("spec.jobManager.podTemplate", &job_manager.session.job_manager.pod_template),
        ("spec.taskManager.podTemplate", &job_manager.session.task_manager.pod_template),
    ] {
        if template.is_some() {
            let message = "the pods of one StatefulSet have one template";
            let hint = format!("write it to `spec.podTemplate`, or set `{STATEFUL_SETS}: 2`");
            job_manager.settings.problem(Problem::new(field, message).hint(hint));
        }
    }
    // A pod's role follows from its name, and not from a label.
    object(object(&mut job_manager.pod, "metadata"), "labels").remove("component");
    let hosts = job_manager_hosts(job_manager).join(",");
    let hosts = json!({"name": "JOB_MANAGER_HOSTS", "value": hosts});
    append(&mut job_manager.container, "env", [hosts]);
    for list in ["ports", "env", "volumeMounts"] {
        let known = job_manager.container.get(list).and_then(Value::as_array).cloned();
        let known = known.unwrap_or_default();
        let more = task_manager.container.get(list).and_then(Value::as_array).cloned();
        let same = |one: &Value, other: &Value| {
            one["name"] == other["name"] && one["mountPath"] == other["mountPath"]
        };
        let more = more.unwrap_or_default();
        let more = more.into_iter().filter(|item| !known.iter().any(|own| same(own, item)));
        append(&mut job_manager.container, list, more);
    }
    let more = object(&mut task_manager.pod, "spec").get("volumes").and_then(Value::as_array);
    let more = more.cloned().unwrap_or_default();
    let spec = object(&mut job_manager.pod, "spec");
    let known = spec.get("volumes").and_then(Value::as_array).cloned().unwrap_or_default();
    let more =
        more.into_iter().filter(|volume| !known.iter().any(|own| own["name"] == volume["name"]));
    append(spec, "volumes", more);
    let resources = object(&mut job_manager.container, "resources");
    for kind in ["requests", "limits"] {
        for amount in ["cpu", "memory"] {
            let other = task_manager.container["resources"][kind][amount].clone();
            let own = object(resources, kind);
            if number(own.get(amount)) < number(Some(&other)) {
                own.insert(amount.to_owned(), other);
            }
        }
    }
}

/// The number that an amount begins with: both roles' amounts are written in the same unit.
fn number(amount: Option<&Value>) -> f64 {
    let text = amount.and_then(Value::as_str).unwrap_or_default();
    text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().unwrap_or(0.0)
}
