//! The pages of `docs/checks/`, made from the table of codes.

use super::codes::{RUNNING, THEMES, all};

pub use nutkin_core::code_page::page;

/// All pages: file name and text. The first is the list.
pub fn pages() -> Vec<(String, String)> {
    let mut pages = vec![("README.md".to_owned(), index())];
    pages.extend(all().map(|rule| (format!("{}.md", rule.code), page(rule))));
    pages
}

fn index() -> String {
    let mut text = "\
# What `nutkin check` finds

`nutkin explain CODE` prints the page of a code. To silence a finding, write
`# nutkin: allow CODE because REASON` on its line or above it, or give `--allow CODE=REASON`.
What `nutkin why` finds in a session that runs has codes of the same family: [running.md](running.md).
This page and those of the codes are made from a table in `crates/check/src`; a test keeps them equal.
"
    .to_owned();
    let of_files = THEMES.iter().filter(|(prefix, _)| !prefix.starts_with(RUNNING));
    for (prefix, theme) in of_files {
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
