//! Configuration files: what Flink's `GlobalConfiguration` makes of a text, and what we make of it.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use nutkin_flink::convert;
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::units::MemorySize;
use nutkin_flink::{Configuration, FlinkVersion, Value, values};

use super::config_texts::{config_yaml, configuration, flink_conf};
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

impl Args {
    /// Cases of a seed for one distribution.
    pub(super) fn of(flink: Flink, seed: u64, count: u64) -> Self {
        Self { flink: vec![flink], seed, count }
    }
}

/// What is in a directory, and what is to be compared.
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
    let none = differences(args)? == 0;
    Ok(if none { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares, says every difference, and counts them.
pub(super) fn differences(args: &Args) -> Result<usize> {
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
    Ok(differences)
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
            // What `nutkin convert` makes of the same text is read as was meant.
            for to in [Dialect::FlinkConf, Dialect::ConfigYaml] {
                let reads = match to {
                    Dialect::FlinkConf => line.reads_flink_conf,
                    Dialect::ConfigYaml => line.reads_config_yaml,
                };
                let request = convert::ConversionRequest { from: dialect, to, version };
                if let (true, Ok(conversion)) = (reads, convert::convert(&text, "case", request)) {
                    let written = Some(conversion.configuration);
                    cases.push(Case { dialect: to, text: conversion.text, written });
                }
            }
            cases.push(Case { dialect, text, written: None });
            let configuration = configuration(&mut random, dialect);
            if let Ok(text) = dialect::write(dialect, &configuration) {
                cases.push(Case { dialect, text, written: Some(configuration) });
            }
        }
    }
    cases
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
    let answers = parse(&flink.answers("ConfigProbe", &names)?);
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

pub(super) fn unescape(text: &str) -> String {
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
        // A number of YAML that is not a number prints as a word that no text means.
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
