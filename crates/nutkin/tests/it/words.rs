//! Phrases that docs/writing.md refuses, wherever people read: messages, help, documents and comments.

use std::collections::HashMap;
use std::path::Path;

use super::tidy::files;

/// A phrase, what follows it where it is fine, and what to write instead.
struct Phrase {
    /// Words in a row; `|` parts alternatives. A comma is a word of its own.
    words: &'static [&'static str],
    /// Not after this word,
    but_after: &'static str,
    /// nor before one of these.
    but_before: &'static [&'static str],
    /// What to write.
    instead: &'static str,
}

const fn phrase(words: &'static [&'static str], instead: &'static str) -> Phrase {
    Phrase { words, but_after: "", but_before: &[], instead }
}

const PHRASES: &[Phrase] = &[
    Phrase {
        words: &["is|are|was|were", "no"],
        but_after: "there",
        but_before: &["longer", "more", "less", "fewer", "later", ".", ",", ";", "`"],
        instead: "is not a",
    },
    Phrase {
        words: &["is|are|was|were", "none", "of"],
        but_after: "there",
        but_before: &[],
        instead: "is not one of",
    },
    phrase(
        &[",", "for", "it|they|there|we|you|no|nothing|nobody|none|only|both"],
        "because, or a colon",
    ),
    phrase(&["of", "before|after"], "the old, the new"),
    phrase(&["all", "along"], "the whole time"),
    phrase(&["make|makes|made", "it", "so"], "changes it"),
    phrase(&["go|goes|going|gone|went", "on", "with"], "continues"),
    phrase(&["for", "want", "of"], "without, or: out of"),
    phrase(&["stand|stands|stood", "in|there|here"], "is in, a page lists"),
    phrase(&["stand|stands", "once|twice"], "appears twice"),
    phrase(&["here", "stand|stands"], "valid here"),
    phrase(&[",", "else"], "otherwise"),
    phrase(&["mend|mends|mended|mending"], "fix, repair"),
    phrase(&["tell|tells|told|telling", "of"], "describes"),
    phrase(&["come|comes|came|coming", "of"], "results from"),
    phrase(&["as|often|much|many", "as", "one", "likes"], "any number of"),
];

/// Files with text for people that we write: not what others wrote, nor the list of these phrases.
fn is_ours(name: &str) -> bool {
    let kind = Path::new(name).extension().and_then(|extension| extension.to_str());
    let ours =
        ["/fixtures/", "/golden/", "fuzz/regressions/"].iter().all(|part| !name.contains(part));
    let list = ["docs/writing.md", "crates/nutkin/tests/it/words.rs"];
    ours && !list.contains(&name)
        && matches!(kind, Some("json" | "md" | "rs" | "sh" | "toml" | "yaml"))
}

/// The words of a text, each with its line; every other character but spaces is one of its own. Marks of
/// comments and of strings that go on in the next line are left out, so that phrases are found across lines.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let marks = ["//!", "///", "//", "#"];
        let line = marks.iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
        let mut rest = line.strip_suffix('\\').unwrap_or(line).trim_start();
        while let Some(first) = rest.chars().next() {
            let in_word = |one: char| one.is_alphanumeric() || "-_'".contains(one);
            let end = rest.find(|one| !in_word(one)).unwrap_or(rest.len()).max(first.len_utf8());
            all.push((number + 1, &rest[..end]));
            rest = rest[end..].trim_start();
        }
    }
    all
}

impl Phrase {
    /// Whether it is at this place.
    fn is_at(&self, words: &[(usize, &str)], at: usize) -> bool {
        let end = at + self.words.len();
        let Some(seen) = words.get(at..end) else { return false };
        let mut pairs = self.words.iter().zip(seen);
        let before = at.checked_sub(1).map_or("", |at| words[at].1);
        let after = words.get(end).map_or("", |(_, word)| word);
        pairs.all(|(wanted, (_, seen))| wanted.split('|').any(|one| one == *seen))
            && (self.but_after.is_empty() || before != self.but_after)
            && !self.but_before.contains(&after)
    }
}

/// The phrases in a text, each with its line and what to write instead.
fn found(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace("\\n", "  ");
    let words = words(&text);
    let mut by_first: HashMap<&str, Vec<&Phrase>> = HashMap::new();
    for phrase in PHRASES {
        for first in phrase.words[0].split('|') {
            by_first.entry(first).or_default().push(phrase);
        }
    }
    let mut all = Vec::new();
    for (at, (line, first)) in words.iter().enumerate() {
        let phrases = by_first.get(first).into_iter().flatten();
        for phrase in phrases.filter(|phrase| phrase.is_at(&words, at)) {
            let seen = &words[at..at + phrase.words.len()];
            let seen = seen.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(" ");
            all.push(format!("{line}: `{seen}`; better: {}", phrase.instead));
        }
    }
    all
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found = found(text);
    let seen: Vec<&str> = found.iter().filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(seen, expected, "{text}");
}

#[test]
fn phrases_are_found() {
    check("`x` is no port", &["is no"]);
    check("there is no port; it is no longer here, or is `no`. No port", &[]);
    check("/// It is\n/// no port,\n    /// for it has none.", &["is no", ", for it"]);
    check("\"unknown, for \\\n    nobody answers\"", &[", for nobody"]);
    check("It waits, for the pods and for which session", &[]);
    check("The pods of before; time of afternoon", &["of before"]);
    check("Here stand: a, b. It stands in a page", &["here stand", "stands in"]);
    check("as often as one likes, else never", &["often as one likes", ", else"]);
}

#[test]
fn texts_say_it_in_the_usual_words() {
    let mut faults = String::new();
    for (name, text) in files().into_iter().filter(|(name, _)| is_ours(name)) {
        for fault in found(&text) {
            faults.push_str(&format!("{name}:{fault}\n"));
        }
    }
    assert!(faults.is_empty(), "docs/writing.md refuses these phrases:\n{faults}");
}
