//! What `gc` removes of sessions on Kubernetes, and what it leaves alone.

use nutkin_testkit::scenario::Kubernetes;
use serde_json::{Value, json};

use crate::scenario::Place;

const GC: &[&str] = &["gc", "--yes"];

/// A map of Flink's high availability, of this cluster-id.
fn map(cluster_id: &str, data: &Value) -> Value {
    let labels = json!({"app": cluster_id, "type": "flink-native-kubernetes"});
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": format!("{cluster_id}-cluster-config-map"), "labels": labels},
        "data": data,
    })
}

/// A session that was started, and what high availability has written of it.
fn started(data: &Value) -> Place<Kubernetes> {
    let place = Place::kubernetes();
    place.server.with(|kubernetes| kubernetes.runs_pods = true);
    let storage = "high-availability.storageDir=s3://bucket/ha";
    let on = "high-availability.type=kubernetes";
    place.run(&["up", "a", "-D", on, "-D", storage]).expect(0);
    place.server.with(|kubernetes| kubernetes.put("configmaps", map("a", data)));
    place
}

/// Somebody has deleted its workload; its ledger is still there.
fn gone(data: &Value) -> Place<Kubernetes> {
    let place = started(data);
    place.server.with(|kubernetes| kubernetes.remove("Deployment", "a"));
    place
}

fn is_there(place: &Place<Kubernetes>, name: &str) -> bool {
    place.server.with(|kubernetes| kubernetes.plain()).keys().any(|title| title.ends_with(name))
}

const LEADER: &str = "org.apache.flink.k8s.leader.restserver";

#[test]
fn high_availability_data_of_a_session_that_is_gone_goes_when_it_brings_nothing_back() {
    let place = gone(&json!({LEADER: "1,http://192.0.2.99:8081"}));
    // Of another cluster-id, whoever made it.
    place.server.with(|kubernetes| kubernetes.put("configmaps", map("b", &json!({}))));
    let says = "ConfigMap/a-cluster-config-map";
    place.run(&["gc", "--dry-run"]).expect(0).says(says).says("would be deleted");
    place.run(&["gc"]).expect(6);
    assert!(is_there(&place, "a-cluster-config-map"), "nothing goes without consent");
    place.run(GC).expect(0).says("deleted: 1");
    assert!(!is_there(&place, "a-cluster-config-map"));
    assert!(is_there(&place, "b-cluster-config-map"), "not ours");
    place.run(GC).expect(0).says("nothing is left that nobody needs");
}

#[test]
fn what_brings_jobs_back_stays_and_so_does_everything_of_a_living_session() {
    let job = json!({"jobGraph-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a": "x"});
    let place = gone(&job);
    place
        .run(&["gc", "--dry-run"])
        .expect(0)
        .says("a session of this name would bring 1 job back from it");
    place.run(GC).expect(0);
    assert!(is_there(&place, "a-cluster-config-map"));
    // The same data as in the test above, and its session is there.
    let place = started(&json!({LEADER: "1,http://192.0.2.99:8081"}));
    place.run(GC).expect(0).says("nothing is left that nobody needs");
    assert!(is_there(&place, "a-cluster-config-map"));
    // Without the ledger nobody says whose it is.
    let place = gone(&json!({LEADER: "1,http://192.0.2.99:8081"}));
    place.server.with(|kubernetes| kubernetes.remove("ConfigMap", "nutkin-a"));
    place.run(GC).expect(0);
    assert!(is_there(&place, "a-cluster-config-map"));
}
