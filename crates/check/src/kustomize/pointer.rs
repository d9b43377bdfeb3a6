//! JSON patches (RFC 6902): a list of operations at paths.

use super::edit::{get_mut, move_key, remove, set};
use crate::node::Walk;
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// Carries out a list of operations. `None` where Kustomize would stop: a path that is not there, a test that fails.
pub(super) fn carry_out(node: &mut Node, operations: &[Node]) -> Option<()> {
    operations.iter().try_for_each(|operation| {
        let path = operation.text_of("path")?;
        let value = || operation.get("value").cloned();
        match operation.text_of("op")? {
            "add" => put(node, path, value()?, true),
            "replace" => put(node, path, value()?, false),
            "remove" => take(node, path).map(drop),
            "move" => {
                let value = take(node, operation.text_of("from")?)?;
                put(node, path, value, true)
            }
            "copy" => {
                let value = at(node, operation.text_of("from")?)?.clone();
                put(node, path, value, true)
            }
            "test" => (at(node, path)?.to_json() == value()?.to_json()).then_some(()),
            _ => None,
        }
    })
}

/// The parts of a path; `~1` in it is a slash, `~0` a tilde.
fn parts(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix('/')?;
    Some(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

fn step<'a>(node: &'a mut Node, part: &str) -> Option<&'a mut Node> {
    if matches!(node.kind, NodeKind::Map(_)) {
        return get_mut(node, part);
    }
    let NodeKind::List(items) = &mut node.kind else { return None };
    items.get_mut(part.parse::<usize>().ok()?)
}

/// The node that holds the last part of a path.
fn parent<'a>(node: &'a mut Node, path: &str) -> Option<(&'a mut Node, String)> {
    let mut parts = parts(path)?;
    let last = parts.pop()?;
    let parent = parts.iter().try_fold(node, |node, part| step(node, part))?;
    Some((parent, last))
}

fn at<'a>(node: &'a mut Node, path: &str) -> Option<&'a mut Node> {
    let (parent, last) = parent(node, path)?;
    step(parent, &last)
}

fn put(node: &mut Node, path: &str, value: Node, is_new: bool) -> Option<()> {
    let (parent, last) = parent(node, path)?;
    match &mut parent.kind {
        NodeKind::List(items) if last == "-" => items.push(value),
        NodeKind::List(items) => {
            let index = last.parse::<usize>().ok()?;
            if is_new && index <= items.len() {
                items.insert(index, value);
            } else {
                *items.get_mut(index)? = value;
            }
        }
        NodeKind::Map(_) => {
            if !is_new {
                parent.get(&last)?;
            }
            // The lines of a text are those below its key.
            let (line, column) = (value.line.saturating_sub(u32::from(value.block)), value.column);
            set(parent, &last, value);
            move_key(parent, &Key { name: last, line, column });
        }
        _ => return None,
    }
    Some(())
}

fn take(node: &mut Node, path: &str) -> Option<Node> {
    let (parent, last) = parent(node, path)?;
    if let NodeKind::List(items) = &mut parent.kind {
        let index = last.parse::<usize>().ok()?;
        return (index < items.len()).then(|| items.remove(index));
    }
    let value = parent.get(&last)?.clone();
    remove(parent, &last);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nutkin_flink::yaml;

    #[track_caller]
    fn check(base: &str, operations: &str, expected: Option<&str>) {
        let read = |text: &str| yaml::documents(text, "x.yaml").0.remove(0);
        let mut found = read(base);
        let done = carry_out(&mut found, read(operations).items());
        let found = done.map(|()| found.to_json());
        assert_eq!(found, expected.map(|text| read(text).to_json()), "{operations}");
    }

    #[test]
    fn operations() {
        let base = "{a: {b/c: 1, d: [x, y]}}";
        check(base, "[{op: replace, path: /a/b~1c, value: 2}]", Some("{a: {b/c: 2, d: [x, y]}}"));
        check(base, "[{op: add, path: /a/d/-, value: z}]", Some("{a: {b/c: 1, d: [x, y, z]}}"));
        check(base, "[{op: add, path: /a/d/0, value: z}]", Some("{a: {b/c: 1, d: [z, x, y]}}"));
        check(
            base,
            "[{op: add, path: /a/e, value: {f: 1}}]",
            Some("{a: {b/c: 1, d: [x, y], e: {f: 1}}}"),
        );
        check(base, "[{op: remove, path: /a/d/1}]", Some("{a: {b/c: 1, d: [x]}}"));
        check(base, "[{op: move, from: /a/d/1, path: /e}]", Some("{a: {b/c: 1, d: [x]}, e: y}"));
        check(base, "[{op: copy, from: /a/d/1, path: /e}]", Some("{a: {b/c: 1, d: [x, y]}, e: y}"));
        check(base, "[{op: test, path: /a/d/1, value: y}]", Some(base));
    }

    #[test]
    fn what_stops_kustomize() {
        let base = "{a: {d: [x]}}";
        check(base, "[{op: replace, path: /a/e, value: 1}]", None);
        check(base, "[{op: remove, path: /b}]", None);
        check(base, "[{op: add, path: /b/c, value: 1}]", None);
        check(base, "[{op: replace, path: /a/d/1, value: 1}]", None);
        check(base, "[{op: test, path: /a/d/0, value: y}]", None);
        check(base, "[{op: other, path: /a}]", None);
    }
}
