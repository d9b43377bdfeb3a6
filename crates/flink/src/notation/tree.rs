//! A YAML document as a tree, built from the parser's events the way snakeyaml-engine builds its own.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::node::{Node, Pair};
use super::scalar;
use super::tabs::{self, Kind, Part};
use crate::java_double;

/// Why a text is not a document that Flink reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Line, counted from 1.
    pub(crate) line: u32,
    /// Column, counted from 1.
    pub(crate) column: u32,
    /// What is wrong, without any value.
    pub(crate) message: String,
}

/// Aliases of collections that the library expands before it suspects an attack
/// (`LoadSettings.maxAliasesForCollections`).
const MAX_COLLECTION_ALIASES: usize = 50;

/// Nodes that aliases of aliases may grow to; a configuration has a thousand at most.
const MAX_NODES: usize = 100_000;

/// Reads the only document of a text; `None` when it has none.
///
/// # Errors
/// The first fault: what follows one cannot be trusted.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    let mut builder = Builder::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parts = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Fault {
            line: number(error.marker().line()),
            column: number(error.marker().col() + 1),
            message: format!("no YAML: {}", error.kind_text()),
        })?;
        let (line, column) = (number(span.start.line()), number(span.start.col() + 1));
        if let Some(kind) = kind(&event) {
            parts.push(Part { start: span.start.index(), end: span.end.index(), kind });
        }
        builder.event(event, line).map_err(|message| Fault { line, column, message })?;
    }
    parts.sort_by_key(|part| part.start);
    if let Some((line, column)) = tabs::first_bad(text, &parts) {
        let message = "a tab stands where Flink's YAML library takes only blanks".to_owned();
        return Err(Fault { line: number(line), column: number(column), message });
    }
    Ok(builder.root)
}

/// What of the text may hold tabs.
fn kind(event: &Event<'_>) -> Option<Kind> {
    match event {
        Event::Comment(..) => Some(Kind::Comment),
        Event::Scalar(_, ScalarStyle::Plain, ..) => Some(Kind::Plain),
        Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => Some(Kind::Block),
        Event::Scalar(..) => Some(Kind::Quoted),
        _ => None,
    }
}

/// A message of the parser without the source text that it may quote.
trait KindText {
    fn kind_text(&self) -> String;
}

impl KindText for granit_parser::ScanError {
    fn kind_text(&self) -> String {
        // The parser's own words name characters and tokens of YAML, never a scalar.
        self.info()
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    documents: usize,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, usize)>,
    collection_aliases: usize,
    nodes: usize,
}

/// A collection that has begun and not ended.
struct Open {
    anchor: usize,
    nodes_before: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { pairs: Vec<Pair>, key: Option<(u32, Node)> },
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: u32) -> Result<(), String> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err("a second document begins here; Flink takes only one".to_owned());
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = scalar_node(&text, style, tag.as_deref())?;
                self.nodes += 1;
                self.finish(node, anchor, 1, line)
            }
            Event::SequenceStart(_, anchor, tag) => {
                collection_tag(tag.as_deref(), "seq")?;
                self.begin(anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                collection_tag(tag.as_deref(), "map")?;
                self.begin(anchor, Content::Map { pairs: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let size = self.nodes - open.nodes_before;
                let node = match open.content {
                    Content::List(items) => Node::List(items),
                    Content::Map { pairs, .. } => Node::Map(pairs),
                };
                self.finish(node, open.anchor, size, line)
            }
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return Err("an alias stands inside of what it names".to_owned());
                };
                if matches!(node, Node::List(_) | Node::Map(_)) {
                    self.collection_aliases += 1;
                }
                self.nodes += size;
                if self.collection_aliases > MAX_COLLECTION_ALIASES || self.nodes > MAX_NODES {
                    return Err("too many aliases".to_owned());
                }
                self.finish(node, 0, size, line)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, content: Content) -> Result<(), String> {
        let nodes_before = self.nodes;
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err("too large for a configuration".to_owned());
        }
        self.open.push(Open { anchor, nodes_before, content });
        Ok(())
    }

    /// Puts a whole node where it belongs.
    fn finish(&mut self, node: Node, anchor: usize, size: usize, line: u32) -> Result<(), String> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { pairs, key }) => match key.take() {
                None => {
                    if pairs.iter().any(|pair| pair.key == node) {
                        return Err(match node {
                            Node::Text(name) => format!("the key `{name}` appears twice"),
                            _ => "a key appears twice".to_owned(),
                        });
                    }
                    *key = Some((line, node));
                }
                Some((line, key)) => pairs.push(Pair { line, key, value: node }),
            },
        }
        Ok(())
    }
}

fn scalar_node(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Node, String> {
    let quoted = || Node::Text(text.to_owned());
    let Some(tag) = tag else {
        return if style == ScalarStyle::Plain {
            scalar::resolve(text).map_err(|message| format!("the value {message}"))
        } else {
            Ok(quoted())
        };
    };
    let node = match tag.core_suffix() {
        Some("str") => Ok(quoted()),
        Some("int") => scalar::int(text),
        // Written out, the tag lets through what Java's own parser reads.
        Some("float") => scalar::float(text)
            .or_else(|fault| java_double::parse(text).map(Node::Float).ok_or(fault)),
        // The library makes nothing of a word that is not a boolean.
        Some("bool") => Ok(match text.to_ascii_lowercase().as_str() {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            _ => Node::Null,
        }),
        Some("null") => Ok(Node::Null),
        // `! 5` is text.
        _ if is_bare(tag) => Ok(quoted()),
        _ => Err("has a tag that Flink does not know"),
    };
    node.map_err(|message| format!("the value {message}"))
}

/// `!` alone.
fn is_bare(tag: &Tag) -> bool {
    tag.suffix().is_empty() || (tag.handle().is_empty() && tag.suffix() == "!")
}

fn collection_tag(tag: Option<&Tag>, own: &str) -> Result<(), String> {
    match tag {
        Some(tag) if tag.core_suffix() != Some(own) && !is_bare(tag) => {
            Err("the value has a tag that Flink does not know".to_owned())
        }
        _ => Ok(()),
    }
}
