//! The pages of `docs/checks/`, made from the table of codes.

use nutkin_core::code_page;

use super::codes::all;

pub use nutkin_core::code_page::page;

/// What stands above the list.
const INTRODUCTION: &str = "\
# What `nutkin check` finds

`nutkin explain CODE` prints the page of a code. To silence a finding, write
`# nutkin: allow CODE because REASON` on its line or above it, or give `--allow CODE=REASON`.
What `nutkin why` finds in a session that runs has codes of the same family: [running.md](running.md).
This page and those of the codes are made from a table in `crates/check/src`; a test keeps them equal.
";

/// All pages: file name and text. The first is the list.
pub fn pages() -> Vec<(String, String)> {
    code_page::pages("README.md", INTRODUCTION, all())
}
