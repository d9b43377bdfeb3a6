//! Files as they come in: what each one is, and its lines.

use std::collections::BTreeSet;

use nutkin_flink::options;

/// A file to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The file as the user named it, with `/` between directories.
    pub name: String,
    /// Its text; bytes that are not UTF-8 replaced.
    pub text: String,
}

/// What a file is, by its name and first words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// `flink-conf.yaml`.
    FlinkConf,
    /// `config.yaml` of Flink.
    ConfigYaml,
    /// Kubernetes objects and session files.
    Objects,
    /// Log4j properties.
    Log4j,
    /// Logback XML.
    Logback,
    /// Addresses of JobManagers for `start-cluster.sh`.
    Masters,
    /// Addresses of TaskManagers for `start-cluster.sh`.
    Workers,
    /// A Dockerfile.
    Dockerfile,
    /// A shell script.
    Script,
}

impl FileKind {
    /// What a name promises, or `None` where only the text can tell.
    pub fn of_name(name: &str) -> Option<Self> {
        let base = name.rsplit('/').next().unwrap_or(name);
        let lower = base.to_ascii_lowercase();
        let ends = |end: &str| lower.ends_with(end);
        if lower == "flink-conf.yaml" || lower == "flink-conf.yml" {
            Some(Self::FlinkConf)
        } else if lower == "masters" {
            Some(Self::Masters)
        } else if lower == "workers" || lower == "slaves" {
            Some(Self::Workers)
        } else if lower.starts_with("dockerfile")
            || lower.starts_with("containerfile")
            || ends(".dockerfile")
        {
            Some(Self::Dockerfile)
        } else if lower.starts_with("log4j") && ends(".properties") {
            Some(Self::Log4j)
        } else if lower.starts_with("logback") && ends(".xml") {
            Some(Self::Logback)
        } else if ends(".sh") || ends(".bash") || lower.starts_with("docker-entrypoint") {
            Some(Self::Script)
        } else if ends(".yaml") || ends(".yml") {
            Some(Self::Objects)
        } else {
            None
        }
    }

    fn of(name: &str, text: &str) -> Option<Self> {
        let base = name.rsplit('/').next().unwrap_or(name);
        let is_object = |text: &str| {
            text.lines().any(|line| line.starts_with("kind:") || line.starts_with("apiVersion:"))
        };
        match Self::of_name(name) {
            // A template of Helm or the like is not YAML before it is filled in.
            Some(Self::Objects) if is_template(text) => None,
            Some(Self::Objects)
                if matches!(base, "config.yaml" | "config.yml") && !is_object(text) =>
            {
                is_flinks(text).then_some(Self::ConfigYaml)
            }
            Some(kind) => Some(kind),
            None if is_object(text) => Some(Self::Objects),
            None if text.starts_with("#!") => Some(Self::Script),
            None if text.lines().any(|line| line.starts_with("FROM ")) => Some(Self::Dockerfile),
            None => None,
        }
    }
}

/// Whether a `config.yaml` is Flink's: many programs call theirs so. One key is enough that begins like an option.
fn is_flinks(text: &str) -> bool {
    let mut keys = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()));
    let mut words = keys.by_ref().map(|line| line.split([':', '.', ' ']).next().unwrap_or(line));
    let Some(first) = words.next() else { return true };
    std::iter::once(first).chain(words).any(options::is_first_word)
}

/// Whether something fills the text in before it is YAML. What the operator fills in, `{{name}}` and `{{namespace}}`
/// of an Ingress, is in texts that are YAML.
fn is_template(text: &str) -> bool {
    text.split("{{").skip(1).any(|rest| {
        let word = rest.split("}}").next().unwrap_or_default().trim();
        word != "name" && word != "namespace"
    })
}

/// A file with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) kind: Option<FileKind>,
    /// Byte offsets at which lines begin.
    starts: Vec<usize>,
    /// Lines that hold the data of a Secret.
    secrets: BTreeSet<u32>,
}

impl File {
    pub(super) fn new(input: &Input) -> Self {
        let plain = input.text.strip_prefix('\u{feff}').unwrap_or(&input.text);
        let kind = FileKind::of(&input.name, plain);
        // Flink takes a byte order mark for a letter of the first key of flink-conf.yaml; all other readers skip it.
        let text = if kind == Some(FileKind::FlinkConf) { &input.text } else { plain }.to_owned();
        let starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
            .collect();
        Self { name: input.name.clone(), text, kind, starts, secrets: BTreeSet::new() }
    }

    /// A line, counted from 1, without its end.
    pub(super) fn line(&self, line: u32) -> Option<&str> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).map_or(self.text.len(), |next| next - 1);
        Some(self.text.get(start..end)?.trim_end_matches('\r'))
    }

    /// How many lines it has.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn hide(&mut self, lines: impl IntoIterator<Item = u32>) {
        self.secrets.extend(lines);
    }

    pub(super) fn is_secret(&self, line: u32) -> bool {
        self.secrets.contains(&line)
    }

    /// The directory part of the name, `""` where it has none.
    pub(super) fn directory(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(directory, _)| directory)
    }
}
