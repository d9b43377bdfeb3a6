//! Holds a document against the table of fields: unknown fields, wrong types, and the values found.

use std::collections::BTreeMap;

use super::fields::{Field, Type};
use nutkin_flink::Value;
use nutkin_flink::yaml::{Node, NodeKind};
use nutkin_flink::{Location, Problem};

/// The values of a document by field path, each of the type that its field has.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    by_path: BTreeMap<&'static str, &'a Node>,
}

impl<'a> Values<'a> {
    pub(super) fn node(&self, path: &str) -> Option<&'a Node> {
        self.by_path.get(path).copied()
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        match &self.node(path)?.kind {
            NodeKind::Text(text) | NodeKind::Number(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn whole<T: TryFrom<i64>>(&self, path: &str) -> Option<T> {
        self.text(path)?.parse::<i64>().ok()?.try_into().ok()
    }

    pub(super) fn is_true(&self, path: &str) -> bool {
        self.node(path).is_some_and(|node| node.kind == NodeKind::Bool(true))
    }

    pub(super) fn texts(&self, path: &str) -> Vec<String> {
        let Some(NodeKind::List(items)) = self.node(path).map(|node| &node.kind) else {
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| {
                if let NodeKind::Text(text) = &item.kind { Some(text.clone()) } else { None }
            })
            .collect()
    }

    pub(super) fn text_map(&self, path: &str) -> BTreeMap<String, String> {
        let Some(NodeKind::Map(entries)) = self.node(path).map(|node| &node.kind) else {
            return BTreeMap::new();
        };
        let pair = |(key, node): &(nutkin_flink::yaml::Key, Node)| match &node.kind {
            NodeKind::Text(text) => Some((key.name.clone(), text.clone())),
            _ => None,
        };
        entries.iter().filter_map(pair).collect()
    }

    pub(super) fn json(&self, path: &str) -> Option<serde_json::Value> {
        self.node(path).map(Node::to_json)
    }

    /// Options, flattened: key, value, line.
    pub(super) fn options(&self, path: &str) -> Vec<(String, Value, u32)> {
        self.node(path).map(flattened).unwrap_or_default()
    }
}

/// What a map has under this name.
pub(super) fn entry<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    let NodeKind::Map(entries) = &node.kind else { return None };
    entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
}

/// The options that a node holds: key, value, line.
pub(super) fn flattened(node: &Node) -> Vec<(String, Value, u32)> {
    let mut options = Vec::new();
    flatten(node, "", &mut options);
    options
}

/// As the operator does it: nested keys are joined by dots, lists by semicolons.
fn flatten(node: &Node, prefix: &str, options: &mut Vec<(String, Value, u32)>) {
    let text = match &node.kind {
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                let key = if prefix.is_empty() {
                    key.name.clone()
                } else {
                    format!("{prefix}.{}", key.name)
                };
                flatten(value, &key, options);
            }
            return;
        }
        NodeKind::List(items) => {
            let text = |item: &Node| match item.to_json() {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
            items.iter().map(text).collect::<Vec<_>>().join(";")
        }
        NodeKind::Text(text) | NodeKind::Number(text) => text.clone(),
        NodeKind::Bool(value) => value.to_string(),
        NodeKind::Null => String::new(),
    };
    options.push((prefix.to_owned(), Value::Text(text), node.line));
}

/// Walks a document. All problems are collected.
pub(super) fn walk<'a>(
    document: &'a Node,
    table: &'static [Field],
    file: &str,
    problems: &mut Vec<Problem>,
) -> Values<'a> {
    let mut walker = Walker { table, file, problems, values: Values::default() };
    walker.node(document, "");
    walker.values
}

struct Walker<'a, 'p> {
    table: &'static [Field],
    file: &'p str,
    problems: &'p mut Vec<Problem>,
    values: Values<'a>,
}

impl<'a> Walker<'a, '_> {
    fn node(&mut self, node: &'a Node, path: &str) {
        if let Some(field) = self.table.iter().find(|field| field.path == path) {
            // As for the API server, `field:` with nothing is a field that is not there.
            if node.kind != NodeKind::Null {
                self.value(node, field);
            }
            return;
        }
        let entries = match &node.kind {
            NodeKind::Map(entries) => entries,
            NodeKind::Null => return,
            _ => {
                let message = format!("a map is expected here, and this is {}", node.describe());
                self.problem(node, path, message, None);
                return;
            }
        };
        for (key, value) in entries {
            let child =
                if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
            let begins = |field: &&Field| {
                field.path == child
                    || field
                        .path
                        .strip_prefix(child.as_str())
                        .is_some_and(|rest| rest.starts_with('.'))
            };
            if self.table.iter().any(|field| begins(&field)) {
                self.node(value, &child);
            } else {
                let place =
                    Node { line: key.line, column: key.column, block: false, kind: NodeKind::Null };
                let hint = self.suggestion(path, &key.name);
                self.problem(&place, &child, "there is no such field".to_owned(), hint);
            }
        }
    }

    fn value(&mut self, node: &'a Node, field: &'static Field) {
        let path = field.path;
        let wrong = |expected: &str| {
            format!("{expected} is expected here, and this is {}", node.describe())
        };
        let quote = "put it in quotes: the API server refuses it without, too".to_owned();
        let fault: Option<(String, Option<String>)> = match (field.kind, &node.kind) {
            (Type::Refused(reason), _) => Some((reason.to_owned(), None)),
            (Type::Any | Type::Options, NodeKind::Map(_))
            | (Type::Any, _)
            | (Type::Text | Type::Memory, NodeKind::Text(_))
            | (Type::Number, NodeKind::Number(_))
            | (Type::Bool, NodeKind::Bool(_)) => None,
            (Type::Text | Type::Memory, NodeKind::Number(_) | NodeKind::Bool(_)) => {
                Some((wrong("text"), Some(quote)))
            }
            (Type::Text | Type::Memory, _) => Some((wrong("text"), None)),
            (Type::Number, _) => {
                Some((wrong("a number"), Some("write it without quotes".to_owned())))
            }
            (Type::Bool, _) => Some((wrong("true or false"), None)),
            (Type::Options, _) => Some((wrong("a map of options"), None)),
            (Type::Whole(least), NodeKind::Number(text)) => match text.parse::<i64>() {
                Ok(number) if least <= number => None,
                Ok(number) => Some((format!("{number} is too small: at least {least}"), None)),
                Err(_) => Some((format!("`{text}` is not a whole number"), None)),
            },
            (Type::Whole(_), _) => Some((wrong("a whole number"), None)),
            (Type::OneOf(words), NodeKind::Text(text)) if words.contains(&text.as_str()) => None,
            (Type::OneOf(words), kind) => {
                let said = if let NodeKind::Text(text) = kind {
                    format!("`{text}`")
                } else {
                    node.describe().to_owned()
                };
                Some((format!("{said} is not one of {}", words.join(", ")), None))
            }
            (Type::Texts, NodeKind::List(items)) => {
                for item in items.iter().filter(|item| !matches!(item.kind, NodeKind::Text(_))) {
                    let message = format!("text is expected here, and this is {}", item.describe());
                    self.problem(item, path, message, Some(quote.clone()));
                }
                None
            }
            (Type::Texts, _) => Some((wrong("a list of texts"), None)),
            (Type::TextMap, NodeKind::Map(entries)) => {
                for (key, item) in
                    entries.iter().filter(|(_, item)| !matches!(item.kind, NodeKind::Text(_)))
                {
                    let message = format!("text is expected here, and this is {}", item.describe());
                    self.problem(
                        item,
                        &format!("{path}.{}", key.name),
                        message,
                        Some(quote.clone()),
                    );
                }
                None
            }
            (Type::TextMap, _) => Some((wrong("a map of texts"), None)),
        };
        match fault {
            Some((message, hint)) => self.problem(node, path, message, hint),
            None => {
                self.values.by_path.insert(path, node);
            }
        }
    }

    /// The known field at this place that the user may have meant.
    fn suggestion(&self, parent: &str, name: &str) -> Option<String> {
        let names = self.table.iter().filter_map(|field| {
            let rest = if parent.is_empty() {
                Some(field.path)
            } else {
                field.path.strip_prefix(parent)?.strip_prefix('.')
            };
            rest?.split('.').next()
        });
        let mut known: Vec<&str> = names.collect();
        known.sort_unstable();
        known.dedup();
        let close =
            |known: &&str| strsim::damerau_levenshtein(&known.to_lowercase(), &name.to_lowercase());
        let best = known.iter().copied().min_by_key(close)?;
        // Two slips in a word are a slip; three are another word.
        if close(&best) <= 2 {
            return Some(format!("did you mean `{best}`?"));
        }
        Some(format!("valid fields here: {}", known.join(", ")))
    }

    fn problem(&mut self, node: &Node, path: &str, message: String, hint: Option<String>) {
        let location = Location {
            file: self.file.to_owned(),
            line: Some(node.line),
            column: Some(node.column),
        };
        let mut problem = Problem::new(path, message).at(location);
        problem.hint = hint.map(|hint| Box::new(hint.into()));
        self.problems.push(problem);
    }
}
