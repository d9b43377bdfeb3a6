//! What a code `NKnnnn` stands for, whoever finds it: a rule for files, or a diagnosis of what runs.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does not work, or work is lost.
    Error,
    /// It works until something happens, or does something else than was meant.
    Warning,
    /// It works and could be said better.
    Note,
}

impl Severity {
    /// The word for it, which is also SARIF's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One entry of the table. A code never changes its meaning and is never given again.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `NK0201`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, lower case, without a full stop.
    pub title: &'static str,
    /// What happens to the user because of it, in sentences.
    pub happens: &'static str,
    /// What to do, in sentences.
    pub cure: &'static str,
    /// Files with and without the defect, as [`Rule::bad`] and [`Rule::good`] cut them.
    pub example: &'static str,
}

impl Rule {
    /// Files that have the defect: name and text.
    pub fn bad(&self) -> Vec<(&'static str, &'static str)> {
        cut(self.example, "=== bad ")
    }

    /// The same files without it.
    pub fn good(&self) -> Vec<(&'static str, &'static str)> {
        cut(self.example, "=== good ")
    }

    /// What the hundred of its code is about.
    pub fn theme(&self) -> &'static str {
        THEMES
            .iter()
            .find(|(prefix, _)| self.code.starts_with(prefix))
            .map_or("", |(_, theme)| theme)
    }
}

/// What the hundreds of a code stand for.
pub const THEMES: &[(&str, &str)] = &[
    ("NK00", "Files"),
    ("NK01", "Options"),
    ("NK02", "High availability and storage"),
    ("NK03", "Permissions"),
    ("NK04", "Addresses and ports"),
    ("NK05", "Memory and resources"),
    ("NK06", "Pods"),
    ("NK07", "Images"),
    ("NK08", "Logs"),
    ("NK09", "Exposure and secrets"),
    ("NK10", "Docker Compose"),
    ("NK11", "The operator"),
    ("NK20", "Looking"),
    ("NK21", "Processes and pods"),
    ("NK22", "Connections"),
    ("NK23", "Memory"),
    ("NK24", "Storage and permissions"),
    ("NK25", "Jobs"),
    ("NK26", "Configuration of what runs"),
    ("NK27", "Places"),
];

/// The first digit of the codes of what runs; those of files begin with others.
pub const RUNNING: &str = "NK2";

/// Sections begin with `=== bad NAME` or `=== good NAME` in a line of its own.
fn cut(example: &'static str, mark: &str) -> Vec<(&'static str, &'static str)> {
    let mut files = Vec::new();
    let mut rest = example;
    while let Some(start) = rest.find("=== ") {
        let section = &rest[start..];
        let end = section[4..].find("\n=== ").map_or(section.len(), |end| end + 5);
        let (section, next) = section.split_at(end);
        if let Some((name, text)) =
            section.strip_prefix(mark).and_then(|section| section.split_once('\n'))
        {
            files.push((name.trim(), text));
        }
        rest = next;
    }
    files
}
