//! Strategic merge patches: a part of an object, laid over the whole.

use super::edit::{get_mut, move_key, remove, set};
use crate::node::Walk;
use nutkin_flink::yaml::{Node, NodeKind};

/// Lists whose items are told apart by a key, so that a patch changes one of them (`patchMergeKey` of the types of
/// `k8s.io/api`). All other lists are replaced.
const KEYS: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("env", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("hostAliases", &["ip"]),
    ("imagePullSecrets", &["name"]),
    ("initContainers", &["name"]),
    ("ports", &["containerPort", "port"]),
    ("secrets", &["name"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("volumeDevices", &["devicePath"]),
    ("volumeMounts", &["mountPath"]),
    ("volumes", &["name"]),
];

/// The key of a patch that says what to do with the map or list in which it is.
const DIRECTIVE: &str = "$patch";

/// Lays a patch over an object. `has_keys` says whether Kubernetes knows the types of its lists: those of custom resources it
/// does not, and replaces them.
pub(super) fn lay(base: &mut Node, patch: &Node, has_keys: bool) {
    let NodeKind::Map(changes) = &patch.kind else {
        *base = cleaned(patch);
        return;
    };
    if patch.text_of(DIRECTIVE) == Some("replace") || !matches!(base.kind, NodeKind::Map(_)) {
        *base = cleaned(patch);
        return;
    }
    for (key, value) in changes.iter().filter(|(key, _)| !key.name.starts_with('$')) {
        let is_gone = matches!(value.kind, NodeKind::Null) || deletes(value);
        if is_gone {
            remove(base, &key.name);
        } else if let Some(own) = get_mut(base, &key.name) {
            let is_whole = !matches!(value.kind, NodeKind::Map(_) | NodeKind::List(_));
            let keys = KEYS.iter().find(|(list, _)| has_keys && *list == key.name);
            match (keys, &value.kind) {
                (Some((_, keys)), NodeKind::List(items)) => lay_list(own, value, items, keys),
                _ => lay(own, value, has_keys),
            }
            if is_whole {
                move_key(base, key);
            }
        } else {
            set(base, &key.name, cleaned(value));
            move_key(base, key);
        }
    }
}

/// Whether a part of a patch takes away what it is laid over.
pub(super) fn deletes(patch: &Node) -> bool {
    patch.text_of(DIRECTIVE) == Some("delete")
}

fn lay_list(base: &mut Node, patch: &Node, items: &[Node], keys: &[&str]) {
    let is_replaced = items.iter().any(|item| item.text_of(DIRECTIVE) == Some("replace"));
    let NodeKind::List(own) = &mut base.kind else {
        *base = cleaned(patch);
        return;
    };
    if is_replaced {
        *base = cleaned(patch);
        return;
    }
    // What the patch names comes first, as Kustomize puts it.
    let mut first = Vec::new();
    for item in items {
        let named = keys.iter().find_map(|key| Some((*key, item.text_of(key)?.to_owned())));
        let at = named.and_then(|(key, name)| {
            let protocol = |node: &Node| node.text_of("protocol").unwrap_or("TCP").to_owned();
            own.iter().position(|one| {
                one.text_of(key) == Some(&name)
                    && (key == "name" || protocol(one) == protocol(item))
            })
        });
        match at {
            Some(at) if deletes(item) => drop(own.remove(at)),
            Some(at) => {
                let mut one = own.remove(at);
                lay(&mut one, item, true);
                first.push(one);
            }
            None if deletes(item) => {}
            None => first.push(cleaned(item)),
        }
    }
    own.splice(0..0, first);
}

/// A part of a patch as a value of its own.
fn cleaned(patch: &Node) -> Node {
    let kind = match &patch.kind {
        NodeKind::Map(entries) => NodeKind::Map(
            entries
                .iter()
                .filter(|(key, value)| {
                    !key.name.starts_with('$') && !matches!(value.kind, NodeKind::Null)
                })
                .map(|(key, value)| (key.clone(), cleaned(value)))
                .collect(),
        ),
        NodeKind::List(items) => {
            let is_order = |item: &&Node| item.get(DIRECTIVE).is_none() || 1 < item.entries().len();
            NodeKind::List(items.iter().filter(is_order).map(cleaned).collect())
        }
        other => other.clone(),
    };
    Node { kind, ..*patch }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nutkin_flink::yaml;

    #[track_caller]
    fn check(base: &str, patch: &str, expected: &str) {
        let read = |text: &str| yaml::documents(text, "x.yaml").0.remove(0);
        let mut found = read(base);
        lay(&mut found, &read(patch), true);
        assert_eq!(found.to_json(), read(expected).to_json());
    }

    #[test]
    fn maps_are_merged_and_null_takes_away() {
        check("{a: 1, b: {c: 2, d: 3}}", "{b: {c: null, e: 4}}", "{a: 1, b: {d: 3, e: 4}}");
        check("{a: {b: 1}}", "{a: {$patch: replace, c: 2}}", "{a: {c: 2}}");
        check("{a: {b: 1}, c: 2}", "{a: {$patch: delete}}", "{c: 2}");
        check("{args: [a, b]}", "{args: [c]}", "{args: [c]}");
    }

    #[test]
    fn items_are_told_apart_by_their_keys() {
        check(
            "{containers: [{name: a, image: x}, {name: b, image: y, env: [{name: V, value: w}]}]}",
            "{containers: [{name: b, env: [{name: U, value: t}, {name: V, value: s}]}]}",
            "{containers: [{name: b, image: y, env: [{name: U, value: t}, {name: V, value: s}]}, {name: a, image: x}]}",
        );
        check(
            "{ports: [{port: 53, protocol: UDP}, {port: 53, name: tcp}]}",
            "{ports: [{port: 53, name: new}]}",
            "{ports: [{port: 53, name: new}, {port: 53, protocol: UDP}]}",
        );
        check(
            "{volumeMounts: [{name: a, mountPath: /x}, {name: b, mountPath: /y}]}",
            "{volumeMounts: [{mountPath: /x, $patch: delete}]}",
            "{volumeMounts: [{name: b, mountPath: /y}]}",
        );
        check("{env: [{name: A}]}", "{env: [{$patch: replace}, {name: B}]}", "{env: [{name: B}]}");
        check(
            "{tolerations: [{key: a}]}",
            "{tolerations: [{key: b}]}",
            "{tolerations: [{key: b}]}",
        );
    }
}
