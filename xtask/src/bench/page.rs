//! `docs/benchmarks.md`: one section for each scenario, replaced when that one is measured again.

use std::fmt::Write as _;

use super::figures::{Unit, median, ratio};

/// What one scenario found.
#[derive(Debug)]
pub(crate) struct Section {
    /// The headline.
    pub(crate) title: &'static str,
    /// What was compared and how, in sentences.
    pub(crate) intro: String,
    /// The table.
    pub(crate) rows: Vec<Row>,
}

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// Ours.
    pub(crate) ours: String,
    /// What it is held against.
    pub(crate) theirs: Option<String>,
    /// Ours divided by theirs.
    pub(crate) ratio: Option<f64>,
    /// What was aimed at, and whether it was reached.
    pub(crate) target: Option<(String, bool)>,
}

impl Row {
    /// A row of the median of these figures.
    pub(crate) fn new(what: &str, unit: Unit, ours: &[f64]) -> Self {
        let ours = unit.text(median(ours));
        Self { what: what.to_owned(), ours, theirs: None, ratio: None, target: None }
    }

    /// The same beside figures that were measured in turn with ours.
    pub(crate) fn beside(what: &str, unit: Unit, ours: &[f64], theirs: &[f64]) -> Self {
        let ratio = Some(ratio(ours, theirs));
        let theirs = Some(unit.text(median(theirs)));
        Self { theirs, ratio, ..Self::new(what, unit, ours) }
    }

    /// Aims at a median of at most `limit`.
    pub(crate) fn at_most(mut self, unit: Unit, ours: &[f64], limit: f64) -> Self {
        self.target = Some((format!("≤ {}", unit.text(limit)), median(ours) <= limit));
        self
    }

    /// Aims at a ratio of at most `limit`.
    pub(crate) fn ratio_at_most(mut self, limit: f64) -> Self {
        let met = self.ratio.is_some_and(|ratio| ratio <= limit);
        self.target = Some((format!("≤ {limit:.2}x"), met));
        self
    }
}

/// A section in Markdown.
pub(crate) fn markdown(name: &str, section: &Section, circumstances: &str) -> String {
    let mut text = format!("## {}\n\n{}\n\n", section.title, section.intro);
    text.push_str("| | Nutkin | beside | ratio | target | |\n|---|---:|---:|---:|---:|---|\n");
    for row in &section.rows {
        let theirs = row.theirs.as_deref().unwrap_or_default();
        let ratio = row.ratio.map(times).unwrap_or_default();
        let (target, met) = match &row.target {
            Some((target, true)) => (target.as_str(), "met"),
            Some((target, false)) => (target.as_str(), "**missed**"),
            None => ("", ""),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {theirs} | {ratio} | {target} | {met} |",
            row.what, row.ours
        );
    }
    let _ = writeln!(text, "\n{circumstances}\n\nMeasured by `cargo xtask bench --only {name}`.");
    marked(name, &text)
}

/// A section between the marks by which it is found again.
pub(crate) fn marked(name: &str, text: &str) -> String {
    format!("{}\n{text}{}\n", begin(name), end(name))
}

/// A ratio with two digits that say something.
fn times(ratio: f64) -> String {
    if ratio < 0.1 { format!("{ratio:.3}x") } else { format!("{ratio:.2}x") }
}

/// The page with this section in place of the old one, or at its end.
pub(crate) fn with_section(page: &str, name: &str, section: &str) -> String {
    let (begin, end) = (begin(name), format!("{}\n", end(name)));
    let old = page.find(&begin).zip(page.find(&end));
    match old {
        Some((from, to)) if from < to => {
            format!("{}{section}{}", &page[..from], &page[to + end.len()..])
        }
        _ => format!("{}\n\n{section}", page.trim_end()),
    }
}

/// A page without sections.
pub(crate) const EMPTY: &str = "# Benchmarks

Every table is made by `cargo xtask bench`, which builds the release binary, measures, and writes this page. Commands that
are compared run in turn, figures are medians, and a ratio is the median of the ratios of each pair, so that a machine
that gets slower in the middle changes neither. A target that is missed is shown as such.
";

fn begin(name: &str) -> String {
    format!("<!-- bench {name} -->")
}

fn end(name: &str) -> String {
    format!("<!-- end of {name} -->")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section() -> Section {
        let (ours, theirs) = ([4.0, 5.0, 6.0], [10.0, 10.0, 10.0]);
        let unit = Unit::Milliseconds;
        let rows = vec![
            Row::new("alone", unit, &ours).at_most(unit, &ours, 4.5),
            Row::beside("beside", unit, &ours, &theirs).ratio_at_most(0.5),
        ];
        Section { title: "Title", intro: "Words.".to_owned(), rows }
    }

    #[test]
    fn rows_say_whether_targets_are_met() {
        let text = markdown("x", &section(), "Here.");
        assert!(text.contains("| alone | 5.0 ms |  |  | ≤ 4.5 ms | **missed** |\n"), "{text}");
        assert!(text.contains("| beside | 5.0 ms | 10 ms | 0.50x | ≤ 0.50x | met |\n"), "{text}");
    }

    #[test]
    fn a_section_takes_the_place_of_the_old_one() {
        let first = markdown("a", &section(), "Monday.");
        let page =
            with_section(&with_section(EMPTY, "a", &first), "b", &markdown("b", &section(), ""));
        let again = with_section(&page, "a", &first.replace("Monday", "Tuesday"));
        assert_eq!(again, page.replace("Monday", "Tuesday"));
        assert_eq!(again.matches("## Title").count(), 2);
    }
}
