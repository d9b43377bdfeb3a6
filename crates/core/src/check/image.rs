//! What an image reference says about Flink.

use crate::flink::{FlinkVersion, version::LINES};

/// The tag of a reference, without digest; `None` where there is none.
pub(super) fn tag(image: &str) -> Option<&str> {
    let name = image.split('@').next()?;
    let last = name.rsplit('/').next()?;
    last.split_once(':').map(|(_, tag)| tag)
}

/// Numbers at the beginning of a tag: `1.13-scala_2.12` is 1 and 13.
pub(super) fn numbers(tag: &str) -> Vec<u16> {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let end = tag.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tag.len());
    let mut numbers = Vec::new();
    for part in tag[..end].split('.') {
        match part.parse() {
            Ok(number) => numbers.push(number),
            Err(_) => break,
        }
    }
    numbers
}

/// The Flink release of a tag such as `1.20.5-java17`, if Nutkin knows its line. A bare `1` or `2` moves
/// with the releases: the newest of that major number.
pub(super) fn version(tag: &str) -> Option<FlinkVersion> {
    match numbers(tag)[..] {
        [major] => LINES.iter().rev().find(|line| line.number.0 == major).map(|line| line.newest),
        [major, minor] => {
            LINES.iter().find(|line| line.number == (major, minor)).map(|line| line.newest)
        }
        [major, minor, patch, ..] => LINES
            .iter()
            .any(|line| line.number == (major, minor))
            .then_some(FlinkVersion::new(major, minor, patch)),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{tag, version};

    #[track_caller]
    fn check(image: &str, expected_tag: Option<&str>, expected: Option<&str>) {
        assert_eq!(tag(image), expected_tag, "{image}");
        let found = tag(image).and_then(version).map(|version| version.to_string());
        assert_eq!(found.as_deref(), expected, "{image}");
    }

    #[test]
    fn references() {
        check("flink:1.13-scala_2.12", Some("1.13-scala_2.12"), Some("1.13.6"));
        check("flink:1.14.0", Some("1.14.0"), Some("1.14.0"));
        check("flink:1", Some("1"), Some("1.20.5"));
        check("flink", None, None);
        check("host:5000/flink", None, None);
        check("host:5000/flink:1.4.2", Some("1.4.2"), None);
        check("flink:2.0.0-java17@sha256:00", Some("2.0.0-java17"), Some("2.0.0"));
        check("flink:latest", Some("latest"), None);
    }
}
