//! The table of what tests on a node measured: a line `TEST <tab> COLUMN <tab> VALUE` each, in any order.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Columns, in the order of the table.
const COLUMNS: [&str; 6] =
    ["to ready", "to tasks", "to failover", "to resumed", "failovers", "objects left"];

/// Markdown, one row for each test.
pub(super) fn table(lines: &str) -> String {
    let mut rows: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for line in lines.lines() {
        let mut parts = line.splitn(3, '\t');
        if let (Some(test), Some(column), Some(value)) = (parts.next(), parts.next(), parts.next())
        {
            // A later `up` of a test changes its session: the first one starts it.
            rows.entry(test).or_default().entry(column).or_insert(value);
        }
    }
    let mut text = format!(
        "\n| on a node | {} |\n|---{}|\n",
        COLUMNS.join(" | "),
        "|---".repeat(COLUMNS.len())
    );
    for (test, values) in rows {
        let _ = write!(text, "| {test} |");
        for column in COLUMNS {
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
        assert_eq!(table(lines), expected);
    }
}
