//! Files as they come in: what each one is, and its lines.

use std::collections::BTreeSet;

use super::path;
use nutkin_flink::options;
use nutkin_flink::yaml::{self, Node, NodeKind};

/// A file to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The file as the user named it, with `/` between directories.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The text of a file that cannot be read as text; no other has a zero in it.
const UNREADABLE: &str = "\0";

impl Input {
    /// A file that is there and that nobody can read as text: larger than any configuration, or in another encoding. Nothing is found in
    /// it, and whatever names it does not name a file that is missing.
    pub fn unreadable(name: String) -> Self {
        Self { name, text: UNREADABLE.to_owned() }
    }
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
    /// Commands in a file of another form: a Makefile, a justfile, a Jenkinsfile.
    Recipe,
    /// Names of files that a repository does not have: `.gitignore`.
    Ignored,
    /// Variables for a Compose file: `.env`.
    Environment,
}

impl FileKind {
    /// Whether Flink reads options in such a file.
    pub(crate) const fn is_options(self) -> bool {
        matches!(self, Self::FlinkConf | Self::ConfigYaml)
    }

    /// What a name promises, or `None` where only the text can tell.
    pub fn of_name(name: &str) -> Option<Self> {
        let base = path::last(name);
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
        } else if ends(".env") {
            Some(Self::Environment)
        } else if ends(".sh") || ends(".bash") || lower.starts_with("docker-entrypoint") {
            Some(Self::Script)
        } else if matches!(lower.as_str(), "makefile" | "gnumakefile" | "justfile" | "jenkinsfile")
            || ends(".mk")
        {
            Some(Self::Recipe)
        } else if lower == ".gitignore" {
            Some(Self::Ignored)
        } else if ends(".yaml") || ends(".yml") || is_json(name) || base == "Kustomization" {
            Some(Self::Objects)
        } else {
            None
        }
    }

    fn of(name: &str, text: &str) -> Option<Self> {
        let base = path::last(name);
        let is_object = |text: &str| {
            text.lines().any(|line| line.starts_with("kind:") || line.starts_with("apiVersion:"))
        };
        match Self::of_name(name) {
            // Most JSON is something else.
            Some(Self::Objects) if is_json(name) && !is_manifest_of_json(text) => None,
            // A template of Helm or the like is not YAML before it is filled in.
            Some(Self::Objects) if is_template(text) => None,
            // Somebody's name for a manifest with the file in it.
            Some(Self::FlinkConf) if is_manifest(text) => Some(Self::Objects),
            Some(Self::Objects)
                if matches!(base, "config.yaml" | "config.yml") && !is_object(text) =>
            {
                is_flinks(text).then_some(Self::ConfigYaml)
            }
            Some(kind) => Some(kind),
            None if is_object(text) || looks_like_compose(text) => Some(Self::Objects),
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

/// What a Compose file has at its top beside `services` (Compose Specification).
const TOP_OF_COMPOSE: [&str; 8] =
    ["version", "name", "include", "networks", "volumes", "configs", "secrets", "models"];

/// Whether a key at the top of a file may be one of a Compose file that has no services itself.
pub(super) fn is_top_of_compose(key: &str) -> bool {
    TOP_OF_COMPOSE.contains(&key) || key.starts_with("x-")
}

/// Whether a text is a Compose file that only includes others. Pipelines include files as well, beside their jobs.
fn only_includes(text: &str) -> bool {
    let is_top =
        |line: &&str| !line.starts_with([' ', '\t', '#', '-', '}', ']']) && !line.is_empty();
    let key = |line: &str| line.split(':').next().is_some_and(is_top_of_compose);
    text.lines().any(|line| line.starts_with("include:")) && text.lines().filter(is_top).all(key)
}

/// Whether a text is a Compose file, or would be one if it were not broken.
pub(super) fn looks_like_compose(text: &str) -> bool {
    if only_includes(text) {
        return true;
    }
    let is_of_image = |line: &str| {
        ["image:", "build:"].iter().any(|key| {
            let before = line.split_once(key).map(|(before, _)| before);
            before.is_some_and(|before| {
                before.is_empty() || before.ends_with([' ', '{', ',', '"', '\''])
            })
        })
    };
    text.lines().any(|line| line.starts_with("services:")) && text.lines().any(is_of_image)
}

/// Whether a text is a Kubernetes object, whatever its name promises.
pub fn is_manifest(text: &str) -> bool {
    let has = |word: &str| text.lines().any(|line| line.starts_with(word));
    let is_json = text.trim_start().starts_with('{') && is_manifest_of_json(text);
    has("kind:") && has("apiVersion:") || is_json
}

/// Whether a file is JSON by its name. `kubectl` takes it as it takes YAML.
pub(super) fn is_json(name: &str) -> bool {
    path::last(name).to_ascii_lowercase().ends_with(".json")
}

/// Whether a file is JSON without objects of Kubernetes: nobody means it, where only its directory was named.
pub fn is_other_json(name: &str, text: &str) -> bool {
    is_json(name) && !is_manifest_of_json(text)
}

/// Whether a JSON text has objects of Kubernetes in it.
fn is_manifest_of_json(text: &str) -> bool {
    ["\"apiVersion\"", "\"kind\""].iter().all(|key| text.contains(key))
}

/// Whether something fills the text in before it is YAML. What the operator fills in, `{{name}}` and `{{namespace}}`
/// of an Ingress, is in texts that are YAML; so are templates of other programs in annotations and in texts of ConfigMaps.
fn is_template(text: &str) -> bool {
    let is_filled = text.split("{{").skip(1).any(|rest| {
        let word = rest.split("}}").next().unwrap_or_default().trim();
        word != "name" && word != "namespace"
    });
    if !is_filled {
        return false;
    }
    let (documents, problems) = yaml::forgiving(text, "");
    !problems.is_empty() || documents.iter().any(has_open_name)
}

/// Whether an object waits for its name, image or kind.
fn has_open_name(node: &Node) -> bool {
    const NAMES: [&str; 5] = ["kind", "name", "namespace", "image", "replicas"];
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().any(|(key, value)| match &value.kind {
            NodeKind::Text(text) => {
                // `${{NAME}}` is a parameter of OpenShift.
                let text =
                    text.replace("${{", "").replace("{{name}}", "").replace("{{namespace}}", "");
                NAMES.contains(&key.name.as_str()) && text.contains("{{")
            }
            _ => has_open_name(value),
        }),
        NodeKind::List(items) => items.iter().any(has_open_name),
        _ => false,
    }
}

/// Why a file is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PassedOver {
    /// Nobody here knows such files.
    Unknown,
    /// It is not YAML before something fills it in.
    Template,
    /// A `kustomization.yaml` of this directory applies it to something else.
    Patch(String),
}

/// A file with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) kind: Option<FileKind>,
    /// Why it is not looked at, where it has no kind.
    pub(super) passed_over: PassedOver,
    /// Byte offsets at which lines begin.
    starts: Vec<usize>,
    /// Lines that hold the data of a Secret.
    secrets: BTreeSet<u32>,
    /// The files that it is put together of, in the order of their lines; none for a file that somebody wrote.
    parts: Vec<Part>,
}

/// A file as a part of another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// How many lines are above its first; the last of them is empty.
    pub(super) first: u32,
    /// Index of the file.
    pub(super) file: usize,
}

/// JSON as YAML reads it. Nearly all of it is YAML: not characters in two escapes, and not tabs in front of a line.
fn as_yaml(text: String) -> String {
    let is_escaped = ["\\ud", "\\uD", "\\/"].iter().any(|part| text.contains(part));
    if !is_escaped && !text.contains('\t') {
        return text;
    }
    let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) else { return text };
    if is_escaped {
        return serde_json::to_string_pretty(&value).unwrap_or(text);
    }
    // In texts of JSON a tab is an escape: these are between the words, and the lines stay as they are.
    text.replace('\t', " ")
}

/// Byte offsets at which lines begin.
fn starts(text: &str) -> Vec<usize> {
    let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
    std::iter::once(0).chain(ends).collect()
}

impl File {
    pub(super) fn new(input: &Input) -> Self {
        let plain = input.text.strip_prefix('\u{feff}').unwrap_or(&input.text);
        let kind = FileKind::of(&input.name, plain);
        // Flink takes a byte order mark for a letter of the first key of flink-conf.yaml; all other readers skip it.
        let text = if kind == Some(FileKind::FlinkConf) { &input.text } else { plain }.to_owned();
        let text = match kind {
            Some(FileKind::Objects) if is_json(&input.name) => as_yaml(text),
            _ => text,
        };
        let starts = starts(&text);
        let passed_over = match FileKind::of_name(&input.name) {
            Some(FileKind::Objects) if kind.is_none() && is_template(plain) => PassedOver::Template,
            _ => PassedOver::Unknown,
        };
        let secrets = BTreeSet::new();
        let name = input.name.clone();
        Self { name, text, kind, passed_over, starts, secrets, parts: Vec::new() }
    }

    /// A text of objects that is put together of others.
    pub(super) fn composed(name: String, text: String, parts: Vec<Part>) -> Self {
        let starts = starts(&text);
        let (kind, passed_over) = (Some(FileKind::Objects), PassedOver::Unknown);
        Self { name, text, kind, passed_over, starts, secrets: BTreeSet::new(), parts }
    }

    /// A text of files that are read one on top of the other: nobody looks for anything in it.
    pub(super) fn put_together(name: String, text: String, parts: Vec<Part>) -> Self {
        Self { kind: None, ..Self::composed(name, text, parts) }
    }

    /// Whether it is there, and nobody could read it.
    pub(super) fn is_unreadable(&self) -> bool {
        self.text == UNREADABLE
    }

    /// The files that it is put together of.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether it is put together of others.
    pub(super) fn is_composed(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The file that somebody wrote, and its line, for a line of this one; `None` for a file that somebody wrote.
    pub(super) fn home(&self, line: u32) -> Option<(usize, u32)> {
        let at = self.parts.partition_point(|part| part.first <= line).checked_sub(1)?;
        let part = self.parts[at];
        Some((part.file, line.saturating_sub(part.first).max(1)))
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
        path::directory(&self.name)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn json_keeps_its_lines() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(super::as_yaml(text.to_owned()), expected);
        }
        check("{\n\t\"a\":\t[1, 2],\n\n\t\"b\": 3}", "{\n \"a\": [1, 2],\n\n \"b\": 3}");
        check("{\"a\": \"\\t\",\t\"b\": 1}", "{\"a\": \"\\t\", \"b\": 1}");
        check("{\"a\": \"b\\/c\"}", "{\n  \"a\": \"b/c\"\n}");
        check("{\t\"a\": no}", "{\t\"a\": no}");
    }
}
