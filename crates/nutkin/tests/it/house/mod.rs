//! How the house is built: which crate may use which, and the rules for what is in them. Each rule names what breaks it.

mod circles;
mod commands;
mod names;
mod sentences;
mod source;

use std::collections::BTreeSet;
use std::process::Command;

pub(crate) use source::code;

use crate::tidy::{files, root};

/// The crates that decide, and neither look nor act.
const PURE: [&str; 6] = ["flink", "core", "check", "container", "diagnosis", "operator"];

/// The crates that look and act, below the binary.
pub(crate) const SHELLS: [&str; 7] =
    ["shell", "rest", "fetch", "images", "local", "docker", "kubernetes"];

/// Which crates of `crates/` each may be built from. Who is not named in a row is not to be known there: a platform does
/// not know another, nobody but the binary knows the command line, and no decision needs the rules for other people's
/// files.
const MAY_USE: [(&str, &[&str]); 16] = [
    ("flink", &[]),
    ("core", &["flink"]),
    ("check", &["flink", "core", "operator"]),
    ("container", &["flink"]),
    ("diagnosis", &["flink", "core"]),
    ("operator", &["flink", "core"]),
    ("shell", &["flink", "core"]),
    ("rest", &["flink", "core", "diagnosis", "shell"]),
    ("fetch", &["flink", "core", "shell", "rest"]),
    ("images", &["flink", "container", "shell", "rest", "fetch"]),
    ("local", &["flink", "core", "diagnosis", "shell", "rest", "fetch"]),
    ("docker", &["flink", "core", "container", "diagnosis", "shell", "rest", "fetch"]),
    ("kubernetes", &["flink", "core", "diagnosis", "shell", "rest"]),
    (
        "nutkin",
        &[
            "flink",
            "core",
            "check",
            "container",
            "diagnosis",
            "operator",
            "shell",
            "rest",
            "fetch",
            "images",
            "local",
            "docker",
            "kubernetes",
        ],
    ),
    ("testkit", &["flink", "core"]),
    ("any-bytes", &["flink", "core", "check", "operator"]),
];

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
    const BANNED: [&str; 12] = [
        "anyhow",
        "bollard",
        "clap",
        "getrandom",
        "hyper",
        "kube-client",
        "rand",
        "reqwest",
        "rustix",
        "socket2",
        "tempfile",
        "tokio",
    ];
    for name in PURE {
        let package = format!("nutkin-{name}");
        let names = built_from(&package);
        assert_eq!(names.first(), Some(&package));
        let found = names.iter().find(|name| BANNED.contains(&name.as_str()));
        assert_eq!(found, None, "{package} depends on it");
    }
}

#[test]
fn pure_crates_have_the_same_bans() {
    let text = |name: &str| {
        std::fs::read_to_string(root().join(format!("crates/{name}/clippy.toml"))).expect(name)
    };
    for name in PURE {
        assert_eq!(text(name), text("flink"), "clippy.toml of {name} and flink");
    }
}

/// Crates of this workspace that a manifest names under `[dependencies]`.
fn own_dependencies(manifest: &str) -> BTreeSet<&str> {
    let section = manifest.split("\n[").find(|section| section.starts_with("dependencies]"));
    let lines = section.unwrap_or_default().lines();
    lines.filter_map(|line| line.split(['.', ' ', '=']).next()?.strip_prefix("nutkin-")).collect()
}

#[test]
fn crates_know_only_what_they_may() {
    let mut faults = Vec::new();
    for (path, manifest) in files() {
        let Some(name) =
            path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"))
        else {
            continue;
        };
        let Some((_, may)) = MAY_USE.iter().find(|(row, _)| *row == name) else {
            faults.push(format!("{name} has no row in MAY_USE"));
            continue;
        };
        let strangers = own_dependencies(&manifest).into_iter().filter(|one| !may.contains(one));
        faults.extend(strangers.map(|one| format!("{name} uses {one}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn shells_know_neither_command_line_nor_terminal() {
    for shell in SHELLS {
        let path = format!("crates/{shell}/Cargo.toml");
        let manifest = std::fs::read_to_string(root().join(&path)).expect("a manifest");
        for banned in ["clap", "console", "indicatif", "nutkin"] {
            let line = format!("{banned}.workspace");
            assert!(!manifest.lines().any(|l| l.starts_with(&line)), "{path} has {banned}");
        }
    }
}
