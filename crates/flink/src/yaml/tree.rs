//! YAML as a tree in which every node knows its place, typed as kubectl types it.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use crate::{Fault, Location, Problem};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Line, counted from 1.
    pub line: u32,
    /// Column, counted from 1.
    pub column: u32,
    /// Text written as a literal block (`|`): its lines are lines of the file, from the one below its key on.
    pub block: bool,
    /// The value.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `yes`, `on` and their opposites: what kubectl's YAML 1.1 makes of bare words.
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file. Keys are unique, unless [`forgiving`] read it.
    Map(Vec<(Key, Node)>),
}

/// The key of a map's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub name: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Column, counted from 1.
    pub column: u32,
}

/// Deepest nesting that is read: far beyond any session file, and safe for the stack.
const DEEPEST: usize = 128;

/// Most nodes that the aliases of a text may bring in: far beyond any manifest, and safe for the memory.
const MOST_OF_ALIASES: usize = 100_000;

/// Most nodes of a text: more than a List of ten thousand objects has, and safe for the memory.
const MOST_NODES: usize = 500_000;

/// Reads all documents of a text. Duplicate keys are problems; a syntax error ends the reading.
pub fn documents(text: &str, file: &str) -> (Vec<Node>, Vec<Problem>) {
    let mut reader = Reader::new(file);
    reader.read(text, 0);
    (reader.documents, reader.problems)
}

/// Reads what can be read, for looking at files that others wrote: a broken document does not hide the
/// next, and a key may appear twice. The problems are those of the syntax only.
pub fn forgiving(text: &str, file: &str) -> (Vec<Node>, Vec<Problem>) {
    in_parts(text, Reader { forgiving: true, ..Reader::new(file) })
}

/// The same, with tags of an application, such as Compose's `!reset`: what has one is a map with the tag as its only
/// key.
pub fn tagged(text: &str, file: &str) -> (Vec<Node>, Vec<Problem>) {
    in_parts(text, Reader { forgiving: true, keeps_tags: true, ..Reader::new(file) })
}

fn in_parts(text: &str, mut reader: Reader<'_>) -> (Vec<Node>, Vec<Problem>) {
    let mut first_line = 0;
    let mut start = 0;
    let mut here = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let end = line.trim_end();
        if 0 < here && (end == "---" || line.starts_with("--- ")) {
            reader.read(&text[start..here], first_line);
            if reader.is_full() {
                return (reader.documents, reader.problems);
            }
            (start, first_line) = (here, number(index));
        }
        here += line.len();
    }
    reader.read(&text[start..], first_line);
    (reader.documents, reader.problems)
}

struct Reader<'a> {
    file: &'a str,
    problems: Vec<Problem>,
    open: Vec<Open>,
    documents: Vec<Node>,
    /// What `&name` named, and of how many nodes it is.
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    /// How many of the nodes came from aliases.
    copied: usize,
    /// A key may appear twice, and what is left of a broken document is dropped.
    forgiving: bool,
    /// Tags of an application become keys.
    keeps_tags: bool,
}

struct Open {
    place: (u32, u32),
    anchor: usize,
    tag: Option<String>,
    nodes_before: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    /// Entries, the key whose value comes, and the lines of the keys where none may appear twice.
    Map(Vec<(Key, Node)>, Option<Key>, BTreeMap<String, u32>),
}

impl<'a> Reader<'a> {
    const fn new(file: &'a str) -> Self {
        Self {
            file,
            problems: Vec::new(),
            open: Vec::new(),
            documents: Vec::new(),
            anchors: BTreeMap::new(),
            nodes: 0,
            copied: 0,
            forgiving: false,
            keeps_tags: false,
        }
    }

    /// Reads a text that begins below the given number of lines of the file.
    fn read(&mut self, text: &str, above: u32) {
        let before = self.documents.len();
        for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
            match event {
                Ok((event, span)) => {
                    let line = number(span.start.line()).saturating_add(above);
                    if !self.event(event, (line, number(span.start.col() + 1))) {
                        break;
                    }
                }
                Err(error) => {
                    let marker = error.marker();
                    let line = number(marker.line()).saturating_add(above);
                    let place = (line, number(marker.col() + 1));
                    self.problem(place, format!("this is not YAML: {}", error.info()));
                    break;
                }
            }
        }
        if self.forgiving {
            if !self.open.is_empty() {
                // What is left of a broken document says nothing that can be relied on.
                self.open.clear();
                self.documents.truncate(before);
            }
            // The next part begins with anchors of its own.
            self.anchors.clear();
        }
    }

    /// Whether the text has as much as is read.
    const fn is_full(&self) -> bool {
        MOST_NODES < self.nodes || MOST_OF_ALIASES < self.copied
    }

    /// Takes one event; false when reading on makes no sense.
    fn event(&mut self, event: Event<'_>, place: (u32, u32)) -> bool {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let own = self.tag_of(tag.as_deref());
                let is_text = style != ScalarStyle::Plain || tag.is_some() && own.is_none();
                let kind = if is_text { NodeKind::Text(text.into_owned()) } else { plain(&text) };
                self.nodes += 1;
                let block = style == ScalarStyle::Literal;
                self.named(anchor, with_tag(own, node(place, block, kind)), 1);
            }
            Event::SequenceStart(_, anchor, tag) => {
                let tag = self.tag_of(tag.as_deref());
                self.begin(place, anchor, tag, Content::List(Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                let tag = self.tag_of(tag.as_deref());
                self.begin(place, anchor, tag, Content::Map(Vec::new(), None, BTreeMap::new()));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let size = self.nodes - open.nodes_before;
                    // Most have one or two entries, for which a vector that grows takes the room of four.
                    let kind = match open.content {
                        Content::List(mut items) => {
                            items.shrink_to_fit();
                            NodeKind::List(items)
                        }
                        Content::Map(entries, ..) => {
                            let mut entries = merged(entries);
                            entries.shrink_to_fit();
                            NodeKind::Map(entries)
                        }
                    };
                    let made = with_tag(open.tag, node(open.place, false, kind));
                    self.named(open.anchor, made, size);
                }
            }
            Event::Alias(id) => {
                let Some((named, size)) = self.anchors.get(&id).cloned() else {
                    self.problem(place, "an alias stands inside of what it names".to_owned());
                    return false;
                };
                self.nodes += size;
                self.copied += size;
                self.finish(node(place, false, named.kind));
            }
            _ => {}
        }
        if self.is_full() {
            let message = if MOST_OF_ALIASES < self.copied {
                "this is too large once its aliases are written out".to_owned()
            } else {
                format!("this has more than {MOST_NODES} values: divide the file")
            };
            self.problem(place, message);
            return false;
        }
        if DEEPEST < self.open.len() {
            self.problem(place, "this is nested too deeply".to_owned());
            return false;
        }
        true
    }

    /// The tag of an application, where these are kept.
    fn tag_of(&self, tag: Option<&Tag>) -> Option<String> {
        let tag = tag.filter(|tag| self.keeps_tags && tag.handle() == "!")?;
        Some(format!("!{}", tag.suffix()))
    }

    fn begin(&mut self, place: (u32, u32), anchor: usize, tag: Option<String>, content: Content) {
        self.open.push(Open { place, anchor, tag, nodes_before: self.nodes, content });
        self.nodes += 1;
    }

    /// Finishes a node that an alias may name later.
    fn named(&mut self, anchor: usize, node: Node, size: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        self.finish(node);
    }

    fn finish(&mut self, node: Node) {
        let (line, column) = (node.line, node.column);
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.documents.push(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(entries, key, lines)) => {
                if let Some(key) = key.take() {
                    let first = match lines.get(&key.name) {
                        Some(first) if !self.forgiving => *first,
                        _ => {
                            if !self.forgiving {
                                lines.insert(key.name.clone(), key.line);
                            }
                            entries.push((key, node));
                            return;
                        }
                    };
                    let message = format!(
                        "the key `{}` appears a second time; it was on line {first}",
                        key.name
                    );
                    self.problem((key.line, key.column), message);
                    if let Some(problem) = self.problems.last_mut() {
                        problem.fault = Fault::RepeatedKey;
                    }
                    return;
                }
                let name = match node.kind {
                    NodeKind::Text(text) | NodeKind::Number(text) => text,
                    NodeKind::Bool(value) => value.to_string(),
                    _ => {
                        self.problem((line, column), "a key must be a word".to_owned());
                        String::new()
                    }
                };
                if let Some(Open { content: Content::Map(_, key, _), .. }) = self.open.last_mut() {
                    *key = Some(Key { name, line, column });
                }
            }
        }
    }

    fn problem(&mut self, (line, column): (u32, u32), message: String) {
        let location =
            Location { file: self.file.to_owned(), line: Some(line), column: Some(column) };
        self.problems.push(Problem::new("", message).at(location));
    }
}

const fn node((line, column): (u32, u32), block: bool, kind: NodeKind) -> Node {
    Node { line, column, block, kind }
}

/// A node below its tag.
fn with_tag(tag: Option<String>, tagged: Node) -> Node {
    let Some(name) = tag else { return tagged };
    let (line, column) = (tagged.line, tagged.column);
    let kind = NodeKind::Map(vec![(Key { name, line, column }, tagged)]);
    node((line, column), false, kind)
}

/// A map with what its `<<` brings in: entries that it does not have itself.
fn merged(mut entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
    let Some(index) = entries.iter().position(|(key, node)| {
        key.name == "<<" && matches!(node.kind, NodeKind::Map(_) | NodeKind::List(_))
    }) else {
        return entries;
    };
    let (_, node) = entries.remove(index);
    let sources = match node.kind {
        NodeKind::List(items) => items,
        _ => vec![node],
    };
    let mut known: BTreeSet<String> = entries.iter().map(|(key, _)| key.name.clone()).collect();
    for source in sources {
        let NodeKind::Map(more) = source.kind else { continue };
        entries.extend(more.into_iter().filter(|(key, _)| known.insert(key.name.clone())));
    }
    entries
}

fn plain(text: &str) -> NodeKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return NodeKind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return NodeKind::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return NodeKind::Bool(false);
        }
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && (text.parse::<f64>().is_ok() || is_prefixed(digits));
    if is_number { NodeKind::Number(text.to_owned()) } else { NodeKind::Text(text.to_owned()) }
}

/// `0x1F`, `0o17`, `0b1`.
fn is_prefixed(digits: &str) -> bool {
    [("0x", 16), ("0o", 8), ("0b", 2)].iter().any(|(prefix, radix)| {
        digits.strip_prefix(prefix).is_some_and(|rest| u64::from_str_radix(rest, *radix).is_ok())
    })
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Node {
    /// The node as JSON, for what is handed on as it is.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(value) => Value::Bool(*value),
            NodeKind::Number(text) => integer(text)
                .map(Value::from)
                .or_else(|| serde_json::Number::from_f64(text.parse().ok()?).map(Value::Number))
                .unwrap_or_else(|| Value::String(text.clone())),
            NodeKind::Text(text) => Value::String(text.clone()),
            NodeKind::List(items) => items.iter().map(Self::to_json).collect(),
            NodeKind::Map(entries) => {
                entries.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect()
            }
        }
    }

    /// What it is, for messages: `a number`, `text`.
    pub const fn describe(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Bool(_) => "true or false",
            NodeKind::Number(_) => "a number",
            NodeKind::Text(_) => "text",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }
}

/// A whole number as kubectl reads it: `0x1F`, `0o17`, `0b1`, and the old octal `0644` of file modes.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_octal = 1 < digits.len() && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let radixes = [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)];
    let number = radixes
        .iter()
        .filter(|(prefix, _)| *prefix != "0" || is_octal)
        .find_map(|(prefix, radix)| i64::from_str_radix(digits.strip_prefix(prefix)?, *radix).ok())
        .or_else(|| digits.parse().ok())?;
    Some(sign * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<serde_json::Value, &str>) {
        let (documents, problems) = documents(text, "f");
        match expected {
            Ok(value) => {
                assert_eq!(problems, [], "{text}");
                assert_eq!(documents.first().map(Node::to_json), Some(value), "{text}");
            }
            Err(message) => {
                assert!(problems.iter().any(|one| one.message.contains(message)), "{problems:?}");
            }
        }
    }

    #[test]
    fn numbers_are_those_of_kubectl() {
        let expected = serde_json::json!([420, 420, 31, -8, 644.5, "0644", 0, 1.5]);
        check("[0644, 0o644, 0x1F, -010, 644.5, '0644', 0, 1.50]", Ok(expected));
    }

    #[test]
    fn aliases_and_merged_maps() {
        let text = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, x: 3}\n";
        let expected = serde_json::json!({
            "a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"x": 3, "y": 2},
        });
        check(text, Ok(expected));
        check("a: &a [*a]\n", Err("inside of what it names"));
    }

    #[test]
    fn tags_of_an_application_are_kept_where_they_are_asked_for() {
        let text = "a: !reset []\nb: !override\n  c: 1\nd: !reset null\ne: !!str 1\n";
        let (documents, problems) = tagged(text, "f");
        assert_eq!(problems, []);
        let expected = serde_json::json!({
            "a": {"!reset": []}, "b": {"!override": {"c": 1}}, "d": {"!reset": null}, "e": "1",
        });
        assert_eq!(documents.first().map(Node::to_json), Some(expected));
        let plain = serde_json::json!({"a": [], "b": {"c": 1}, "d": "null", "e": "1"});
        check(text, Ok(plain));
    }

    #[test]
    fn a_long_text_is_read_and_too_long_a_one_is_told_once() {
        let list = |length: usize| "- {a: b, c: d, e: f}\n".repeat(length);
        let (documents, problems) = forgiving(&list(30_000), "f");
        assert!(problems.is_empty() && documents.len() == 1, "{problems:?}");
        let (_, problems) = forgiving(&list(100_000), "f");
        assert_eq!(problems.len(), 1, "{problems:?}");
        let (_, problems) = forgiving(&"---\na: {b: c, d: e}\n".repeat(100_000), "f");
        assert!(problems.len() == 1 && problems[0].message.contains("divide"), "{problems:?}");
    }

    #[test]
    fn aliases_cannot_fill_the_memory() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let inner = vec![format!("*a{}", level - 1); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
        }
        check(&text, Err("too large"));
    }
}
