//! Configuration files as users write them, and worse: made of words that mean something to one of the
//! parsers that they pass through.

use nutkin_flink::dialect::Dialect;
use nutkin_flink::{Configuration, Origin, Value};

use super::random::Random;

/// Words that mean something somewhere in YAML, in Flink's notations or in Java's parsers.
const WORDS: &[&str] = &[
    "a",
    "b c",
    "007",
    "0x1F",
    "0o17",
    "1e3",
    "1.50",
    ".5",
    "5.",
    "-3",
    "+4",
    "true",
    "FALSE",
    "yes",
    "no",
    "null",
    "Null",
    "~",
    "",
    ".inf",
    "-.Inf",
    ".nan",
    "1_000",
    "12:30",
    "2024-01-01",
    "<<",
    "=",
    "${A}",
    "${A:-b}",
    "10 s",
    "1 min",
    "PT1H",
    "P1DT2.5S",
    "100ms",
    "5 m",
    "1g",
    "512 mb",
    "1024",
    "x;y",
    "'a;b';c",
    "\"q\"",
    "it's",
    "k:v",
    "k:v,l:w",
    "'k:http://x'",
    "'url:''http://x'''",
    "k:v;l:w",
    "a,b",
    "s3://bucket/dir",
    "host:8081",
    "-Xmx1g -Da=b",
    "red",
    "LIGHT_GREEN",
    "é",
    "😀",
    "a b  c",
    "9223372036854775807",
    "9223372036854775808",
    "3000000000",
    "a#b",
    "1.5f",
    "NaN",
    "Infinity",
    "0x1p3",
    "TRUE",
    "[x, y]",
    "{k: v}",
    "[{a: b}, {c: 1}]",
    "[1, '1', true]",
    "- a",
    "a: b",
    "a :b",
    "#c",
    "a #c",
    "%x",
    "@x",
    "`x`",
    "*x",
    "&x",
    "!x",
    "|",
    ">",
    "?",
    "-",
    "--- a",
    "...",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "a:",
    ";",
    "x;;y;",
    "''",
    "\"\"",
    "'open",
    "a\\b",
    "a\"b",
    "* *",
    "..",
    "0",
    "-0",
    "-0.0",
    "1e7",
    "0.001",
    "0.0001",
    "123456789.0",
    "1e-5",
    "[[a], b]",
    "[a; b]",
    "{a: [1, 2], b: {c: d}}",
    " x ",
    "\u{a0}x",
];

/// The types that the probe asks for.
const TYPES: &[&str] = &[
    "list", "map", "maps", "duration", "bool", "int", "long", "double", "float", "memory", "enum",
    "string", "other",
];

fn word(random: &mut Random) -> String {
    if random.one_in(12) {
        return format!("{}{}", random.pick(WORDS), random.pick(WORDS));
    }
    if random.one_in(12) {
        return format!("{}\n{}", random.pick(WORDS), random.pick(WORDS));
    }
    (*random.pick(WORDS)).to_owned()
}

fn key(random: &mut Random) -> String {
    let mut key = format!("{}.{}", random.pick(TYPES), random.pick(&["a", "b", "c"]));
    while random.one_in(4) {
        key = format!("{key}.{}", random.pick(&["d", "e-f", "1", "true", "null", "", "g h", "é"]));
    }
    key
}

/// Lines, good and bad.
pub(super) fn flink_conf(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(8) {
        let (before, colon) = (
            random.pick(&["", "", "", " ", "\t"]),
            random.pick(&[": ", ": ", ": ", ":", " : ", ":  ", ":\t"]),
        );
        let (value, end) =
            (word(random), random.pick(&["\n", "\n", "\n", "\r\n", "\r", " # c\n", "#c\n", " \n"]));
        let line = if random.one_in(10) {
            word(random)
        } else {
            format!("{before}{}{colon}{value}", key(random))
        };
        text.push_str(&line);
        text.push_str(end);
    }
    text
}

/// Block maps with all kinds of values, good and bad.
pub(super) fn config_yaml(random: &mut Random) -> String {
    let mut text = String::new();
    if random.one_in(10) {
        text.push_str(random.word(&[
            "---\n",
            "# c\n",
            "\u{feff}",
            "--- # c\n",
            "%YAML 1.2\n---\n",
        ]));
    }
    for _ in 0..=random.below(6) {
        if random.one_in(3) {
            let group = random.pick(TYPES);
            text.push_str(group);
            text.push_str(":\n");
            for _ in 0..=random.below(3) {
                let name = random.pick(&["a", "b", "c", "a.b", "'1'", "\"t\"", "x y"]);
                text.push_str(&format!("  {name}: {}\n", yaml_value(random, 4)));
            }
        } else {
            text.push_str(&format!("{}: {}\n", key(random), yaml_value(random, 2)));
        }
        if random.one_in(30) {
            text.push_str(random.word(&["# c\n", "\n", "...\n", "---\n", "\t\n", "1: x\n", "x\n"]));
        }
    }
    text
}

/// Words that the library refuses and our parser takes, or the other way round, in places where nobody
/// writes them: a block of text that is empty, a lone `?` or `-` in braces, a list item that begins with `:`.
fn is_disputed(word: &str) -> bool {
    word.starts_with(':') || ["-", "?", "|", ">"].iter().any(|end| word.trim_end().ends_with(end))
}

fn yaml_value(random: &mut Random, indent: usize) -> String {
    let pad = " ".repeat(indent + 2);
    let line = |random: &mut Random| word(random).replace('\n', " ");
    let item = |random: &mut Random| {
        Some(line(random)).filter(|word| !is_disputed(word)).unwrap_or_default()
    };
    match random.below(12) {
        0..=4 => item(random),
        5 => format!("'{}'", word(random).replace('\'', "''").replace('\n', " ")),
        6 => {
            let word = word(random).replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", word.replace('\n', "\\n"))
        }
        7 => format!("[{}, {}]", flow_word(random), flow_word(random)),
        8 => format!("{{k: {}, l.m: {}}}", flow_word(random), flow_word(random)),
        // A block scalar that ends the list before it has begun is read in more than one way.
        9 => format!("\n{pad}- {}\n{pad}- {} x", item(random), item(random)),
        10 => format!(
            "{}\n{pad}x {}\n{pad}y",
            random.pick(&["|", "|-", ">", ">-", "|+"]),
            line(random)
        ),
        _ => format!(
            "{} {}",
            random.pick(&["!!str", "!!int", "!!float", "!!bool", "&x", "!"]),
            item(random)
        ),
    }
}

fn flow_word(random: &mut Random) -> String {
    let word = word(random).replace('\n', " ");
    if random.one_in(2) || is_disputed(&word) {
        format!("'{}'", word.replace('\'', "''"))
    } else {
        word
    }
}

/// A configuration for our writer.
pub(super) fn configuration(random: &mut Random, dialect: Dialect) -> Configuration {
    let mut configuration = Configuration::new();
    for _ in 0..=random.below(4) {
        let value = match random.below(8) {
            0 if dialect == Dialect::ConfigYaml => Value::Bool(random.one_in(2)),
            1 if dialect == Dialect::ConfigYaml => Value::Int(i128::from(i32::MAX) * 3 - 7),
            2 if dialect == Dialect::ConfigYaml => {
                Value::Float(*random.pick(&[1e3, 0.5, -0.0, 1e10, 1e-7, f64::INFINITY]))
            }
            3 if dialect == Dialect::ConfigYaml => {
                Value::List(vec![word(random).into(), Value::Int(7), word(random).into()])
            }
            _ => Value::Text(word(random)),
        };
        configuration.set(key(random), value, Origin::CommandLine);
    }
    configuration
}
