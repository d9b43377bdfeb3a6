//! Rules of the house that a machine can check. Each names every file that breaks it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::house::SHELLS;

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("two levels below the top").to_owned()
}

/// Files that git tracks, and new ones that it does not ignore, with their text.
pub(crate) fn files() -> Vec<(String, String)> {
    let mut command = Command::new("git");
    command.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    let output = command.current_dir(root()).output().expect("git");
    assert!(output.status.success(), "these checks need the git checkout");
    let names = String::from_utf8(output.stdout).expect("file names in UTF-8");
    names
        .split_terminator('\0')
        // A removed file that is still in the index, and binary data, have no text.
        .filter_map(|name| {
            Some((name.to_owned(), std::fs::read_to_string(root().join(name)).ok()?))
        })
        .collect()
}

fn is_rust(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "rs")
}

#[track_caller]
fn check(rule: &str, fault: impl Fn(&str, &str) -> Option<String>) {
    let faults: Vec<String> = files()
        .iter()
        .filter_map(|(name, text)| Some(format!("{name}: {}", fault(name, text)?)))
        .collect();
    assert!(faults.is_empty(), "{rule}\n{}", faults.join("\n"));
}

#[test]
fn modules_begin_with_what_they_are() {
    check("a module starts with a `//!` line", |name, text| {
        (is_rust(name) && !text.starts_with("//!")).then(|| "does not".to_owned())
    });
}

#[test]
fn files_are_one_idea() {
    // Beyond this length every reader loses the thread; generated tables are not Rust files.
    const MOST: usize = 800;
    check("a file is split at 800 lines", |name, text| {
        let lines = text.lines().count();
        (is_rust(name) && lines > MOST).then(|| format!("{lines} lines"))
    });
}

#[test]
fn no_test_is_switched_off_and_no_code_left_open() {
    // Put together so that this file does not hold them.
    let words = [["#[ign", "ore"].concat(), ["should_", "panic"].concat(), ["todo", "!("].concat()];
    check("no test is ignored or made to panic, no code is left for later", |name, text| {
        let word = words.iter().find(|word| text.contains(word.as_str()))?;
        is_rust(name).then(|| format!("holds `{word}`"))
    });
}

#[test]
fn nothing_of_this_machine_is_committed() {
    let words = [
        ["/wor", "k/"].concat(),
        ["/ro", "ot/"].concat(),
        ["repo.maven.", "apache.org"].concat(),
        ["files.python", "hosted.org"].concat(),
        ["pypi", ".org"].concat(),
        ["static.crates", ".io"].concat(),
    ];
    check("no path of a machine and no host of a package registry", |_, text| {
        let word = words.iter().find(|word| text.contains(word.as_str()))?;
        Some(format!("holds `{word}`"))
    });
}

#[test]
fn nothing_below_the_binary_prints() {
    // A process of its own, whose stderr is its log.
    const SUPERVISOR: &str = "crates/local/src/supervisor.rs";
    let words = ["io::stdout()", "io::stderr()", "println!", "process::exit"];
    check("who prints is the binary", |name, text| {
        let is_in = |shell: &&str| name.starts_with(&format!("crates/{shell}/src/"));
        let is_below = SHELLS.iter().any(is_in) && name != SUPERVISOR;
        let word = words.iter().find(|word| text.contains(**word))?;
        is_below.then(|| format!("holds `{word}`"))
    });
}

#[test]
fn links_between_documents_lead_somewhere() {
    check("a link to a file resolves", |name, text| {
        if Path::new(name).extension().is_none_or(|extension| extension != "md") {
            return None;
        }
        let parent = root().join(name).parent()?.to_owned();
        let broken: Vec<&str> = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', ' ', '\n']).next())
            .map(|target| target.split('#').next().unwrap_or_default())
            .filter(|target| !target.is_empty() && !target.contains("://"))
            .filter(|target| !parent.join(target).exists())
            .collect();
        (!broken.is_empty()).then(|| broken.join(", "))
    });
}
