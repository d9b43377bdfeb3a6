//! Which objects a patch is for.

use super::item::Item;
use crate::node::Walk;
use nutkin_flink::yaml::{Key, Node};

/// Whether a target names an object. `None` where it is written in a way that is not read here.
pub(super) fn names(target: &Node, item: &Item) -> Option<bool> {
    for (key, value) in target.entries() {
        let pattern = value.text()?;
        let fits = match key.name.as_str() {
            "group" => matches(pattern, item.group())?,
            "version" => matches(pattern, item.version())?,
            "kind" => matches(pattern, item.kind())?,
            "name" => any(pattern, item.names())?,
            // What names no namespace is in this one.
            "namespace" => any(
                pattern,
                item.namespaces().map(|own| if own.is_empty() { "default" } else { own }),
            )?,
            "labelSelector" => selects(pattern, item, "metadata/labels")?,
            "annotationSelector" => selects(pattern, item, "metadata/annotations")?,
            _ => return None,
        };
        if !fits {
            return Some(false);
        }
    }
    Some(true)
}

fn any<'t>(pattern: &str, texts: impl Iterator<Item = &'t str>) -> Option<bool> {
    let mut found = false;
    for text in texts {
        found |= matches(pattern, text)?;
    }
    Some(found)
}

/// Whether a regular expression matches a whole text, as far as targets are written with them: letters, `.`, `*`, `+`, `?`
/// behind a letter or a point, `|` between alternatives. Nothing matches everything.
fn matches(pattern: &str, text: &str) -> Option<bool> {
    if pattern.is_empty() {
        return Some(true);
    }
    let mut found = false;
    for one in pattern.split('|') {
        let one = one.strip_prefix('^').unwrap_or(one);
        let one = one.strip_suffix('$').unwrap_or(one);
        found |= is_whole(&parts(one)?, &text.chars().collect::<Vec<_>>());
    }
    Some(found)
}

/// A letter, `None` for any, and how often it may stand: at least, and whether more.
type Part = (Option<char>, usize, bool);

fn parts(pattern: &str) -> Option<Vec<Part>> {
    let mut found: Vec<Part> = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => *found.last_mut()? = (found.last()?.0, 0, true),
            '+' => *found.last_mut()? = (found.last()?.0, 1, true),
            '.' => found.push((None, 1, false)),
            '\\' => match letters.next()? {
                escaped if escaped.is_ascii_alphanumeric() => return None,
                escaped => found.push((Some(escaped), 1, false)),
            },
            '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            letter => found.push((Some(letter), 1, false)),
        }
    }
    Some(found)
}

/// Each part in turn, with all places of the text that may follow: time is the product of both lengths.
fn is_whole(parts: &[Part], text: &[char]) -> bool {
    let mut open = vec![false; text.len() + 1];
    open[0] = true;
    for (letter, least, is_more) in parts {
        let fits = |at: usize| text.get(at).is_some_and(|own| letter.is_none_or(|one| one == *own));
        let mut next = if *least == 0 { open.clone() } else { vec![false; open.len()] };
        for at in 0..text.len() {
            if fits(at) && (open[at] || *is_more && next[at]) {
                next[at + 1] = true;
            }
        }
        open = next;
    }
    open[text.len()]
}

/// Whether labels or annotations fit a selector: `a=b,c!=d,e`.
fn selects(selector: &str, item: &Item, path: &str) -> Option<bool> {
    let own = item.node.at(path).map_or(&[][..], Walk::entries);
    let value = |name: &str| {
        own.iter().find(|(Key { name: own, .. }, _)| own == name).and_then(|(_, node)| node.text())
    };
    for one in selector.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let fits = if let Some((name, wanted)) = one.split_once("!=") {
            value(name.trim()) != Some(wanted.trim())
        } else if let Some((name, wanted)) = one.split_once('=') {
            value(name.trim()) == Some(wanted.trim_start_matches('=').trim())
        } else if one.contains([' ', '(', '!']) {
            return None;
        } else {
            value(one).is_some()
        };
        if !fits {
            return Some(false);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nutkin_flink::yaml;

    #[test]
    fn patterns() {
        #[track_caller]
        fn check(pattern: &str, text: &str, expected: Option<bool>) {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        check("flink-jm", "flink-jm", Some(true));
        check("flink", "flink-jm", Some(false));
        check("flink.*", "flink-jm", Some(true));
        check("^.+-jm$", "flink-jm", Some(true));
        check(".+-jm", "-jm", Some(false));
        check("a*b", "aab", Some(true));
        check("a*b", "b", Some(true));
        check("jm|tm", "tm", Some(true));
        check("", "anything", Some(true));
        check("a\\.b", "acb", Some(false));
        check("(a|b)-tm", "a-tm", None);
    }

    #[test]
    fn targets() {
        #[track_caller]
        fn check(target: &str, expected: Option<bool>) {
            let read = |text: &str| yaml::documents(text, "x.yaml").0.remove(0);
            let object =
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a-jm, labels: {app: a}}}";
            assert_eq!(names(&read(target), &Item::new(read(object))), expected, "{target}");
        }
        check("{kind: Deployment}", Some(true));
        check("{group: apps, version: v1, kind: Deployment, name: .*-jm}", Some(true));
        check("{kind: StatefulSet}", Some(false));
        check("{labelSelector: 'app=a'}", Some(true));
        check("{labelSelector: 'app!=a'}", Some(false));
        check("{labelSelector: 'app in (a, b)'}", None);
        check("{namespace: x}", Some(false));
    }
}
