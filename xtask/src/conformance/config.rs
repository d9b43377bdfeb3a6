//! Configuration files: what Flink's `GlobalConfiguration` makes of a text, and what we make of it.

use std::collections::BTreeMap;
use std::fs;
use std::process::{ExitCode, Stdio};

use anyhow::{Result, ensure};
use nutkin_core::flink::dialect::{self, Dialect};
use nutkin_core::flink::{Configuration, FlinkVersion, Origin, Value, values};
use nutkin_core::units::MemorySize;

use super::random::Random;
use crate::java::Flink;
use crate::root::say;

/// Arguments of `cargo xtask conformance config`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A distribution to compare with; may be given several times
    #[arg(long, value_name = "VERSION=DIRECTORY", required = true)]
    flink: Vec<Flink>,

    /// Where the cases come from: the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Number of cases of each kind, version and file
    #[arg(long, default_value_t = 500)]
    count: u64,
}

/// What stands in a directory, and what is to be compared.
struct Case {
    dialect: Dialect,
    text: String,
    /// Where our writer made the text: what it was made from.
    written: Option<Configuration>,
}

/// What Flink said of a case.
#[derive(Default)]
struct Answer {
    error: Option<String>,
    entries: BTreeMap<String, String>,
    /// Per key: its typed value, or the message of the exception.
    typed: BTreeMap<String, Result<String, String>>,
    lines: Vec<String>,
}

/// Compares, says every difference, and fails if there is one.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut differences = 0;
    for flink in &args.flink {
        let cases = cases(args, flink.version);
        let answers = ask(flink, &cases)?;
        let mut refused = 0;
        for (case, answer) in cases.iter().zip(&answers) {
            refused += usize::from(answer.error.is_some());
            for difference in compare(case, answer, flink.version) {
                differences += 1;
                say(&format!(
                    "Flink {}: {difference}\n--- {:?}\n{}---",
                    flink.version, case.dialect, case.text
                ));
            }
        }
        say(&format!(
            "Flink {}: {} cases, {refused} of them refused by Flink",
            flink.version,
            cases.len()
        ));
    }
    say(&format!("differences: {differences}"));
    Ok(if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cases(args: &Args, version: FlinkVersion) -> Vec<Case> {
    let line = version.line();
    let mut cases = Vec::new();
    for (dialect, is_read) in
        [(Dialect::FlinkConf, line.reads_flink_conf), (Dialect::ConfigYaml, line.reads_config_yaml)]
    {
        for index in 0..if is_read { args.count } else { 0 } {
            let mut random = Random::new(args.seed, index);
            let text = match dialect {
                Dialect::FlinkConf => flink_conf(&mut random),
                Dialect::ConfigYaml => config_yaml(&mut random),
            };
            cases.push(Case { dialect, text, written: None });
            let configuration = configuration(&mut random, dialect);
            if let Ok(text) = dialect::write(dialect, &configuration) {
                cases.push(Case { dialect, text, written: Some(configuration) });
            }
        }
    }
    cases
}

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
fn flink_conf(random: &mut Random) -> String {
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
fn config_yaml(random: &mut Random) -> String {
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
fn configuration(random: &mut Random, dialect: Dialect) -> Configuration {
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

fn ask(flink: &Flink, cases: &[Case]) -> Result<Vec<Answer>> {
    let directory = tempfile::tempdir()?;
    let mut names = String::new();
    for (index, case) in cases.iter().enumerate() {
        let name = directory.path().join(index.to_string());
        fs::create_dir(&name)?;
        fs::write(name.join(case.dialect.file_name()), &case.text)?;
        names.push_str(&format!("{}\n", name.display()));
    }
    let classes = directory.path().join("classes");
    fs::create_dir(&classes)?;
    let input = directory.path().join("names");
    fs::write(&input, names)?;
    let output = flink
        .program("ConfigProbe", &classes)?
        .env("LC_ALL", "C.UTF-8")
        .stdin(fs::File::open(&input)?)
        .stdout(Stdio::piped())
        .output()?;
    ensure!(output.status.success(), "the probe of Flink {} failed", flink.version);
    let answers = parse(&String::from_utf8_lossy(&output.stdout));
    ensure!(answers.len() == cases.len(), "{} answers to {} cases", answers.len(), cases.len());
    Ok(answers)
}

fn parse(output: &str) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    // Flink's text may hold characters that `str::lines` would not split at; the probe escapes the two it does.
    for line in output.split('\n') {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        if mark == "case" {
            answers.push(Answer::default());
        }
        let Some(answer) = answers.last_mut() else { continue };
        let (key, value) = rest.split_once('\t').unwrap_or((rest, ""));
        match mark {
            "error" => answer.error = Some(unescape(rest)),
            "k" => drop(answer.entries.insert(unescape(key), unescape(value))),
            "v" => drop(answer.typed.insert(unescape(key), Ok(value.to_owned()))),
            "x" => drop(answer.typed.insert(unescape(key), Err(unescape(value)))),
            "w" => answer.lines.push(unescape(rest)),
            _ => {}
        }
    }
    answers
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('t')) => '\t',
            ('\\', Some('r')) => '\r',
            ('\\', Some('e')) => '=',
            ('\\', Some(other)) => other,
            _ => c,
        });
    }
    plain
}

fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
    text.replace('\r', "\\r").replace('=', "\\e")
}

fn compare(case: &Case, answer: &Answer, version: FlinkVersion) -> Vec<String> {
    let ours = match (dialect::read(case.dialect, &case.text, "f"), &answer.error) {
        (Err(_), Some(_)) => return Vec::new(),
        (Err(problems), None) => {
            return vec![format!("we refuse it ({problems:?}), Flink does not")];
        }
        (Ok(_), Some(error)) => return vec![format!("Flink refuses it ({error}), we do not")],
        (Ok(reading), None) => reading.configuration,
    };
    let text: BTreeMap<String, String> =
        ours.iter().map(|(key, entry)| (key.to_owned(), entry.value.to_string())).collect();
    if text != answer.entries {
        return vec![format!("we read {text:?}, Flink {:?}", answer.entries)];
    }
    let mut differences = Vec::new();
    if let Some(written) = &case.written {
        for (key, entry) in written.iter() {
            let expected = entry.value.to_string();
            if answer.entries.get(key) != Some(&expected) {
                differences.push(format!(
                    "`{key}` was written as {expected:?}, Flink reads {:?}",
                    answer.entries.get(key)
                ));
            }
        }
    }
    for (key, value) in &text {
        let Some(theirs) = answer.typed.get(key) else { continue };
        // A number of YAML that is no number prints as a word that no text means.
        if value.contains(".inf") || value.contains(".nan") {
            continue;
        }
        let Some(ours) = typed(key, value, case.dialect, version) else { continue };
        match (&ours, theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => {}
            (Err(_), Err(_)) => {}
            _ => {
                differences
                    .push(format!("`{key}` of {value:?}: we say {ours:?}, Flink {theirs:?}"));
            }
        }
    }
    if let Some(difference) = compare_written(&ours, case.dialect, answer) {
        differences.push(difference);
    }
    differences
}

/// Flink writes in the order of a hash table, so a text is only compared where it has one entry; text of
/// several lines has another style with us.
fn compare_written(ours: &Configuration, dialect: Dialect, answer: &Answer) -> Option<String> {
    let single = ours.len() == 1
        && ours
            .iter()
            .all(|(key, entry)| !format!("{key}{}", entry.value).contains(['\n', '\u{feff}']));
    if dialect != Dialect::ConfigYaml || !single || answer.lines.is_empty() {
        return None;
    }
    let theirs = answer.lines.join("\n") + "\n";
    match dialect::write(dialect, ours) {
        Ok(text) if text == theirs => None,
        Err(_) => None,
        Ok(text) => Some(format!("we write {text:?}, Flink {theirs:?}")),
    }
}

/// A value as the type that the key begins with, printed as the probe prints it.
fn typed(
    key: &str,
    text: &str,
    dialect: Dialect,
    version: FlinkVersion,
) -> Option<Result<String, String>> {
    let told = |error: values::ValueError| error.to_string();
    let join = |map: &BTreeMap<String, String>| {
        let pairs: Vec<String> =
            map.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect();
        pairs.join("\t")
    };
    Some(match key.split('.').next()? {
        "list" => values::list(text, dialect).map_err(told).map(|items| {
            items.iter().map(|item| format!("={}", escape(item))).collect::<Vec<_>>().join("\t")
        }),
        "map" => values::map(text, dialect).map_err(told).map(|map| join(&map)),
        "maps" => values::maps(text, dialect, version)
            .map_err(told)
            .map(|maps| maps.iter().map(join).collect::<Vec<_>>().join("\t\t")),
        "duration" => values::duration(text, version)
            .map_err(told)
            .map(|duration| format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos())),
        "bool" => values::boolean(text).map_err(told).map(|value| value.to_string()),
        "int" => values::int(text).map_err(told).map(|value| value.to_string()),
        "long" => values::long(text).map_err(told).map(|value| value.to_string()),
        "memory" => text
            .parse::<MemorySize>()
            .map_err(|e| e.to_string())
            .map(|size| size.bytes().to_string()),
        "enum" => {
            values::enumeration(text, &["RED", "LIGHT_GREEN"]).map_err(told).map(str::to_owned)
        }
        "string" => Ok(escape(text)),
        "double" => values::double(text).map_err(told).map(|value| {
            if value.is_finite() {
                Value::Float(value).to_string()
            } else {
                format!("{value}").replace("inf", "Infinity")
            }
        }),
        _ => return None,
    })
}
