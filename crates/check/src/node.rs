//! Walking through YAML that may be anything.

use super::finding::Place;
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// What the rules ask of a node. Where a key appears twice the last one counts, as for kubectl.
pub(super) trait Walk {
    /// The value of a key.
    fn get(&self, key: &str) -> Option<&Node>;
    /// The value at the end of several keys, separated by `/`, unless it is null: for a server the field is not there.
    fn set(&self, path: &str) -> Option<&Node>;
    /// The entry of a key.
    fn entry(&self, key: &str) -> Option<&(Key, Node)>;
    /// The value at the end of several keys, separated by `/`.
    fn at(&self, path: &str) -> Option<&Node>;
    /// Text, or a number or boolean as text.
    fn text(&self) -> Option<&str>;
    /// The text of a key.
    fn text_of(&self, key: &str) -> Option<&str>;
    /// The items of a list, nothing for anything else.
    fn items(&self) -> &[Node];
    /// The items of the list of a key.
    fn items_of(&self, key: &str) -> &[Node];
    /// The entries of a map, nothing for anything else.
    fn entries(&self) -> &[(Key, Node)];
    /// A whole number.
    fn whole(&self) -> Option<i64>;
    /// The place in a file.
    fn place(&self, file: usize) -> Place;
}

impl Walk for Node {
    fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.entries().iter().rev().find(|(known, _)| known.name == key)
    }

    fn at(&self, path: &str) -> Option<&Node> {
        path.split('/').try_fold(self, |node, key| node.get(key))
    }

    fn set(&self, path: &str) -> Option<&Node> {
        self.at(path).filter(|node| !matches!(node.kind, NodeKind::Null))
    }

    fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Text(text) | NodeKind::Number(text) => Some(text),
            NodeKind::Bool(true) => Some("true"),
            NodeKind::Bool(false) => Some("false"),
            _ => None,
        }
    }

    fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::List(items) => items,
            _ => &[],
        }
    }

    fn items_of(&self, key: &str) -> &[Node] {
        self.get(key).map_or(&[], Walk::items)
    }

    fn entries(&self) -> &[(Key, Node)] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    fn whole(&self) -> Option<i64> {
        self.text()?.parse().ok()
    }

    fn place(&self, file: usize) -> Place {
        Place { file, line: self.line, column: self.column }
    }
}

/// The place of a key.
pub(super) const fn key_place(key: &Key, file: usize) -> Place {
    Place { file, line: key.line, column: key.column }
}
