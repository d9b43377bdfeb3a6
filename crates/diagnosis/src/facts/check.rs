//! Checks of a place that have failed, or could not be made.

use super::process::plain;
use crate::codes;
use crate::doctor::{Check, CheckResult};
use crate::fact::Fact;

/// What is wrong by it.
pub(super) fn facts(check: &Check) -> Vec<Fact> {
    match &check.result {
        CheckResult::Passed { .. } => Vec::new(),
        CheckResult::Unseen { why } => {
            let text = format!("whether {}: {why}", check.what);
            vec![plain(&check.group, None, codes::UNSEEN, text)]
        }
        CheckResult::Failed { code, of, lines } => {
            let Some(rule) = codes::find(code) else { return Vec::new() };
            let quote = lines.iter().map(|line| super::shown(line)).collect();
            vec![Fact { quote, ..plain(of, None, rule.code, lines.join("\n")) }]
        }
    }
}
