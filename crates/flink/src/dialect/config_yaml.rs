//! `config.yaml`: YAML 1.2, whose maps are flattened into dotted keys.
//!
//! Source: `GlobalConfiguration.loadYAMLResource` and `YamlParserUtils` of 1.20.5 and 2.3.0, which read and
//! write alike.

use std::collections::BTreeMap;

use super::Reading;
use crate::notation::emit::{self, Place};
use crate::notation::node::{Node, Pair};
use crate::notation::tree;
use crate::{Configuration, Origin, Value, options};
use crate::{Location, Problem};

/// Reads the file. All problems of a document that is YAML are told at once.
pub(super) fn read(text: &str, file: &str) -> Result<Reading, Vec<Problem>> {
    let at = |line, column| Location { file: file.to_owned(), line: Some(line), column };
    let root = tree::parse(text).map_err(|fault| {
        vec![Problem::new("", fault.message).at(at(fault.line, Some(fault.column)))]
    })?;
    let mut flat = Flat::default();
    match root {
        None | Some(Node::Null) => {}
        Some(Node::Map(pairs)) => flat.add(&pairs, ""),
        Some(_) => flat.fault(1, "", "the document is not a map of options", "write `key: value`"),
    }
    for (key, (line, value)) in &flat.entries {
        if value.is_none() {
            let problem = Problem::new(key, "has no value; Flink does not start with it")
                .hint("give it a value, write '' for an empty one, or remove the line");
            flat.faults.push((*line, problem));
        }
    }
    flat.faults.sort_by_key(|(line, _)| *line);
    let tie = |(line, problem): (u32, Problem)| problem.at(at(line, None));
    if !flat.faults.is_empty() {
        return Err(flat.faults.into_iter().map(tie).collect());
    }
    let mut reading =
        Reading { warnings: flat.warnings.into_iter().map(tie).collect(), ..Reading::default() };
    for (key, (line, value)) in flat.entries {
        if let Some(value) = value {
            reading.configuration.set(key, value, Origin::File(file.to_owned(), line));
        }
    }
    Ok(reading)
}

/// The entries of a document, flattened.
#[derive(Default)]
struct Flat {
    /// Line and value; `None` is a blank one, which only counts when no later line replaces it.
    entries: BTreeMap<String, (u32, Option<Value>)>,
    faults: Vec<(u32, Problem)>,
    warnings: Vec<(u32, Problem)>,
}

impl Flat {
    fn add(&mut self, pairs: &[Pair], prefix: &str) {
        for pair in pairs {
            let name = match &pair.key {
                Node::Text(name) => name.as_str(),
                // Java appends a null key to the prefix as this word.
                Node::Null => "null",
                _ => {
                    let message = "a key here is a number, a boolean or a list; Flink throws on it";
                    self.fault(pair.line, prefix, message, "put the key in quotes");
                    continue;
                }
            };
            let key = format!("{prefix}{name}");
            match &pair.value {
                Node::Map(pairs) => self.add(pairs, &format!("{key}.")),
                value => self.set(key, pair.line, value),
            }
        }
    }

    fn set(&mut self, key: String, line: u32, node: &Node) {
        let value = match node {
            Node::Null => None,
            Node::Bool(value) => Some(Value::Bool(*value)),
            Node::Int(digits) => {
                Some(digits.parse().map_or_else(|_| Value::Text(digits.clone()), Value::Int))
            }
            Node::Float(value) => Some(Value::Float(*value)),
            Node::Text(text) => Some(Value::Text(text.clone())),
            // Flink keeps a list as the text of it.
            other => Some(Value::Text(emit::flow(other))),
        };
        if self.entries.contains_key(&key) {
            let problem = Problem::new(&key, "the key appears twice; the last one counts");
            self.warnings.push((line, problem.hint("remove one of them")));
        }
        self.entries.insert(key, (line, value));
    }

    fn fault(&mut self, line: u32, key: &str, message: &str, hint: &str) {
        self.faults.push((line, Problem::new(key, message).hint(hint)));
    }
}

/// A configuration as nested maps.
#[derive(Default)]
struct Branch<'c> {
    /// Where this key is set itself: its whole name and value.
    value: Option<(&'c str, &'c Value)>,
    below: BTreeMap<&'c str, Branch<'c>>,
}

/// Writes nested block maps, as Flink does.
///
/// # Errors
/// Every key that is also the beginning of another: Flink throws on such a pair, or loses one of the two.
pub(super) fn write(configuration: &Configuration) -> Result<String, Vec<Problem>> {
    let mut root = Branch::default();
    let mut problems = Vec::new();
    for (key, entry) in configuration.iter() {
        if key.ends_with('.') {
            // Java's `split` drops what is empty at the end.
            problems.push(Problem::new(key, "a key cannot end with a dot in config.yaml"));
            continue;
        }
        let mut branch = &mut root;
        for part in key.split('.') {
            branch = branch.below.entry(part).or_default();
        }
        branch.value = Some((key, &entry.value));
    }
    let mut text = String::new();
    root.write(0, false, &mut text, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(if text.is_empty() { "{}\n".to_owned() } else { text })
}

/// Writes one line for each key.
pub(super) fn write_flat(configuration: &Configuration) -> String {
    let mut text = String::new();
    for (key, entry) in configuration.iter() {
        let key = Node::Text(key.to_owned());
        let question = if emit::is_simple_key(&key) { "" } else { "? " };
        let end = if question.is_empty() { "" } else { "\n" };
        let key = emit::scalar_text(&key, Place::Block);
        let value = emit::scalar_text(&written(&entry.value), Place::Block);
        text.push_str(&format!("{question}{key}{end}: {value}\n"));
    }
    text
}

/// A value as it is written: Flink keeps a list as the text of it.
fn written(value: &Value) -> Node {
    match Node::from(value) {
        list @ (Node::List(_) | Node::Map(_)) => Node::Text(emit::flow(&list)),
        scalar => scalar,
    }
}

impl Branch<'_> {
    /// `inline`: the first entry goes on where the line stands.
    fn write(&self, depth: usize, mut inline: bool, out: &mut String, problems: &mut Vec<Problem>) {
        for (name, branch) in &self.below {
            if !inline {
                indent(depth, out);
            }
            inline = false;
            let key = Node::Text((*name).to_owned());
            let simple = emit::is_simple_key(&key);
            if simple {
                out.push_str(&emit::scalar_text(&key, Place::Block));
                out.push(':');
            } else {
                out.push_str("? ");
                out.push_str(&emit::scalar_text(&key, Place::Block));
                out.push('\n');
                indent(depth, out);
                out.push(':');
            }
            match branch.value {
                Some((key, value)) if branch.below.is_empty() => {
                    debug_assert!(key.ends_with(name));
                    out.push(' ');
                    out.push_str(&emit::scalar_text(&written(value), Place::Block));
                    out.push('\n');
                }
                Some((key, _)) => problems.push(conflict(key, branch)),
                None if simple => {
                    out.push('\n');
                    branch.write(depth + 1, false, out, problems);
                }
                None => {
                    out.push(' ');
                    branch.write(depth + 1, true, out, problems);
                }
            }
        }
    }

    /// The first key below this one.
    fn first(&self) -> Option<&str> {
        let (_, branch) = self.below.first_key_value()?;
        branch.value.map(|(key, _)| key).or_else(|| branch.first())
    }
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn conflict(key: &str, branch: &Branch<'_>) -> Problem {
    let other = branch.first().unwrap_or_default();
    Problem::new(
        key,
        format!(
            "config.yaml cannot hold it beside `{other}`: Flink stops, or loses one of the two"
        ),
    )
    .hint(match options::newest_spelling(key) {
        Some(current) => format!("`{key}` is an old spelling: write `{current}`"),
        None => "remove one of the two".to_owned(),
    })
}
