//! Judges the committed output of the job `ExactlyOnce`, which knows nothing of the judge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads all committed lines below a directory: those of files that are not hidden.
///
/// # Panics
/// When a file cannot be read.
pub fn committed(directory: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let Ok(entries) = std::fs::read_dir(directory) else { return lines };
    for entry in entries {
        let path = entry.expect("an entry of the output").path();
        let is_hidden =
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            lines.extend(committed(&path));
        } else {
            let text = std::fs::read_to_string(&path).expect("a file of the output");
            lines.extend(text.lines().map(ToOwned::to_owned));
        }
    }
    lines
}

/// Everything that is wrong with lines `number key count` of a job that ended after `total` numbers:
/// a number that is missing, double or not asked for (source and sink), and a count of a key that is
/// missing or double (state). Empty when nothing is.
pub fn faults(lines: &[String], total: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut numbers = BTreeSet::new();
    let mut counts: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for line in lines {
        let mut parts = line.split(' ').map(str::parse::<u64>);
        let (Some(Ok(number)), Some(Ok(key)), Some(Ok(count)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            faults.push(format!("not `number key count`: `{line}`"));
            continue;
        };
        if total <= number {
            faults.push(format!("number {number} was never emitted"));
        }
        if !numbers.insert(number) {
            faults.push(format!("number {number} is there twice"));
        }
        if !counts.entry(key).or_default().insert(count) {
            faults.push(format!("key {key} has counted {count} twice"));
        }
    }
    let missing = (0..total).filter(|number| !numbers.contains(number));
    faults.extend(missing.map(|number| format!("number {number} is missing")));
    for (key, counts) in &counts {
        let last = counts.last().copied().unwrap_or_default();
        let missing = (1..=last).filter(|count| !counts.contains(count));
        faults.extend(missing.map(|count| format!("key {key} has never counted {count}")));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expected: &[&str]) {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(faults(&lines, 4), expected);
    }

    #[test]
    fn right_in_any_order() {
        check(&["2 0 1", "0 0 2", "3 1 2", "1 1 1"], &[]);
    }

    #[test]
    fn a_gap_in_the_numbers() {
        check(&["0 0 1", "1 1 1", "3 1 2"], &["number 2 is missing"]);
    }

    #[test]
    fn a_double_number() {
        check(&["0 0 1", "1 1 1", "2 0 2", "3 1 2", "2 0 3"], &["number 2 is there twice"]);
    }

    #[test]
    fn state_that_was_lost_and_state_that_was_kept_too_long() {
        check(&["0 0 1", "1 1 1", "2 0 1", "3 1 2"], &["key 0 has counted 1 twice"]);
        check(&["0 0 1", "1 1 1", "2 0 3", "3 1 2"], &["key 0 has never counted 2"]);
    }

    #[test]
    fn nonsense() {
        check(
            &["0 0 1", "1 1 1", "2 0 2", "3 1 2", "", "7 1 3"],
            &["not `number key count`: ``", "number 7 was never emitted"],
        );
    }
}
