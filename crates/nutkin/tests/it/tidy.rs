//! Rules of the house that a machine can check. Each names every file that breaks it.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
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

/// What each shell may stand on beside the pure crates: no platform on another one, none on the binary.
const SHELLS: &[(&str, &[&str])] = &[
    ("shell", &[]),
    ("rest", &["shell"]),
    ("fetch", &["rest", "shell"]),
    ("images", &["fetch", "rest", "shell"]),
    ("local", &["fetch", "rest", "shell"]),
    ("docker", &["fetch", "rest", "shell"]),
    ("kubernetes", &["rest", "shell"]),
];

#[test]
fn shells_stand_on_what_is_below_them() {
    for (shell, below) in SHELLS {
        let manifest = root().join(format!("crates/{shell}/Cargo.toml"));
        let manifest = std::fs::read_to_string(manifest).expect("a manifest");
        let ours = manifest.lines().filter_map(|line| line.split('.').next());
        for dependency in ours.filter(|name| name.starts_with("nutkin-")) {
            let is_shell = below.iter().any(|shell| dependency == format!("nutkin-{shell}"));
            let known = PURE.contains(&dependency) || is_shell || dependency == "nutkin-testkit";
            assert!(known, "nutkin-{shell} depends on {dependency}");
        }
        // Neither the command line nor the terminal is known below the binary.
        for banned in ["clap", "console", "indicatif", "nutkin"] {
            let line = format!("{banned}.workspace");
            assert!(!manifest.lines().any(|l| l.starts_with(&line)), "nutkin-{shell} has {banned}");
        }
    }
}

#[test]
fn nothing_below_the_binary_prints() {
    // A process of its own, whose stderr is its log.
    const SUPERVISOR: &str = "crates/local/src/supervisor.rs";
    let words = ["io::stdout()", "io::stderr()", "println!", "process::exit"];
    check("who prints is the binary", |name, text| {
        let is_in = |(shell, _): &(&str, _)| name.starts_with(&format!("crates/{shell}/src/"));
        let is_below = SHELLS.iter().any(is_in) && name != SUPERVISOR;
        let word = words.iter().find(|word| text.contains(**word))?;
        is_below.then(|| format!("holds `{word}`"))
    });
}

/// The crates that decide, and neither look nor act.
const PURE: [&str; 4] = ["nutkin-flink", "nutkin-core", "nutkin-check", "nutkin-container"];

/// Names of all packages that a package is built from, its own first.
fn built_from(package: &str) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["tree", "--offline", "--package", package, "--edges", "normal"]);
    command.args(["--prefix", "none", "--format", "{p}"]).current_dir(root());
    let output = command.output().expect("cargo tree");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn pure_crates_have_no_way_out() {
    const BANNED: [&str; 10] = [
        "tokio",
        "hyper",
        "reqwest",
        "kube-client",
        "bollard",
        "rustix",
        "rand",
        "getrandom",
        "anyhow",
        "clap",
    ];
    for package in PURE {
        let names = built_from(package);
        assert_eq!(names.first().map(String::as_str), Some(package));
        for banned in BANNED {
            assert!(!names.iter().any(|name| name == banned), "{package} depends on {banned}");
        }
    }
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
