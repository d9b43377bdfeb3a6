//! Which workloads a session consists of, and which of its pods are JobManagers: read from what there is.

use serde_json::Value;

use super::resource::Resource;

/// The `type` label of a session in standalone mode.
const STANDALONE: &str = "flink-standalone-kubernetes";

/// Variable by which a pod of a StatefulSet with both roles knows what it is. Flink's images have both spellings.
const HOSTS: [&str; 2] = ["JOB_MANAGER_HOSTS", "JOB_MANGER_HOSTS"];

/// How a session's pods are kept alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkloadLayout {
    /// The JobManager's Deployment; Flink itself makes the pods of TaskManagers.
    Native,
    /// One workload for each role.
    Standalone,
    /// One `StatefulSet` with both roles, of which this many pods are JobManagers.
    United(u64),
}

impl WorkloadLayout {
    /// Of the workload that owns a session.
    pub fn of(workload: &Value) -> Self {
        if workload["metadata"]["labels"]["type"] != STANDALONE {
            return Self::Native;
        }
        let template = &workload["spec"]["template"];
        match hosts(template) {
            Some(hosts) if template["metadata"]["labels"]["component"].is_null() => {
                Self::United(hosts.count() as u64)
            }
            _ => Self::Standalone,
        }
    }
}

/// Number of JobManagers that the session's workload asks for.
pub fn job_managers(workload: &Value) -> u64 {
    match WorkloadLayout::of(workload) {
        WorkloadLayout::United(count) => count,
        _ => replicas(workload),
    }
}

/// Number of TaskManagers that are asked for; `None` where Flink decides. `of_task_managers` is their own workload,
/// where they have one.
pub fn task_managers(workload: &Value, of_task_managers: Option<&Value>) -> Option<u64> {
    match WorkloadLayout::of(workload) {
        WorkloadLayout::Native => None,
        WorkloadLayout::United(job_managers) => {
            Some(replicas(workload).saturating_sub(job_managers))
        }
        WorkloadLayout::Standalone => Some(of_task_managers.map_or(0, replicas)),
    }
}

/// The workload of the TaskManagers, where it is one of their own.
pub fn task_managers_workload(workload: &Value) -> Option<(Resource, String)> {
    let name = workload["metadata"]["name"].as_str()?;
    let resource = Resource::of(workload)?;
    (WorkloadLayout::of(workload) == WorkloadLayout::Standalone)
        .then(|| (resource, format!("{name}-taskmanager")))
}

/// `spec.replicas`, which is 1 where nothing is said.
pub fn replicas(workload: &Value) -> u64 {
    workload["spec"]["replicas"].as_u64().unwrap_or(1)
}

/// Whether a pod of a session is a JobManager: by its label, otherwise by its name.
pub fn is_job_manager(pod: &Value) -> bool {
    match (pod["metadata"]["labels"]["component"].as_str(), hosts(pod)) {
        (Some(component), _) => component != "taskmanager",
        (None, Some(mut hosts)) => hosts.any(|host| pod["metadata"]["name"] == host),
        (None, None) => true,
    }
}

/// Names of the JobManagers' pods, where the containers of a pod or of a template are told.
fn hosts(pod: &Value) -> Option<impl Iterator<Item = &str>> {
    let containers = pod["spec"]["containers"].as_array()?.iter();
    let mut variables = containers.flat_map(|one| one["env"].as_array().into_iter().flatten());
    let variable = variables.find(|one| HOSTS.iter().any(|name| one["name"] == *name))?;
    Some(variable["value"].as_str()?.split(',').filter(|host| !host.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workload(kind: &str, made_by: &str, env: &Value, replicas: u64) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": "a", "labels": {"type": made_by}},
            "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"env": env}]}}},
        })
    }

    #[track_caller]
    fn check(
        workload: &Value,
        shape: WorkloadLayout,
        counts: (u64, Option<u64>),
        other: Option<&str>,
    ) {
        assert_eq!(WorkloadLayout::of(workload), shape);
        let workers = json!({"spec": {"replicas": 7}});
        let found = (job_managers(workload), task_managers(workload, Some(&workers)));
        assert_eq!(found, counts);
        let name = task_managers_workload(workload).map(|(_, name)| name);
        assert_eq!(name.as_deref(), other);
    }

    #[test]
    fn shapes() {
        let (none, hosts) = (json!([]), json!([{"name": "JOB_MANAGER_HOSTS", "value": "a-0,a-1"}]));
        let native = workload("Deployment", "flink-native-kubernetes", &none, 1);
        check(&native, WorkloadLayout::Native, (1, None), None);
        let two = workload("StatefulSet", STANDALONE, &none, 2);
        check(&two, WorkloadLayout::Standalone, (2, Some(7)), Some("a-taskmanager"));
        let one = workload("StatefulSet", STANDALONE, &hosts, 5);
        check(&one, WorkloadLayout::United(2), (2, Some(3)), None);
    }

    #[test]
    fn roles_of_pods() {
        #[track_caller]
        fn check(name: &str, component: Option<&str>, hosts: Option<&str>, expected: bool) {
            let env = hosts.map(|hosts| json!([{"name": "JOB_MANAGER_HOSTS", "value": hosts}]));
            let pod = json!({
                "metadata": {"name": name, "labels": {"component": component}},
                "spec": {"containers": [{"env": env}]},
            });
            assert_eq!(is_job_manager(&pod), expected);
        }
        check("a-x", Some("jobmanager"), None, true);
        check("a-taskmanager-x", Some("taskmanager"), Some("a-taskmanager-x"), false);
        check("a-0", None, Some("a-0,a-1"), true);
        check("a-2", None, Some("a-0,a-1"), false);
        check("a-x", None, None, true);
    }
}
