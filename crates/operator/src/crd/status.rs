//! Schemas of `status`: FKO's fields and words. Fields that a newer FKO adds are kept, so that it finds them again when it takes a
//! resource back.

use serde_json::{Value, json};

use super::schema::{list, object, one_of, text, text_map, whole};

const LIFECYCLE: [&str; 10] = [
    "CREATED",
    "SUSPENDED",
    "UPGRADING",
    "DEPLOYED",
    "STABLE",
    "ROLLING_BACK",
    "ROLLED_BACK",
    "FAILED",
    "DELETING",
    "DELETED",
];
const RECONCILIATION: [&str; 4] = ["DEPLOYED", "UPGRADING", "ROLLING_BACK", "ROLLED_BACK"];
const JOB: [&str; 11] = [
    "INITIALIZING",
    "CREATED",
    "RUNNING",
    "FAILING",
    "FAILED",
    "CANCELLING",
    "CANCELED",
    "FINISHED",
    "RESTARTING",
    "SUSPENDED",
    "RECONCILING",
];
const JOB_MANAGER: [&str; 5] = ["READY", "DEPLOYED_NOT_READY", "DEPLOYING", "MISSING", "ERROR"];
const SNAPSHOT: [&str; 5] = ["COMPLETED", "FAILED", "IN_PROGRESS", "TRIGGER_PENDING", "ABANDONED"];
const TRIGGER: [&str; 4] = ["MANUAL", "PERIODIC", "UPGRADE", "UNKNOWN"];
const SAVEPOINT_FORMAT: [&str; 3] = ["CANONICAL", "NATIVE", "UNKNOWN"];
const CHECKPOINT_FORMAT: [&str; 3] = ["FULL", "INCREMENTAL", "UNKNOWN"];

/// Of a `FlinkDeployment`.
pub(super) fn deployment() -> Value {
    let mut status = common();
    let condition = object([
        ("type", text()),
        ("status", text()),
        ("reason", text()),
        ("message", text()),
        ("lastTransitionTime", text()),
        ("observedGeneration", whole()),
    ]);
    let fields = &mut status["properties"];
    fields["jobManagerDeploymentStatus"] = one_of(&JOB_MANAGER);
    fields["clusterInfo"] = text_map();
    fields["conditions"] = list(&condition);
    fields["taskManager"] = object([("labelSelector", text()), ("replicas", whole())]);
    status
}

/// Of a `FlinkSessionJob`, which has no conditions of FKO's; ours are kept with every other field.
pub(super) fn session_job() -> Value {
    common()
}

/// Of a `FlinkStateSnapshot`.
pub(super) fn snapshot() -> Value {
    open(object([
        ("state", one_of(&SNAPSHOT)),
        ("triggerId", text()),
        ("triggerTimestamp", text()),
        ("resultTimestamp", text()),
        ("path", text()),
        ("error", text()),
        ("failures", whole()),
    ]))
}

fn common() -> Value {
    let reconciliation = object([
        ("reconciliationTimestamp", whole()),
        ("lastReconciledSpec", text()),
        ("lastStableSpec", text()),
        ("state", one_of(&RECONCILIATION)),
    ]);
    let job = object([
        ("jobName", text()),
        ("jobId", text()),
        ("startTime", text()),
        ("updateTime", text()),
        ("upgradeSavepointPath", text()),
        ("state", one_of(&JOB)),
        ("savepointInfo", savepoints()),
        ("checkpointInfo", checkpoints()),
    ]);
    open(object([
        ("error", text()),
        ("observedGeneration", whole()),
        ("lifecycleState", one_of(&LIFECYCLE)),
        ("reconciliationStatus", reconciliation),
        ("jobStatus", job),
    ]))
}

fn savepoints() -> Value {
    let savepoint = object([
        ("timeStamp", whole()),
        ("location", text()),
        ("triggerNonce", whole()),
        ("triggerType", one_of(&TRIGGER)),
        ("formatType", one_of(&SAVEPOINT_FORMAT)),
    ]);
    object([
        ("lastSavepoint", savepoint.clone()),
        ("savepointHistory", list(&savepoint)),
        ("triggerId", text()),
        ("triggerTimestamp", whole()),
        ("triggerType", one_of(&TRIGGER)),
        ("formatType", one_of(&SAVEPOINT_FORMAT)),
        ("lastPeriodicSavepointTimestamp", whole()),
    ])
}

fn checkpoints() -> Value {
    let checkpoint = object([
        ("timeStamp", whole()),
        ("triggerNonce", whole()),
        ("triggerType", one_of(&TRIGGER)),
        ("formatType", one_of(&CHECKPOINT_FORMAT)),
    ]);
    object([
        ("lastCheckpoint", checkpoint),
        ("triggerId", text()),
        ("triggerTimestamp", whole()),
        ("triggerType", one_of(&TRIGGER)),
        ("formatType", one_of(&CHECKPOINT_FORMAT)),
        ("lastPeriodicCheckpointTimestamp", whole()),
    ])
}

fn open(mut schema: Value) -> Value {
    schema["x-kubernetes-preserve-unknown-fields"] = json!(true);
    schema
}
