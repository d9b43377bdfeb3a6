//! How a session is that runs: its findings as checks, a line for each theme.

use super::{Check, CheckResult};
use crate::codes::UNSEEN;
use crate::diagnosis::Diagnosis;

/// What should be so, by the hundred of the codes that say the opposite.
const THEMES: [(&str, &str); 6] = [
    ("NK21", "its processes run"),
    ("NK22", "its processes reach each other"),
    ("NK23", "memory is enough"),
    ("NK24", "storage works and nothing is forbidden"),
    ("NK25", "its jobs run"),
    ("NK26", "its configuration is understood"),
];

/// The findings of a session as checks. They are findings already, and become none by it.
pub fn session(name: &str, found: &[Diagnosis]) -> Vec<Check> {
    let group = format!("session `{name}`");
    let all = || found.iter().chain(found.iter().flat_map(|one| &one.led_to));
    let check = |(prefix, what): &(&str, &str)| {
        let of_theme = || all().filter(|one| one.rule().code.starts_with(prefix));
        let lines: Vec<String> = of_theme().map(Diagnosis::line).collect();
        let code = of_theme().next().map_or("", |one| one.rule().code);
        Check::of(&group, what, code, name, lines, "")
    };
    let mut checks: Vec<Check> = THEMES.iter().map(check).collect();
    let unseen = all().filter(|one| one.rule().code == UNSEEN);
    checks.extend(unseen.map(|one| {
        let result = CheckResult::Unseen { why: one.whose() };
        Check::new(&group, "everything of it can be looked at", result)
    }));
    checks
}
