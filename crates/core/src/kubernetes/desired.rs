//! What is asked of the API server: the plan, with what a session that exists adds to it.
//!
//! Flink reads its files once, at the start of a process, and Kubernetes does not restart a pod whose ConfigMap
//! changed. So the Deployment remembers, in annotations of ours, for which content its pods were started; when the
//! content is another one its pod template is given the new digest, and Kubernetes replaces the pods. A new session
//! carries no such annotation in its pod template: it is exactly what Flink's client would make.
//!
//! The order of an `up` matters when it is cut off: what the pods read comes first, then the Deployment that says for
//! which content they are, then the TaskManagers' end, then the note that they were ended. Whatever is missing is seen.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{diff, ownership};
use crate::change::readers;
use crate::plan::kubernetes::config_map;
use crate::plan::kubernetes::{Objects, marks};
use nutkin_flink::digest;

/// Annotation of the Deployment: digest of what its pods read, as of the last change.
pub const CONTENT: &str = "nutkin.dev/content-hash";

/// Annotation of the pod template: the digest for which the pods were replaced.
pub const RESTARTED: &str = "nutkin.dev/restarted-for";

/// Annotation of the Deployment: digest of what TaskManagers are made from, as of their last replacement.
pub const WORKERS: &str = "nutkin.dev/task-managers-for";

/// The plan for a session that does not exist: with the digests that a later change compares with.
pub fn for_new(objects: &Objects, nonce: Option<i64>) -> Value {
    let mut deployment = objects.workload().clone();
    let annotations = &mut deployment["metadata"]["annotations"];
    annotations[CONTENT] = json!(content(objects, nonce));
    annotations[WORKERS] = json!(workers(objects));
    deployment
}

/// The objects for a session whose Deployment and other objects are there: the plan's, tied to this very Deployment and
/// to the pods that it has. `live` finds an object of the same kind and name.
pub fn for_live<'l>(
    objects: &Objects,
    nonce: Option<i64>,
    deployment: &Value,
    live: impl Fn(&Value) -> Option<&'l Value>,
) -> Vec<Value> {
    let uid = deployment["metadata"]["uid"].as_str().unwrap_or_default();
    let mut first = for_new(objects, nonce);
    let wanted = content(objects, nonce);
    let template = &deployment["spec"]["template"];
    // In standalone mode pods carry a digest of what they read from the beginning, each role its own.
    let own_digest = ownership::annotation(&first["spec"]["template"], marks::CONFIGURATION);
    let restart = match (
        own_digest,
        ownership::annotation(template, RESTARTED),
        known(deployment, CONTENT),
    ) {
        (Some(_), ..) => false,
        (None, Some(_), _) => true,
        (None, None, Some(content)) => content != wanted,
        // Made by somebody else: what differs in content is seen in the objects.
        (None, None, None) => mounted(objects).any(|item| {
            live(item).is_none_or(|live| {
                let data = |object: &Value| json!({"data": object["data"]});
                !diff::objects(&data(live), &data(item)).is_empty()
            })
        }),
    };
    if restart {
        first["spec"]["template"]["metadata"]["annotations"][RESTARTED] = json!(wanted);
    }
    // What was noted of the TaskManagers holds until they are ended.
    if let Some(noted) = known(deployment, WORKERS) {
        first["metadata"]["annotations"][WORKERS] = json!(noted);
    }
    first["metadata"]["uid"] = json!(uid);
    let mut items = vec![first];
    for mut item in objects.owned_by(uid) {
        if let Some(live) = live(&item) {
            item["metadata"]["uid"] = live["metadata"]["uid"].clone();
        }
        items.push(item);
    }
    items
}

/// Whether TaskManagers run that were made from something else; `None` where nobody noted it.
pub fn workers_are_old(objects: &Objects, deployment: &Value) -> Option<bool> {
    known(deployment, WORKERS).map(|noted| noted != workers(objects))
}

/// The patch that notes for what the TaskManagers are, once those of something else are ended.
pub fn note_workers(objects: &Objects) -> Value {
    let key = WORKERS.replace('~', "~0").replace('/', "~1");
    json!([{"op": "add", "path": format!("/metadata/annotations/{key}"), "value": workers(objects)}])
}

/// Whether an object keeps pods alive.
pub fn is_workload(object: &Value) -> bool {
    object["kind"] == "Deployment" || object["kind"] == "StatefulSet"
}

fn known<'d>(deployment: &'d Value, annotation: &str) -> Option<&'d str> {
    ownership::annotation(deployment, annotation)
}

/// Objects whose content pods read.
fn mounted(objects: &Objects) -> impl Iterator<Item = &Value> {
    objects.items.iter().filter(|item| item["kind"] == "ConfigMap" || item["kind"] == "Secret")
}

fn content(objects: &Objects, nonce: Option<i64>) -> String {
    let mut hash = Sha256::new();
    for item in mounted(objects) {
        hash.update(format!("{}\n{}\n", item["metadata"]["name"], item["data"]));
    }
    hash.update(format!("{nonce:?}"));
    digest::short_of(&hash.finalize())
}

fn workers(objects: &Objects) -> String {
    let mut hash = Sha256::new();
    for item in mounted(objects) {
        let options = config_map::options_of(item);
        if options.is_empty() {
            hash.update(format!("{}\n{}\n", item["metadata"]["name"], item["data"]));
        }
        for (key, value) in options.iter().filter(|(key, _)| is_workers(key)) {
            hash.update(format!("{key}={value}\n"));
        }
    }
    digest::short_of(&hash.finalize())
}

/// Whether an option has a part in what TaskManagers are. In native mode the JobManager makes them.
pub fn is_workers(key: &str) -> bool {
    const OTHERS: [&str; 3] =
        ["kubernetes.jobmanager.", "kubernetes.rest-service.", "kubernetes.internal-service."];
    !OTHERS.iter().any(|prefix| key.starts_with(prefix)) && readers(key).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(options: &str) -> Objects {
        Objects {
            cluster_id: "a".to_owned(),
            namespace: "n".to_owned(),
            items: vec![
                json!({"kind": "Deployment", "metadata": {"name": "a", "annotations": {}}}),
                json!({"kind": "Service", "metadata": {"name": "a-rest"}}),
                json!({
                    "kind": "ConfigMap",
                    "metadata": {"name": "flink-config-a"},
                    "data": {"config.yaml": options},
                }),
            ],
            warnings: Vec::new(),
        }
    }

    /// The Deployment as `up` left it.
    fn made(options: &str) -> Value {
        let mut deployment = for_new(&objects(options), None);
        deployment["metadata"]["uid"] = json!("u");
        deployment
    }

    #[track_caller]
    fn check(deployment: &Value, wanted: &str, nonce: Option<i64>, restarts: bool) -> Vec<Value> {
        let old = objects("a: 1\n");
        let live = |item: &Value| {
            old.items.iter().find(|one| one["metadata"]["name"] == item["metadata"]["name"])
        };
        let items = for_live(&objects(wanted), nonce, deployment, live);
        let restart = &items[0]["spec"]["template"]["metadata"]["annotations"][RESTARTED];
        assert_eq!(restart.is_string(), restarts, "{}", items[0]);
        items
    }

    #[test]
    fn pods_are_replaced_for_another_content_only() {
        let deployment = made("a: 1\n");
        let items = check(&deployment, "a: 1\n", None, false);
        assert_eq!(items[2]["metadata"]["ownerReferences"][0]["uid"], "u");
        let changed = check(&deployment, "a: 2\n", None, true);
        check(&deployment, "a: 1\n", Some(1), true);
        // The same again: the pods that there are stay.
        let after = &changed[0];
        let again = check(after, "a: 2\n", None, true);
        assert_eq!(again[0]["spec"], after["spec"]);
        assert_eq!(
            again[0]["metadata"]["annotations"][CONTENT],
            after["metadata"]["annotations"][CONTENT]
        );
    }

    #[test]
    fn a_cut_between_content_and_deployment_is_seen() {
        // The ConfigMap is new already, the Deployment is not.
        let deployment = made("a: 0\n");
        check(&deployment, "a: 1\n", None, true);
    }

    #[test]
    fn of_what_others_made_the_content_decides() {
        let mut deployment = made("a: 1\n");
        deployment["metadata"]["annotations"] = json!({});
        check(&deployment, "a: 1\n", None, false);
        check(&deployment, "a: 2\n", None, true);
        assert_eq!(workers_are_old(&objects("a: 2\n"), &deployment), None);
    }

    #[test]
    fn pods_with_a_digest_of_their_own_need_no_other() {
        let deployment = made("a: 1\n");
        let mut wanted = objects("a: 2\n");
        wanted.items[0]["spec"]["template"]["metadata"]["annotations"][marks::CONFIGURATION] =
            json!("x");
        let items = for_live(&wanted, None, &deployment, |_| None);
        let annotations = &items[0]["spec"]["template"]["metadata"]["annotations"];
        assert_eq!(*annotations, json!({marks::CONFIGURATION: "x"}));
    }

    #[test]
    fn workers_are_old_until_it_is_noted() {
        let deployment = made("rest.x: 1\na: 1\n");
        assert_eq!(workers_are_old(&objects("rest.x: 2\na: 1\n"), &deployment), Some(false));
        let other = objects("rest.x: 1\na: 2\n");
        assert_eq!(workers_are_old(&other, &deployment), Some(true));
        let applied = for_live(&other, None, &deployment, |_| None).remove(0);
        assert_eq!(workers_are_old(&other, &applied), Some(true));
        let noted = &note_workers(&other)[0];
        assert_eq!(noted["path"], "/metadata/annotations/nutkin.dev~1task-managers-for");
        let mut after = applied;
        after["metadata"]["annotations"][WORKERS] = noted["value"].clone();
        assert_eq!(workers_are_old(&other, &after), Some(false));
    }
}
