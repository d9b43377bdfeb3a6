//! What clients of the custom resources make of a status, as pure functions: Argo CD, Karmada, Airflow, Terraform and `kubectl wait`.
//!
//! Tests hand every status to them that the operator writes, and look at what these people would see. Sources: Argo CD
//! `resource_customizations/flink.apache.org` (FlinkDeployment at 37ee009, FlinkSessionJob at 28d3581), Karmada
//! `FlinkDeployment/customizations.yaml` (0b929ac), Airflow `sensors/flink_kubernetes.py` (1e83849).

use serde_json::Value;

/// Health in the words of Argo CD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgoHealth {
    /// As it is wanted.
    Healthy,
    /// On its way.
    Progressing,
    /// Stopped on purpose.
    Suspended,
    /// Not well.
    Degraded,
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// What Argo CD shows of a `FlinkDeployment`. Only the state of the reconciliation says healthy; where there is none, or another one, the
/// JobManager's Deployment decides. What is being deleted is on its way, whatever its kind (gitops-engine `health.GetResourceHealth`).
pub fn argo_deployment(resource: &Value) -> ArgoHealth {
    if !text(resource, "/metadata/deletionTimestamp").is_empty() {
        return ArgoHealth::Progressing;
    }
    let has = |pointer: &str| !text(resource, pointer).is_empty();
    if !has("/status/jobManagerDeploymentStatus") && !has("/status/reconciliationStatus/state") {
        return ArgoHealth::Progressing;
    }
    if text(resource, "/status/reconciliationStatus/state") == "DEPLOYED" {
        return ArgoHealth::Healthy;
    }
    match text(resource, "/status/jobManagerDeploymentStatus") {
        "ERROR" => ArgoHealth::Degraded,
        _ => ArgoHealth::Progressing,
    }
}

/// What Argo CD shows of a `FlinkSessionJob`.
pub fn argo_session_job(resource: &Value) -> ArgoHealth {
    if !text(resource, "/metadata/deletionTimestamp").is_empty() {
        return ArgoHealth::Progressing;
    }
    let has_error = !text(resource, "/status/error").is_empty();
    match text(resource, "/status/jobStatus/state") {
        "RUNNING" | "FINISHED" => ArgoHealth::Healthy,
        "RECONCILING" | "CREATED" => ArgoHealth::Progressing,
        "SUSPENDED" | "CANCELED" => ArgoHealth::Suspended,
        "FAILED" => ArgoHealth::Degraded,
        _ if has_error => ArgoHealth::Degraded,
        _ => ArgoHealth::Progressing,
    }
}

/// Whether Karmada takes a `FlinkDeployment` for healthy: by its job, and of a session, which has none, by its JobManager and lifecycle.
pub fn karmada_is_healthy(resource: &Value) -> bool {
    match text(resource, "/status/jobStatus/state") {
        "" | "RECONCILING" => {
            text(resource, "/status/jobManagerDeploymentStatus") == "READY"
                && text(resource, "/status/lifecycleState") == "STABLE"
        }
        state => ["CREATED", "RUNNING", "FINISHED"].contains(&state),
    }
}

/// What an Airflow task does that waits for a `FlinkDeployment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AirflowTask {
    /// It looks again.
    Waits,
    /// It has succeeded.
    Succeeds,
    /// It has failed, for good.
    Fails,
}

/// As `FlinkKubernetesSensor` looks at a status.
pub fn airflow(resource: &Value) -> AirflowTask {
    match text(resource, "/status/jobManagerDeploymentStatus") {
        "READY" => AirflowTask::Succeeds,
        "MISSING" | "ERROR" => AirflowTask::Fails,
        _ => AirflowTask::Waits,
    }
}

/// Whether `kubectl wait --for=condition=TYPE` ends.
pub fn has_condition(resource: &Value, condition: &str) -> bool {
    let conditions = resource.pointer("/status/conditions").and_then(Value::as_array);
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|one| one["type"] == condition && one["status"] == "True")
}

/// Whether the fields are there that Terraform and installers wait for: a JobManager that is ready, and a stable session.
pub fn terraform_is_done(resource: &Value) -> bool {
    text(resource, "/status/jobManagerDeploymentStatus") == "READY"
        && text(resource, "/status/lifecycleState") == "STABLE"
}

/// What a client would get wrong about these statuses of one resource, in the order in which they were written; empty where all is well.
/// `kind`: `FlinkDeployment` or `FlinkSessionJob`. `goes_well`: nothing failed in between, so that nobody may see an error.
pub fn faults(kind: &str, written: &[Value], goes_well: bool) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, resource) in written.iter().enumerate() {
        let mut fault =
            |what: &str| faults.push(format!("status {index}: {what}: {}", resource["status"]));
        let is_deployment = kind == "FlinkDeployment";
        let health =
            if is_deployment { argo_deployment(resource) } else { argo_session_job(resource) };
        let has_error = !text(resource, "/status/error").is_empty();
        if goes_well && health == ArgoHealth::Degraded {
            fault("Argo CD shows Degraded");
        }
        if health == ArgoHealth::Healthy && has_error {
            fault("Argo CD shows Healthy, and there is an error");
        }
        if is_deployment && goes_well && airflow(resource) == AirflowTask::Fails {
            fault("Airflow's task fails");
        }
        let observed = resource.pointer("/status/observedGeneration").and_then(Value::as_i64);
        let generation = resource.pointer("/metadata/generation").and_then(Value::as_i64);
        if let (Some(observed), Some(generation)) = (observed, generation)
            && generation < observed
        {
            fault("a generation is observed that was never there");
        }
        if is_deployment {
            let is_ready = text(resource, "/status/jobManagerDeploymentStatus") == "READY";
            let has_conditions = resource.pointer("/status/conditions").is_some();
            if has_conditions && has_condition(resource, "Running") != is_ready {
                fault("the condition `Running` and `jobManagerDeploymentStatus` disagree");
            }
            if terraform_is_done(resource)
                && text(resource, "/status/taskManager/labelSelector").is_empty()
            {
                fault("Airflow does not find the pods: there is no label selector");
            }
        }
        for (one, other) in
            [("Ready", "Reconciling"), ("Ready", "Stalled"), ("Reconciling", "Stalled")]
        {
            if has_condition(resource, one) && has_condition(resource, other) {
                fault(&format!("both {one} and {other} (kstatus)"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Job manager, reconciliation, lifecycle: what Argo CD, Karmada, Airflow and Terraform say.
    #[track_caller]
    fn session(
        [manager, reconciliation, lifecycle]: [&str; 3],
        argo: ArgoHealth,
        karmada: bool,
        task: AirflowTask,
    ) {
        let resource = json!({"status": {
            "jobManagerDeploymentStatus": manager,
            "reconciliationStatus": {"state": reconciliation},
            "lifecycleState": lifecycle,
        }});
        let found = (argo_deployment(&resource), karmada_is_healthy(&resource), airflow(&resource));
        assert_eq!(found, (argo, karmada, task), "{resource}");
        assert_eq!(terraform_is_done(&resource), karmada, "{resource}");
        let mut deleted = resource;
        deleted["metadata"] = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        assert_eq!(argo_deployment(&deleted), ArgoHealth::Progressing);
    }

    #[test]
    fn states_of_a_session() {
        use AirflowTask::{Fails, Succeeds, Waits};
        use ArgoHealth::{Degraded, Healthy, Progressing};
        session(["MISSING", "UPGRADING", "CREATED"], Progressing, false, Fails);
        session(["DEPLOYING", "UPGRADING", "UPGRADING"], Progressing, false, Waits);
        session(["DEPLOYING", "DEPLOYED", "DEPLOYED"], Healthy, false, Waits);
        session(["DEPLOYED_NOT_READY", "DEPLOYED", "DEPLOYED"], Healthy, false, Waits);
        session(["READY", "DEPLOYED", "STABLE"], Healthy, true, Succeeds);
        session(["ERROR", "UPGRADING", "UPGRADING"], Degraded, false, Fails);
        session(["READY", "UPGRADING", "UPGRADING"], Progressing, false, Succeeds);
        session(["READY", "ROLLED_BACK", "ROLLED_BACK"], Progressing, false, Succeeds);
        assert_eq!(argo_deployment(&json!({"spec": {}})), Progressing);
    }

    #[track_caller]
    fn job(state: &str, error: &str, expected: ArgoHealth) {
        let status = json!({"status": {"jobStatus": {"state": state}, "error": error}});
        assert_eq!(argo_session_job(&status), expected, "{status}");
        let mut deleted = status;
        deleted["metadata"] = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
        assert_eq!(argo_session_job(&deleted), ArgoHealth::Progressing);
    }

    #[test]
    fn states_of_a_job() {
        use ArgoHealth::{Degraded, Healthy, Progressing, Suspended};
        for (state, expected) in [
            ("RUNNING", Healthy),
            ("FINISHED", Healthy),
            ("RECONCILING", Progressing),
            ("CREATED", Progressing),
            ("SUSPENDED", Suspended),
            ("CANCELED", Suspended),
            ("FAILED", Degraded),
            ("CANCELLING", Progressing),
            ("", Progressing),
        ] {
            job(state, "", expected);
        }
        // An error that stays while a job is on its way is shown as one.
        job("CANCELLING", "no slots", Degraded);
        job("RESTARTING", "no slots", Degraded);
        job("RECONCILING", "no slots", Progressing);
    }

    #[test]
    fn faults_are_found() {
        let good = json!({
            "metadata": {"generation": 1},
            "status": {
                "jobManagerDeploymentStatus": "READY",
                "reconciliationStatus": {"state": "DEPLOYED"},
                "lifecycleState": "STABLE",
                "observedGeneration": 1,
                "taskManager": {"labelSelector": "component=taskmanager,app=a"},
                "conditions": [
                    {"type": "Running", "status": "True"},
                    {"type": "Ready", "status": "True"},
                    {"type": "Reconciling", "status": "False"},
                ],
            },
        });
        assert_eq!(
            faults("FlinkDeployment", std::slice::from_ref(&good), true),
            Vec::<String>::new()
        );
        for (pointer, value) in [
            ("/status/jobManagerDeploymentStatus", json!("MISSING")),
            ("/status/observedGeneration", json!(2)),
            ("/status/taskManager/labelSelector", json!("")),
            ("/status/conditions/0/status", json!("False")),
            ("/status/conditions/2/status", json!("True")),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).expect("a field") = value;
            let found = faults("FlinkDeployment", &[good.clone(), bad], true);
            assert!(
                found.iter().any(|fault| fault.starts_with("status 1: ")),
                "{pointer}: {found:?}"
            );
        }
        let failed = json!({"status": {"jobStatus": {"state": "FAILED"}, "error": "x"}});
        assert_eq!(
            faults("FlinkSessionJob", std::slice::from_ref(&failed), false),
            Vec::<String>::new()
        );
        assert_eq!(faults("FlinkSessionJob", &[failed], true).len(), 1);
    }
}
