//! Sentences of core are in one room.

use super::source::{below_the_binary, faults};

/// Files and folders of core whose sentences are not in the room of words, and why: problems of an input are worded beside
/// the rule that finds them.
const SENTENCES_BESIDE: &[(&str, &str)] = &[
    ("decide/docker/bring.rs", "problems of the input"),
    ("decide/docker/step.rs", "texts of steps"),
    ("decide/kubernetes/refusal.rs", "what a command does, said behind its name"),
    ("decide/kubernetes/step.rs", "texts of steps"),
    ("decide/local/ports.rs", "problems of the input"),
    ("decide/local/step.rs", "texts of steps"),
    ("jars.rs", "problems of the input"),
    ("jobs/arguments.rs", "problems of the input"),
    ("jobs/claim.rs", "problems of the input"),
    ("jobs/decide.rs", "problems of the input"),
    ("jobs/unreadable.rs", "what Flink says"),
    ("kubernetes/rbac.rs", "a table: what is not possible without each permission"),
    ("ledger/wanted.rs", "problems of what is read"),
    ("plan/", "problems of the input, and where options come from"),
    ("session.rs", "problems of the input"),
    ("spec/", "problems of the input"),
    ("words/", "the room"),
];

/// Texts in code, but for the reason of an exception to a lint.
fn texts(code: &str) -> Vec<&str> {
    let is_quote = |at: usize| {
        let (before, after) = (&code[..at], &code[at + 1..]);
        let escapes = before.len() - before.trim_end_matches('\\').len();
        // `'"'` is a character.
        escapes % 2 == 0 && !(before.ends_with('\'') && after.starts_with('\''))
    };
    let quotes = code.match_indices('"').map(|(at, _)| at).filter(|at| is_quote(*at));
    let quotes: Vec<usize> = quotes.collect();
    let pairs = quotes.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let pairs = pairs.filter(|(from, _)| !code[..*from].ends_with("reason = "));
    pairs.map(|(from, to)| &code[from + 1..to]).collect()
}

/// Sentences in code: texts of four words in small letters, or more.
fn sentences(code: &str) -> Vec<&str> {
    let is_word = |word: &&str| {
        let letters = word.trim_end_matches([',', ':', ';']);
        !letters.is_empty() && letters.chars().all(|c| c.is_ascii_lowercase())
    };
    let is_sentence = |text: &&str| 4 <= text.split_whitespace().filter(is_word).count();
    texts(code).into_iter().filter(is_sentence).collect()
}

#[test]
fn sentences_of_core_are_in_one_room() {
    let core = below_the_binary().into_iter().filter(|(name, ..)| name == "core");
    let found = core.map(|(_, file, code)| {
        let sentences = sentences(&code).into_iter().map(str::to_owned).collect();
        (file, sentences)
    });
    let faults = faults(SENTENCES_BESIDE, found);
    assert!(faults.is_empty(), "a sentence belongs into core::words:\n{}", faults.join("\n"));
}

#[test]
fn a_sentence_is_seen() {
    #[track_caller]
    fn check(code: &str, expected: &[&str]) {
        assert_eq!(sentences(code), expected, "{code}");
    }
    check(r#"f("the pods are being replaced")"#, &["the pods are being replaced"]);
    check(
        r#"f("{name} did not start: {how} again", "a", words::X)"#,
        &["{name} did not start: {how} again"],
    );
    check(r#"f("deployments/scale", "the pods", "JobManager")"#, &[]);
    // Quotes that begin no text.
    let shown = "the pods are being replaced";
    check(r#"c == '"' && f("the pods are being replaced")"#, &[shown]);
    check(r#"g("\"", "\\", "the pods are being replaced")"#, &[shown]);
    check(r#"#[allow(x, reason = "the pods are being replaced")]"#, &[]);
}
