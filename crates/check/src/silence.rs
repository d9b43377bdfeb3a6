//! Silencing a code where it stands: `# nutkin: allow NK0404 because ...`, on the line or above it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::finding::{Finding, Place};
use super::source::File;

/// A silenced code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Silence {
    pub(super) place: Place,
    pub(super) code: String,
    /// Empty where the user gave none.
    pub(super) reason: String,
    /// The last line for which it counts: that of the comment, otherwise the next one that is not a comment.
    until: u32,
}

impl Silence {
    /// Whether it is, with a reason, about this code on one of these lines of a file.
    pub(super) fn allows(&self, code: &str, file: usize, lines: RangeInclusive<u32>) -> bool {
        self.code == code
            && self.place.file == file
            && self.place.line <= *lines.end()
            && *lines.start() <= self.until
            && !self.reason.is_empty()
    }
}

/// The words that begin a silence.
const MARK: &str = "nutkin: allow ";

/// All silences of the files.
pub(super) fn read(files: &[File]) -> Vec<Silence> {
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        if !file.text.contains(MARK) {
            continue;
        }
        for (number, line) in file.text.lines().enumerate() {
            let Some((before, rest)) = line.split_once(MARK) else { continue };
            let Some(comment) = before.trim_end().strip_suffix(['#', '-', '/']) else { continue };
            let mut rest = rest.trim_end().trim_end_matches("-->").trim();
            let mut codes = Vec::new();
            while let Some((code, more)) = code(rest) {
                codes.push(code);
                rest = more.trim_start_matches([',', ' ']);
            }
            let reason = rest.strip_prefix("because").unwrap_or(rest);
            let reason = reason.trim_matches([':', ' ']).to_owned();
            let line_number = u32::try_from(number + 1).unwrap_or(u32::MAX);
            let column = u32::try_from(comment.chars().count() + 1).unwrap_or(u32::MAX);
            let place = Place { file: index, line: line_number, column };
            let stands_alone = comment.trim_matches([' ', '\t', '<', '!', '-', '/']).is_empty();
            let next = file.text.lines().enumerate().skip(number + 1).find(|(_, line)| {
                let line = line.trim_start();
                !line.is_empty() && !line.starts_with('#')
            });
            let next = next.and_then(|(next, _)| u32::try_from(next + 1).ok());
            let until = if stands_alone { next.unwrap_or(line_number) } else { line_number };
            for code in codes {
                let (code, reason) = (code.to_owned(), reason.clone());
                found.push(Silence { place, code, reason, until });
            }
        }
    }
    found
}

fn code(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let digits = word.strip_prefix("NK")?;
    (digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit())).then_some((word, rest))
}

/// Sets the reason on the findings that are silenced with one.
pub(super) fn apply(silences: &[Silence], findings: &mut [(Place, Finding)]) {
    // By file and code: there may be thousands of both.
    let mut known: BTreeMap<(usize, &str), Vec<&Silence>> = BTreeMap::new();
    for silence in silences {
        known.entry((silence.place.file, &silence.code)).or_default().push(silence);
    }
    for (place, finding) in findings {
        let mut near = known.get(&(place.file, finding.rule.code)).into_iter().flatten();
        let reason = near.find(|silence| {
            (silence.place.line..=silence.until).contains(&place.line) && !silence.reason.is_empty()
        });
        if let Some(silence) = reason {
            finding.silenced = Some(silence.reason.clone());
        }
    }
}
