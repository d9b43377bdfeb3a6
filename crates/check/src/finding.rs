//! What a check finds, and where.

use super::source::File;
use crate::rule::{Rule, Severity};
use nutkin_flink::Location;
use nutkin_flink::options;

/// A place in one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Index of the file.
    pub file: usize,
    /// Line, counted from 1.
    pub line: u32,
    /// Column, counted from 1.
    pub column: u32,
}

impl Place {
    /// The place in the file that somebody wrote: one of an overlay leads to the file that says the value.
    pub(super) fn home(self, files: &[File]) -> Self {
        match files[self.file].home(self.line) {
            Some((file, line)) => Self { file, line, ..self },
            None => self,
        }
    }
}

/// Lines to replace in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The first line, counted from 1. Without removed lines the new ones come before it.
    pub line: u32,
    /// The lines that go, as they are there.
    pub remove: Vec<String>,
    /// The lines that come.
    pub insert: Vec<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The entry of the table of codes.
    pub rule: &'static Rule,
    /// How bad it is here.
    severity: Severity,
    /// Where it stands.
    pub location: Location,
    /// The line there, secrets masked.
    pub quote: String,
    /// What is wrong here, lower case, without a full stop.
    pub message: String,
    /// The cure here, where it can be said more closely than in the table.
    pub cure: Option<String>,
    /// The cure as lines of the file, where there is one.
    pub patch: Option<Patch>,
    /// Why the user silenced it.
    pub silenced: Option<String>,
}

impl Finding {
    /// How bad it is: as the table says, or less.
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Makes it a warning: whether it does harm depends on what the files do not say.
    pub(crate) const fn only_warns(&mut self) {
        self.severity = Severity::Warning;
    }

    /// What to do about it.
    pub fn advice(&self) -> &str {
        self.cure.as_deref().unwrap_or(self.rule.cure)
    }
}

/// Collects findings.
pub(super) struct Findings<'a> {
    pub(super) files: &'a [File],
    pub(super) list: Vec<(Place, Finding)>,
}

impl<'a> Findings<'a> {
    pub(super) const fn new(files: &'a [File]) -> Self {
        Self { files, list: Vec::new() }
    }

    /// Adds a finding; the cure and the patch can be set on what comes back.
    pub(super) fn add(
        &mut self,
        rule: &'static Rule,
        place: Place,
        message: impl Into<String>,
    ) -> &mut Finding {
        let file = &self.files[place.file];
        // YAML breaks lines where nothing else does, such as at a lone carriage return.
        let place = Place { line: place.line.clamp(1, file.count()), ..place };
        let location = Location {
            file: file.name.clone(),
            line: Some(place.line),
            column: Some(place.column),
        };
        let quote = quote(file, place.line);
        let finding = Finding {
            rule,
            severity: rule.severity,
            location,
            quote,
            message: message.into(),
            cure: None,
            patch: None,
            silenced: None,
        };
        self.list.push((place, finding));
        let last = self.list.len() - 1;
        &mut self.list[last].1
    }

    /// A patch that replaces one line of a file, keeping its indentation.
    pub(super) fn replace(&self, place: Place, with: &str) -> Option<Patch> {
        let file = &self.files[place.file];
        let old = file.line(place.line)?;
        if options::is_sensitive(old) || file.is_secret(place.line) {
            return None;
        }
        let indent: String = old.chars().take_while(|c| c.is_whitespace()).collect();
        Some(Patch {
            line: place.line,
            remove: vec![old.to_owned()],
            insert: with.lines().map(|line| format!("{indent}{line}")).collect(),
        })
    }

    /// A patch that puts a text in the place of another one, which begins at a place or behind it in the same line.
    /// What is around it stays as it is. `None` where the line has the text more than once, and not at the place itself: nobody
    /// knows which one is meant.
    pub(super) fn exchange(&self, place: Place, old: &str, new: &str) -> Option<Patch> {
        let line = self.files[place.file].line(place.line)?;
        let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
        let (from, _) = line.char_indices().nth(column)?;
        let is_at_place = line[from..].trim_start_matches(['"', '\'']).starts_with(old);
        if !is_at_place && 1 < line[from..].matches(old).count() {
            return None;
        }
        let (before, behind) = line.split_at(from + line[from..].find(old)?);
        let rest = behind.strip_prefix(old)?;
        let is_hidden = self.files[place.file].is_secret(place.line);
        if old == new || old.is_empty() || options::is_sensitive(line) || is_hidden {
            return None;
        }
        let insert = vec![format!("{before}{new}{rest}")];
        Some(Patch { line: place.line, remove: vec![line.to_owned()], insert })
    }

    /// A patch that puts lines behind one line of a file, indented like it.
    pub(super) fn append(&self, place: Place, lines: &str) -> Option<Patch> {
        let old = self.files[place.file].line(place.line)?;
        let indent: String = old.chars().take_while(|c| c.is_whitespace()).collect();
        Some(Patch {
            line: place.line + 1,
            remove: Vec::new(),
            insert: lines.lines().map(|line| format!("{indent}{line}")).collect(),
        })
    }
}

/// Leads findings in overlays back to the files that somebody wrote. Lines of another file are not changed.
pub(super) fn bring_home(files: &[File], list: &mut [(Place, Finding)]) {
    for (place, finding) in list {
        let home = place.home(files);
        if home == *place {
            continue;
        }
        finding.patch = finding.patch.take().and_then(|patch| {
            // What is inserted comes behind the line above it.
            let line =
                if patch.remove.is_empty() { patch.line.saturating_sub(1) } else { patch.line };
            let at = Place { line, ..*place }.home(files);
            let line = if patch.remove.is_empty() { at.line + 1 } else { at.line };
            (at.file == home.file).then_some(Patch { line, ..patch })
        });
        finding.location.file.clone_from(&files[home.file].name);
        finding.location.line = Some(home.line);
        *place = home;
    }
}

/// Longest quoted line, in characters: what fits a terminal beside the line number.
const QUOTED: usize = 120;

/// A line of a file as it may be shown.
fn quote(file: &File, line: u32) -> String {
    let text = file.line(line).unwrap_or_default().trim_end();
    let shown = match text.split_once([':', '=']) {
        Some((key, _)) if file.is_secret(line) || options::is_sensitive(key) => {
            format!("{key}: {}", options::HIDDEN)
        }
        None if file.is_secret(line) => options::HIDDEN.to_owned(),
        // A name of an environment variable or a -D argument with a secret in the same line.
        _ if options::is_sensitive(text) && text.contains("-D") => options::HIDDEN.to_owned(),
        _ => text.to_owned(),
    };
    if QUOTED < shown.chars().count() {
        let cut: String = shown.chars().take(QUOTED).collect();
        return format!("{cut}...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Findings, Place};
    use crate::source::{File, Input};

    #[test]
    fn a_text_is_exchanged_where_it_is_certain_which_one() {
        #[track_caller]
        fn check(line: &str, column: u32, old: &str, expected: Option<&str>) {
            let input = Input { name: "a.yaml".to_owned(), text: format!("{line}\n") };
            let files = [File::new(&input)];
            let patch =
                Findings::new(&files).exchange(Place { file: 0, line: 1, column }, old, "x");
            let made = patch.map(|patch| patch.insert.join("\n"));
            assert_eq!(made.as_deref(), expected, "{line}");
        }
        check("rest.bind-address: localhost", 1, "localhost", Some("rest.bind-address: x"));
        let two = "rest: {address: localhost, bind-address: localhost}";
        check(two, 1, "localhost", None);
        check(two, 42, "localhost", Some("rest: {address: localhost, bind-address: x}"));
        check("memory: '1Gi', limit: 1Gi", 9, "1Gi", Some("memory: 'x', limit: 1Gi"));
        check("a: b", 1, "c", None);
    }
}
