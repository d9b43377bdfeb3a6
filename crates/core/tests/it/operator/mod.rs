//! The plan of a session against what the Flink Kubernetes Operator 1.7 made of the same resource, in both modes, as
//! an API server gave it back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod differences;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use differences::{DIFFERENCES, Side, explain, is_default};
use flate2::read::GzDecoder;
use nutkin_core::plan::kubernetes::{self, native::ClientMachine};
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::units::MemorySize;
use nutkin_testkit::recording::with_settings;
use serde_json::{Value, json};

/// One line for each session: `session`, the resource as its user wrote it, and `objects`, what the operator made.
const RECORDING: &[u8] = include_bytes!("../../../fixtures/operator/1.7.jsonl.gz");

/// Where the names of differences stand with their reasons.
const PAGE: &str = include_str!("../../../../../docs/standalone.md");

/// Places and their values.
type Fields = BTreeMap<String, String>;

/// All fields of objects. Entries of lists go by their name, not by their position.
fn fields(objects: &[Value], session: &str) -> Fields {
    let mut fields = Fields::new();
    for object in objects {
        let mut object = object.clone();
        with_settings(&mut object);
        for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
            if port["targetPort"].is_null() {
                port["targetPort"] = port["port"].clone();
            }
        }
        let name = object["metadata"]["name"].as_str().unwrap().replace(session, "NAME");
        let place = format!("{}/{name} ", object["kind"].as_str().unwrap());
        flatten(&place, "", &object, &mut fields);
    }
    fields
}

fn flatten(place: &str, key: &str, value: &Value, out: &mut Fields) {
    let below = |key: &str| {
        let separator = if place.ends_with(' ') { "" } else { "/" };
        format!("{place}{separator}{key}")
    };
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                flatten(&below(key), key, value, out);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                let name = match key {
                    "ownerReferences" => &value["kind"],
                    "items" => &value["key"],
                    _ => &value["name"],
                };
                let name = name.as_str().map_or_else(|| index.to_string(), str::to_owned);
                flatten(&below(&name), "", value, out);
            }
        }
        other => {
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            out.insert(place.to_owned(), in_one_unit(key, text));
        }
    }
}

/// Amounts that are written in several ways: CPU in thousandths, memory in bytes.
fn in_one_unit(key: &str, text: String) -> String {
    let memory = || {
        let java = text.replace("Gi", "g").replace("Mi", "m");
        java.parse::<MemorySize>().ok().map(|size| size.to_string())
    };
    match key {
        "cpu" if !text.ends_with('m') => {
            text.parse::<f64>().map_or(text, |cpu| format!("{}m", cpu * 1000.0))
        }
        "memory" => memory().unwrap_or(text),
        _ if key.ends_with(".memory.process.size") => memory().unwrap_or(text),
        _ => text,
    }
}

/// The differences on purpose between a session's objects and its recording; all others go to `wrong`.
fn compare(line: &str, wrong: &mut Vec<String>) -> BTreeSet<&'static str> {
    let recorded: Value = serde_json::from_str(line).unwrap();
    let name = recorded["session"]["metadata"]["name"].as_str().unwrap();
    let file = spec::read(&recorded["session"].to_string(), "session.yaml").unwrap();
    let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap();
    let objects = kubernetes::plan(&session, &ClientMachine::default()).unwrap();
    let mut ours = vec![objects.workload().clone()];
    ours.extend(objects.owned_by("UID"));
    let ours = fields(&ours, name);
    let theirs = fields(recorded["objects"].as_array().unwrap(), name);
    let mut shown = BTreeSet::new();
    for place in ours.keys().chain(theirs.keys().filter(|place| !ours.contains_key(*place))) {
        let side = match (ours.get(place), theirs.get(place)) {
            (Some(a), Some(b)) if a == b => continue,
            (None, Some(value)) if is_default(place, value) => continue,
            (Some(_), Some(_)) => Side::Other,
            (Some(_), None) => Side::More,
            (None, _) => Side::Less,
        };
        match explain(side, place) {
            Some(known) => drop(shown.insert(known)),
            None => wrong.push(format!(
                "{name}: {place}: ours {:?}, the operator's {:?}",
                ours.get(place),
                theirs.get(place)
            )),
        }
    }
    shown
}

#[test]
fn every_field_that_the_operator_wrote() {
    let mut text = String::new();
    GzDecoder::new(RECORDING).read_to_string(&mut text).unwrap();
    let (mut shown, mut wrong) = (BTreeSet::new(), Vec::new());
    for line in text.lines() {
        shown.extend(compare(line, &mut wrong));
    }
    assert_eq!(text.lines().count(), 2, "one session in each mode");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    let known: BTreeSet<&str> = DIFFERENCES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(shown, known, "every difference on purpose is seen");
    for name in known {
        assert!(PAGE.contains(&format!("| `{name}` |")), "`{name}` has a reason in the page");
    }
}

/// The comparison itself sees what differs.
#[test]
fn a_field_that_differs_is_told() {
    let service = |port: u16| json!({"kind": "Service", "metadata": {"name": "a-rest"}, "spec": {"ports": [{"name": "rest", "port": port}]}});
    let place = "Service/NAME-rest spec/ports/rest/port";
    assert_eq!(fields(&[service(1)], "a").get(place).map(String::as_str), Some("1"));
    assert_eq!(explain(Side::Other, place), None);
    assert!(!is_default(place, "8081"));
}
