//! Nodes of a YAML document, and values as such.

use super::Value;

/// A node of YAML.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Nothing: `null`, `~` or no word at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number, as decimal digits.
    Int(String),
    /// Another number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Pair>),
}

/// An entry of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    /// Line of the key, counted from 1.
    pub(crate) line: u32,
    /// Usually text.
    pub(crate) key: Node,
    /// Anything.
    pub(crate) value: Node,
}

/// For writing: where a value came from no longer counts, so the lines are 0.
impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text.clone()),
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(value.to_string()),
            Value::Float(value) => Self::Float(*value),
            Value::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Map(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| Pair {
                        line: 0,
                        key: Self::Text(key.clone()),
                        value: Self::from(value),
                    })
                    .collect(),
            ),
        }
    }
}
