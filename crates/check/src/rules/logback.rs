//! Logback files: the same defects as in those of Log4j.

use std::collections::BTreeSet;

use super::logs::{ABSENT_APPENDER, ABSENT_LOGGER, LATER_LOGGER, LEVEL, NO_CONSOLE};
use crate::embedded::Embedded;
use crate::finding::Findings;
use crate::system::System;

/// Levels of Logback. `INHERITED` and `NULL` take the level of the logger above.
const LEVELS: &[&str] =
    &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "ALL", "OFF", "INHERITED", "NULL"];

/// A tag that opens, with its line.
struct Tag<'a> {
    line: u32,
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// One file.
pub(super) fn of_text(system: &System<'_>, text: &Embedded, out: &mut Findings<'_>) {
    let tags = tags(&text.text);
    let appenders: Vec<&Tag<'_>> = tags.iter().filter(|tag| tag.name == "appender").collect();
    let names: BTreeSet<&str> = appenders.iter().filter_map(|tag| tag.get("name")).collect();
    // What another file brings is not known.
    let includes = tags.iter().any(|tag| tag.name == "include");
    for tag in &tags {
        let place = text.place(out.files, tag.line, 1);
        match tag.name {
            "appender-ref" => {
                let Some(name) = tag.get("ref").filter(|name| !name.contains("${")) else {
                    continue;
                };
                if !includes && !names.contains(name) {
                    out.add(&ABSENT_APPENDER, place, format!("no appender is called `{name}`"));
                }
            }
            "logger" | "root" | "level" => {
                let level = tag.get("level").or_else(|| tag.get("value"));
                if let Some(level) = level.filter(|level| {
                    !level.contains("${")
                        && !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
                }) {
                    let letters: String = level.chars().filter(char::is_ascii_alphabetic).collect();
                    let fixed = LEVELS.iter().find(|l| l.eq_ignore_ascii_case(&letters));
                    let old = out.files[place.file].line(place.line).unwrap_or_default();
                    let new = fixed.map(|fixed| {
                        old.replacen(&format!("\"{level}\""), &format!("\"{fixed}\""), 1)
                    });
                    let patch =
                        new.filter(|new| new != old).and_then(|new| out.replace(place, new.trim()));
                    out.add(&LEVEL, place, format!("`{level}` is not a level of Logback")).patch =
                        patch;
                }
                package(system, tag, place, out);
            }
            _ => {}
        }
    }
    let console = |tag: &&&Tag<'_>| tag.get("class").is_some_and(|class| class.contains("Console"));
    let on_kubernetes = system.is_on_kubernetes() && text.name.contains("console");
    if let (true, false, None, Some(root)) = (
        on_kubernetes,
        includes,
        appenders.iter().find(console),
        tags.iter().find(|tag| tag.name == "root"),
    ) {
        let place = text.place(out.files, root.line, 1);
        out.add(&NO_CONSOLE, place, "the root logger has no ConsoleAppender");
    }
}

/// Loggers of packages that a release does not have.
fn package(
    system: &System<'_>,
    tag: &Tag<'_>,
    place: crate::finding::Place,
    out: &mut Findings<'_>,
) {
    let (Some(version), Some(name)) = (system.version, tag.get("name")) else { return };
    let under = |package: &str| name == package || name.starts_with(&format!("{package}."));
    let has_pekko = version.is_at_least(1, 18);
    if under("akka") && !has_pekko {
        let message = "from Flink 1.18 on these classes are in `org.apache.pekko`";
        out.add(&LATER_LOGGER, place, message);
        return;
    }
    let now = match (under("akka"), under("org.apache.pekko")) {
        (true, _) => "org.apache.pekko",
        (_, true) if !has_pekko => "akka",
        _ => return,
    };
    let message = format!("Flink {version} has no classes in `{name}`; they are in `{now}`");
    out.add(&ABSENT_LOGGER, place, message);
}

/// The tags that open, in order, without those of comments.
fn tags(text: &str) -> Vec<Tag<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (text, 1_u32);
    let lines = |text: &str| u32::try_from(text.matches('\n').count()).unwrap_or(0);
    while let Some(at) = rest.find('<') {
        line = line.saturating_add(lines(&rest[..at]));
        rest = &rest[at..];
        let end = if rest.starts_with("<!--") {
            rest.find("-->").map(|end| end + 3)
        } else {
            rest.find('>').map(|end| end + 1)
        };
        let Some(end) = end else { break };
        let inside = rest[..end].trim_start_matches('<').trim_end_matches('>');
        if !inside.starts_with(['!', '?', '/']) {
            let inside = inside.trim_end_matches('/');
            let name_end = inside.find(char::is_whitespace).unwrap_or(inside.len());
            let (name, attributes) = inside.split_at(name_end);
            found.push(Tag { line, name, attributes: pairs(attributes) });
        }
        line = line.saturating_add(lines(&rest[..end]));
        rest = &rest[end..];
    }
    found
}

/// `name="value"` after each other, in either kind of quotes.
fn pairs(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    while let Some((name, behind)) = text.split_once('=') {
        let behind = behind.trim_start();
        let Some(quote) = behind.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
        let Some((value, next)) = behind[1..].split_once(quote) else { break };
        found.push((name.trim(), value));
        text = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::tags;

    #[test]
    fn tags_with_their_lines() {
        let text = "<?xml version=\"1.0\"?>\n<!-- <root level='x'/>\n -->\n<configuration>\n<root\n  level='INFO' a = \"b c\" />\n</configuration>\n<open";
        let found: Vec<_> = tags(text)
            .iter()
            .map(|tag| (tag.line, tag.name, tag.get("level"), tag.get("a")))
            .collect();
        let root = (5, "root", Some("INFO"), Some("b c"));
        assert_eq!(found, [(4, "configuration", None, None), root]);
    }
}
