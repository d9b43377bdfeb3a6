//! Findings for people: the line itself, what is wrong, what happens, what to do.

use std::collections::BTreeSet;

use nutkin_check::{Finding, Report, Severity};

use crate::report::{Printer, Style};

/// Width at which sentences are broken: what every terminal has.
const WIDTH: usize = 96;

/// Prints all findings to stdout and the sum to stderr.
pub(super) fn print(report: &Report, printer: &Printer) {
    let mut told = BTreeSet::new();
    for finding in report.findings.iter().filter(|finding| finding.silenced.is_none()) {
        printer.show(&one(finding, told.insert(finding.rule.code), printer));
    }
    let silenced = report.findings.iter().filter(|finding| finding.silenced.is_some()).count();
    let counted = |severity: Severity| {
        let count = report.count(severity);
        (count != 0)
            .then(|| format!("{count} {}{}", severity.name(), if count == 1 { "" } else { "s" }))
    };
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(counted)
        .collect();
    // What was not looked at may be wrong.
    let nothing = if report.skipped.is_empty() { "nothing is wrong" } else { "nothing was found" };
    let mut line = if parts.is_empty() { nothing.to_owned() } else { parts.join(", ") };
    let looked_at = report.files.saturating_sub(report.skipped.len());
    if looked_at == 0 && parts.is_empty() {
        "nothing of Flink or Kubernetes was found".clone_into(&mut line);
    } else {
        line.push_str(&format!(" in {looked_at} file{}", if looked_at == 1 { "" } else { "s" }));
    }
    if silenced != 0 {
        line.push_str(&format!(", {silenced} silenced"));
    }
    let versions: BTreeSet<String> =
        report.sessions.iter().filter_map(|s| s.flink).map(|version| version.to_string()).collect();
    if !versions.is_empty() {
        let versions: Vec<String> = versions.into_iter().collect();
        line.push_str(&format!(" (Flink {})", versions.join(", ")));
    }
    printer.say(&line);
    for skipped in &report.skipped {
        printer.say(&format!("not looked at: {skipped}"));
    }
    if let Some(first) = told.first() {
        printer
            .say(&format!("`nutkin explain {first}` shows a code with a bad and a good example"));
    }
}

/// One finding. What happens is told with the first finding of a code only.
fn one(finding: &Finding, is_first: bool, printer: &Printer) -> String {
    let (label, style) = match finding.severity() {
        Severity::Error => ("error", Style::Red),
        Severity::Warning => ("warning", Style::Yellow),
        Severity::Note => ("note", Style::Cyan),
    };
    let head = printer.style_out(style, &format!("{label}[{}]", finding.rule.code));
    let title = printer.style_out(Style::Bold, finding.rule.title);
    let number = finding.location.line.map(|line| line.to_string()).unwrap_or_default();
    let margin = " ".repeat(number.len());
    let mut text = format!("{head}: {title}\n{margin}--> {}\n", finding.location);
    text.push_str(&format!("{margin} |\n{number} | {}\n{margin} |\n", finding.quote));
    text.push_str(&wrapped(&format!("{margin} = "), &capital(&finding.message)));
    if is_first {
        text.push_str(&wrapped(&format!("{margin} = happens: "), finding.rule.happens));
    }
    text.push_str(&wrapped(&format!("{margin} = cure: "), finding.advice()));
    if let Some(patch) = &finding.patch {
        for line in &patch.remove {
            text.push_str(&printer.style_out(Style::Red, &format!("{margin} - {line}\n")));
        }
        for line in &patch.insert {
            text.push_str(&printer.style_out(Style::Green, &format!("{margin} + {line}\n")));
        }
    }
    text.push('\n');
    text
}

fn capital(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if message.ends_with(['.', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// Text in lines of at most [`WIDTH`], the further ones indented under the first.
fn wrapped(head: &str, text: &str) -> String {
    let indent = " ".repeat(head.chars().count());
    let mut lines = String::from(head);
    let mut used = indent.len();
    let mut fresh = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !fresh && WIDTH < used + 1 + length {
            lines.push('\n');
            lines.push_str(&indent);
            used = indent.len();
            fresh = true;
        }
        if !fresh {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
        fresh = false;
    }
    lines.push('\n');
    lines
}
