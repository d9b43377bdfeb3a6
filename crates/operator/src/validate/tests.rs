//! Each refusal with an input that brings it about, beside one that is accepted.

use serde_json::json;

use super::*;
use crate::texts;

/// A session that nothing is wrong with.
fn good() -> Value {
    json!({
        "flinkVersion": "v1_20",
        "serviceAccount": "flink",
        "jobManager": {"resource": {"memory": "1024m", "cpu": 1}},
        "taskManager": {"resource": {"memory": "2Gi"}},
    })
}

/// A spec with one part put in its place; `null` takes it out.
fn with(mut spec: Value, path: &str, part: Value) -> Value {
    let mut here = &mut spec;
    for name in path.split('/') {
        here = &mut here[name];
    }
    *here = part;
    spec
}

fn texts_of(found: &[ResourceRefusal]) -> Vec<&str> {
    found.iter().map(|one| one.text.as_str()).collect()
}

#[track_caller]
fn check(spec: &Value, last: Option<&Value>, expected: &[&str]) {
    let options = options_of(spec);
    let new = DeploymentFacts { name: "orders", spec, options: &options, last };
    assert_eq!(texts_of(&deployment(&new)), expected);
}

#[track_caller]
fn refuses(path: &str, part: Value, expected: &str) {
    check(&with(good(), path, part), None, &[expected]);
}

#[test]
fn a_good_session_is_accepted() {
    check(&good(), None, &[]);
    check(&good(), Some(&good()), &[]);
}

#[test]
fn names() {
    for (name, is_good) in [
        ("a", true),
        ("my-name", true),
        (&"a".repeat(45), true),
        (&"a".repeat(46), false),
        ("", false),
        ("1a", false),
        ("a-", false),
        ("a.b", false),
        ("Orders", false),
    ] {
        let spec = good();
        let options = options_of(&spec);
        let found =
            deployment(&DeploymentFacts { name, spec: &spec, options: &options, last: None });
        assert_eq!(found.is_empty(), is_good, "{name}");
        let begins = |one: &ResourceRefusal| {
            one.text.starts_with(&format!("The FlinkDeployment name: {name} is invalid, must"))
        };
        assert!(is_good || begins(&found[0]), "{found:?}");
    }
}

#[test]
fn what_a_spec_must_say() {
    refuses("flinkVersion", Value::Null, "Flink Version must be defined.");
    for version in ["v1_14", "v2_4", "v9_9"] {
        let text = format!("Flink version {version} is not supported by this operator version");
        refuses("flinkVersion", json!(version), &text);
    }
    refuses("serviceAccount", Value::Null, texts::SERVICE_ACCOUNT);
    refuses("ingress", json!({"className": "nginx"}), "Ingress template must be defined");
    refuses(
        "logConfiguration",
        json!({"log4j.properties": "", "logback-console.xml": ""}),
        "Invalid log config key: log4j.properties. Allowed keys are [log4j-console.properties, logback-console.xml]",
    );
}

#[test]
fn options() {
    for key in texts::FORBIDDEN_KEYS {
        refuses(
            "flinkConfiguration",
            json!({key: "x"}),
            &format!("Forbidden Flink config key: {key}"),
        );
    }
    let nested = json!({"kubernetes": {"cluster-id": "x"}});
    refuses("flinkConfiguration", nested, "Forbidden Flink config key: kubernetes.cluster-id");
    let rollback = json!({"kubernetes.operator.deployment.rollback.enabled": true});
    refuses("flinkConfiguration", rollback, texts::ROLLBACK);
    let both = json!({"kubernetes.operator.deployment.rollback.enabled": "true", "high-availability.type": "kubernetes"});
    check(&with(good(), "flinkConfiguration", both), None, &[]);
    let health = json!({
        "kubernetes.operator.cluster.health-check.enabled": "true",
        "kubernetes.operator.jm-deployment-recovery.enabled": "false",
    });
    refuses("flinkConfiguration", health, texts::HEALTH_CHECK);
}

#[test]
fn sizes() {
    refuses("jobManager/resource/memory", Value::Null, texts::NO_JOB_MANAGER_MEMORY);
    refuses("taskManager/resource/memory", Value::Null, texts::NO_TASK_MANAGER_MEMORY);
    let spec = with(good(), "jobManager", json!({"resources": {"limits": {"memory": "2Gi"}}}));
    check(&spec, None, &[]);
    let spec = with(good(), "jobManager", json!({}));
    let option = json!({"jobmanager.memory.process.size": "1600m"});
    check(&with(spec, "flinkConfiguration", option), None, &[]);
    refuses("jobManager/replicas", json!(0), texts::JOB_MANAGERS);
    refuses("jobManager/replicas", json!(2), texts::STANDBY);
    refuses("taskManager/replicas", json!(0), texts::TASK_MANAGERS);
    refuses(
        "jobManager/resource/memory",
        json!("lots"),
        "JobManager resource memory parse error: `lots` is not a size",
    );
    refuses(
        "taskManager/resources",
        json!({"requests": {"cpu": 0, "memory": "3Gi"}, "limits": {"memory": "2Gi"}}),
        "TaskManager resource requirements requests cpu must be positive: 0; \
         TaskManager resource requirements memory request (3Gi) must not exceed its limit (2Gi)",
    );
}

#[test]
fn switches() {
    let application = with(good(), "job", json!({"jarURI": "local:///a.jar"}));
    check(&application, Some(&good()), &[texts::TO_JOB]);
    check(&good(), Some(&application), &[texts::TO_SESSION]);
    let standalone = with(good(), "mode", json!("standalone"));
    check(&standalone, Some(&good()), &[texts::TO_STANDALONE]);
    check(&good(), Some(&standalone), &[texts::TO_NATIVE]);
    check(&with(good(), "mode", json!("native")), Some(&good()), &[]);
    // Before the first deployment nothing is switched.
    check(&standalone, None, &[]);
}

fn good_job() -> Value {
    json!({"deploymentName": "orders", "job": {"jarURI": "https://h/a.jar", "parallelism": 2}})
}

#[track_caller]
fn check_job(spec: &Value, last: Option<&Value>, session: Option<&Value>, expected: &[&str]) {
    let mut options = session.map(options_of).unwrap_or_default();
    add(&mut options, spec);
    let jars = JarPolicy::default();
    let session = session.map(|spec| SessionFacts { name: "orders", spec });
    let new = SessionJobFacts { spec, options: &options, last, session, jars: &jars };
    assert_eq!(texts_of(&session_job(&new)), expected);
}

#[test]
fn session_jobs() {
    let session = good();
    check_job(&good_job(), None, None, &[]);
    check_job(&good_job(), Some(&good_job()), Some(&session), &[]);
    let refuses = |path: &str, part: Value, expected: &str| {
        check_job(&with(good_job(), path, part), None, Some(&session), &[expected]);
    };
    refuses("job", Value::Null, "The job spec should not be empty");
    refuses("job/parallelism", json!(0), "Job parallelism must be larger than 0");
    refuses("deploymentName", json!("other"), texts::OTHER_CLUSTER);
    refuses("job/jarURI", json!("a.jar"), "jarURI must include a scheme");
    refuses("job/jarURI", json!("https:///a.jar"), texts::NO_HOST);
    refuses(
        "job/jarURI",
        json!("s3://b/a.jar"),
        "jarURI scheme 's3' is not in the allowlist [https]. Configure 'kubernetes.operator.user.artifacts.allowed-schemes' to extend the allowlist.",
    );
    let application = with(good(), "job", json!({}));
    check_job(&good_job(), None, Some(&application), &[texts::APPLICATION]);
    let other = with(good_job(), "deploymentName", json!("other"));
    check_job(&other, Some(&good_job()), None, &[texts::OTHER_DEPLOYMENT]);
    let redeploy = with(good_job(), "job/savepointRedeployNonce", json!(1));
    check_job(&redeploy, Some(&good_job()), None, &[texts::REDEPLOY]);
    let place = with(redeploy.clone(), "job/initialSavepointPath", json!("s3://b/s"));
    check_job(&place, Some(&good_job()), None, &[]);
    check_job(&redeploy, Some(&redeploy), None, &[]);
}

#[test]
fn directories() {
    let mode = |mode: &str| with(good_job(), "job/upgradeMode", json!(mode));
    let session = good();
    check_job(
        &mode("savepoint"),
        None,
        Some(&session),
        &[texts::CHECKPOINT_DIRECTORY, texts::SAVEPOINT_UPGRADE],
    );
    check_job(&mode("last-state"), None, Some(&session), &[texts::CHECKPOINT_DIRECTORY]);
    let both = json!({"state": {"checkpoints.dir": "s3://c", "savepoints": {"dir": "s3://s"}}});
    let session = with(good(), "flinkConfiguration", both);
    check_job(&mode("savepoint"), None, Some(&session), &[]);
    let nonce = with(good_job(), "job/savepointTriggerNonce", json!(1));
    check_job(&nonce, None, Some(&good()), &[texts::SAVEPOINT_NONCE]);
    let key = "kubernetes.operator.periodic.savepoint.interval";
    let periodic = with(good_job(), "flinkConfiguration", json!({key: "1 h"}));
    check_job(&periodic, None, Some(&good()), &[texts::PERIODIC_SAVEPOINTS]);
    let key = "kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age";
    let age = with(good_job(), "flinkConfiguration", json!({key: "1 h"}));
    check_job(&age, None, Some(&good()), &[texts::CHECKPOINT_AGE]);
}

#[test]
fn hosts() {
    let policy = JarPolicy::default();
    for (jar, expected) in [
        ("https://h/a.jar", Some("h")),
        ("https://u:p@h:8443/a.jar", Some("h")),
        ("https://[::1]:1/a.jar", Some("::1")),
        ("s3://bucket/a.jar", None),
    ] {
        assert_eq!(host(jar, &policy), expected, "{jar}");
    }
    assert_eq!(host("https://h/a.jar", &JarPolicy { refuse_restricted: false, ..policy }), None);
    let restricted = [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.1.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fec0::1",
        "::",
        "ff02::1",
        "::ffff:10.0.0.1",
    ];
    for address in restricted {
        let found = resolved("h", &[address.parse().unwrap()]).map(|one| one.text);
        assert_eq!(
            found.as_deref(),
            Some("jarURI host 'h' resolves to a restricted address"),
            "{address}"
        );
    }
    assert_eq!(resolved("h", &["93.184.216.34".parse().unwrap()]), None);
    assert_eq!(resolved("h", &["2606:2800::1".parse().unwrap()]), None);
    let found = resolved("h", &[]).map(|one| one.text);
    assert_eq!(found.as_deref(), Some("jarURI host 'h' cannot be resolved"));
}

#[test]
fn snapshots() {
    #[track_caller]
    fn check(spec: &Value, has_target: bool, state: Option<&str>, expected: &[&str]) {
        let found = snapshot(&SnapshotFacts { namespace: "n", spec, state, has_target });
        assert_eq!(texts_of(&found), expected);
    }
    let of = json!({"kind": "FlinkSessionJob", "name": "count"});
    let good = json!({"savepoint": {}, "jobReference": of});
    check(&good, true, None, &[]);
    check(&json!({"checkpoint": {}, "jobReference": of}), true, None, &[]);
    check(&json!({"jobReference": of}), true, None, &[texts::SNAPSHOT_SORT]);
    check(&with(good.clone(), "checkpoint", json!({})), true, None, &[texts::SNAPSHOT_SORT]);
    check(&json!({"savepoint": {}}), true, None, &[texts::NO_REFERENCE]);
    check(&json!({"savepoint": {"alreadyExists": true}}), false, None, &[]);
    check(&good, false, None, &["Target for snapshot n/count was not found"]);
    check(&good, false, Some("TRIGGER_PENDING"), &["Target for snapshot n/count was not found"]);
    // What was done already needs its job no more.
    check(&good, false, Some("COMPLETED"), &[]);
}

#[test]
fn options_in_one_piece_and_nested() {
    let options = options_of(&json!({"flinkConfiguration": {
        "a.b.c": true, "d": {"e.f": {"g": 3}}, "h": {"i": "on"}
    }}));
    for (key, expected) in
        [("a.b.c", Some("true")), ("d.e.f.g", Some("3")), ("h.i", Some("on")), ("h", None)]
    {
        assert_eq!(options.text(key).as_deref(), expected, "{key}");
    }
    assert!(is_on(&options, "a.b.c", false) && is_on(&options, "x", true));
    // What Flink does not read counts as the default.
    assert!(is_on(&options, "h.i", true) && !is_on(&options, "h.i", false));
}
