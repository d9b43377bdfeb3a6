//! `config.yaml` with whole keys, as files of our own have it.

use crate::{Configuration, Entry};

/// `config.yaml` with whole keys, every value as text.
pub fn flat_yaml(configuration: &Configuration) -> String {
    let line = |(key, entry): (&str, &Entry)| {
        format!("{}: {}\n", quoted(key), quoted(&entry.value.to_string()))
    };
    configuration.iter().map(line).collect()
}

/// A YAML scalar in single quotes, or in double quotes where only those can hold it.
fn quoted(text: &str) -> String {
    if text.chars().any(char::is_control) {
        return serde_json::Value::from(text).to_string();
    }
    format!("'{}'", text.replace('\'', "''"))
}
