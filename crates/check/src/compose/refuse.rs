//! What Docker Compose says to a service before it starts anything.

use std::collections::BTreeMap;

use super::{NEEDLESS, Refusal, fields, words};
use crate::finding::Place;
use crate::node::{Walk, key_place};
use nutkin_flink::yaml::{Key, Node};

/// What is wrong with a file as a whole: keys that appear twice, and words in the place of a section.
pub(super) fn of_document(document: &Node, file: usize) -> Vec<Refusal> {
    let mut told = Vec::new();
    twice(document, file, &mut told);
    fields::of_map(document, "a Compose file", &fields::OF_FILE, file, &mut told);
    told.extend(circle(document, file));
    told
}

/// The first services that wait for each other in a circle, at the one with which it begins.
fn circle(document: &Node, file: usize) -> Option<Refusal> {
    let services = document.get("services")?;
    let all: BTreeMap<&str, Vec<&str>> =
        services.entries().iter().map(|(key, one)| (key.name.as_str(), needs(one))).collect();
    // What needs nobody that is not done yet is done: what is left is in a circle, or needs one.
    let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, needs) in &all {
        let needs = needs.iter().filter(|need| all.contains_key(**need));
        left.insert(name, needs.clone().count());
        needs.for_each(|need| waiting.entry(need).or_default().push(name));
    }
    let mut done: Vec<&str> =
        left.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    while let Some(name) = done.pop() {
        left.remove(name);
        for user in waiting.remove(name).unwrap_or_default() {
            if let Some(count) = left.get_mut(user) {
                *count -= 1;
                if *count == 0 {
                    done.push(user);
                }
            }
        }
    }
    let first = services.entries().iter().find(|(key, _)| left.contains_key(key.name.as_str()));
    let mut path = vec![first?.0.name.as_str()];
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let from = loop {
        let last = *path.last()?;
        if let Some(from) = seen.insert(last, path.len() - 1) {
            break from;
        }
        path.push(all.get(last)?.iter().copied().find(|need| left.contains_key(need))?);
    };
    path.drain(..from);
    let message = format!("services wait for each other in a circle: {}", path.join(", "));
    let (at, _) = services.get(path.first()?)?.entry("depends_on")?;
    Some(Refusal { place: key_place(at, file), message, cure: Some(NEEDLESS) })
}

/// The services that one waits for.
fn needs(service: &Node) -> Vec<&str> {
    let needs = service.get("depends_on");
    let listed = needs.map_or(&[][..], Walk::items).iter().filter_map(Walk::text);
    let mapped = needs.map_or(&[][..], Walk::entries).iter().map(|(key, _)| key.name.as_str());
    listed.chain(mapped).collect()
}

/// Keys that appear twice in one map, which YAML does not allow.
fn twice(node: &Node, file: usize, told: &mut Vec<Refusal>) {
    let mut lines: BTreeMap<&str, u32> = BTreeMap::new();
    for (key, value) in node.entries() {
        if let Some(first) = lines.insert(&key.name, key.line) {
            let message =
                format!("the key `{}` appears a second time; it was on line {first}", key.name);
            told.push(Refusal::new(key_place(key, file), message));
        }
        twice(value, file, told);
    }
    node.items().iter().for_each(|item| twice(item, file, told));
}

/// All that is refused. `open`: other files may have the services and volumes that this one lacks, or nobody asks for them.
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
            let place = key_place(name, file);
            told.push(Refusal { place, message, cure: Some("the line is read as it was meant") });
        }
    }
    fields::of_map(service, "a service", &fields::OF_SERVICE, file, &mut told);
    told.extend(one_name(file, key, service));
    told.extend(amounts(file, service));
    told.extend(two_networks(file, key, service));
    told.extend(ports(file, service));
    if !open {
        told.extend(unknown_network(document, file, key, service));
        told.extend(unknown_services(document, file, key, service));
        told.extend(unknown_volumes(document, file, service));
        for section in ["networks", "configs", "secrets"] {
            told.extend(unknown(section, document, file, key, service));
        }
        let has_image =
            ["image", "build", "provider"].iter().any(|field| service.get(field).is_some());
        if !has_image {
            let message = format!("`{}` has neither an image nor a build", key.name);
            told.push(Refusal::new(key_place(key, file), message));
        }
    }
    told
}

/// One name for several containers.
fn one_name(file: usize, key: &Key, service: &Node) -> Option<Refusal> {
    let (name, _) = service.entry("container_name")?;
    let count = service.at("deploy/replicas").or_else(|| service.get("scale"))?.whole()?;
    let message = format!("`{}` has one `container_name` for {count} containers", key.name);
    (1 < count).then(|| Refusal { place: key_place(name, file), message, cure: Some(NEEDLESS) })
}

/// Numbers that are not, and amounts that are said twice.
fn amounts(file: usize, service: &Node) -> Vec<Refusal> {
    let mut told = Vec::new();
    let mut add = |node: &Node, message: String| {
        told.push(Refusal::new(node.place(file), message));
    };
    let text = |path: &str| {
        let node = service.at(path)?;
        Some((node, node.text().filter(|text| !text.contains('$'))?))
    };
    for path in ["deploy/replicas", "scale"] {
        if let Some((node, text)) = text(path).filter(|(node, _)| node.whole().is_none()) {
            add(node, format!("`{text}` is not a number of containers"));
        }
    }
    for path in ["mem_limit", "mem_reservation", "deploy/resources/limits/memory"] {
        if let Some((node, text)) = text(path).filter(|(_, text)| words::bytes(text).is_none()) {
            add(node, format!("`{text}` is not an amount of memory"));
        }
    }
    if let (Some((one, count)), Some((_, other))) = (text("scale"), text("deploy/replicas"))
        && count != other
    {
        add(one, format!("`scale` is {count} and `deploy.replicas` {other}"));
    }
    let limit = text("deploy/resources/limits/memory");
    if let (Some((one, amount)), Some((_, other))) = (text("mem_limit"), limit)
        && words::bytes(amount) != words::bytes(other)
    {
        add(one, format!("`mem_limit` is {amount} and `deploy.resources.limits.memory` {other}"));
    }
    told
}

/// A network of its own and that of somebody else.
fn two_networks(file: usize, key: &Key, service: &Node) -> Option<Refusal> {
    let ((mode, _), networks) = (service.entry("network_mode")?, service.get("networks")?);
    let has_some = !networks.items().is_empty() || !networks.entries().is_empty();
    let message =
        format!("`{}` has `network_mode` and `networks`, which exclude each other", key.name);
    has_some.then(|| Refusal::new(key_place(mode, file), message))
}

/// The network of a service that there is not.
fn unknown_network(document: &Node, file: usize, key: &Key, service: &Node) -> Option<Refusal> {
    let mode = service.get("network_mode")?;
    let name = mode.text()?.strip_prefix("service:").filter(|name| !name.contains('$'))?;
    let message = format!("`{}` has the network of `{name}`, which is not a service", key.name);
    let is_known = document.get("services").is_some_and(|all| all.get(name).is_some());
    (!is_known).then(|| Refusal::new(mode.place(file), message))
}

/// What begins like a variable in the texts of a service before they are filled in, and is none: Compose takes `$$` for a
/// dollar sign that is meant.
pub(super) fn interpolation(node: &Node, file: usize, told: &mut Vec<Refusal>) {
    if let Some(part) = node.text().and_then(broken_variable) {
        let message = format!("`{part}` is not a variable; `$$` is a dollar sign");
        told.push(Refusal::new(node.place(file), message));
    }
    node.items().iter().for_each(|item| interpolation(item, file, told));
    node.entries().iter().for_each(|(_, value)| interpolation(value, file, told));
}

/// The part of a text that begins like a variable in braces and is none (`template/template.go` of compose-go).
fn broken_variable(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        rest = after.strip_prefix('$').unwrap_or(after);
        let Some(inner) = after.strip_prefix('{') else { continue };
        let is_named = inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !is_named || !inner.contains('}') {
            let end = inner.find(['}', '\n', ' ']).map_or(inner.len(), |at| at + 1);
            return Some(format!("${{{}", inner[..end].trim_end()));
        }
    }
    None
}

/// Published ports that are not ports.
fn ports(file: usize, service: &Node) -> Vec<Refusal> {
    let refusal = |node: &Node| {
        let text =
            node.text().filter(|text| !text.contains('$') && words::ports(text).is_none())?;
        let message =
            format!("`{text}` is not a port, nor a port of the host and one of the container");
        Some(Refusal::new(node.place(file), message))
    };
    service.items_of("ports").iter().filter_map(refusal).collect()
}

/// Networks, configs and secrets that a service names and the file does not have.
fn unknown(section: &str, document: &Node, file: usize, key: &Key, service: &Node) -> Vec<Refusal> {
    let known = document.get(section).map_or(&[][..], Walk::entries);
    let listed = service.items_of(section).iter();
    let name = |node: &Node| {
        let name = node.text().or_else(|| node.text_of("source"))?;
        Some((name.to_owned(), node.place(file)))
    };
    let mapped = service.get(section).map_or(&[][..], Walk::entries).iter();
    let mut named: Vec<(String, Place)> = listed.filter_map(name).collect();
    named.extend(mapped.map(|(key, _)| (key.name.clone(), key_place(key, file))));
    named.retain(|(name, _)| {
        name != "default"
            && !name.contains('$')
            && !known.iter().any(|(known, _)| known.name == *name)
    });
    let refusal = |(name, place): (String, Place)| {
        let message = format!(
            "`{}` names `{name}`, which is not among the `{section}` of the file",
            key.name
        );
        Refusal { place, message, cure: (section == "networks").then_some(NEEDLESS) }
    };
    named.into_iter().map(refusal).collect()
}

/// Services that one needs, each with the place that says so.
pub(super) fn needed(file: usize, service: &Node) -> Vec<(&str, Place)> {
    let needs = service.get("depends_on");
    let listed = needs.map_or(&[][..], Walk::items).iter();
    let mut needed: Vec<(&str, Place)> =
        listed.filter_map(|node| Some((node.text()?, node.place(file)))).collect();
    let mapped = needs.map_or(&[][..], Walk::entries).iter();
    let is_required = |(_, how): &&(Key, Node)| how.text_of("required") != Some("false");
    needed.extend(
        mapped.filter(is_required).map(|(key, _)| (key.name.as_str(), key_place(key, file))),
    );
    needed
}

fn unknown_services(document: &Node, file: usize, key: &Key, service: &Node) -> Vec<Refusal> {
    let known = document.get("services").map_or(&[][..], Walk::entries);
    let mut needed = needed(file, service);
    needed.retain(|(name, _)| {
        !name.contains('$') && !known.iter().any(|(known, _)| known.name == *name)
    });
    let refusal = |(name, place): (&str, Place)| {
        let message = format!("`{}` depends on `{name}`, which is not a service", key.name);
        Refusal { place, message, cure: Some(NEEDLESS) }
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
        Some(Refusal { place: node.place(file), message, cure: Some(NEEDLESS) })
    };
    service.items_of("volumes").iter().filter_map(refusal).collect()
}

#[cfg(test)]
mod tests {
    use super::broken_variable;

    #[test]
    fn variables_that_are_none() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            assert_eq!(broken_variable(text).as_deref(), expected, "{text}");
        }
        check("-Dx=${", Some("${"));
        check("-Dx=${1bad} y", Some("${1bad}"));
        check("${A} ${B:-${C}} $D", None);
        check("$${1} $$", None);
        check("${OPEN", Some("${OPEN"));
    }
}
