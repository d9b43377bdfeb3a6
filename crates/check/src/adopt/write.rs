//! The session file as text: a head that says what was cured, fields, options with where they came from.

use serde_json::{Map, Value, json};

use super::{Maker, options};
use nutkin_flink::{Argument, Problem, yaml};

/// What the file holds.
pub(super) struct Content<'a> {
    pub(super) name: &'a str,
    pub(super) namespace: Option<&'a str>,
    /// The fields of `spec` but for the two below.
    pub(super) spec: &'a Map<String, Value>,
    pub(super) options: &'a [options::Line],
    /// Log files: name and text.
    pub(super) log: Vec<(String, String)>,
}

/// Writes the file.
pub(super) fn write(content: Content<'_>, maker: &Maker<'_>) -> Result<String, Vec<Problem>> {
    let failed =
        |error: yaml::YamlError| vec![Problem::argument(Argument::From, error.to_string())];
    let mut text = format!(
        "# Made by `nutkin init --from` of {}.\n# `nutkin up -f FILE` starts it; `nutkin check -f FILE` looks at it.\n",
        sources(maker)
    );
    for cure in &maker.cures {
        let line = format!("# Cured {} ({}): {}", cure.rule.code, cure.location, cure.message);
        text.push_str(&line.replace(['\n', '\r'], " "));
        text.push('\n');
    }
    text.push_str("apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\n");
    let metadata = match content.namespace {
        Some(namespace) => json!({"metadata": {"name": content.name, "namespace": namespace}}),
        None => json!({"metadata": {"name": content.name}}),
    };
    text.push_str(&yaml::to_string(&metadata).map_err(failed)?);
    text.push_str("spec:\n");
    let mut is_written = false;
    for (field, value) in content.spec {
        if !is_written && ["podTemplate", "jobManager", "taskManager"].contains(&field.as_str()) {
            options_and_logging(&content, &mut text).map_err(failed)?;
            is_written = true;
        }
        let value = json!({ field.as_str(): value });
        push_indented(&yaml::to_string(&value).map_err(failed)?, &mut text);
    }
    if !is_written {
        options_and_logging(&content, &mut text).map_err(failed)?;
    }
    Ok(text)
}

fn options_and_logging(content: &Content<'_>, text: &mut String) -> Result<(), yaml::YamlError> {
    if !content.options.is_empty() {
        text.push_str("  flinkConfiguration:\n");
    }
    for option in content.options {
        text.push_str(&format!("    # {}\n", option.origin.replace(['\n', '\r'], " ")));
        let pair = json!({ option.key.as_str(): option.value });
        for line in yaml::to_string(&pair)?.lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    if !content.log.is_empty() {
        let files: Map<String, Value> =
            content.log.iter().map(|(name, text)| (name.clone(), text.clone().into())).collect();
        push_indented(&yaml::to_string(&json!({ "logConfiguration": files }))?, text);
    }
    Ok(())
}

fn push_indented(part: &str, text: &mut String) {
    for line in part.lines() {
        if line.is_empty() {
            text.push('\n');
        } else {
            text.push_str(&format!("  {line}\n"));
        }
    }
}

/// The names of the files, at most three.
fn sources(maker: &Maker<'_>) -> String {
    let own = maker.files.iter().filter(|file| !file.is_composed());
    let names: Vec<&str> = own.map(|file| file.name.as_str()).collect();
    let text = match &names[..] {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        _ => names.join(", "),
    };
    text.replace(['\n', '\r'], " ")
}
