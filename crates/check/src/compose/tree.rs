//! Pieces of the tree that a service becomes, each at the place of what it comes from.

use crate::node::Walk;
use nutkin_flink::yaml::{Key, Node, NodeKind};

pub(super) fn variable(at: &Node, name: &str, value: Option<(Key, Node)>) -> Node {
    let mut entries = vec![entry("name", text(at, name))];
    entries.extend(value);
    map(at, entries)
}

pub(super) fn entry(name: &str, node: Node) -> (Key, Node) {
    (Key { name: name.to_owned(), line: node.line, column: node.column }, node)
}

pub(super) fn text(at: &Node, text: &str) -> Node {
    Node { line: at.line, column: at.column, block: false, kind: NodeKind::Text(text.to_owned()) }
}

pub(super) fn as_text(node: &Node) -> Node {
    Node { kind: NodeKind::Text(node.text().unwrap_or_default().to_owned()), ..node.clone() }
}

pub(super) fn number(at: &Node, number: u16) -> Node {
    Node { kind: NodeKind::Number(number.to_string()), ..text(at, "") }
}

pub(super) fn map(at: &Node, entries: Vec<(Key, Node)>) -> Node {
    Node { kind: NodeKind::Map(entries), ..text(at, "") }
}

pub(super) fn list(at: &Node, items: Vec<Node>) -> Node {
    Node { kind: NodeKind::List(items), ..text(at, "") }
}
