//! Reading a ledger that another Nutkin wrote, or that is damaged.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{API_VERSION, JobRecord, KIND, Ledger, Sighting, SnapshotRecord, Wanted};
use crate::words::ledger as words;

/// A ledger of a newer Nutkin, whose meaning is not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", words::newer(.name, .version, API_VERSION))]
pub struct Newer {
    /// The session.
    pub name: String,
    /// Its `apiVersion`.
    pub version: String,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The ledger, with what could be understood.
    pub ledger: Ledger,
    /// What was there and cannot be understood, as paths of fields; empty where nothing is damaged.
    pub lost: Vec<String>,
}

/// Reads the ledger of the session `name`. What is damaged is left out and listed.
///
/// # Errors
/// A newer Nutkin wrote it in a form of its own.
pub fn read(text: &str, name: &str) -> Result<Read, Newer> {
    let mut lost = Vec::new();
    let Ok(Value::Object(mut document)) = serde_json::from_str(text) else {
        return Ok(Read { ledger: Ledger::new(name), lost: vec!["the whole document".to_owned()] });
    };
    if let Some(Value::String(version)) = document.get("apiVersion")
        && is_newer(version)
    {
        return Err(Newer { name: name.to_owned(), version: version.clone() });
    }
    // One by one, so that a damaged job costs no other.
    let jobs = take_map(&mut document, "jobs", &mut lost);
    let snapshots = take_map(&mut document, "snapshots", &mut lost);
    let sightings = take_map(&mut document, "sightings", &mut lost);
    let wanted = document.remove("wanted");
    let history = take_list(&mut document, "history", &mut lost);
    let mut ledger: Ledger = salvage(document, "", &mut lost).unwrap_or_else(|| Ledger::new(name));
    for (job, value) in jobs {
        let path = format!("jobs.{job}");
        if let Some(record) = part::<JobRecord>(value, &path, &mut lost) {
            ledger.jobs.insert(job, record);
        }
    }
    for (name, value) in snapshots {
        let path = format!("snapshots.{name}");
        if let Some(record) = part::<SnapshotRecord>(value, &path, &mut lost) {
            ledger.snapshots.insert(name, record);
        }
    }
    for (id, value) in sightings {
        let path = format!("sightings.{id}");
        if let Some(sighting) = part::<Sighting>(value, &path, &mut lost) {
            ledger.sightings.insert(id, sighting);
        }
    }
    ledger.wanted = wanted.and_then(|value| part::<Wanted>(value, "wanted", &mut lost));
    for (index, value) in history.into_iter().enumerate() {
        ledger.history.extend(part(value, &format!("history.{index}"), &mut lost));
    }
    for (field, is, shall) in [
        ("apiVersion", &mut ledger.api_version, API_VERSION),
        ("kind", &mut ledger.kind, KIND),
        ("name", &mut ledger.name, name),
    ] {
        if is != shall {
            lost.push(field.to_owned());
            shall.clone_into(is);
        }
    }
    lost.sort();
    lost.dedup();
    Ok(Read { ledger, lost })
}

fn is_newer(version: &str) -> bool {
    let number = |version: &str| version.strip_prefix("nutkin/v")?.parse::<u64>().ok();
    number(API_VERSION) < number(version)
}

fn take_map(
    document: &mut Map<String, Value>,
    key: &str,
    lost: &mut Vec<String>,
) -> Map<String, Value> {
    match document.remove(key) {
        Some(Value::Object(map)) => map,
        Some(_) => {
            lost.push(key.to_owned());
            Map::new()
        }
        None => Map::new(),
    }
}

fn take_list(document: &mut Map<String, Value>, key: &str, lost: &mut Vec<String>) -> Vec<Value> {
    match document.remove(key) {
        Some(Value::Array(items)) => items,
        Some(_) => {
            lost.push(key.to_owned());
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// One part, whole or as much of it as can be understood.
fn part<T: DeserializeOwned>(value: Value, path: &str, lost: &mut Vec<String>) -> Option<T> {
    if let Value::Object(fields) = value {
        return salvage(fields, path, lost);
    }
    lost.push(path.to_owned());
    None
}

/// Reads an object without the fields that make it unreadable, which are listed.
fn salvage<T: DeserializeOwned>(
    fields: Map<String, Value>,
    path: &str,
    lost: &mut Vec<String>,
) -> Option<T> {
    if let Ok(whole) = serde_json::from_value(Value::Object(fields.clone())) {
        return Some(whole);
    }
    let place = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let reads = |fields: &Map<String, Value>| {
        serde_json::from_value::<T>(Value::Object(fields.clone())).ok()
    };
    let mut good = Map::new();
    for (key, value) in fields {
        let mut with = good.clone();
        with.insert(key.clone(), value);
        if reads(&with).is_some() {
            good = with;
        } else {
            lost.push(place(&key));
        }
    }
    let read = reads(&good);
    if read.is_none() {
        lost.push(path.to_owned());
    }
    read
}
