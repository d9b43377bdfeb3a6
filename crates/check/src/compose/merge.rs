//! How Compose puts two services on top of each other: for `extends` and override files.
//!
//! Source: Compose Specification, "Merge Compose files", and `override/merge.go` and `override/uncity.go` of compose-go.

use super::words;
use crate::node::Walk;
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// Lists that the later one replaces as a whole; to all others it is added.
const REPLACED: &[&str] = &["command", "entrypoint", "test"];

/// Tags of a file on top of another: the value is taken away, or put in the place of the other.
pub(super) const RESET: &str = "!reset";
pub(super) const OVERRIDE: &str = "!override";

/// One service on top of another.
pub(super) fn service(below: &Node, above: &Node) -> Node {
    let NodeKind::Map(mut entries) = below.kind.clone() else { return above.clone() };
    for (key, value) in above.entries() {
        let at = entries.iter().position(|(known, _)| known.name == key.name);
        let value = match (at, tag(value)) {
            (Some(at), Some((RESET, _))) => {
                entries.remove(at);
                continue;
            }
            (None, Some((RESET, _))) => continue,
            (Some(at), Some((_, whole))) => {
                entries[at] = (key.clone(), whole.clone());
                continue;
            }
            (_, tagged) => tagged.map_or(value, |(_, whole)| whole),
        };
        let Some(at) = at else {
            entries.push((key.clone(), value.clone()));
            continue;
        };
        let (old_key, old) = &mut entries[at];
        match (&old.kind, &value.kind) {
            (NodeKind::Map(_) | NodeKind::List(_), NodeKind::Null) => continue,
            _ if REPLACED.contains(&key.name.as_str()) => *old = value.clone(),
            (NodeKind::Map(_) | NodeKind::List(_), NodeKind::Map(_) | NodeKind::List(_)) => {
                *old = added(&key.name, old, value);
                // The place of a list is that of what was there first: its items have their own.
                continue;
            }
            // One name as the list of it.
            (_, NodeKind::List(_)) | (NodeKind::List(_), _) if is_of_names(&key.name) => {
                *old = added(&key.name, &listed(old), &listed(value));
            }
            _ => *old = value.clone(),
        }
        *old_key = key.clone();
    }
    Node { kind: NodeKind::Map(entries), ..above.clone() }
}

/// The tag of a value, and the value.
fn tag(node: &Node) -> Option<(&'static str, &Node)> {
    let [(key, value)] = node.entries() else { return None };
    [RESET, OVERRIDE].into_iter().find(|tag| *tag == key.name).map(|tag| (tag, value))
}

/// A tree that lies on top of nothing, without its tags and what they take away.
pub(super) fn untagged(node: &Node) -> Node {
    let whole = match tag(node) {
        Some((OVERRIDE, value)) => return untagged(value),
        _ => node,
    };
    let kind = match &whole.kind {
        NodeKind::Map(entries) => {
            let left = entries.iter().filter(|(_, value)| tag(value).is_none_or(|t| t.0 != RESET));
            NodeKind::Map(left.map(|(key, value)| (key.clone(), untagged(value))).collect())
        }
        NodeKind::List(items) => NodeKind::List(items.iter().map(untagged).collect()),
        other => other.clone(),
    };
    Node { kind, ..whole.clone() }
}

/// Fields that are one name or a list of names.
fn is_of_names(field: &str) -> bool {
    matches!(field, "env_file" | "dns" | "dns_search" | "tmpfs" | "extra_hosts")
}

fn listed(node: &Node) -> Node {
    if matches!(node.kind, NodeKind::List(_)) {
        return node.clone();
    }
    Node { kind: NodeKind::List(vec![node.clone()]), block: false, ..node.clone() }
}

/// A file under all that lie on top of it, the lowest first, without tags.
pub(super) fn stacked<'n>(below: &Node, above: impl IntoIterator<Item = &'n Node>) -> Node {
    let whole = above.into_iter().fold(below.clone(), |below, above| overridden(&below, above));
    untagged(&whole)
}

/// A file under its override. Services stay where the file below has them.
fn overridden(below: &Node, above: &Node) -> Node {
    let services = below.get("services").map_or(&[][..], Walk::entries);
    let place = |name: &str| {
        let known = services.iter().find(|(key, _)| key.name == name);
        known.map(|(key, _)| (key.line, key.column))
    };
    let mut above = above.clone();
    if let NodeKind::Map(entries) = &mut above.kind {
        for (_, all) in entries.iter_mut().filter(|(key, _)| key.name == "services") {
            let NodeKind::Map(services) = &mut all.kind else { continue };
            for (key, _) in services {
                (key.line, key.column) = place(&key.name).unwrap_or((key.line, key.column));
            }
        }
    }
    let mut merged = service(below, &above);
    // What only the file says stays where it is.
    (merged.line, merged.column) = (below.line, below.column);
    merged
}

/// A list or map behind another, whichever of the two forms each has.
fn added(field: &str, below: &Node, above: &Node) -> Node {
    let lists = |one: &[Node], two: &[Node]| {
        let kind = NodeKind::List(once(field, one.iter().chain(two)));
        Node { kind, ..above.clone() }
    };
    match (&below.kind, &above.kind) {
        (NodeKind::Map(_), NodeKind::Map(_)) => service(below, above),
        (NodeKind::List(one), NodeKind::List(two)) => lists(one, two),
        // `networks` and `depends_on` are lists of names or maps of them.
        (NodeKind::Map(_), NodeKind::List(two)) if is_map_of_names(field) => {
            service(below, &keyed(above, two))
        }
        (NodeKind::List(one), NodeKind::Map(_)) if is_map_of_names(field) => {
            service(&keyed(below, one), above)
        }
        (NodeKind::Map(_), NodeKind::List(two)) => lists(&pairs(below), two),
        (NodeKind::List(one), NodeKind::Map(_)) => lists(one, &pairs(above)),
        _ => above.clone(),
    }
}

fn is_map_of_names(field: &str) -> bool {
    matches!(field, "networks" | "depends_on")
}

/// A list of names as a map of them.
fn keyed(list: &Node, names: &[Node]) -> Node {
    let entry = |node: &Node| {
        let key = Key { name: node.text()?.to_owned(), line: node.line, column: node.column };
        Some((key, Node { kind: NodeKind::Null, block: false, ..node.clone() }))
    };
    Node { kind: NodeKind::Map(names.iter().filter_map(entry).collect()), ..list.clone() }
}

/// Items of which the later takes the place of an earlier one: mounts at one path, and what is said twice.
fn once<'n>(field: &str, items: impl Iterator<Item = &'n Node>) -> Vec<Node> {
    let mut found: Vec<(Option<String>, Node)> = Vec::new();
    for item in items {
        let id = identity(field, item);
        match found.iter_mut().find(|(known, _)| id.is_some() && *known == id) {
            Some((_, old)) => *old = item.clone(),
            None => found.push((id, item.clone())),
        }
    }
    found.into_iter().map(|(_, item)| item).collect()
}

/// What makes an item of a list the same as another one.
fn identity(field: &str, item: &Node) -> Option<String> {
    let target = |node: &Node| node.text_of("target").map(str::to_owned);
    match field {
        "volumes" => {
            item.text().map(|text| words::volume(text).1.to_owned()).or_else(|| target(item))
        }
        "configs" | "secrets" => item
            .text()
            .map(str::to_owned)
            .or_else(|| target(item))
            .or_else(|| item.text_of("source").map(str::to_owned)),
        "ports" => item.text().map(str::to_owned).or_else(|| Some(item.to_json().to_string())),
        _ => item.text().map(str::to_owned),
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
        NodeKind::Text(text) if !text.starts_with(['/', '~']) => {
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
