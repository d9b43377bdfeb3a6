//! Checks for people: grouped, a mark before each.

use super::{Check, CheckResult};

/// The checks, each group under its name.
pub fn ticks(checks: &[Check]) -> String {
    let mut text = String::new();
    let mut group = None;
    for check in checks {
        if group != Some(&check.group) {
            let gap = if group.is_some() { "\n" } else { "" };
            text.push_str(&format!("{gap}{}\n", check.group));
            group = Some(&check.group);
        }
        let what = &check.what;
        text.push_str(&match &check.result {
            CheckResult::Passed { detail } if detail.is_empty() => format!("  √ {what}\n"),
            CheckResult::Passed { detail } => format!("  √ {what}: {detail}\n"),
            CheckResult::Failed { code, .. } => format!("  × {what}: {code}\n"),
            CheckResult::Unseen { why } => format!("  ? {what}: not known, {why}\n"),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_marks() {
        let failed = Check::of("b", "it runs", "NK2120", "x", vec!["no".to_owned()], "");
        let checks = [
            Check::passed("a", "it answers", "v1"),
            Check::unseen("a", "it has room", "you may not ask"),
            failed,
            Check::passed("b", "it is well", ""),
        ];
        assert_eq!(
            ticks(&checks),
            "a\n  √ it answers: v1\n  ? it has room: not known, you may not ask\n\nb\n  × it runs: NK2120\n  √ it is well\n"
        );
    }
}
