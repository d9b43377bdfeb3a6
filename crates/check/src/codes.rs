//! The table of codes: what can be found, what it leads to, and what to do. `docs/checks/` is made from it.

pub use crate::rule::{RUNNING, Rule, THEMES};
use crate::rules;

/// All codes, in order.
pub fn all() -> impl Iterator<Item = &'static Rule> + Clone {
    rules::TABLES.iter().flat_map(|table| table.iter().copied())
}

/// The entry of a code, in capitals or not.
pub fn find(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code.eq_ignore_ascii_case(code))
}
