//! The list of the codes of what runs, which `docs/checks/running.md` has.

use nutkin_core::code_page::page;
use nutkin_core::codes::{RUNNING, THEMES};

use crate::codes::all;

/// All pages: file name and text. The first is the list.
pub fn pages() -> Vec<(String, String)> {
    let mut pages = vec![("running.md".to_owned(), index())];
    pages.extend(all().map(|rule| (format!("{}.md", rule.code), page(rule))));
    pages
}

fn index() -> String {
    let mut text = "\
# What `nutkin why` finds

`nutkin explain CODE` prints the page of a code. An example on such a page is what was seen of a session: logs, ends of processes, objects of
Kubernetes, what the JobManager says. What `nutkin check` finds in files has codes of the same family: [README.md](README.md).
This page and those of the codes are made from a table in `crates/diagnosis/src/rules`; a test keeps them equal.
"
    .to_owned();
    for (prefix, theme) in THEMES.iter().filter(|(prefix, _)| prefix.starts_with(RUNNING)) {
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
