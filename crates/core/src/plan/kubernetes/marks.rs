//! What Nutkin writes on every object that it makes: the only things it adds to what Flink's client would send.

use serde_json::{Value, json};

use nutkin_flink::digest;

use crate::session::Session;

/// Label of every object of a session: its name. What does not carry it is not ours.
pub const SESSION: &str = "nutkin.dev/session";

/// Annotation: hash of the object as planned. An object whose live annotation is the same needs no change.
pub const HASH: &str = "nutkin.dev/spec-hash";

/// Annotation: the Flink release, which the image's name need not tell.
pub const FLINK: &str = "nutkin.dev/flink-version";

/// Annotation of what outlives its session, because it holds data: nothing owns it.
pub const OUTLIVES: &str = "nutkin.dev/outlives-session";

/// Annotation of a standalone session's pods: hash of the options and files that they were started with. Without it a
/// changed ConfigMap would restart nothing.
pub const CONFIGURATION: &str = "nutkin.dev/configuration-hash";

/// Annotation of pods: `spec.restartNonce`. Another number restarts them.
pub const RESTART: &str = "nutkin.dev/restart-nonce";

/// Marks an object, and gives it the session's own labels and annotations where it has none of the name. Pods are not
/// marked: a changed mark would restart them.
pub(super) fn mark(item: &mut Value, session: &Session, flink: &str) {
    for (field, words) in [("labels", &session.labels), ("annotations", &session.annotations)] {
        if words.is_empty() {
            continue;
        }
        if !item["metadata"][field].is_object() {
            item["metadata"][field] = json!({});
        }
        if let Value::Object(map) = &mut item["metadata"][field] {
            for (name, value) in words {
                map.entry(name.as_str()).or_insert_with(|| json!(value));
            }
        }
    }
    let hash = hash(item);
    item["metadata"]["labels"][SESSION] = json!(session.name);
    let annotations = &mut item["metadata"]["annotations"];
    annotations[FLINK] = json!(flink);
    annotations[HASH] = json!(hash);
}

/// The first 16 hex digits of SHA-256 over the object's JSON.
fn hash(item: &Value) -> String {
    digest::short(item.to_string())
}
