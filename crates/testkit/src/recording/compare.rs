//! A recording beside what Nutkin plans.

use std::collections::BTreeMap;

use nutkin_flink::dialect::{self, Dialect};
use serde_json::{Value, json};

use super::{Recording, Request, differences, ours};

/// How a comparison came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same, apart from these differences that `docs/differences-from-flink.md` describes.
    Same(Vec<&'static str>),
    /// Nothing was planned: the client only asked for what was there.
    NothingToPlan,
    /// Not the same; what differs.
    Different(String),
}

/// Compares one recording.
pub fn compare(recording: &Recording) -> Verdict {
    let posted = recording.posted();
    // What the cluster held, or refused, decided: there was no plan.
    let asked = recording.requests.first().filter(|request| request.method == "GET");
    if posted.is_empty() && asked.is_some_and(|request| request.code != 404) {
        return Verdict::NothingToPlan;
    }
    // A kubeconfig that cannot be read, or a context that is not in it.
    if recording.requests.is_empty()
        && recording.args.iter().any(|arg| arg.contains("kubernetes.config.file="))
        || posted.is_empty() && recording.args.iter().any(|arg| arg.contains("kubernetes.context="))
    {
        return Verdict::NothingToPlan;
    }
    let plan = ours::plan(recording);
    match (plan, posted.is_empty()) {
        (Err(_), true) => Verdict::Same(Vec::new()),
        (Err(problems), false) => {
            if let Some(known) = differences::stricter(recording, &problems) {
                return Verdict::Same(known);
            }
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Verdict::Different(format!("Flink deploys, we say {}", told.join("; ")))
        }
        (Ok(objects), true) => match differences::milder(recording, &objects) {
            Some(known) => Verdict::Same(vec![known]),
            None => Verdict::Different("Flink refuses, we do not".to_owned()),
        },
        (Ok(objects), false) => {
            let mut known = Vec::new();
            let mut theirs: Vec<Value> = posted.into_iter().cloned().collect();
            for item in &mut theirs {
                known.extend(differences::correct(item));
            }
            let mut items = objects.items;
            items.retain(|item| !recording.was_there(item));
            theirs.retain(|item| !recording.was_there(item));
            // A refused request ended the client's work.
            let refused =
                |one: &Request| 300 <= one.code && (one.code, &*one.method) != (404, "GET");
            if recording.requests.iter().any(refused) {
                items.truncate(theirs.len());
            }
            let normal = |items: Vec<Value>| items.into_iter().map(normal).collect::<Vec<_>>();
            let (ours, theirs) = (normal(items), normal(theirs));
            let mut differences = Vec::new();
            for index in 0..ours.len().max(theirs.len()) {
                let place = index.to_string();
                diff(&place, ours.get(index), theirs.get(index), &mut differences);
            }
            differences.retain(|(path, ours, theirs)| {
                let reason = differences::explain(path, *ours, *theirs, recording.flink);
                known.extend(reason);
                reason.is_none()
            });
            known.sort_unstable();
            known.dedup();
            if differences.is_empty() {
                return Verdict::Same(known);
            }
            let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            let lines = differences.into_iter().map(|(path, ours, theirs)| {
                format!("{path}: ours {}, theirs {}", show(ours), show(theirs))
            });
            Verdict::Different(lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// Without what the API server adds or a shell fills in, and with Flink's configuration as settings.
fn normal(mut item: Value) -> Value {
    let is_deployment = item["kind"] == "Deployment";
    let metadata = &mut item["metadata"];
    for key in ["labels", "annotations"] {
        if let Some(map) = metadata[key].as_object_mut() {
            map.retain(|key, _| !key.starts_with("nutkin.dev/"));
        }
        // An empty map says as much as none.
        if metadata[key].as_object().is_none_or(serde_json::Map::is_empty)
            && let Some(metadata) = metadata.as_object_mut()
        {
            metadata.remove(key);
        }
    }
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.remove("namespace");
        if !is_deployment {
            metadata.remove("ownerReferences");
        }
    }
    with_settings(&mut item);
    item
}

/// Puts the entries of a configuration file in the place of its text, as which they may be in any order and form.
pub fn with_settings(config_map: &mut Value) {
    let Some(data) = config_map["data"].as_object_mut() else { return };
    for dialect in [Dialect::FlinkConf, Dialect::ConfigYaml] {
        if let Some(Value::String(text)) = data.get(dialect.file_name()) {
            let settings = settings(dialect, text);
            data.insert(dialect.file_name().to_owned(), settings);
        }
    }
}

fn settings(dialect: Dialect, text: &str) -> Value {
    match dialect::read(dialect, text, "") {
        Ok(reading) => {
            let entries = reading.configuration.iter();
            let map: BTreeMap<&str, String> =
                entries.map(|(key, entry)| (key, entry.value.to_string())).collect();
            json!(map)
        }
        Err(problems) => json!(format!("{problems:?}")),
    }
}

/// A place, and what is there on both sides.
type Difference<'v> = (String, Option<&'v Value>, Option<&'v Value>);

fn diff<'v>(
    path: &str,
    ours: Option<&'v Value>,
    theirs: Option<&'v Value>,
    out: &mut Vec<Difference<'v>>,
) {
    match (ours, theirs) {
        _ if ours == theirs => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                diff(&format!("{path}.{key}"), a.get(key), b.get(key), out);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                diff(&format!("{path}[{index}]"), Some(a), Some(b), out);
            }
        }
        _ => out.push((path.to_owned(), ours, theirs)),
    }
}
