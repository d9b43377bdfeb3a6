//! What Docker Compose says to a service before it starts anything.

use super::{Refusal, words};
use crate::finding::Place;
use crate::node::{Walk, key_place};
use nutkin_flink::yaml::{Key, Node};

/// All that is refused. `open`: other files may have the services and volumes that this one lacks.
pub(super) fn refusals(
    document: &Node,
    file: usize,
    key: &Key,
    service: &Node,
    open: bool,
) -> Vec<Refusal> {
    let mut told = Vec::new();
    for node in service.items_of("environment") {
        if let Some((name, _)) = node.entries().first() {
            let variable = name.name.split('=').next().unwrap_or_default();
            let message = format!(
                "`{variable}` is a map here, because a space follows a colon: quote the whole item, or write it as a block (`|`)"
            );
            told.push(Refusal { place: key_place(name, file), message });
        }
    }
    if !open {
        told.extend(unknown_services(document, file, key, service));
        told.extend(unknown_volumes(document, file, service));
    }
    told
}

fn unknown_services(document: &Node, file: usize, key: &Key, service: &Node) -> Vec<Refusal> {
    let known = document.get("services").map_or(&[][..], Walk::entries);
    let needs = service.get("depends_on");
    let listed = needs.map_or(&[][..], Walk::items).iter();
    let mut needed: Vec<(&str, Place)> =
        listed.filter_map(|node| Some((node.text()?, node.place(file)))).collect();
    let mapped = needs.map_or(&[][..], Walk::entries).iter();
    let is_required = |(_, how): &&(Key, Node)| how.text_of("required") != Some("false");
    needed.extend(
        mapped.filter(is_required).map(|(key, _)| (key.name.as_str(), key_place(key, file))),
    );
    needed.retain(|(name, _)| {
        !name.contains('$') && !known.iter().any(|(known, _)| known.name == *name)
    });
    let refusal = |(name, place): (&str, Place)| {
        let message = format!("`{}` depends on `{name}`, which is not a service", key.name);
        Refusal { place, message }
    };
    needed.into_iter().map(refusal).collect()
}

fn unknown_volumes(document: &Node, file: usize, service: &Node) -> Vec<Refusal> {
    let known = document.get("volumes").map_or(&[][..], Walk::entries);
    let source = |node: &Node| match node.text() {
        Some(text) => words::volume(text).0.map(str::to_owned),
        None if node.text_of("type") == Some("volume") => node.text_of("source").map(str::to_owned),
        None => None,
    };
    let is_unknown = |source: &String| {
        // One letter is a drive of Windows.
        let is_path = source.starts_with(['.', '/', '~']) || source.len() == 1;
        !is_path && !source.contains('$') && !known.iter().any(|(key, _)| key.name == *source)
    };
    let refusal = |node: &Node| {
        let source = source(node).filter(is_unknown)?;
        let message = format!("the volume `{source}` is not among the `volumes` of the file");
        Some(Refusal { place: node.place(file), message })
    };
    service.items_of("volumes").iter().filter_map(refusal).collect()
}
