//! The pages of the codes of what runs, and their list, which `docs/checks/running.md` has.

use nutkin_core::code_page;

use crate::codes::all;

/// What stands above the list.
const INTRODUCTION: &str = "\
# What `nutkin why` finds

`nutkin explain CODE` prints the page of a code. An example on such a page is what was seen of a session: logs, ends of processes, objects of
Kubernetes, what the JobManager says. What `nutkin check` finds in files has codes of the same family: [README.md](README.md).
This page and those of the codes are made from a table in `crates/diagnosis/src/rules`; a test keeps them equal.
";

/// All pages: file name and text. The first is the list.
pub fn pages() -> Vec<(String, String)> {
    code_page::pages("running.md", INTRODUCTION, all())
}
