//! ConfigMaps and Secrets that kustomizations make of files and words.

use std::collections::BTreeSet;

use super::edit::{ensure, map, set, text};
use super::item::Item;
use crate::node::Walk;
use crate::path::last;
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// A key and its text.
pub(super) type Entry = (Key, Node);

/// What a generator reads of a file: the path that it names, and whether it holds `NAME=value` in lines.
pub(super) struct Source<'a> {
    /// The key of a whole file.
    pub(super) key: &'a str,
    pub(super) path: &'a str,
    pub(super) is_environment: bool,
}

/// The files that a generator reads.
pub(super) fn sources(generator: &Node) -> Vec<Source<'_>> {
    let files = generator.items_of("files").iter().filter_map(Walk::text).map(|entry| {
        let (key, path) = entry.split_once('=').unwrap_or((last(entry), entry));
        Source { key, path, is_environment: false }
    });
    let environment = generator.items_of("envs").iter().chain(generator.get("env"));
    let environment = environment.filter_map(Walk::text);
    files.chain(environment.map(|path| Source { key: "", path, is_environment: true })).collect()
}

/// A whole file as a key. `above` is how many lines are above it.
pub(super) fn whole(key: &str, content: &str, above: u32) -> Entry {
    let key = Key { name: key.to_owned(), line: above, column: 1 };
    // As a text that begins in the line below its key, each of its lines is one of the file.
    let kind = NodeKind::Text(content.to_owned());
    (key, Node { line: above.saturating_add(1), column: 1, block: true, kind })
}

/// The lines of a file as keys.
pub(super) fn lines(content: &str, above: u32) -> Vec<Entry> {
    let numbered = (above.saturating_add(1)..).zip(content.lines());
    let numbered = numbered.map(|(number, line)| (number, line.trim()));
    let said = numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    said.filter_map(|(line, entry)| {
        let (key, value) = entry.split_once('=')?;
        let kind = NodeKind::Text(value.to_owned());
        let key = Key { name: key.to_owned(), line, column: 1 };
        Some((key, Node { line, column: 1, block: false, kind }))
    })
    .collect()
}

/// `NAME=value` of the generator itself.
pub(super) fn literals(generator: &Node) -> Vec<Entry> {
    let items = generator.items_of("literals").iter();
    items
        .filter_map(|item| {
            let (name, value) = item.text()?.split_once('=')?;
            let key = Key { name: name.to_owned(), line: item.line, column: item.column };
            Some((key, text(item, value.trim_matches(['"', '\'']))))
        })
        .collect()
}

/// Adds what a generator makes, or changes what is there as its `behavior` says. Whether that could be done.
pub(super) fn put(
    items: &mut Vec<Item>,
    generator: &Node,
    kind: &str,
    entries: Vec<Entry>,
) -> bool {
    let Some(name) = generator.text_of("name") else { return false };
    let field = if kind == "Secret" { "stringData" } else { "data" };
    let is_own = |item: &&mut Item| item.kind() == kind && item.names().any(|own| own == name);
    let behavior = generator.text_of("behavior").unwrap_or("create");
    if behavior != "create" {
        let Some(item) = items.iter_mut().find(is_own) else { return false };
        if behavior == "replace" {
            super::edit::remove(&mut item.node, field);
        }
        let Some(data) = ensure(&mut item.node, field, generator) else { return false };
        put_all(data, entries);
        return true;
    }
    let mut data = map(generator, []);
    put_all(&mut data, entries);
    let named = generator.get("name").unwrap_or(generator);
    let mut metadata = map(named, [("name", text(named, name))]);
    if let Some(namespace) = generator.get("namespace") {
        set(&mut metadata, "namespace", namespace.clone());
    }
    let whole = map(
        generator,
        [
            ("apiVersion", text(generator, "v1")),
            ("kind", text(generator, kind)),
            ("metadata", metadata),
            (field, data),
        ],
    );
    items.push(Item::new(whole));
    true
}

/// Puts entries at the end, in the place of what has their keys; of two with one key the last one counts.
fn put_all(data: &mut Node, entries: Vec<Entry>) {
    let NodeKind::Map(own) = &mut data.kind else { return };
    let mut keys = BTreeSet::new();
    let is_last = |(key, _): &Entry| keys.insert(key.name.clone());
    let mut last: Vec<Entry> = entries.into_iter().rev().filter(is_last).collect();
    last.reverse();
    own.retain(|(known, _)| !keys.contains(&known.name));
    own.extend(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_an_environment() {
        let found = lines("# about\nA=1\n\n B=x=y \nC\n", 10);
        let said: Vec<_> =
            found.iter().map(|(key, node)| (key.line, &*key.name, node.text().unwrap())).collect();
        assert_eq!(said, [(12, "A", "1"), (14, "B", "x=y")]);
    }
}
