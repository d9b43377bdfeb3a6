//! The ledger in a store, without what differs between two sessions that were made in the same way.

use serde_json::{Value, json};

/// What is wanted, the jobs, snapshots that are asked for, and which change is under way; not its version and its history, which count attempts, nor paths of this machine.
pub(super) fn plain(document: &str) -> Value {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let mut wanted = document["wanted"].clone();
    if let Some(source) = wanted["source"].as_object_mut() {
        source.remove("base");
    }
    if let Some(wanted) = wanted.as_object_mut() {
        wanted.remove("directory");
    }
    if let Some(wanted) = wanted.as_object_mut().filter(|wanted| wanted["source"].is_null()) {
        wanted.remove("source");
    }
    let mut plain = json!({"wanted": wanted, "jobs": document["jobs"]});
    if document["phase"].is_object() {
        plain["underWay"] = document["phase"]["change"].clone();
    }
    if let Some(snapshots) = document["snapshots"].as_object() {
        let mut snapshots = snapshots.clone();
        for one in snapshots.values_mut().filter_map(Value::as_object_mut) {
            one.remove("time");
            one.remove("asked");
        }
        plain["snapshots"] = Value::Object(snapshots);
    }
    without_digests(&mut plain);
    plain
}

/// Names of values that lie beside the document end in a digest, which no two sessions have in common.
fn without_digests(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("nutkin-secret:") => {
            if let Some((name, _)) = text.rsplit_once('-') {
                *text = name.to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_digests),
        Value::Object(fields) => fields.values_mut().for_each(without_digests),
        _ => {}
    }
}

/// The values beside it, by names without digests, and without what salts these.
pub(super) fn plain_values(values: &Value) -> Value {
    let values = values.as_object().into_iter().flatten().filter(|(name, _)| *name != "salt");
    values
        .map(|(name, value)| {
            let name = name.rsplit_once('-').map_or(name.as_str(), |(name, _)| name);
            (name.to_owned(), value.clone())
        })
        .collect()
}

/// The same of pages on a volume, each with a line about itself before its text: of the newest one.
pub(super) fn newest<'p>(pages: impl Iterator<Item = &'p str>) -> Value {
    let sequence = |head: &str| {
        let head: Value = serde_json::from_str(head).unwrap_or_default();
        head["sequence"].as_u64()
    };
    let pages = pages.filter_map(|page| {
        let (head, text) = page.split_once('\n')?;
        Some((sequence(head)?, text))
    });
    pages.max_by_key(|(sequence, _)| *sequence).map_or(Value::Null, |(_, text)| plain(text))
}
