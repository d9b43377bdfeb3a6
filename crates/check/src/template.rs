//! Templates of OpenShift: their objects, with the values that their parameters have by default.

use std::collections::BTreeMap;

use super::node::Walk;
use nutkin_flink::yaml::{Node, NodeKind};

/// The objects of a template as `oc process` makes them without arguments. A parameter without a value stays as it stands.
pub(super) fn filled(template: &Node) -> Vec<Node> {
    let parameters = template.items_of("parameters").iter();
    let values: BTreeMap<&str, &str> =
        parameters.filter_map(|one| Some((one.text_of("name")?, one.text_of("value")?))).collect();
    let mut objects = template.items_of("objects").to_vec();
    for object in &mut objects {
        fill(object, &values);
    }
    objects
}

/// Keys of an object whose texts no shell looks at: what stands as `${NAME}` there waits for a value.
const PLAIN: [&str; 5] = ["name", "image", "namespace", "app", "replicas"];

/// A parameter of an object that has no value: the `NAME` of `name: ${NAME}`.
pub(super) fn open_in(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().find_map(|(key, node)| {
            let text = node.text().filter(|_| PLAIN.contains(&key.name.as_str()));
            text.and_then(open).or_else(|| open_in(node))
        }),
        NodeKind::List(items) => items.iter().find_map(open_in),
        _ => None,
    }
}

fn open(text: &str) -> Option<&str> {
    text.match_indices("${").find_map(|(at, _)| {
        let name = text[at + 2..].trim_start_matches('{').split('}').next()?;
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
    })
}

fn fill(node: &mut Node, values: &BTreeMap<&str, &str>) {
    match &mut node.kind {
        NodeKind::Text(text) if text.contains("${") => {
            // `${{NAME}}` is the value as YAML, `${NAME}` always text.
            let inner = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
            if let Some(value) = inner.and_then(|name| values.get(name)) {
                node.kind = if value.parse::<f64>().is_ok() {
                    NodeKind::Number((*value).to_owned())
                } else {
                    NodeKind::Text((*value).to_owned())
                };
            } else {
                *text = with_values(text, values);
            }
        }
        NodeKind::List(items) => items.iter_mut().for_each(|item| fill(item, values)),
        NodeKind::Map(entries) => entries.iter_mut().for_each(|(_, item)| fill(item, values)),
        _ => {}
    }
}

fn with_values(text: &str, values: &BTreeMap<&str, &str>) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        made.push_str(before);
        let name = after.split('}').next().unwrap_or_default();
        if let Some(value) = values.get(name) {
            made.push_str(value);
            rest = &after[name.len() + 1..];
        } else {
            made.push_str("${");
            rest = after;
        }
    }
    made.push_str(rest);
    made
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{open, with_values};

    #[test]
    fn parameters_get_their_values() {
        let values = BTreeMap::from([("NAME", "orders"), ("N", "2")]);
        assert_eq!(with_values("${NAME}-jm:${N}${X}${", &values), "orders-jm:2${X}${");
        assert_eq!(
            (open("a ${X}"), open("$(X) ${a b} $X"), open("${{N}}")),
            (Some("X"), None, Some("N"))
        );
    }
}
