//! Whole lives of resources, turn by turn, with a world that does at once what is decided.

mod jobs;

use nutkin_testkit::clients::faults;
use serde_json::{Value, json};

use super::*;
use crate::resource::{CustomKind, CustomResource};

fn now() -> TurnTime {
    TurnTime { text: "2026-11-30T12:00:00Z".to_owned(), millis: 1_796_040_000_000 }
}

fn resource(spec: Value) -> CustomResource {
    let mut resource = CustomResource { spec, ..CustomResource::default() };
    resource.metadata.name = "orders".to_owned();
    resource.metadata.namespace = "n".to_owned();
    resource.metadata.generation = 1;
    resource
}

/// Keeps what a turn wants, and gives the status as few words.
fn keep(resource: &mut CustomResource, kind: CustomKind, turn: &ResourceTurn) -> bool {
    let is_written = resource.status != turn.status;
    resource.status = turn.status.clone();
    match turn.hold {
        Some(true) => resource.metadata.finalizers.push(kind.finalizer().to_owned()),
        Some(false) => resource.metadata.finalizers.clear(),
        None => {}
    }
    is_written
}

/// The resource as its clients see it now.
fn shown(resource: &CustomResource) -> Value {
    let about = &resource.metadata;
    json!({
        "metadata": {"generation": about.generation, "deletionTimestamp": about.deletion_timestamp},
        "status": resource.status,
    })
}

fn said(status: &Value) -> String {
    let fields = [
        &status["jobManagerDeploymentStatus"],
        &status["reconciliationStatus"]["state"],
        &status["jobStatus"]["state"],
        &status["lifecycleState"],
    ];
    let fields: Vec<&str> = fields.into_iter().filter_map(Value::as_str).collect();
    fields.join(" ")
}

/// A session through its turns. Each row: what is seen, and what the status says then; an empty text: nothing is written. No client may
/// get it wrong; `goes_well`: nor see an error.
#[track_caller]
fn check_session(
    resource: &mut CustomResource,
    goes_well: bool,
    rows: &[(SeenSession, &str, Option<ResourceAct>)],
) {
    let mut written = Vec::new();
    for (at, (seen, expected, act)) in rows.iter().enumerate() {
        let turn = deployment(resource, seen, &now());
        let is_written = keep(resource, CustomKind::Deployment, &turn);
        let text = if is_written { said(&resource.status) } else { String::new() };
        assert_eq!((text.as_str(), turn.act), (*expected, *act), "row {at}: {seen:?}");
        written.push(shown(resource));
        // Nothing is written again for the same.
        let again = deployment(resource, seen, &now());
        assert!(
            again.status == resource.status || again.act != turn.act,
            "row {at} writes twice: {again:?}"
        );
    }
    assert_eq!(faults("FlinkDeployment", &written, goes_well), [""; 0]);
}

#[test]
fn a_session_from_its_first_turn_to_its_end() {
    let mut orders = resource(json!({"flinkVersion": "v1_20"}));
    let nothing = SeenSession::default();
    let brought = SeenSession { is_brought: true, ..nothing.clone() };
    let starting = SeenSession { workload: SeenWorkload::Starting, ..nothing.clone() };
    let silent = SeenSession { workload: SeenWorkload::Available, ..nothing.clone() };
    let info = Some(json!({"flink-version": "1.20.5"}));
    let ready = SeenSession { info, ..silent.clone() };
    let drifted = SeenSession { drift: vec!["Service/orders".to_owned()], ..ready.clone() };
    let bring = Some(ResourceAct::Bring);
    check_session(
        &mut orders,
        true,
        &[
            (nothing.clone(), "DEPLOYING UPGRADING UPGRADING", bring),
            // Cut off, and begun again.
            (nothing.clone(), "", bring),
            (brought.clone(), "DEPLOYING DEPLOYED DEPLOYED", None),
            (starting.clone(), "", None),
            (silent.clone(), "DEPLOYED_NOT_READY DEPLOYED DEPLOYED", None),
            (ready.clone(), "READY DEPLOYED STABLE", None),
            (ready.clone(), "", None),
            (drifted, "", bring),
            (nothing.clone(), "DEPLOYING DEPLOYED STABLE", bring),
            (ready.clone(), "READY DEPLOYED STABLE", None),
        ],
    );
    assert!(orders.is_held(CustomKind::Deployment));
    assert_eq!(orders.status["observedGeneration"], 1);
    let running = |status: &Value| status["conditions"][0]["status"].clone();
    assert_eq!(running(&orders.status), "True");

    orders.spec["image"] = json!("another");
    orders.metadata.generation = 2;
    check_session(
        &mut orders,
        true,
        &[
            (ready.clone(), "READY UPGRADING UPGRADING", bring),
            (SeenSession { is_brought: true, ..ready.clone() }, "READY DEPLOYED STABLE", None),
        ],
    );
    assert_eq!(orders.status["observedGeneration"], 2);

    orders.metadata.deletion_timestamp = Some(now().text);
    let jobs = vec!["a".to_owned(), "b".to_owned()];
    let blocked = SeenSession { session_jobs: jobs, ..ready.clone() };
    let unmanaged =
        SeenSession { running: RunningJobList::Known(vec!["x".to_owned()]), ..ready.clone() };
    let idle = SeenSession { running: RunningJobList::Known(Vec::new()), ..ready };
    check_session(
        &mut orders,
        false,
        &[
            (blocked, "READY DEPLOYED DELETING", None),
            (unmanaged, "READY DEPLOYED DELETING", None),
            (idle, "READY DEPLOYED DELETING", Some(ResourceAct::End)),
            (brought, "", None),
        ],
    );
    assert!(orders.metadata.finalizers.is_empty());
}

#[test]
fn what_hinders_a_deletion_is_said_in_the_words_of_the_contract() {
    let mut orders = resource(json!({}));
    orders.metadata.deletion_timestamp = Some(now().text);
    orders.metadata.finalizers.push(CustomKind::Deployment.finalizer().to_owned());
    let seen = SeenSession {
        workload: SeenWorkload::Available,
        session_jobs: vec!["a".to_owned(), "b".to_owned()],
        running: RunningJobList::Known(vec!["x".to_owned()]),
        ..SeenSession::default()
    };
    let message = |resource: &CustomResource, seen: &SeenSession| {
        deployment(resource, seen, &now()).events[0].message.clone()
    };
    assert_eq!(message(&orders, &seen), "The session jobs [a, b] should be deleted first");
    orders.spec = json!({"flinkConfiguration": {
        "kubernetes.operator": {"session.deletion.block-on-session-jobs": false}
    }});
    assert_eq!(
        message(&orders, &seen),
        "The session cluster has non terminated jobs [x] that should be cancelled first"
    );
    let unmanaged = "kubernetes.operator.session.deletion.block-on-unmanaged-jobs";
    // What cannot be read counts as the default, which blocks.
    orders.spec["flinkConfiguration"][unmanaged] = json!("noo");
    assert_eq!(deployment(&orders, &seen, &now()).act, None);
    orders.spec["flinkConfiguration"][unmanaged] = json!("false");
    assert_eq!(deployment(&orders, &seen, &now()).act, Some(ResourceAct::End));
}

#[test]
fn an_application_is_left_alone() {
    let orders = resource(json!({"job": {"jarURI": "local:///a.jar"}}));
    let turn = deployment(&orders, &SeenSession::default(), &now());
    assert_eq!((turn.hold, turn.act, turn.status), (None, None, Value::Null));
    assert_eq!(turn.events.len(), 1);
}

#[test]
fn a_spec_that_is_refused_changes_nothing_that_runs() {
    let mut orders = resource(json!({}));
    let seen = SeenSession { problems: vec!["no".to_owned()], ..SeenSession::default() };
    let turn = deployment(&orders, &seen, &now());
    assert_eq!((turn.act, said(&turn.status).as_str()), (None, "FAILED"));
    assert_eq!(turn.events[0].reason, EventReason::ValidationError);
    keep(&mut orders, CustomKind::Deployment, &turn);
    let turn = deployment(&orders, &SeenSession::default(), &now());
    assert_eq!(turn.act, Some(ResourceAct::Bring));

    // Refused later, and taken back: what runs is what is wanted.
    orders.status = json!({"observedGeneration": 2, "error": "no", "reconciliationStatus": {
        "state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"image\":\"i\"}}"}});
    orders.spec = json!({"image": "i"});
    orders.metadata.generation = 3;
    let starting = SeenSession { workload: SeenWorkload::Starting, ..SeenSession::default() };
    let turn = deployment(&orders, &starting, &now());
    assert_eq!((turn.act, turn.status["error"].is_null()), (None, true));
}

#[test]
fn a_highly_available_session_that_is_silent_for_a_moment_keeps_its_jobs() {
    assert_eq!(SessionGate::of(false, true, true), SessionGate::Ready);
    assert_eq!(SessionGate::of(false, false, true), SessionGate::SilentWithJobs);
    assert_eq!(SessionGate::of(false, false, false), SessionGate::Silent);
    assert_eq!(SessionGate::of(true, true, true), SessionGate::Application);
}

#[test]
fn a_session_that_became_an_application_is_not_held_back() {
    let mut orders = resource(json!({"job": {"jarURI": "local:///a.jar"}}));
    orders.metadata.finalizers.push(CustomKind::Deployment.finalizer().to_owned());
    orders.metadata.deletion_timestamp = Some(now().text);
    let turn = deployment(&orders, &SeenSession::default(), &now());
    assert_eq!((turn.hold, turn.act), (Some(false), None));
}
