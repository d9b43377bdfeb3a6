//! When a pod counts as started, ready and alive.
//!
//! A probe of a template of the user's wins. Sources: `RestServerEndpoint` (REST answers `/config` when a leader is
//! known), the operator's start-up probe on the same path.

use serde_json::{Value, json};

use super::super::steps::draft::{Draft, Role};
use super::default_to;

/// Seconds between start-up probes: each is what a waiting user may lose.
const STARTUP_PERIOD: u32 = 1;

/// Start-up may take this many probes: a JobManager that recovers many jobs, a node under load. Then the pod is
/// started again.
const STARTUP_TRIES: u32 = 300;

/// Seconds between probes of a running pod, and how many may fail: a full garbage collection may take half a
/// minute and is not a reason to kill.
const LIVENESS_PERIOD: u32 = 10;
const LIVENESS_TRIES: u32 = 6;

/// Seconds that REST may take to answer: a standby asks its leader.
const ANSWER: u32 = 5;

/// Gives the main container its probes.
pub(super) fn add(draft: &mut Draft<'_>) {
    let rpc = match draft.role {
        Role::JobManager => "jobmanager-rpc",
        Role::TaskManager => "taskmanager-rpc",
    };
    let answers = json!({"tcpSocket": {"port": rpc}});
    let ready = match draft.role {
        Role::JobManager => json!({"httpGet": {"path": "/config", "port": "rest"}}),
        Role::TaskManager => answers.clone(),
    };
    let startup =
        with(&answers, &[("periodSeconds", STARTUP_PERIOD), ("failureThreshold", STARTUP_TRIES)]);
    let liveness = with(
        &answers,
        &[
            ("periodSeconds", LIVENESS_PERIOD),
            ("failureThreshold", LIVENESS_TRIES),
            ("timeoutSeconds", ANSWER),
        ],
    );
    let readiness = with(&ready, &[("periodSeconds", 2), ("timeoutSeconds", ANSWER)]);
    for (name, probe) in
        [("startupProbe", startup), ("readinessProbe", readiness), ("livenessProbe", liveness)]
    {
        default_to(&mut draft.container, &[name], probe);
    }
}

fn with(probe: &Value, numbers: &[(&str, u32)]) -> Value {
    let mut probe = probe.clone();
    for (name, number) in numbers {
        probe[*name] = json!(number);
    }
    probe
}
