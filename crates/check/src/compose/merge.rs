//! How Compose puts two services on top of each other: for `extends` and override files.

use crate::node::Walk;
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// Lists to which the later one is added; all other lists and values are replaced.
const ADDED: &[&str] = &[
    "ports",
    "expose",
    "volumes",
    "configs",
    "secrets",
    "environment",
    "env_file",
    "depends_on",
    "networks",
    "labels",
    "profiles",
    "links",
    "extra_hosts",
    "tmpfs",
];

/// One service on top of another.
pub(super) fn service(below: &Node, above: &Node) -> Node {
    let NodeKind::Map(mut entries) = below.kind.clone() else { return above.clone() };
    for (key, value) in above.entries() {
        let old = entries.iter_mut().find(|(known, _)| known.name == key.name);
        match old {
            None => entries.push((key.clone(), value.clone())),
            Some((_, old)) if ADDED.contains(&key.name.as_str()) => *old = added(old, value),
            Some(slot) => {
                slot.1 = map(&slot.1, value);
                slot.0 = key.clone();
            }
        }
    }
    Node { kind: NodeKind::Map(entries), ..above.clone() }
}

/// A file under its override. What the override says is told at the services that it changes.
pub(super) fn overridden(below: &Node, above: &Node) -> Node {
    let services = below.get("services").map_or(&[][..], Walk::entries);
    let place = |name: &str| {
        let known = services.iter().find(|(key, _)| key.name == name);
        known.map_or((below.line, below.column), |(key, _)| (key.line, key.column))
    };
    let mut moved_all = moved(above, below.line, below.column);
    if let NodeKind::Map(entries) = &mut moved_all.kind {
        for (_, all) in entries.iter_mut().filter(|(key, _)| key.name == "services") {
            let NodeKind::Map(services) = &mut all.kind else { continue };
            for (key, one) in services {
                (key.line, key.column) = place(&key.name);
                *one = moved(one, key.line, key.column);
            }
        }
    }
    let mut merged = service(below, &moved_all);
    // What only the file says stays where it is.
    (merged.line, merged.column) = (below.line, below.column);
    merged
}

/// Maps field by field, all else replaced.
fn map(below: &Node, above: &Node) -> Node {
    match (&below.kind, &above.kind) {
        (NodeKind::Map(_), NodeKind::Map(_)) => service(below, above),
        _ => above.clone(),
    }
}

/// A list or map behind another, whichever of the two forms each has.
fn added(below: &Node, above: &Node) -> Node {
    match (&below.kind, &above.kind) {
        (NodeKind::Map(_), NodeKind::Map(_)) => service(below, above),
        (NodeKind::List(one), NodeKind::List(two)) => {
            let kind = NodeKind::List(one.iter().chain(two).cloned().collect());
            Node { kind, ..above.clone() }
        }
        (NodeKind::Map(_), NodeKind::List(two)) => {
            let kind =
                NodeKind::List(pairs(below).into_iter().chain(two.iter().cloned()).collect());
            Node { kind, ..above.clone() }
        }
        (NodeKind::List(one), NodeKind::Map(_)) => {
            let kind = NodeKind::List(one.iter().cloned().chain(pairs(above)).collect());
            Node { kind, ..above.clone() }
        }
        _ => above.clone(),
    }
}

/// A map as the list of its `KEY=value`.
fn pairs(map: &Node) -> Vec<Node> {
    let pair = |(key, value): &(Key, Node)| Node {
        kind: NodeKind::Text(match value.text() {
            Some(text) => format!("{}={text}", key.name),
            None => key.name.clone(),
        }),
        block: false,
        ..value.clone()
    };
    map.entries().iter().map(pair).collect()
}

/// A service of another file, with its paths from here on. `file` is the path of that file.
pub(super) fn rebased(service: &Node, file: &str) -> Node {
    let Some((directory, _)) = file.rsplit_once('/') else { return service.clone() };
    let NodeKind::Map(mut entries) = service.kind.clone() else { return service.clone() };
    for (key, node) in &mut entries {
        match key.name.as_str() {
            "env_file" => each(node, "path", &|text| Some(format!("./{directory}/{text}"))),
            "volumes" => each(node, "source", &|text| {
                text.starts_with('.').then(|| format!("./{directory}/{text}"))
            }),
            "build" => each(node, "context", &|text| Some(format!("./{directory}/{text}"))),
            _ => {}
        }
    }
    Node { kind: NodeKind::Map(entries), ..service.clone() }
}

/// A text, each text of a list, or a field of each of its maps.
fn each(node: &mut Node, name: &str, change: &impl Fn(&str) -> Option<String>) {
    match &mut node.kind {
        NodeKind::Text(text) if !text.starts_with('/') => {
            if let Some(new) = change(text) {
                *text = new;
            }
        }
        NodeKind::List(items) => items.iter_mut().for_each(|item| each(item, name, change)),
        _ => field(node, name, change),
    }
}

fn field(node: &mut Node, name: &str, change: &impl Fn(&str) -> Option<String>) {
    let NodeKind::Map(entries) = &mut node.kind else { return };
    for (_, value) in entries.iter_mut().filter(|(key, _)| key.name == name) {
        each(value, name, change);
    }
}

/// All of a tree at one place: what comes from another file is told where it is asked for.
pub(super) fn moved(node: &Node, line: u32, column: u32) -> Node {
    let kind = match &node.kind {
        NodeKind::Map(entries) => {
            let entry = |(key, value): &(Key, Node)| {
                (Key { name: key.name.clone(), line, column }, moved(value, line, column))
            };
            NodeKind::Map(entries.iter().map(entry).collect())
        }
        NodeKind::List(items) => {
            NodeKind::List(items.iter().map(|item| moved(item, line, column)).collect())
        }
        other => other.clone(),
    };
    Node { line, column, block: false, kind }
}
