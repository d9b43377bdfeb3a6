//! The lines of `flink-conf.yaml` as they stand, those included that Flink leaves out.

/// What a line is to Flink's old parser (`GlobalConfiguration.loadLegacyYAMLResource`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// An option. `cut`: the value ended at a `#` that nobody meant as a comment.
    Entry { key: &'a str, value: &'a str, cut: bool },
    /// A word without `: `, which is left out.
    Bare(&'a str),
    /// A key or value is missing; left out.
    Incomplete(&'a str),
}

/// The lines that say something: number and column, counted from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u32, u32, Line<'_>)> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let (content, comment) = match line.split_once('#') {
            Some((content, comment)) => (content, Some(comment)),
            None => (line, None),
        };
        let blank = |c: char| c <= ' ';
        let column = content.chars().take_while(|c| blank(*c)).count() + 1;
        let trimmed = content.trim_matches(blank);
        if trimmed.is_empty() {
            return None;
        }
        let line = match trimmed.split_once(": ") {
            None if trimmed.ends_with(':') => Line::Incomplete(trimmed.trim_end_matches(':')),
            None => Line::Bare(trimmed),
            Some((key, value)) => {
                let (key, value) = (key.trim_matches(blank), value.trim_matches(blank));
                if key.is_empty() || value.is_empty() {
                    Line::Incomplete(key)
                } else {
                    Line::Entry { key, value, cut: comment.is_some() && !content.ends_with(blank) }
                }
            }
        };
        Some((number, u32::try_from(column).unwrap_or(u32::MAX), line))
    })
}

#[cfg(test)]
mod tests {
    use super::{Line, lines};

    #[track_caller]
    fn check(text: &str, expected: Option<(u32, Line<'_>)>) {
        let found = lines(text).next().map(|(_, column, line)| (column, line));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn kinds_of_lines() {
        check("a: b", Some((1, Line::Entry { key: "a", value: "b", cut: false })));
        check("  a:   b # c", Some((3, Line::Entry { key: "a", value: "b", cut: false })));
        check("a: b#c", Some((1, Line::Entry { key: "a", value: "b", cut: true })));
        check("a:b", Some((1, Line::Bare("a:b"))));
        check("a:", Some((1, Line::Incomplete("a"))));
        check("# a: b", None);
        check("change if you like", Some((1, Line::Bare("change if you like"))));
    }
}
