//! Commands and flags are named by the binary alone.

use super::source::{below_the_binary, code, faults};

/// Files below the binary that name a command or a flag in their code, and why they may.
const NAMES_BELOW: &[(&str, &str)] = &[
    ("check/src/adopt/", "the text of the session file that is written, and notes on it"),
    ("check/src/generated.rs", "arguments of programs in scripts of the user"),
    ("check/src/made.rs", "arguments of kubectl in scripts of the user"),
    ("check/src/page.rs", "a page of docs/checks"),
    ("check/src/rules/", "pages of docs/checks, and findings in the words of these"),
    ("check/src/script.rs", "words of Flink's client"),
    ("container/src/entrypoint/command.rs", "words of the official image's entrypoint"),
    ("container/src/entrypoint/effective.rs", "arguments of Flink's main classes"),
    ("container/src/entrypoint/launch.rs", "arguments of Flink's main classes"),
    ("container/src/image/dockerfile.rs", "the head of a file says who wrote it"),
    ("core/src/jobs/arguments.rs", "arguments of jobs"),
    ("core/src/plan/docker/mod.rs", "arguments of Flink's main classes"),
    ("core/src/plan/kubernetes/kustomize.rs", "the head of a file says who wrote it"),
    ("core/src/plan/process/configuration.rs", "the head of a file says who wrote it"),
    ("core/src/plan/process/jvm.rs", "arguments of Flink's main classes"),
    ("diagnosis/src/page.rs", "a page of docs/checks"),
    ("diagnosis/src/rules/", "pages of docs/checks, and findings in the words of these"),
    ("fetch/src/artifacts/maven.rs", "arguments of Maven"),
    ("fetch/src/dist/class_data.rs", "the program calls itself"),
    ("fetch/src/dist/origin/pip.rs", "arguments of pip"),
    ("fetch/src/pip.rs", "arguments of pip"),
    ("flink/src/flink_cli/", "words of Flink's client"),
    ("flink/src/java.rs", "arguments of the JVM"),
    ("flink/src/options/own.rs", "texts of docs/options.md"),
    ("flink/src/options/page.rs", "a page of docs/options.md"),
    ("flink/src/process/flags.rs", "arguments of the JVM"),
    ("local/src/recovery.rs", "the program calls itself"),
    ("operator/src/settings/", "a page: docs/operator-options.md"),
    ("images/src/class_data.rs", "arguments of unshare and mount"),
    ("images/src/java.rs", "arguments of jlink"),
];

/// Commands of Nutkin and flags of any program that code names: `nutkin up`, `--file`.
fn named(code: &str) -> Vec<&str> {
    let word = |at: usize| {
        let rest = &code[at..];
        let is_end = |c: char| !(c.is_alphanumeric() || c == '-');
        let end = rest.find(is_end).unwrap_or(rest.len());
        &rest[..end]
    };
    let commands = code.match_indices("`nutkin ").map(|(at, found)| word(at + found.len()));
    let flags = code.match_indices("--").filter_map(|(at, found)| {
        let before = code[..at].chars().next_back();
        let is_inside = before.is_some_and(|c| c.is_alphanumeric() || c == '-');
        let is_word = code[at + found.len()..].starts_with(|c: char| c.is_ascii_lowercase());
        (is_word && !is_inside).then(|| word(at))
    });
    commands.chain(flags).collect()
}

#[test]
fn commands_and_flags_are_named_by_the_binary() {
    let found = below_the_binary().into_iter().map(|(name, file, code)| {
        (format!("{name}/src/{file}"), named(&code).into_iter().map(str::to_owned).collect())
    });
    let faults = faults(NAMES_BELOW, found);
    assert!(faults.is_empty(), "say it as a Remedy:\n{}", faults.join("\n"));
}

#[test]
fn commands_and_flags_are_seen() {
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(named(&code(text)), expected, "{text}");
    }
    check(r#"hint("`nutkin up` starts it")"#, &["up"]);
    check(r#"hint("leave --class-data out")"#, &["--class-data"]);
    check(r#"format!("`nutkin down {name} --yes`")"#, &["down", "--yes"]);
    check("/// `nutkin up --on local`\nlet a = b - -c;\n", &[]);
    check(r#""--- a/file" "a--b" "nutkin""#, &[]);
    check("#[cfg(test)]\nmod tests { \"--file\" }", &[]);
}
