//! `nutkin explain NK0202`: what a code of `nutkin check` or `nutkin why` means.

use nutkin_check::codes;
use nutkin_core::code_page::page;
use nutkin_flink::Problem;
use serde_json::json;

use crate::cli::Context;
use crate::cli::shared::{Output, OutputArgs, document};
use crate::{Exit, Outcome};
use nutkin_shell::Error;

/// Whether a word is written like a code.
pub(super) fn is_one(key: &str) -> bool {
    let digits = key.strip_prefix("NK").or_else(|| key.strip_prefix("nk"));
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Prints the page of a code.
///
/// # Errors
/// There is no such code.
pub(super) fn run(key: &str, output: &OutputArgs, context: &Context<'_>) -> Outcome {
    let Some(rule) = codes::find(key).or_else(|| nutkin_diagnosis::codes::find(key)) else {
        let problem =
            Problem::new(key, "Nutkin has no such code").hint("docs/checks/ lists all codes");
        return Err(Error::input(vec![problem]));
    };
    if output.output == Output::Text {
        context.printer.out(&page(rule));
        return Ok(Exit::Done);
    }
    let files = |files: Vec<(&str, &str)>| {
        let one = |(name, text): (&str, &str)| json!({ "name": name, "text": text });
        files.into_iter().map(one).collect::<Vec<_>>()
    };
    let fields = json!({
        "code": rule.code,
        "severity": rule.severity.name(),
        "theme": rule.theme(),
        "title": rule.title,
        "happens": rule.happens,
        "cure": rule.cure,
        "bad": files(rule.bad()),
        "good": files(rule.good()),
    });
    context.printer.document(&output.output, &document("Code", fields))?;
    Ok(Exit::Done)
}
