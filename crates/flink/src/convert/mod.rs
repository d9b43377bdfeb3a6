//! A configuration file for another version or in the other dialect: options renamed, removed and changed,
//! comments kept. What the parser of the new version reads is what was meant.

mod meaning;
mod notation;

use std::collections::BTreeMap;

use super::dialect::{self, Dialect};
use super::{Configuration, FlinkVersion, Origin, Value, options};
use crate::Problem;

/// What to make of a file.
#[derive(Debug, Clone, Copy)]
pub struct ConversionRequest {
    /// The language of the file.
    pub from: Dialect,
    /// The language that is wanted.
    pub to: Dialect,
    /// The version that is to read it.
    pub version: FlinkVersion,
}

/// A file for the wanted version.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// The text.
    pub text: String,
    /// What is not only copied, by line of the old file.
    pub changes: Vec<ConvertedLine>,
    /// The options of the new file: what its parser reads from the text.
    pub configuration: Configuration,
}

/// One line of the old file that became something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertedLine {
    /// Line of the old file.
    pub line: u32,
    /// The old key, empty for a line without one.
    pub key: String,
    /// What became of it, without the value, which may be a secret.
    pub message: String,
}

/// An option of the new file.
struct Target {
    key: String,
    value: Value,
}

/// Converts a file. `name` is how messages call it.
///
/// # Errors
/// All problems: Flink refuses the old file, or the new language cannot hold a value.
pub fn convert(
    text: &str,
    name: &str,
    request: ConversionRequest,
) -> Result<Conversion, Vec<Problem>> {
    let reading = dialect::read(request.from, text, name)?;
    let by_line = by_line(&reading.configuration);
    let mut writer =
        Writer { request, text: String::new(), changes: Vec::new(), problems: Vec::new() };
    let mut configuration = Configuration::new();
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let Some(keys) = by_line.get(&number) else {
            writer.other_line(line, number, request.from);
            continue;
        };
        let comment = comment(line, request.from);
        for (index, key) in keys.iter().enumerate() {
            let Some(entry) = reading.configuration.get(key) else { continue };
            if one_line(key) != *key {
                let why = "no option has such a name".to_owned();
                writer.gone(key, &entry.value, number, why);
                continue;
            }
            let targets = match meaning::of(key, &entry.value, &reading.configuration, request) {
                Ok(targets) => targets,
                Err(why) => {
                    writer.gone(key, &entry.value, number, why);
                    continue;
                }
            };
            let renamed: Vec<&str> = targets.iter().map(|target| target.key.as_str()).collect();
            if renamed != [*key] {
                let new =
                    renamed.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
                writer.note(number, key, format!("is {new} in Flink {}", request.version));
            }
            for target in targets {
                let value = notation::translate(&target.key, &target.value, request);
                if value != target.value {
                    writer.note(
                        number,
                        key,
                        "is written in the notation of the new file".to_owned(),
                    );
                }
                let comment = comment.filter(|_| index == 0);
                writer.entry(&target.key, &value, comment, number);
                let origin = Origin::File(name.to_owned(), number);
                configuration.set(target.key, value, origin);
            }
        }
    }
    if !writer.problems.is_empty() {
        return Err(writer.problems);
    }
    if request.to == Dialect::ConfigYaml && configuration.is_empty() {
        // Flink takes an empty file for none.
        writer.text.push_str("{}\n");
    }
    Ok(Conversion { text: writer.text, changes: writer.changes, configuration })
}

/// The keys that begin on each line.
fn by_line(configuration: &Configuration) -> BTreeMap<u32, Vec<&str>> {
    let mut lines: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (key, entry) in configuration.iter() {
        if let Origin::File(_, line) = &entry.origin {
            lines.entry(*line).or_default().push(key);
        }
    }
    lines
}

/// The comment behind an option.
fn comment(line: &str, dialect: Dialect) -> Option<&str> {
    if dialect == Dialect::FlinkConf {
        return line.split_once('#').map(|(_, comment)| comment.trim());
    }
    // A `#` begins a comment behind a blank, outside of quotes.
    let mut quote = None;
    let mut previous = ' ';
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') if previous.is_whitespace() => return Some(line[at + 1..].trim()),
            (None, '"' | '\'') if matches!(previous, ' ' | ':' | '[' | '{' | ',') => {
                quote = Some(c);
            }
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        previous = c;
    }
    None
}

struct Writer {
    request: ConversionRequest,
    text: String,
    changes: Vec<ConvertedLine>,
    problems: Vec<Problem>,
}

impl Writer {
    fn note(&mut self, line: u32, key: &str, message: String) {
        self.changes.push(ConvertedLine { line, key: key.to_owned(), message });
    }

    /// A line that sets nothing: comments stay, and what Flink passed over becomes one.
    fn other_line(&mut self, line: &str, number: u32, from: Dialect) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            // An empty comment below a paragraph keeps the paragraphs apart.
            self.text.push_str(&one_line(trimmed));
            self.text.push('\n');
        } else if from == Dialect::FlinkConf {
            self.text.push_str(&format!("# not read by Flink: {}\n", one_line(trimmed)));
            let key = trimmed.split_once(": ").map_or("", |(key, _)| key);
            self.note(number, key, "was not read by Flink, and is a comment now".to_owned());
        } else if let Some(comment) = comment(line, from) {
            self.text.push_str(&format!("# {}\n", one_line(comment)));
        }
    }

    /// An option that the version does not have.
    fn gone(&mut self, key: &str, value: &Value, line: u32, why: String) {
        let text = one_line(&format!("{why}: {key}: {value}"));
        self.text.push_str(&format!("# {text}\n"));
        self.note(line, key, format!("is a comment now: {why}"));
    }

    fn entry(&mut self, key: &str, value: &Value, comment: Option<&str>, line: u32) {
        match notation::line(key, value, self.request.to) {
            Ok(text) => self.text.push_str(&text),
            Err(problems) => {
                for problem in problems {
                    let message = format!("line {line}: {}", problem.message);
                    self.problems.push(Problem { message, ..problem });
                }
                return;
            }
        }
        if let Some(comment) = comment.filter(|comment| !comment.is_empty()) {
            self.text.push_str(&format!(" # {}", one_line(comment)));
        }
        self.text.push('\n');
    }
}

/// A text that ends no comment, and that YAML takes in one (`c-printable` of YAML 1.2).
fn one_line(text: &str) -> String {
    let is_taken = |c: char| {
        let is_break = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
        c == '\t' || !c.is_control() && !is_break
    };
    text.chars().map(|c| if is_taken(c) { c } else { ' ' }).collect()
}

/// Whether a version reads a key as an option of its own, of a family or of a map.
fn has(key: &str, version: FlinkVersion) -> bool {
    options::find(key).is_some_and(|info| {
        info.pattern.is_some()
            || info.own.is_some()
            || (info.key == key && info.at(version).is_some())
    })
}

#[cfg(test)]
mod tests;
