//! Tables of what tests measured: a line `TEST <tab> COLUMN <tab> VALUE` each, in any order.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Columns of the table of tests on a node; the first one is that of the tests' names.
pub(super) const NODE: &[&str] = &[
    "on a node",
    "to ready",
    "to tasks",
    "to failover",
    "to resumed",
    "failovers",
    "objects left",
];
/// Columns of the table of images.
pub(super) const IMAGES: &[&str] = &["image", "size"];

/// Markdown, one row for each test.
pub(super) fn table(columns: &[&str], lines: &str) -> String {
    let mut rows: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for line in lines.lines() {
        let mut parts = line.splitn(3, '\t');
        if let (Some(test), Some(column), Some(value)) = (parts.next(), parts.next(), parts.next())
        {
            // A later `up` of a test changes its session: the first one starts it.
            rows.entry(test).or_default().entry(column).or_insert(value);
        }
    }
    let mut text = format!("\n| {} |\n{}|\n", columns.join(" | "), "|---".repeat(columns.len()));
    for (test, values) in rows {
        let _ = write!(text, "| {test} |");
        for column in &columns[1..] {
            let _ = write!(text, " {} |", values.get(column).copied().unwrap_or("–"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_test_and_a_dash_for_what_it_does_not_measure() {
        let lines = "b\tto ready\t9.1 s\na\tobjects left\t0\nb\tto failover\t2.0 s\nnonsense\n";
        let expected = "\n| on a node | to ready | to tasks | to failover | to resumed | failovers | objects left |\n\
            |---|---|---|---|---|---|---|\n\
            | a | – | – | – | – | – | 0 |\n\
            | b | 9.1 s | – | 2.0 s | – | – | – |\n";
        assert_eq!(table(NODE, lines), expected);
    }
}
