//! The lines of a Dockerfile that matter to Flink.

use super::finding::Place;
use super::image;
use super::source::File;
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

/// Reads one.
pub(super) fn read(index: usize, file: &File) -> Dockerfile {
    let mut dockerfile = Dockerfile {
        file: index,
        from: None,
        version: None,
        is_unknown: false,
        instructions: Vec::new(),
    };
    for (place, text) in instructions(index, &file.text) {
        let mut words = text.split_whitespace();
        let instruction = words.next().unwrap_or_default();
        if instruction.eq_ignore_ascii_case("FROM") {
            let Some(image) = words.find(|word| !word.starts_with("--")) else { continue };
            dockerfile.from = Some((image.to_owned(), place));
            dockerfile.is_unknown = image::is_unknown(image);
            let version = image::release(image).or_else(|| image::likely_release(image));
            dockerfile.version = version.map(|version| (version, place));
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
    dockerfile
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
