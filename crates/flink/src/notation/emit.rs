//! Scalars and flow collections of YAML, quoted as snakeyaml-engine's emitter quotes them.
//!
//! Two differences, both read back the same: text with line breaks is double-quoted, where the library writes
//! a literal block, and a byte order mark is escaped, since other readers drop it.

use std::fmt::Write as _;

use super::node::Node;
use super::scalar;

/// Invisible, and dropped or refused by other readers than Flink's.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Keys from this length on need `?` (`DumpSettings.maxSimpleKeyLength`).
const MAX_SIMPLE_KEY: usize = 128;

/// Where a scalar stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a block map.
    Block,
    /// Inside `[..]` or `{..}`.
    Flow,
}

/// A node on one line.
pub(crate) fn flow(node: &Node) -> String {
    let mut text = String::new();
    write_flow(node, &mut text);
    text
}

fn write_flow(node: &Node, out: &mut String) {
    match node {
        Node::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_flow(item, out);
            }
            out.push(']');
        }
        Node::Map(pairs) => {
            out.push('{');
            for (index, pair) in pairs.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                let key = flow(&pair.key);
                if is_simple_key(&pair.key) {
                    out.push_str(&key);
                } else {
                    out.push_str("? ");
                    out.push_str(&key);
                    out.push(' ');
                }
                out.push_str(": ");
                write_flow(&pair.value, out);
            }
            out.push('}');
        }
        other => out.push_str(&scalar_text(other, Place::Flow)),
    }
}

/// Whether a key can stand without `?`.
pub(crate) fn is_simple_key(key: &Node) -> bool {
    match key {
        Node::Text(text) => {
            !text.is_empty() && utf16_len(text) < MAX_SIMPLE_KEY && !text.contains(LINE_BREAKS)
        }
        Node::List(items) => items.is_empty(),
        Node::Map(pairs) => pairs.is_empty(),
        _ => true,
    }
}

fn utf16_len(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What ends a line for the library.
const LINE_BREAKS: [char; 4] = ['\n', '\u{85}', '\u{2028}', '\u{2029}'];

/// A node that is not a collection.
pub(crate) fn scalar_text(node: &Node, place: Place) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Int(digits) => digits.clone(),
        Node::Float(value) => scalar::float_text(*value),
        Node::Text(text) => quote(text, place),
        Node::List(_) | Node::Map(_) => flow(node),
    }
}

/// Text, in quotes where it needs them.
pub(crate) fn quote(text: &str, place: Place) -> String {
    let shape = Shape::of(text);
    if shape.special || text.contains(LINE_BREAKS) {
        return double_quoted(text);
    }
    let plain = match place {
        Place::Block => shape.block_plain,
        Place::Flow => shape.flow_plain,
    };
    if plain && scalar::is_text(text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// What the library's `analyzeScalar` finds.
struct Shape {
    /// Characters that only double quotes can hold.
    special: bool,
    block_plain: bool,
    flow_plain: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut block = true;
        let mut flow = true;
        let mut special = false;
        if text.is_empty() {
            return Self { special: false, block_plain: true, flow_plain: false };
        }
        if text.starts_with("---")
            || text.starts_with("...")
            || text.starts_with(' ')
            || text.ends_with(' ')
        {
            (block, flow) = (false, false);
        }
        let chars: Vec<char> = text.chars().collect();
        for (index, &c) in chars.iter().enumerate() {
            let followed_by_blank =
                chars.get(index + 1).is_none_or(|c| matches!(c, ' ' | '\t' | '\0' | '\n'));
            let after_blank = index == 0 || matches!(chars[index - 1], ' ' | '\t' | '\0' | '\n');
            match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                | '%' | '@' | '`'
                    if index == 0 =>
                {
                    (block, flow) = (false, false);
                }
                ':' | '?' | '-' if index == 0 && followed_by_blank => {
                    (block, flow) = (false, false);
                }
                ':' if followed_by_blank => (block, flow) = (false, false),
                ',' | '?' | '[' | ']' | '{' | '}' | ':' => flow = false,
                '#' if after_blank => (block, flow) = (false, false),
                _ => {}
            }
            special |= c == BYTE_ORDER_MARK
                || !matches!(c,
                '\n' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}'
                | '\u{10000}'..='\u{10ffff}');
        }
        Self { special, block_plain: block, flow_plain: flow }
    }
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let escape = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                match u32::from(c) {
                    0x20..=0x7e
                    | 0xa0..=0xd7ff
                    | 0xe000..=0xfefe
                    | 0xff00..=0xfffd
                    | 0x1_0000..=0x10_ffff => out.push(c),
                    code @ 0..=0xff => drop(write!(out, "\\x{code:02x}")),
                    code => drop(write!(out, "\\u{code:04x}")),
                }
                continue;
            }
        };
        out.push('\\');
        out.push(escape);
    }
    out.push('"');
    out
}
