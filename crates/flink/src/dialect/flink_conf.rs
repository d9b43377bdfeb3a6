//! `flink-conf.yaml`: one `key: value` per line, whatever its name says.
//!
//! Source: `GlobalConfiguration.loadYAMLResource` of 1.13 and 1.17, `loadLegacyYAMLResource` of 1.20; the
//! three read alike.

use super::Reading;
use crate::values::{write_list, write_map};
use crate::{Configuration, Origin, Value};
use crate::{Location, Problem};

/// What Java's `String.trim` removes: everything up to the blank.
const fn blank(c: char) -> bool {
    c <= ' '
}

/// Reads the file as Flink does: a line that is not a `key: value` is left out with a warning, the last of
/// two lines with one key wins, and everything behind a `#` is a comment, even inside a value.
pub(super) fn read(text: &str, file: &str) -> Reading {
    let mut reading = Reading::default();
    for (index, line) in lines(text).enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let (content, comment) = match line.split_once('#') {
            Some((content, comment)) => (content, Some(comment)),
            None => (line, None),
        };
        let content = content.trim_matches(blank);
        if content.is_empty() {
            continue;
        }
        let mut warn = |key: &str, message: &str, hint: &str| {
            let location = Location { file: file.to_owned(), line: Some(number), column: None };
            reading.warnings.push(Problem::new(key, message).hint(hint).at(location));
        };
        let Some((key, value)) = content.split_once(": ") else {
            warn(
                "",
                "the line is not a `key: value`; Flink leaves it out",
                "a blank must follow the colon",
            );
            continue;
        };
        let (key, value) = (key.trim_matches(blank), value.trim_matches(blank));
        if key.is_empty() || value.is_empty() {
            warn(key, "key or value is missing; Flink leaves the line out", "write `key: value`");
            continue;
        }
        if comment.is_some() && !content_ends_before_comment(line) {
            warn(
                key,
                "the value is cut at `#`, which begins a comment in flink-conf.yaml",
                "a value with `#` can only be in config.yaml (Flink 1.19 and later) or behind -D",
            );
        }
        if reading.configuration.contains(key) {
            warn(key, "the key appears twice; the last one counts", "remove one of them");
        }
        reading.configuration.set(key, value, Origin::File(file.to_owned(), number));
    }
    reading
}

/// Whether a blank stands before the `#`, so that it was meant as a comment.
fn content_ends_before_comment(line: &str) -> bool {
    line.split_once('#').is_none_or(|(content, _)| content.ends_with(blank))
}

/// Lines as `java.io.BufferedReader` cuts them: at `\n`, `\r` or both together.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Writes `key: value` lines in order of the keys.
///
/// # Errors
/// All entries that Flink would read back as something else.
pub(super) fn write(configuration: &Configuration) -> Result<String, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut text = String::new();
    for (key, entry) in configuration.iter() {
        let value = value_text(&entry.value);
        match obstacle(key, &value) {
            None => {
                text.push_str(key);
                text.push_str(": ");
                text.push_str(&value);
                text.push('\n');
            }
            Some(message) => problems.push(
                Problem::new(key, format!("{message} in flink-conf.yaml, which has no quotes"))
                    .hint("use Flink 1.19 or later, which reads config.yaml, or change the value"),
            ),
        }
    }
    if problems.is_empty() { Ok(text) } else { Err(problems) }
}

fn obstacle(key: &str, value: &str) -> Option<&'static str> {
    if key.contains('#') || value.contains('#') {
        Some("`#` begins a comment")
    } else if key.contains(['\n', '\r']) || value.contains(['\n', '\r']) {
        Some("a line break ends the value")
    } else if key.contains(": ") || key.trim_matches(blank) != key || key.is_empty() {
        Some("such a key cannot stand")
    } else if value.is_empty() {
        Some("an empty value cannot stand")
    } else if value.trim_matches(blank) != value {
        Some("blanks around the value are lost")
    } else {
        None
    }
}

/// A list or map in the notation that the old parser understands.
fn value_text(value: &Value) -> String {
    match value {
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(value_text).collect();
            write_list(&items)
        }
        Value::Map(entries) => {
            let map = entries.iter().map(|(key, value)| (key.clone(), value_text(value))).collect();
            write_map(&map)
        }
        other => other.to_string(),
    }
}
