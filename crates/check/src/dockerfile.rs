//! The lines of a Dockerfile that matter to Flink.

use std::collections::BTreeMap;

use super::finding::Place;
use super::image;
use super::source::File;
use super::variables;
use nutkin_flink::FlinkVersion;

/// What a Dockerfile says.
#[derive(Debug, Clone)]
pub(super) struct Dockerfile {
    pub(super) file: usize,
    /// The last `FROM`: image and place.
    pub(super) from: Option<(String, Place)>,
    /// The Flink release that the image gets, and the line that says so.
    pub(super) version: Option<(FlinkVersion, Place)>,
    /// Whether it names a release of Flink of which Nutkin does not know the rules.
    pub(super) is_unknown: bool,
    /// All other instructions: place and text, continued lines put together.
    pub(super) instructions: Vec<(Place, String)>,
}

impl Dockerfile {
    /// What follows the last instruction of a name, and where it stands.
    pub(super) fn last(&self, name: &str) -> Option<(Place, &str)> {
        let is_one = |text: &str| {
            let word = text.split_whitespace().next().unwrap_or_default();
            word.eq_ignore_ascii_case(name)
        };
        let found = self.instructions.iter().rev().find(|(_, text)| is_one(text));
        found.map(|(place, text)| (*place, text.trim_start()[name.len()..].trim()))
    }

    /// The words of the last instruction of a name: those of its list, otherwise a text for a shell.
    pub(super) fn words(&self, name: &str) -> Option<Vec<String>> {
        let (_, text) = self.last(name)?;
        let listed = serde_json::from_str(text).ok();
        let shell = || ["/bin/sh", "-c", text].map(str::to_owned).to_vec();
        Some(listed.unwrap_or_else(shell))
    }
}

/// Reads one, with the values that its `ARG`s have by default.
pub(super) fn read(index: usize, file: &File) -> Dockerfile {
    build(index, file, &BTreeMap::new(), None)
}

/// Reads one that is built with values of `ARG`s, up to a stage.
pub(super) fn build(
    index: usize,
    file: &File,
    values: &BTreeMap<String, String>,
    target: Option<&str>,
) -> Dockerfile {
    let mut dockerfile = Dockerfile {
        file: index,
        from: None,
        version: None,
        is_unknown: false,
        instructions: Vec::new(),
    };
    let mut args: BTreeMap<String, String> = BTreeMap::new();
    // Names of stages, and the images that they begin with.
    let mut stages: Vec<(String, String)> = Vec::new();
    for (place, text) in instructions(index, &file.text) {
        let mut words = text.split_whitespace();
        let instruction = words.next().unwrap_or_default();
        if instruction.eq_ignore_ascii_case("ARG") {
            for (name, default) in words.clone().filter_map(|word| word.split_once('=')) {
                let default = with_args(default.trim_matches(['"', '\'']), &args);
                args.insert(name.to_owned(), values.get(name).cloned().unwrap_or(default));
            }
            for name in words.clone().filter(|word| !word.contains('=')) {
                args.extend(values.get(name).map(|value| (name.to_owned(), value.clone())));
            }
        }
        if instruction.eq_ignore_ascii_case("FROM") {
            let last = stages.last().map(|(name, _)| name.as_str());
            if target.is_some() && target == last {
                break;
            }
            let mut words = words.skip_while(|word| word.starts_with("--"));
            let Some(image) = words.next() else { continue };
            let image = with_args(image, &args);
            let named = words.next().filter(|word| word.eq_ignore_ascii_case("AS"));
            let name = named.and(words.next()).unwrap_or_default().to_owned();
            // A stage goes on from another one.
            let base = stages.iter().rev().find(|(stage, _)| *stage == image && !image.is_empty());
            let image = base.map_or(image, |(_, base)| base.clone());
            dockerfile.is_unknown = image::is_unknown(&image);
            let version = image::release(&image);
            dockerfile.version = version.map(|version| (version, place));
            stages.push((name, image.clone()));
            dockerfile.from = Some((image, place));
            continue;
        }
        if dockerfile.version.is_none() {
            let numbers = named_numbers(&text);
            let version = numbers.iter().find_map(|number| image::version(number));
            dockerfile.version = version.map(|version| (version, place));
            dockerfile.is_unknown |= version.is_none() && !numbers.is_empty();
        }
        dockerfile.instructions.push((place, text));
    }
    if let (None, Some((_, place))) = (dockerfile.version, &dockerfile.from) {
        let named = args.get("FLINK_VERSION").and_then(|number| image::version(number));
        dockerfile.version = named.map(|version| (version, *place));
    }
    dockerfile
}

/// Puts the values of arguments in; what has none stays.
fn with_args(text: &str, args: &BTreeMap<String, String>) -> String {
    let mut open = Vec::new();
    variables::fill(text, args, &mut open)
}

/// `FLINK_VERSION=1.14.0` or the name of a release's archive or directory: `flink-1.14.0`.
fn named_numbers(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for mark in ["FLINK_VERSION=", "FLINK_VERSION ", "flink-"] {
        found.extend(text.match_indices(mark).filter_map(|(at, _)| {
            let rest = &text[at + mark.len()..];
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let number = rest[..end].trim_end_matches('.');
            number.contains('.').then_some(number)
        }));
    }
    found
}

fn instructions(file: usize, text: &str) -> Vec<(Place, String)> {
    let mut found: Vec<(Place, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (content, goes_on) = match trimmed.strip_suffix('\\') {
            Some(content) => (content, true),
            None => (trimmed, false),
        };
        if let Some((_, instruction)) = found.last_mut().filter(|_| open) {
            instruction.push(' ');
            instruction.push_str(content);
        } else {
            let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
            found.push((Place { file, line, column: 1 }, content.to_owned()));
        }
        open = goes_on;
    }
    found
}
