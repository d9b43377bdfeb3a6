//! Flink's options as a sorted text: searched, not parsed, so that a command that needs one option pays for
//! one.
//!
//! `flink.tsv` is made by `cargo xtask options` from the `ConfigOption` constants of real distributions. Its
//! columns: key; the versions that have it, as letters of [`OBSERVED`] (`a` is the first; upper case where
//! Flink calls the option itself deprecated); type; default; old spellings in Flink's order (`~` marks a
//! fallback, which is not deprecated); newer spellings of which this key is an old one. A column in which the
//! versions differ reads `ab=x ¦ cd=y`.

use crate::FlinkVersion;

/// The versions that were looked at: the newest release of each line.
pub const OBSERVED: [FlinkVersion; 12] = [
    FlinkVersion::new(1, 13, 6),
    FlinkVersion::new(1, 14, 6),
    FlinkVersion::new(1, 15, 4),
    FlinkVersion::new(1, 16, 3),
    FlinkVersion::new(1, 17, 2),
    FlinkVersion::new(1, 18, 1),
    FlinkVersion::new(1, 19, 3),
    FlinkVersion::new(1, 20, 5),
    FlinkVersion::new(2, 0, 2),
    FlinkVersion::new(2, 1, 3),
    FlinkVersion::new(2, 2, 1),
    FlinkVersion::new(2, 3, 0),
];

const TABLE: &str = include_str!("flink.tsv");

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) key: &'static str,
    versions: &'static str,
    types: &'static str,
    defaults: &'static str,
    old: &'static str,
    newer: &'static str,
}

/// What one version says of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// As Flink names it: `Integer`, `Duration`, `MemorySize`, `List<String>`, `Map`, `enum:A|B`.
    pub type_name: &'static str,
    /// The default as text, or `None` where there is none.
    pub default: Option<&'static str>,
    /// Whether Flink calls the option itself deprecated.
    pub deprecated: bool,
    old: &'static str,
}

impl Facts {
    /// Facts of an option that no version of Flink has.
    pub(super) const fn own(type_name: &'static str, default: Option<&'static str>) -> Self {
        Self { type_name, default, deprecated: false, old: "" }
    }

    /// Other spellings that the version reads after the key itself, in this order; `true` marks a
    /// deprecated one.
    pub fn old_spellings(&self) -> impl Iterator<Item = (&'static str, bool)> + use<> {
        self.old.split(',').filter(|key| !key.is_empty()).map(|key| match key.strip_prefix('~') {
            Some(fallback) => (fallback, false),
            None => (key, true),
        })
    }

    /// The names that an enumeration allows.
    pub fn names(&self) -> Option<Vec<&'static str>> {
        Some(self.type_name.strip_prefix("enum:")?.split('|').collect())
    }
}

impl Line {
    fn parse(line: &'static str) -> Self {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        Self {
            key: next(),
            versions: next(),
            types: next(),
            defaults: next(),
            old: next(),
            newer: next(),
        }
    }

    /// Whether this is an option, not only an old spelling of one.
    pub(super) fn is_option(&self) -> bool {
        !self.versions.is_empty()
    }

    /// Keys of which this one is an old spelling in some version.
    pub(super) fn newer(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.newer.split(',').filter(|key| !key.is_empty())
    }

    /// What an observed version says, if it has the option.
    pub(super) fn facts(&self, observed: usize) -> Option<Facts> {
        let letter = letter(observed);
        let deprecated = self.versions.contains(letter.to_ascii_uppercase());
        if !deprecated && !self.versions.contains(letter) {
            return None;
        }
        let default = column(self.defaults, letter);
        Some(Facts {
            type_name: column(self.types, letter),
            default: (default != "null").then_some(default),
            deprecated,
            old: column(self.old, letter),
        })
    }
}

fn letter(observed: usize) -> char {
    ('a'..='z').nth(observed).unwrap_or('z')
}

/// The part of a column that holds for a version.
fn column(text: &'static str, letter: char) -> &'static str {
    if !text.contains(" ¦ ") {
        return text;
    }
    text.split(" ¦ ")
        .filter_map(|part| part.split_once('='))
        .find(|(letters, _)| letters.contains(letter))
        .map_or("", |(_, value)| value)
}

/// The line of exactly this key, by binary search over the text.
pub(super) fn line(key: &str) -> Option<Line> {
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        // As text: the standard library searches that by words of the machine, bytes one by one.
        let middle = TABLE.floor_char_boundary(usize::midpoint(low, high));
        let start = TABLE[low..middle].rfind('\n').map_or(low, |at| low + at + 1);
        let end = TABLE[start..].find('\n').map_or(TABLE.len(), |at| start + at);
        let text = &TABLE[start..end];
        let found = text.split('\t').next().unwrap_or_default();
        match key.cmp(found) {
            std::cmp::Ordering::Equal => return Some(Line::parse(text)),
            std::cmp::Ordering::Less => high = start,
            std::cmp::Ordering::Greater => low = end + 1,
        }
    }
    None
}

/// All lines, in order of the keys.
pub(super) fn lines() -> impl Iterator<Item = Line> {
    TABLE.lines().map(Line::parse)
}

/// Which observed version speaks for a version: that of its line; of lines that nobody has looked at the nearest one.
pub(super) fn speaker(version: FlinkVersion) -> usize {
    let line = |one: &FlinkVersion| (one.major, one.minor) <= (version.major, version.minor);
    OBSERVED.iter().rposition(line).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_line_is_found() {
        assert!(TABLE.lines().map(|line| line.split('\t').next()).is_sorted());
        let mut options = 0;
        for each in lines() {
            let found = line(each.key).map(|found| found.key);
            assert_eq!(found, Some(each.key));
            options += usize::from(each.is_option());
        }
        assert!(options > 1000, "{options}");
        for absent in ["", "a", "zzz", "rest.por", "rest.port.", "\u{10ffff}"] {
            assert!(line(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn every_line_of_releases_was_looked_at() {
        let lines: Vec<FlinkVersion> =
            crate::version::LINES.iter().map(|line| line.newest).collect();
        assert_eq!(OBSERVED[..], lines[..]);
        for (index, version) in OBSERVED.into_iter().enumerate() {
            assert_eq!(speaker(FlinkVersion { patch: 0, ..version }), index, "{version}");
        }
        assert_eq!(speaker(FlinkVersion::new(1, 12, 0)), 0);
        assert_eq!(speaker(FlinkVersion::new(3, 0, 0)), OBSERVED.len() - 1);
    }

    #[test]
    fn every_newer_spelling_is_an_option() {
        for each in lines() {
            for key in each.newer() {
                assert!(line(key).is_some_and(|line| line.is_option()), "{key}");
            }
        }
    }
}
