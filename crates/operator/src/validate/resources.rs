//! Sizes of a role. Source: `validateResources` and `validateResourceRequirements` of FKO's `DefaultValidator`.

use serde_json::Value;

use super::quantity::{amount, memory};
use super::{ResourceRefusal, Sort, refusal};

/// Whatever is wrong with `resource` and `resources` of a role. FKO joins them in one sentence.
pub(super) fn check(
    role: &str,
    path: &'static str,
    spec: &Value,
    found: &mut Vec<ResourceRefusal>,
) {
    let mut wrong = String::new();
    if let Some(text) = text_of(&spec["resource"]["memory"])
        && memory(&text).is_none()
    {
        wrong.push_str(&format!("{role} resource memory parse error: `{text}` is not a size"));
    }
    if let Some(text) = text_of(&spec["resource"]["ephemeralStorage"])
        && amount(&text).is_none()
    {
        wrong.push_str(&format!(
            "{role} resource ephemeral storage parse error: `{text}` is not a quantity"
        ));
    }
    if !wrong.is_empty() {
        found.push(refusal(Sort::Size, path, wrong));
    }
    let resources = &spec["resources"];
    let mut wrong = Vec::new();
    for section in ["requests", "limits"] {
        let entries = resources[section].as_object();
        for (key, value) in entries.into_iter().flatten() {
            let Some(text) = text_of(value) else { continue };
            wrong.extend(quantity(role, section, key, &text));
        }
    }
    for key in ["cpu", "memory"] {
        let read = |section: &str| {
            let text = text_of(&resources[section][key])?;
            let value = if key == "memory" { memory(&text) } else { amount(&text) };
            Some((text, value?))
        };
        if let (Some((request, asked)), Some((limit, most))) = (read("requests"), read("limits"))
            && most < asked
        {
            wrong.push(format!(
                "{role} resource requirements {key} request ({request}) must not exceed its limit ({limit})"
            ));
        }
    }
    if !wrong.is_empty() {
        found.push(refusal(Sort::Size, path, wrong.join("; ")));
    }
}

fn quantity(role: &str, section: &str, key: &str, text: &str) -> Option<String> {
    let value = if key == "memory" { memory(text) } else { amount(text) };
    let must = match (key, value) {
        ("cpu" | "memory", Some(value)) if value <= 0.0 => format!("must be positive: {text}"),
        (_, Some(value)) if value < 0.0 => format!("must not be negative: {text}"),
        (_, Some(_)) => return None,
        (_, None) => format!("parse error: `{text}` is not a quantity"),
    };
    Some(format!("{role} resource requirements {section} {key} {must}"))
}

/// A quantity may be written as a number.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
