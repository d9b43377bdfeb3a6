//! Lists, maps and quotes as each of the two languages writes them.

use super::ConversionRequest;
use crate::Problem;
use crate::dialect::{self, Dialect};
use crate::{Configuration, Origin, Value, options, values};

/// A value of the old file in the notation of the new one: only lists and maps have two.
pub(super) fn translate(key: &str, value: &Value, request: ConversionRequest) -> Value {
    if request.from == request.to {
        return value.clone();
    }
    let type_name = options::find(key)
        .filter(|info| info.pattern.is_none())
        .and_then(|info| info.at(request.version).map(|facts| facts.type_name))
        .unwrap_or_default();
    let text = value.to_string();
    let new = match type_name {
        "List<String>" => list(&text, request),
        "Map" => map(&text, request),
        "List<Map>" => maps(&text, request),
        _ => None,
    };
    // Text stays as it is; so do numbers, whose writing counts.
    new.unwrap_or(Value::Text(text))
}

fn list(text: &str, request: ConversionRequest) -> Option<Value> {
    let items = values::list(text, request.from).ok()?;
    if request.to == Dialect::FlinkConf {
        return Some(Value::Text(values::write_list(&items)));
    }
    if items.len() < 2 && values::list(text, request.to).ok()? == items {
        return None;
    }
    let new = Value::List(items.iter().cloned().map(Value::Text).collect());
    (values::list(&new.to_string(), request.to).ok()? == items).then_some(new)
}

fn map(text: &str, request: ConversionRequest) -> Option<Value> {
    let entries = values::map(text, request.from).ok()?;
    if request.to == Dialect::FlinkConf {
        return Some(Value::Text(values::write_map(&entries)));
    }
    let pairs = entries.iter().map(|(key, value)| (key.clone(), Value::Text(value.clone())));
    let new = Value::Map(pairs.collect());
    (values::map(&new.to_string(), request.to).ok()? == entries).then_some(new)
}

/// The new language reads the old notation of a list of maps; the old one does not read the new notation.
fn maps(text: &str, request: ConversionRequest) -> Option<Value> {
    if request.to == Dialect::ConfigYaml {
        return None;
    }
    let items = values::maps(text, request.from, request.version).ok()?;
    let items: Vec<String> = items.iter().map(values::write_map).collect();
    Some(Value::Text(values::write_list(&items)))
}

/// One key without dots gives `k: value`; the real key stands flat, which Flink reads alike.
const STAND_IN: &str = "k";

/// `key: value` as the new file has it, without the end of the line.
///
/// # Errors
/// The language cannot hold the value.
pub(super) fn line(key: &str, value: &Value, to: Dialect) -> Result<String, Vec<Problem>> {
    let one = |key: &str| {
        let mut one = Configuration::new();
        one.set(key, value.clone(), Origin::CommandLine);
        one
    };
    if to == Dialect::FlinkConf {
        let text = dialect::write(to, &one(key))?;
        return Ok(text.trim_end_matches('\n').to_owned());
    }
    let text = value.to_string();
    let bare = format!("{STAND_IN}: {text}");
    let reads_back = |candidate: &str| {
        dialect::read(to, &format!("{candidate}\n"), "")
            .is_ok_and(|reading| reading.configuration.text(STAND_IN).as_deref() == Some(&text))
    };
    let written = if !text.contains('\n') && !text.contains(" #") && reads_back(&bare) {
        bare
    } else {
        let text_value = Value::Text(text.clone());
        let mut one = Configuration::new();
        one.set(STAND_IN, text_value, Origin::CommandLine);
        dialect::write(to, &one)?.trim_end_matches('\n').to_owned()
    };
    let value = written.strip_prefix(STAND_IN).unwrap_or(&written);
    // Keys with characters that need quotes are nobody's options; they are quoted as a whole.
    let is_plain = key.chars().all(|c| c.is_ascii_alphanumeric() || ".-_$<>/".contains(c))
        && key.starts_with(|c: char| c.is_ascii_alphabetic())
        && !matches!(key.to_ascii_lowercase().as_str(), "null" | "true" | "false");
    let key = if is_plain { key.to_owned() } else { format!("'{}'", key.replace('\'', "''")) };
    Ok(format!("{key}{value}"))
}
