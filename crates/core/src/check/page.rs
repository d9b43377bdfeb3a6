//! The pages of `docs/checks/`, made from the table of codes.

use super::codes::{Rule, THEMES, all};

/// All pages: file name and text. The first is the list.
pub fn pages() -> Vec<(String, String)> {
    let mut pages = vec![("README.md".to_owned(), index())];
    pages.extend(all().map(|rule| (format!("{}.md", rule.code), page(rule))));
    pages
}

/// The words that both the page and `nutkin explain` are made of.
pub fn page(rule: &Rule) -> String {
    let mut text = format!(
        "# {}: {}\n\nSeverity: {}\n\n## What happens\n\n{}\n\n## What to do\n\n{}\n",
        rule.code,
        rule.title,
        rule.severity.name(),
        rule.happens,
        rule.cure
    );
    for (title, files) in [("Bad", rule.bad()), ("Good", rule.good())] {
        text.push_str(&format!("\n## {title}\n"));
        for (name, content) in files {
            let language = match name.rsplit('.').next() {
                Some("yaml") => "yaml",
                Some("properties") => "properties",
                Some("sh") => "sh",
                Some("xml") => "xml",
                _ if name.ends_with("Dockerfile") => "dockerfile",
                _ => "text",
            };
            text.push_str(&format!("\n`{name}`:\n\n```{language}\n{}\n```\n", content.trim_end()));
        }
    }
    text
}

fn index() -> String {
    let mut text = "\
# What `nutkin check` finds

`nutkin explain CODE` prints the page of a code. To silence a finding, write
`# nutkin: allow CODE because REASON` on its line or above it, or give `--allow CODE=REASON`.
This page and those of the codes are made from a table in `crates/core/src/check`; a test keeps them equal.
"
    .to_owned();
    for (prefix, theme) in THEMES {
        text.push_str(&format!("\n## {theme}\n\n| code | severity | what |\n|---|---|---|\n"));
        for rule in all().filter(|rule| rule.code.starts_with(prefix)) {
            text.push_str(&format!(
                "| [{0}]({0}.md) | {1} | {2} |\n",
                rule.code,
                rule.severity.name(),
                rule.title
            ));
        }
    }
    text
}
