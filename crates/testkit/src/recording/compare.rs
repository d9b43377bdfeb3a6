//! A recording beside what Nutkin plans.

use std::collections::BTreeMap;

use nutkin_core::flink::Configuration;
use nutkin_core::flink::dialect::{self, Dialect};
use serde_json::{Value, json};

use super::{Recording, differences, ours};

/// How a comparison came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same, apart from these differences that `docs/differences-from-flink.md` tells of.
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
    // A kubeconfig that cannot be read.
    if recording.requests.is_empty()
        && recording.args.iter().any(|arg| arg.contains("kubernetes.config.file="))
    {
        return Verdict::NothingToPlan;
    }
    let plan = ours::plan(recording);
    match (plan, posted.is_empty()) {
        (Err(_), true) => Verdict::Same(Vec::new()),
        (Err(problems), false) => match differences::stricter(&problems) {
            Some(known) => Verdict::Same(known),
            None => {
                let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Verdict::Different(format!("Flink deploys, we say {}", told.join("; ")))
            }
        },
        (Ok(_), true) => match differences::milder(recording) {
            Some(known) => Verdict::Same(vec![known]),
            None => Verdict::Different("Flink refuses, we do not".to_owned()),
        },
        (Ok(objects), false) => {
            let mut known = Vec::new();
            let mut theirs: Vec<Value> = posted.into_iter().cloned().collect();
            for item in &mut theirs {
                known.extend(differences::correct(item, recording.flink));
            }
            let mut items = objects.items;
            items.retain(|item| !recording.was_there(item));
            theirs.retain(|item| !recording.was_there(item));
            // A refused request ended the client's work.
            let ended = recording.requests.iter().any(|one| one.method == "POST" && 300 <= one.code);
            if ended {
                items.truncate(theirs.len());
            }
            let normal = |items: Vec<Value>| items.into_iter().map(normal).collect::<Vec<_>>();
            let (ours, theirs) = (normal(items), normal(theirs));
            known.sort_unstable();
            known.dedup();
            if ours == theirs {
                return Verdict::Same(known);
            }
            let mut differences = Vec::new();
            for index in 0..ours.len().max(theirs.len()) {
                let side = |items: &[Value]| items.get(index).cloned().unwrap_or_default();
                diff(&format!("{index}"), &side(&ours), &side(&theirs), &mut differences);
            }
            Verdict::Different(differences.join("\n"))
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
    if let Some(data) = item["data"].as_object_mut() {
        for dialect in [Dialect::FlinkConf, Dialect::ConfigYaml] {
            if let Some(Value::String(text)) = data.get(dialect.file_name()) {
                let settings = settings(dialect, text);
                data.insert(dialect.file_name().to_owned(), settings);
            }
        }
    }
    item
}

fn settings(dialect: Dialect, text: &str) -> Value {
    match dialect::read(dialect, text, "") {
        Ok(reading) => {
            let Configuration { .. } = &reading.configuration;
            let entries = reading.configuration.iter();
            let map: BTreeMap<&str, String> =
                entries.map(|(key, entry)| (key, entry.value.to_string())).collect();
            json!(map)
        }
        Err(problems) => json!(format!("{problems:?}")),
    }
}

fn diff(path: &str, ours: &Value, theirs: &Value, out: &mut Vec<String>) {
    match (ours, theirs) {
        _ if ours == theirs => {}
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let side = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
                match (side(a), side(b)) {
                    (Some(a), Some(b)) => diff(&format!("{path}.{key}"), &a, &b, out),
                    (a, b) => out.push(format!("{path}.{key}: ours {a:?}, theirs {b:?}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                diff(&format!("{path}[{index}]"), a, b, out);
            }
        }
        _ => out.push(format!("{path}: ours {ours}, theirs {theirs}")),
    }
}
