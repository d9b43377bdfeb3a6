//! Changes of trees of YAML whose values keep the places at which somebody wrote them.

use nutkin_flink::yaml::{Key, Node, NodeKind};

/// A text at the place of another node.
pub(super) fn text(at: &Node, text: impl Into<String>) -> Node {
    Node { block: false, kind: NodeKind::Text(text.into()), ..bare(at) }
}

/// A map with these entries, all at one place.
pub(super) fn map<'k>(at: &Node, entries: impl IntoIterator<Item = (&'k str, Node)>) -> Node {
    let entries = entries.into_iter().map(|(name, node)| (key(at, name), node)).collect();
    Node { block: false, kind: NodeKind::Map(entries), ..bare(at) }
}

/// A node without a value.
const fn bare(at: &Node) -> Node {
    Node { line: at.line, column: at.column, block: false, kind: NodeKind::Null }
}

fn key(at: &Node, name: &str) -> Key {
    Key { name: name.to_owned(), line: at.line, column: at.column }
}

/// The value of a key, to be changed.
pub(super) fn get_mut<'a>(node: &'a mut Node, name: &str) -> Option<&'a mut Node> {
    let NodeKind::Map(entries) = &mut node.kind else { return None };
    entries.iter_mut().rev().find(|(key, _)| key.name == name).map(|(_, value)| value)
}

/// Gives a key a value, in the place of the one that it has.
pub(super) fn set(node: &mut Node, name: &str, value: Node) {
    if let Some(own) = get_mut(node, name) {
        *own = value;
        return;
    }
    if matches!(node.kind, NodeKind::Null) {
        node.kind = NodeKind::Map(Vec::new());
    }
    let key = key(&value, name);
    if let NodeKind::Map(entries) = &mut node.kind {
        entries.push((key, value));
    }
}

/// Gives a key that is there a place.
pub(super) fn move_key(node: &mut Node, key: &Key) {
    let NodeKind::Map(entries) = &mut node.kind else { return };
    for (own, _) in entries.iter_mut().filter(|(own, _)| own.name == key.name) {
        (own.line, own.column) = (key.line, key.column);
    }
}

/// Takes a key and its value away.
pub(super) fn remove(node: &mut Node, name: &str) {
    if let NodeKind::Map(entries) = &mut node.kind {
        entries.retain(|(key, _)| key.name != name);
    }
}

/// The map at a path, made where it is not there. `None` where something else is in its way.
pub(super) fn ensure<'a>(node: &'a mut Node, path: &str, at: &Node) -> Option<&'a mut Node> {
    path.split('/').try_fold(node, |node, name| {
        if get_mut(node, name).is_none() {
            set(node, name, map(at, []));
        }
        get_mut(node, name).filter(|node| !matches!(node.kind, NodeKind::List(_)))
    })
}

/// Calls a function with every node at a path; `[]` behind a name stands for the items of its list.
pub(super) fn each(node: &mut Node, path: &str, change: &mut dyn FnMut(&mut Node)) {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let (name, is_list) = first.strip_suffix("[]").map_or((first, false), |name| (name, true));
    let Some(inner) = get_mut(node, name) else { return };
    let mut one = |node: &mut Node| {
        if rest.is_empty() {
            change(node);
        } else {
            each(node, rest, change);
        }
    };
    match &mut inner.kind {
        NodeKind::List(items) if is_list => items.iter_mut().for_each(one),
        _ if is_list => {}
        _ => one(inner),
    }
}

/// A copy whose lines are so many further down.
pub(super) fn shifted(node: &Node, lines: u32) -> Node {
    let kind = match &node.kind {
        NodeKind::List(items) => {
            NodeKind::List(items.iter().map(|item| shifted(item, lines)).collect())
        }
        NodeKind::Map(entries) => NodeKind::Map(
            entries
                .iter()
                .map(|(key, value)| {
                    let line = key.line.saturating_add(lines);
                    (Key { line, ..key.clone() }, shifted(value, lines))
                })
                .collect(),
        ),
        other => other.clone(),
    };
    Node { line: node.line.saturating_add(lines), kind, ..*node }
}
