//! One entry of the table of codes: the type is core's, because what runs has codes of the same family.

pub use nutkin_core::codes::{RUNNING, Rule, Severity, THEMES};
