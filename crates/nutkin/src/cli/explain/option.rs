//! `nutkin explain KEY`: one option, or all below a prefix.

use std::fmt::Write as _;

use nutkin_flink::Problem;
use nutkin_flink::options::{self, Facts, OptionInfo};
use nutkin_flink::{FlinkVersion, dialect::Dialect};
use serde_json::{Value, json};

use crate::cli::Context;
use crate::cli::shared::{Output, OutputArgs, document};
use crate::report::{Printer, Style};
use crate::{Exit, Outcome};
use nutkin_shell::{Error, Kind};

/// Arguments for one option.
#[derive(Debug, clap::Args)]
pub struct OptionArgs {
    /// An option of Flink or Nutkin, the beginning of several, words of its description, or a code of `nutkin check`
    #[arg(value_name = "KEY")]
    words: Vec<String>,

    /// Only what holds for this version of Flink
    #[arg(long, value_name = "VERSION")]
    pub flink: Option<FlinkVersion>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of arguments, documented at its type")]
    pub output: OutputArgs,
}

impl OptionArgs {
    /// What is to be explained.
    pub fn key(&self) -> Option<String> {
        (!self.words.is_empty()).then(|| self.words.join(" "))
    }
}

/// Runs the command.
///
/// # Errors
/// Neither an option nor a prefix of one has such a key, or the version does not have it.
pub fn run(args: &OptionArgs, context: &Context<'_>) -> Outcome {
    let Some(key) = &args.key() else {
        return Err(Error::new(Kind::Invalid, "nothing to explain is named")
            .hint("`nutkin explain KEY` or `nutkin explain memory`"));
    };
    let found = find(key, args.flink);
    if found.is_empty() {
        return Err(unknown(key, args.flink));
    }
    let printer = context.printer;
    if args.output.output != Output::Text {
        let items: Vec<Value> = found.iter().map(|info| item(info, args.flink)).collect();
        printer
            .document(&args.output.output, &document("OptionList", json!({ "items": items })))?;
        return Ok(Exit::Done);
    }
    match &found[..] {
        [info] => printer.out(&one(info, key, args.flink, printer)),
        several => printer.out(&list(several, args.flink, printer)),
    }
    Ok(Exit::Done)
}

/// The option of the key; without one, all options below it, or those whose key and description have all these words.
fn find(key: &str, version: Option<FlinkVersion>) -> Vec<OptionInfo> {
    let current = match version {
        Some(version) => options::canonical(key, version),
        None => current_spelling(key).into(),
    };
    let has = |info: &OptionInfo| match version {
        // The settings of a reporter or file system are in no table.
        Some(version) => info.pattern.is_some() || info.at(version).is_some(),
        None => true,
    };
    if let Some(info) = options::find(&current).filter(has) {
        return vec![info];
    }
    let below: Vec<OptionInfo> = options::matching(key).into_iter().filter(has).collect();
    let is_one_word = !key.contains(' ');
    if !below.is_empty() || (is_one_word && !options::suggest(key).is_empty()) {
        return below;
    }
    // Neither a key nor the beginning of one: words to look for.
    let words: Vec<String> = key.split_whitespace().map(str::to_lowercase).collect();
    let says = |info: &OptionInfo| {
        let text = format!("{} {}", info.key, info.text.unwrap_or_default()).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    options::matching("").into_iter().filter(|info| has(info) && says(info)).collect()
}

/// What the key is called today, unless the newest version still reads it as an option of its own.
fn current_spelling(key: &str) -> &str {
    let newest = options::OBSERVED[options::OBSERVED.len() - 1];
    let is_current =
        options::find(key).is_some_and(|info| info.key == key && info.at(newest).is_some());
    if is_current { key } else { options::newest_spelling(key).unwrap_or(key) }
}

fn unknown(key: &str, version: Option<FlinkVersion>) -> Error {
    let elsewhere = version.and_then(|version| Some((version, options::find(key)?)));
    if let Some((version, info)) = elsewhere {
        let message =
            format!("Flink {version} does not have this option (versions: {})", info.versions());
        return Error::input(vec![Problem::new(key, message)]);
    }
    let problem = Problem::new(key, "neither Flink nor Nutkin has such an option");
    let problem = match &options::suggest(key)[..] {
        [] => problem
            .hint("`nutkin explain PREFIX` lists what begins with a prefix, such as `taskmanager`"),
        near => {
            let near: Vec<String> = near.iter().map(|key| format!("`{key}`")).collect();
            problem.hint(format!("did you mean {}?", near.join(" or ")))
        }
    };
    Error::input(vec![problem])
}

/// The facts that are shown: of the version that was asked for, otherwise of the newest that has the option.
fn facts(info: &OptionInfo, version: Option<FlinkVersion>) -> Option<&Facts> {
    version.map_or_else(|| info.newest(), |version| info.at(version))
}

fn one(info: &OptionInfo, key: &str, version: Option<FlinkVersion>, printer: &Printer) -> String {
    let mut text =
        printer.style_out(Style::Bold, if info.pattern.is_some() { key } else { info.key }) + "\n";
    if let Some(words) = info.text {
        let _ = writeln!(text, "  {words}");
    }
    text.push('\n');
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10}{value}");
    };
    if info.pattern.is_none() && info.key != key {
        line("note", &format!("`{key}` is an old spelling of it"));
    }
    if info.pattern.is_some() {
        line("family", info.key);
        if let Some(meant) = options::slip(key) {
            line("note", &format!("no option of it has this name; did you mean `{meant}`?"));
        }
    }
    if let Some(facts) = facts(info, version) {
        line("type", &type_words(facts.type_name));
        line("default", &default_words(info, version));
        line("versions", &info.versions());
        if facts.deprecated {
            line("note", "Flink calls this option deprecated");
        }
    }
    if let Some(newer) = options::newest_spelling(info.key) {
        line("now", &format!("newer versions call it {newer}"));
    }
    if let Some(own) = info.own {
        let platforms: Vec<&str> = own.platforms.iter().map(|platform| platform.name()).collect();
        line("platforms", &platforms.join(", "));
    }
    for (index, old) in spellings(info, version).iter().enumerate() {
        line(if index == 0 { "also read" } else { "" }, old);
    }
    if let Some(example) = info.example {
        line("example", &example_line(info.key, example, version));
    }
    if options::is_sensitive(key) {
        line("secret", "its value is never shown");
    }
    text
}

/// As it would be in the file of the version.
fn example_line(key: &str, example: &str, version: Option<FlinkVersion>) -> String {
    let dialect = Dialect::for_version(version.unwrap_or(FlinkVersion::DEFAULT));
    let quote = dialect == Dialect::ConfigYaml && example.starts_with(['[', '{', '*', '&', '\'']);
    if quote {
        format!("{key}: '{}'", example.replace('\'', "''"))
    } else {
        format!("{key}: {example}")
    }
}

fn spellings(info: &OptionInfo, version: Option<FlinkVersion>) -> Vec<&'static str> {
    match version.and_then(|version| info.at(version)) {
        Some(facts) => facts.old_spellings().map(|(key, _)| key).collect(),
        None => info.old_spellings(),
    }
}

fn type_words(type_name: &str) -> String {
    match type_name.strip_prefix("enum:") {
        Some(names) => format!("one of {}", names.replace('|', ", ")),
        None => type_name.to_owned(),
    }
}

/// The default, and where it was another one.
fn default_words(info: &OptionInfo, version: Option<FlinkVersion>) -> String {
    let words = |default: Option<&str>| match default {
        None => "none".to_owned(),
        Some("") => "empty".to_owned(),
        Some(default) => default.to_owned(),
    };
    let Some(shown) = facts(info, version) else { return words(None) };
    let mut text = words(shown.default);
    if version.is_none() {
        for (observed, facts) in info.observed().filter(|(_, facts)| facts.default != shown.default)
        {
            let _ =
                write!(text, "; {} in {}.{}", words(facts.default), observed.major, observed.minor);
        }
    }
    text
}

/// One line per option: key, default, words.
fn list(infos: &[OptionInfo], version: Option<FlinkVersion>, printer: &Printer) -> String {
    let width = infos.iter().map(|info| info.key.len()).max().unwrap_or_default();
    let mut text = String::new();
    for info in infos {
        let default = facts(info, version).and_then(|facts| facts.default).unwrap_or("-");
        let key = printer.style_out(Style::Bold, &format!("{:<width$}", info.key));
        let row = format!("{key}  {default:<10}  {}", info.text.unwrap_or_default());
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

fn item(info: &OptionInfo, version: Option<FlinkVersion>) -> Value {
    let observed: Vec<Value> = info
        .observed()
        .filter(|_| info.own.is_none())
        .map(|(version, facts)| {
            json!({
                "flinkVersion": version.to_string(),
                "type": facts.type_name,
                "default": facts.default,
                "deprecated": facts.deprecated,
                "alsoRead": facts.old_spellings().map(|(key, _)| key).collect::<Vec<_>>(),
            })
        })
        .collect();
    let facts = facts(info, version);
    json!({
        "key": info.key,
        "type": facts.map(|facts| facts.type_name),
        "default": facts.and_then(|facts| facts.default),
        "versions": info.versions(),
        "alsoRead": spellings(info, version),
        "description": info.text,
        "example": info.example,
        "platforms": info.own.map(|own| own.platforms.iter().map(|p| p.name()).collect::<Vec<_>>()),
        "sensitive": options::is_sensitive(info.key),
        "observed": observed,
    })
}
