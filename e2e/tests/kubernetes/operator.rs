//! The operator's manifests on a real API server: definitions that apply in both ways and refuse in the sentences of the contract, an
//! admission policy, permissions, and a pod that the restricted Pod Security Standard lets in.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nutkin_e2e::Cluster;
use nutkin_operator::crd;
use nutkin_operator::event::{ClusterEvent, EventComponent, EventReason, Regarding};
use nutkin_operator::texts;
use serde_json::{Value, json};

/// Definitions belong to the whole cluster: one test at a time changes them.
static DEFINITIONS: Mutex<()> = Mutex::new(());

/// What the API server needs to have heard of a definition or a policy, on a loaded machine.
const LIMIT: Duration = Duration::from_mins(1);

struct Site {
    cluster: Cluster,
    _definitions: MutexGuard<'static, ()>,
}

impl Site {
    /// A namespace, and the definitions as `nutkin operator manifests` prints them.
    #[track_caller]
    fn new() -> Self {
        let guard = DEFINITIONS.lock().unwrap_or_else(PoisonError::into_inner);
        let site = Self { cluster: Cluster::new(), _definitions: guard };
        site.define(&site.manifests(&[]));
        site
    }

    #[track_caller]
    fn manifests(&self, more: &[&str]) -> Vec<Value> {
        let words = ["operator", "manifests", "--image", "nutkin:test", "-o", "json"];
        let place = ["--namespace", &self.cluster.namespace];
        let printed = self.cluster.nutkin.ok(&[&words[..], &place, more].concat());
        let list: Value = serde_json::from_str(&printed.stdout).expect("a list");
        list["items"].as_array().expect("items").clone()
    }

    /// Applies the definitions among these objects, and waits until they count.
    #[track_caller]
    fn define(&self, objects: &[Value]) {
        let definitions = objects.iter().filter(|one| one["kind"] == "CustomResourceDefinition");
        for definition in definitions {
            self.cluster.apply_by_force(definition);
        }
        for name in ["flinkdeployments", "flinksessionjobs", "flinkstatesnapshots"] {
            let name = format!("crd/{name}.{}", crd::GROUP);
            self.cluster.kubectl(&["wait", "--for=condition=Established", &name, "--timeout=60s"]);
        }
    }

    /// What the API server says of an object that is not made.
    fn try_on(&self, object: &Value) -> String {
        let file = self.cluster.nutkin.file("tried.json", &object.to_string());
        let file = file.to_str().expect("a path in UTF-8");
        self.cluster.try_kubectl(&["create", "--dry-run=server", "-f", file])
    }

    #[track_caller]
    fn patch(&self, what: &str, patch: &Value, more: &[&str]) -> String {
        let patch = patch.to_string();
        let words = ["patch", what, "--type=merge", "-p", &patch];
        self.cluster.try_kubectl(&[&words[..], more].concat())
    }
}

fn resource(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": format!("{}/{}", crd::GROUP, crd::VERSION),
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    })
}

fn session(name: &str, changes: &Value) -> Value {
    let mut spec = json!({
        "flinkVersion": "v1_20",
        "serviceAccount": "flink",
        "flinkConfiguration": {"taskmanager.numberOfTaskSlots": 2, "high-availability": {"type": "none"}},
        "jobManager": {"resource": {"memory": "1024m", "cpu": 1}},
        "taskManager": {"replicas": 1, "resources": {"requests": {"memory": "2Gi", "cpu": "500m", "nvidia.com/gpu": 1}}},
        "podTemplate": {"spec": {"containers": [{"name": "flink-main-container", "env": [{"name": "A", "value": "b"}]}]}},
    });
    merge(&mut spec, changes);
    resource("FlinkDeployment", name, spec)
}

fn job(changes: &Value) -> Value {
    let mut spec = json!({
        "deploymentName": "orders",
        "job": {"jarURI": "https://repo.example.com/a.jar", "parallelism": 2, "upgradeMode": "savepoint", "args": ["--a"]},
    });
    merge(&mut spec, changes);
    resource("FlinkSessionJob", "count", spec)
}

/// A merge patch: `null` takes a field away.
fn merge(target: &mut Value, patch: &Value) {
    let (Some(fields), Some(changes)) = (target.as_object_mut(), patch.as_object()) else {
        *target = patch.clone();
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.as_str()).or_insert(json!({})), change);
        }
    }
}

/// What `kubectl` says of JSON that it prints has its quotes escaped nowhere.
#[track_caller]
fn is_refused(said: &str, text: &str) {
    assert!(said.contains(text) && !said.contains("created"), "expected `{text}`:\n{said}");
}

#[track_caller]
fn is_accepted(said: &str) {
    assert!(said.contains("created (server dry run)") && !said.contains("Warning"), "{said}");
}

#[test]
fn definitions_apply_in_both_ways_and_nothing_is_added_to_them() {
    let site = Site::new();
    let definitions = site.manifests(&[]);
    for definition in definitions.iter().filter(|one| one["kind"] == "CustomResourceDefinition") {
        let file = site.cluster.nutkin.file("definition.json", &definition.to_string());
        let file = file.to_str().expect("a path in UTF-8");
        let said = site.cluster.try_kubectl(&["apply", "-f", file]);
        assert!(said.contains("configured") || said.contains("unchanged"), "{said}");
        let said =
            site.cluster.try_kubectl(&["apply", "--server-side", "--force-conflicts", "-f", file]);
        assert!(said.contains("serverside-applied"), "{said}");
        let name = definition["metadata"]["name"].as_str().expect("a name");
        let live = site.cluster.get(&format!("crd/{name}"));
        // Whoever compares the two, as Argo CD does, finds nothing to change.
        assert_eq!(live["spec"], definition["spec"], "{name}");
        let conditions = live["status"]["conditions"].as_array().expect("conditions");
        let bad = conditions.iter().find(|one| one["type"] == "NonStructuralSchema");
        assert_eq!(bad, None, "{name}");
    }
}

#[test]
fn each_rule_of_a_session_says_its_sentence() {
    let site = Site::new();
    is_accepted(&site.try_on(&session("orders", &json!({}))));
    let name = |name: &str| texts::NAME.join(name);
    for bad in ["a.b", &"a".repeat(46), "1a"] {
        is_refused(&site.try_on(&session(bad, &json!({}))), &name(bad));
    }
    is_accepted(&site.try_on(&session(&"a".repeat(45), &json!({}))));
    let unsupported = |version: &str| texts::UNSUPPORTED_VERSION.join(version);
    let old = unsupported("v1_14");
    let new = unsupported("v2_4");
    let log = texts::LOG_KEY.join("log4j.properties");
    let cases: [(Value, &str, Value); 8] = [
        (json!({"flinkVersion": null}), texts::NO_VERSION, json!({"flinkVersion": "v1_15"})),
        (json!({"flinkVersion": "v1_14"}), &old, json!({"flinkVersion": "v2_3"})),
        (json!({"flinkVersion": "v2_4"}), &new, json!({"flinkVersion": "v2_0"})),
        (
            json!({"serviceAccount": null}),
            texts::SERVICE_ACCOUNT,
            json!({"serviceAccount": "default"}),
        ),
        (
            json!({"ingress": {"className": "nginx"}}),
            texts::INGRESS,
            json!({"ingress": {"template": "{{name}}.example.com", "className": "nginx"}}),
        ),
        (
            json!({"logConfiguration": {"log4j.properties": "x"}}),
            &log,
            json!({"logConfiguration": {"log4j-console.properties": "x"}}),
        ),
        (
            json!({"jobManager": {"replicas": 0}}),
            texts::JOB_MANAGERS,
            json!({"jobManager": {"replicas": 1}}),
        ),
        (
            json!({"taskManager": {"replicas": 0}}),
            texts::TASK_MANAGERS,
            json!({"taskManager": {"replicas": 2}}),
        ),
    ];
    for (bad, text, good) in cases {
        is_refused(&site.try_on(&session("orders", &bad)), text);
        is_accepted(&site.try_on(&session("orders", &good)));
    }
}

#[test]
fn each_rule_of_a_job_and_of_a_snapshot_says_its_sentence() {
    let site = Site::new();
    is_accepted(&site.try_on(&job(&json!({}))));
    let name = texts::NAME.join("Orders");
    let cases: [(Value, &str, Value); 6] = [
        (json!({"deploymentName": "Orders"}), &name, json!({"deploymentName": "other"})),
        (json!({"job": null}), texts::NO_JOB, json!({"job": {}})),
        (
            json!({"job": {"parallelism": 0}}),
            texts::PARALLELISM,
            json!({"job": {"parallelism": 1}}),
        ),
        (
            json!({"job": {"jarURI": "a.jar"}}),
            texts::NO_SCHEME,
            json!({"job": {"jarURI": "s3://b/a.jar"}}),
        ),
        (
            json!({"job": {"jarURI": "HTTPS:///a"}}),
            texts::NO_HOST,
            json!({"job": {"jarURI": "mvn:g:a:1"}}),
        ),
        (
            json!({"job": {"jarURI": "http:a.jar"}}),
            texts::NO_HOST,
            json!({"job": {"jarURI": "http://h/a"}}),
        ),
    ];
    for (bad, text, good) in cases {
        is_refused(&site.try_on(&job(&bad)), text);
        is_accepted(&site.try_on(&job(&good)));
    }
    let snapshot = |spec: Value| site.try_on(&resource("FlinkStateSnapshot", "s", spec));
    let of = json!({"kind": "FlinkSessionJob", "name": "count"});
    is_refused(&snapshot(json!({"jobReference": of})), texts::SNAPSHOT_SORT);
    let both = json!({"savepoint": {}, "checkpoint": {}, "jobReference": of});
    is_refused(&snapshot(both), texts::SNAPSHOT_SORT);
    is_refused(&snapshot(json!({"savepoint": {}})), texts::NO_REFERENCE);
    is_accepted(&snapshot(json!({"savepoint": {"alreadyExists": true, "path": "s3://b/s"}})));
    is_accepted(&snapshot(json!({"checkpoint": {}, "jobReference": of})));
}

#[test]
fn what_was_deployed_is_not_switched() {
    let site = Site::new();
    let cluster = &site.cluster;
    cluster.apply(&session("orders", &json!({})));
    cluster.apply(&job(&json!({})));
    let application = json!({"spec": {"job": {"jarURI": "local:///a.jar"}}});
    let standalone = json!({"spec": {"mode": "standalone"}});
    let other = json!({"spec": {"deploymentName": "other"}});
    let redeploy = json!({"spec": {"job": {"savepointRedeployNonce": 1}}});
    let dry = ["--dry-run=server"];
    let (session, job) = ("flinkdep/orders", "sessionjob/count");
    // Before the first deployment everything may still change.
    for (what, patch) in
        [(session, &application), (session, &standalone), (job, &other), (job, &redeploy)]
    {
        let said = site.patch(what, patch, &dry);
        assert!(said.contains("patched"), "{what} {patch}: {said}");
    }
    let deployed = json!({"status": {"reconciliationStatus": {"lastReconciledSpec": "{}"}}});
    for what in [session, job] {
        let said = site.patch(what, &deployed, &["--subresource=status"]);
        assert!(said.contains("patched"), "{said}");
    }
    for (what, patch, text) in [
        (session, &application, texts::TO_JOB),
        (session, &standalone, texts::TO_STANDALONE),
        (job, &other, texts::OTHER_DEPLOYMENT),
        (job, &redeploy, texts::REDEPLOY),
    ] {
        is_refused(&site.patch(what, patch, &dry), text);
    }
    let place =
        json!({"spec": {"job": {"savepointRedeployNonce": 1, "initialSavepointPath": "s3://b/s"}}});
    assert!(site.patch(job, &place, &dry).contains("patched"));
    let edit = json!({"spec": {"mode": "native", "restartNonce": 1}});
    assert!(site.patch(session, &edit, &dry).contains("patched"));

    // The other way, from an application and from standalone.
    let name = cluster.nutkin.file("other.json", &session_of("standalone").to_string());
    cluster.kubectl(&["create", "-f", name.to_str().expect("a path in UTF-8")]);
    let said = site.patch("flinkdep/other", &deployed, &["--subresource=status"]);
    assert!(said.contains("patched"), "{said}");
    let native = json!({"spec": {"mode": null}});
    is_refused(&site.patch("flinkdep/other", &native, &dry), texts::TO_NATIVE);
    let no_job = json!({"spec": {"job": null}});
    is_refused(&site.patch("flinkdep/other", &no_job, &dry), texts::TO_SESSION);
}

fn session_of(mode: &str) -> Value {
    session("other", &json!({"mode": mode, "job": {"jarURI": "local:///a.jar", "parallelism": 1}}))
}

#[test]
fn clients_see_columns_and_scale_sessions() {
    let site = Site::new();
    let cluster = &site.cluster;
    cluster.apply(&session("orders", &json!({})));
    let status = json!({"status": {
        "jobStatus": {"state": "RECONCILING"},
        "lifecycleState": "STABLE",
        "taskManager": {"replicas": 1, "labelSelector": "component=taskmanager,app=orders"},
        "conditions": [{"type": "Running", "status": "True", "reason": "JobManagerReady", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1}],
        "fieldOfANewerFko": {"x": 1},
    }});
    let said = site.patch("flinkdep/orders", &status, &["--subresource=status"]);
    assert!(said.contains("patched") && !said.contains("Warning"), "{said}");
    let table = cluster.kubectl(&["get", "flinkdep", "orders"]);
    let words: Vec<&str> = table.split_whitespace().collect();
    assert_eq!(words[..5], ["NAME", "JOB", "STATUS", "LIFECYCLE", "STATE"], "{table}");
    assert_eq!(words[5..], ["orders", "RECONCILING", "STABLE"], "{table}");
    cluster.kubectl(&["wait", "--for=condition=Running", "flinkdep/orders", "--timeout=10s"]);
    cluster.kubectl(&["scale", "flinkdep/orders", "--replicas=3"]);
    let live = cluster.get("flinkdep/orders");
    assert_eq!(live["spec"]["taskManager"]["replicas"], 3);
    // What the schema does not write out is kept all the same.
    assert_eq!(live["spec"]["podTemplate"], session("orders", &json!({}))["spec"]["podTemplate"]);
    assert_eq!(live["spec"]["taskManager"]["resources"]["requests"]["nvidia.com/gpu"], 1);
    assert_eq!(live["spec"]["flinkConfiguration"]["high-availability"]["type"], "none");
    assert_eq!(live["status"]["fieldOfANewerFko"]["x"], 1);
    is_refused(
        &cluster.try_kubectl(&["scale", "flinkdep/orders", "--replicas=0"]),
        texts::TASK_MANAGERS,
    );
    let selector =
        cluster.kubectl(&["get", "flinkdep/orders", "--subresource=scale", "-o", "json"]);
    assert!(selector.contains("component=taskmanager,app=orders"), "{selector}");
    for short in ["sessionjob", "flinksnp"] {
        cluster.kubectl(&["get", short]);
    }
}

/// A resource that was there before the rules can still be edited elsewhere, finalized and deleted.
#[test]
fn rules_strand_no_resource_that_breaks_them() {
    let site = Site::new();
    let cluster = &site.cluster;
    let mut lenient = site.manifests(&[]);
    for definition in &mut lenient {
        without_rules(definition);
    }
    site.define(&lenient);
    let bad = |name: &str| {
        let mut old =
            session(name, &json!({"serviceAccount": null, "jobManager": {"replicas": 0}}));
        old["metadata"]["finalizers"] = json!(["flinkdeployments.flink.apache.org/finalizer"]);
        old
    };
    // A definition counts a moment after it is applied.
    cluster
        .nutkin
        .eventually("the rules are gone", LIMIT, || site.try_on(&bad("old")).contains("created"));
    cluster.apply(&bad("old"));
    site.define(&site.manifests(&[]));
    cluster.nutkin.eventually("the rules are back", LIMIT, || {
        site.try_on(&bad("new")).contains(texts::SERVICE_ACCOUNT)
    });
    let said = site.patch("flinkdep/old", &json!({"spec": {"restartNonce": 1}}), &[]);
    // What is wrong with it since before is a warning at most.
    assert!(said.contains("patched"), "{said}");
    let status = json!({"status": {"lifecycleState": "STABLE"}});
    let said = site.patch("flinkdep/old", &status, &["--subresource=status"]);
    assert!(said.contains("patched"), "{said}");
    cluster.kubectl(&["delete", "flinkdep/old", "--wait=false"]);
    let said = site.patch("flinkdep/old", &json!({"metadata": {"finalizers": null}}), &[]);
    assert!(said.contains("patched"), "{said}");
    cluster.nutkin.eventually("it is gone", LIMIT, || cluster.get("flinkdep/old").is_null());
}

fn without_rules(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("x-kubernetes-validations");
            fields.values_mut().for_each(without_rules);
        }
        Value::Array(items) => items.iter_mut().for_each(without_rules),
        _ => {}
    }
}

#[test]
fn the_whole_applies_where_pods_are_restricted() {
    let site = Site::new();
    let cluster = &site.cluster;
    let label = "pod-security.kubernetes.io/enforce=restricted";
    cluster.kubectl(&["label", "namespace", &cluster.namespace, label]);
    let watched = ["--watch-namespaces", cluster.namespace.as_str(), "--no-crds"];
    for object in site.manifests(&watched) {
        cluster.apply(&object);
    }
    // The controller manager made it, or it was refused.
    let pods =
        ["get", "pods", "-l", "app.kubernetes.io/name=flink-kubernetes-operator", "-o", "name"];
    cluster.nutkin.eventually("there is a pod", LIMIT, || !cluster.kubectl(&pods).is_empty());
    let user = format!("--as=system:serviceaccount:{}:flink-operator", cluster.namespace);
    let may = |words: &[&str]| cluster.can_i(&[words, &[user.as_str()]].concat());
    assert!(may(&["watch", "flinkdeployments.flink.apache.org"]));
    assert!(may(&["patch", "flinksessionjobs.flink.apache.org", "--subresource=status"]));
    assert!(may(&["update", "leases.coordination.k8s.io"]));
    for words in [
        &["delete", "flinkdeployments.flink.apache.org"][..],
        &["create", "flinkdeployments.flink.apache.org"],
        &["list", "secrets"],
        &["create", "rolebindings.rbac.authorization.k8s.io"],
        &["list", "flinkdeployments.flink.apache.org", "-n", "kube-system"],
    ] {
        assert!(!may(words), "{words:?}");
    }
}

#[test]
fn the_policy_refuses_what_definitions_cannot_see() {
    let site = Site::new();
    let cluster = &site.cluster;
    let words =
        ["--watch-namespaces", cluster.namespace.as_str(), "--no-crds", "--admission-policy"];
    let policy = |one: &Value| {
        one["kind"].as_str().is_some_and(|kind| kind.starts_with("ValidatingAdmission"))
    };
    let manifests = site.manifests(&words);
    for object in manifests.iter().filter(|one| policy(one)) {
        cluster.apply(object);
    }
    let with =
        |options: Value| site.try_on(&session("orders", &json!({"flinkConfiguration": options})));
    let forbidden = |key: &str| format!("{}{key}", texts::FORBIDDEN_KEY);
    cluster.nutkin.eventually("the policy counts", LIMIT, || {
        with(json!({"kubernetes.namespace": "x"})).contains(texts::FORBIDDEN_KEY)
    });
    is_accepted(&with(json!({"kubernetes.operator.reconcile.interval": "1 s"})));
    let (cluster_id, ha) = ("kubernetes.cluster-id", "high-availability.cluster-id");
    is_refused(&with(json!({"kubernetes": {"cluster-id": "x"}})), &forbidden(cluster_id));
    is_refused(&with(json!({ha: "x"})), &forbidden(ha));
    is_refused(&with(json!({"high-availability": {"cluster-id": "x"}})), &forbidden(ha));
    let rollback = "kubernetes.operator.deployment.rollback.enabled";
    is_refused(&with(json!({rollback: true})), texts::ROLLBACK);
    is_refused(
        &with(json!({rollback: "true", "high-availability": {"type": "NONE"}})),
        texts::ROLLBACK,
    );
    is_accepted(&with(json!({rollback: true, "high-availability": {"type": "kubernetes"}})));
    is_accepted(&with(json!({rollback: "true", "high-availability.type": "zookeeper"})));
    let health = "kubernetes.operator.cluster.health-check.enabled";
    let recovery = "kubernetes.operator.jm-deployment-recovery.enabled";
    is_refused(&with(json!({health: true, recovery: "false"})), texts::HEALTH_CHECK);
    is_accepted(&with(json!({health: true})));
    let two = json!({"jobManager": {"replicas": 2}});
    is_refused(&site.try_on(&session("orders", &two)), texts::STANDBY);
    let two = json!({"jobManager": {"replicas": 2}, "flinkConfiguration": {"high-availability.type": "kubernetes"}});
    is_accepted(&site.try_on(&session("orders", &two)));
    for object in manifests.iter().filter(|one| policy(one)) {
        let (kind, name) = (object["kind"].as_str(), object["metadata"]["name"].as_str());
        cluster.kubectl(&["delete", kind.expect("a kind"), name.expect("a name")]);
    }
}

#[test]
fn events_have_the_names_of_fko() {
    let site = Site::new();
    let cluster = &site.cluster;
    cluster.apply(&session("orders", &json!({})));
    let live = cluster.get("flinkdep/orders");
    let uid = live["metadata"]["uid"].as_str().expect("a UID");
    let namespace = cluster.namespace.as_str();
    let about = Regarding { kind: "FlinkDeployment", name: "orders", namespace, uid };
    let event =
        ClusterEvent::new(EventComponent::Operator, EventReason::Submit, "Starting deployment");
    let first = event.first(&about, "2026-01-01T00:00:00Z");
    let file = cluster.nutkin.file("event.json", &first.to_string());
    cluster.kubectl(&["create", "-f", file.to_str().expect("a path in UTF-8")]);
    let name = format!("event/{}", event.name(&about));
    let said = site.patch(&name, &event.again(&cluster.get(&name), "2026-01-01T00:00:05Z"), &[]);
    assert!(said.contains("patched"), "{said}");
    assert_eq!(cluster.get(&name)["count"], 2);
    let shown = cluster.kubectl(&["describe", "flinkdep/orders"]);
    assert!(shown.contains("Submit") && shown.contains("Starting deployment"), "{shown}");
}

/// The operator as its own account: what the manifests grant is enough to make a session, to keep it, to describe it and to end it.
#[test]
fn what_the_manifests_grant_suffices() {
    let site = Site::new();
    let cluster = &site.cluster;
    let namespace = cluster.namespace.as_str();
    let watched = ["--watch-namespaces", namespace, "--no-crds"];
    for object in site.manifests(&watched).iter().filter(|one| one["kind"] != "Deployment") {
        cluster.apply(object);
    }
    let user = format!("--as=system:serviceaccount:{namespace}:flink-operator");
    let may = |verb: &str, resource: &str| cluster.can_i(&[verb, resource, &user]);
    cluster.nutkin.eventually("the authorizer knows", LIMIT, || {
        may("update", "leases.coordination.k8s.io")
            && may("watch", "flinkdeployments.flink.apache.org")
    });
    let place = ["--namespaces", namespace, "--lease-namespace", namespace];
    let words = ["operator", "run", "--health", "127.0.0.1:0"];
    let mut command = cluster.nutkin.command(&[&words[..], &place].concat());
    command.env("KUBECONFIG", cluster.kubeconfig_of("flink-operator"));
    let operator = cluster.nutkin.start(command);

    let spec = json!({"taskManager": {"resources": {"requests": {"nvidia.com/gpu": null}}}});
    cluster.apply(&session("orders", &spec));
    let status = |field: &str| cluster.get("flinkdep/orders")["status"][field].clone();
    let is_there = |what: &str| !cluster.get(what).is_null();
    cluster.nutkin.eventually("the session is made", LIMIT, || is_there("deployment/orders"));
    cluster.nutkin.eventually("it is said", LIMIT, || {
        status("jobManagerDeploymentStatus") == "DEPLOYING"
            && status("lifecycleState") == "DEPLOYED"
    });
    cluster.kubectl(&["delete", "service", "orders-rest"]);
    cluster.nutkin.eventually("the Service is back", LIMIT, || is_there("service/orders-rest"));

    // Only the loop can say this, and what runs stays.
    let memory = |text: &str| json!({"spec": {"jobManager": {"resource": {"memory": text}}}});
    assert!(site.patch("flinkdep/orders", &memory("lots"), &[]).contains("patched"));
    cluster.nutkin.eventually("it is refused", LIMIT, || {
        status("error")
            .as_str()
            .is_some_and(|text| text.contains("JobManager resource memory parse error"))
    });
    assert!(is_there("deployment/orders"));
    assert!(site.patch("flinkdep/orders", &memory("1024m"), &[]).contains("patched"));
    cluster.nutkin.eventually("the error is gone", LIMIT, || status("error").is_null());

    let events: Value =
        serde_json::from_str(&cluster.kubectl(&["get", "events", "-o", "json"])).expect("events");
    for reason in ["Submit", "ValidationError"] {
        let events = events["items"].as_array().expect("items");
        let found = events.iter().find(|one| one["reason"] == reason).expect(reason);
        assert_eq!(found["source"]["component"], "Operator");
        assert_eq!(found["involvedObject"]["name"], "orders");
    }
    cluster.kubectl(&["delete", "flinkdep", "orders", "--wait=false"]);
    cluster.nutkin.eventually("the resource is gone", LIMIT, || !is_there("flinkdep/orders"));
    assert!(!is_there("deployment/orders"));
    operator.interrupt();
    let said = operator.wait(LIMIT).all().to_lowercase();
    for word in ["forbidden", "you may not", "cannot "] {
        assert!(!said.contains(word), "{said}");
    }
}
