//! Session files as JSON: what a ledger keeps of one, and reading that again.

use serde_json::{Map, Value, json};

use super::fields::{self, Field, Type};
use super::walk::flattened;
use super::{SessionFile, file};
use nutkin_flink::problem::Problem;
use nutkin_flink::yaml::{Key, Node, NodeKind};

impl SessionFile {
    /// The documents, each value as it was understood: read again by [`read_documents`] they say the same. What a field
    /// is written like is not kept, nor is what has no effect: `status`, and fields with nothing in them.
    pub fn documents(&self) -> Vec<Value> {
        let nodes = self.nodes.iter().filter(|document| document.kind != NodeKind::Null);
        nodes.map(|document| normal(document, table_of(document), "")).collect()
    }
}

/// Reads the documents of a session file that are JSON already. Problems have no lines.
///
/// # Errors
/// All problems of the documents.
pub fn read_documents(documents: &[Value], name: &str) -> Result<SessionFile, Vec<Problem>> {
    let nodes = documents.iter().map(node).collect();
    let (file, mut problems) = file::read_nodes(nodes, name, Vec::new());
    for location in problems.iter_mut().filter_map(|problem| problem.location.as_mut()) {
        (location.line, location.column) = (None, None);
    }
    if problems.is_empty() { Ok(file) } else { Err(problems) }
}

/// Flink options of a map in JSON, flat or nested, as a session file has them: key and value.
pub fn options_of(map: &Value) -> Vec<(String, nutkin_flink::Value)> {
    if map.is_null() {
        return Vec::new();
    }
    flattened(&node(map)).into_iter().map(|(key, value, _)| (key, value)).collect()
}

fn table_of(document: &Node) -> &'static [Field] {
    let NodeKind::Map(entries) = &document.kind else { return &[] };
    let kind = entries.iter().find(|(key, _)| key.name == "kind").map(|(_, node)| &node.kind);
    match kind {
        Some(NodeKind::Text(kind)) if kind == "FlinkSessionJob" => fields::SESSION_JOB,
        Some(NodeKind::Text(kind)) if kind == "FlinkStateSnapshot" => fields::STATE_SNAPSHOT,
        _ => fields::DEPLOYMENT,
    }
}

/// A node of a document as its field understands it.
fn normal(node: &Node, table: &'static [Field], path: &str) -> Value {
    if let Some(field) = table.iter().find(|field| field.path == path) {
        return value(node, field);
    }
    let NodeKind::Map(entries) = &node.kind else { return Value::Null };
    let mut fields = Map::new();
    for (key, child) in entries {
        let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
        match normal(child, table, &path) {
            Value::Null => {}
            _ if is_ignored(table, &path) => {}
            value => {
                fields.insert(key.name.clone(), value);
            }
        }
    }
    Value::Object(fields)
}

fn is_ignored(table: &[Field], path: &str) -> bool {
    table.iter().any(|field| field.path == path && field.is_ignored())
}

fn value(node: &Node, field: &Field) -> Value {
    let is_amount = field.kind == Type::Number || field.path.rsplit('.').next() == Some("cpu");
    match (&node.kind, field.kind) {
        (NodeKind::Null, _) => Value::Null,
        (NodeKind::Number(text), Type::Whole(_)) => {
            text.parse::<i64>().map_or(Value::Null, Value::from)
        }
        (NodeKind::Number(text), _) if is_amount => {
            text.parse::<f64>().map_or(Value::Null, Value::from)
        }
        (_, Type::Options) => {
            let options = flattened(node).into_iter();
            options.map(|(key, value, _)| (key, json!(value.to_string()))).collect()
        }
        _ => node.to_json(),
    }
}

/// JSON as a document that was read from nowhere.
fn node(value: &Value) -> Node {
    let kind = match value {
        Value::Null => NodeKind::Null,
        Value::Bool(value) => NodeKind::Bool(*value),
        Value::Number(number) => NodeKind::Number(number.to_string()),
        Value::String(text) => NodeKind::Text(text.clone()),
        Value::Array(items) => NodeKind::List(items.iter().map(node).collect()),
        Value::Object(fields) => {
            let key = |name: &String| Key { name: name.clone(), line: 0, column: 0 };
            NodeKind::Map(fields.iter().map(|(name, value)| (key(name), node(value))).collect())
        }
    };
    Node { line: 0, column: 0, block: false, kind }
}
