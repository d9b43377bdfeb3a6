//! How the house is built: which crate may use which, and no circle of modules in any of them. Each rule names what
//! breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::tidy::{files, root};

/// The crates that decide, and neither look nor act.
const PURE: [&str; 4] = ["flink", "core", "check", "container"];

/// The crates that look and act, below the binary.
pub(crate) const SHELLS: [&str; 7] =
    ["shell", "rest", "fetch", "images", "local", "docker", "kubernetes"];

/// Which crates of `crates/` each may be built from. Who is not named in a row is not to be known there: a platform does
/// not know another, nobody but the binary knows the command line, and no decision needs the rules for other people's
/// files.
const MAY_USE: [(&str, &[&str]); 14] = [
    ("flink", &[]),
    ("core", &["flink"]),
    ("check", &["flink", "core"]),
    ("container", &["flink"]),
    ("shell", &["flink", "core"]),
    ("rest", &["flink", "core", "shell"]),
    ("fetch", &["flink", "core", "shell", "rest"]),
    ("images", &["flink", "container", "shell", "rest", "fetch"]),
    ("local", &["flink", "core", "shell", "rest", "fetch"]),
    ("docker", &["flink", "core", "container", "shell", "rest", "fetch"]),
    ("kubernetes", &["flink", "core", "shell", "rest"]),
    (
        "nutkin",
        &[
            "flink",
            "core",
            "check",
            "container",
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
    ("any-bytes", &["flink", "core", "check"]),
];

/// Modules that are still in a circle, by crate: a list to be emptied.
const KNOWN_CIRCLES: [(&str, &[&str]); 3] = [
    ("docker", &["end", "observe"]),
    ("kubernetes", &["refused", "session"]),
    ("nutkin", &["cli", "select"]),
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

/// Modules at the top of a crate, and which others of these each of them names.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The path of a file's module: `src/a/b.rs` and `src/a/b/mod.rs` are `[a, b]`.
fn module(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    parts
}

/// Code without comments and without the tests at its end, which may know everybody.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.fold(String::new(), |code, line| code + line + "\n")
}

/// The first word of each path in `{a::b, c}` or `a::b`: here `a`, `c`.
fn heads(text: &str) -> Vec<&str> {
    fn word(text: &str) -> &str {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        &text[..end]
    }
    let Some(group) = text.strip_prefix('{') else { return vec![word(text)] };
    let mut words = vec![word(group)];
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => words.push(word(&group[at + 1..])),
            _ => {}
        }
    }
    words
}

/// What stands at the top of the crate and is named in a module's code: by `crate::`, or by as many `super::` as lead
/// there.
fn named_at_the_top(code: &str, depth: usize) -> Vec<&str> {
    let up = "super::".repeat(depth);
    let mut names = Vec::new();
    for prefix in ["crate::", up.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            let before = code[..at].chars().next_back();
            // `super::super::` is not `super::`, nor `$crate::` a path of this crate.
            if before.is_some_and(|c| c.is_alphanumeric() || ['_', ':', '$'].contains(&c)) {
                continue;
            }
            names.extend(heads(&code[at + prefix.len()..]));
        }
    }
    names
}

/// From names that the top of a crate gives to others (`pub use a::B;`) to the module that has them.
fn given_names(lib: &str) -> BTreeMap<&str, &str> {
    let uses = lib.split("use ").skip(1).filter_map(|rest| rest.split_once(';'));
    let pairs = uses.filter_map(|(path, _)| path.split_once("::"));
    pairs
        .flat_map(|(module, rest)| heads(rest).into_iter().map(move |name| (name, module)))
        .collect()
}

/// What the modules of one crate name, out of its files below `src`.
fn uses(sources: &BTreeMap<String, String>) -> Uses {
    let lib = sources.get("lib.rs").map(|text| code(text)).unwrap_or_default();
    let given = given_names(&lib);
    let tops: BTreeSet<&str> = sources.keys().map(|path| module(path)[0]).collect();
    let mut uses = Uses::new();
    for (path, text) in sources {
        let module = module(path);
        let is_test =
            module.last().is_some_and(|last| last.starts_with("tests") || *last == "any_input")
                || module.contains(&"tests");
        if ["lib", "main"].contains(&module[0]) || is_test {
            continue;
        }
        let code = code(text);
        let names = named_at_the_top(&code, module.len()).into_iter();
        let names = names.map(|name| given.get(name).copied().unwrap_or(name));
        let others = names.filter(|name| *name != module[0] && tops.contains(name));
        uses.entry(module[0].to_owned()).or_default().extend(others.map(str::to_owned));
    }
    uses
}

/// The modules that a module leads to.
fn reached<'u>(uses: &'u Uses, from: &str) -> BTreeSet<&'u str> {
    let mut all = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for next in uses.get(name).into_iter().flatten() {
            if all.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    all
}

/// The modules that lead back to themselves, with what they use of one another.
fn circles(uses: &Uses) -> Vec<(&str, Vec<&str>)> {
    let lead_back: Vec<&str> =
        uses.keys().map(String::as_str).filter(|name| reached(uses, name).contains(name)).collect();
    let back = |from: &str, to: &str| reached(uses, to).contains(from);
    lead_back
        .iter()
        .map(|name| {
            let to = uses[*name].iter().map(String::as_str).filter(|to| back(name, to));
            (*name, to.collect())
        })
        .collect()
}

#[test]
fn modules_are_in_no_circle() {
    let mut crates: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (path, text) in files() {
        if let Some((name, file)) =
            path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/"))
            && Path::new(file).extension().is_some_and(|extension| extension == "rs")
        {
            crates.entry(name.to_owned()).or_default().insert(file.to_owned(), text);
        }
    }
    assert!(PURE.iter().all(|name| crates.contains_key(*name)));
    let mut faults = Vec::new();
    for (name, sources) in &crates {
        let known = KNOWN_CIRCLES.iter().find(|(row, _)| row == name).map_or(&[][..], |row| row.1);
        let uses = uses(sources);
        for (module, others) in circles(&uses) {
            if known.contains(&module) {
                continue;
            }
            faults.push(format!("{name}: {module} uses {}, and comes back", others.join(", ")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_circle_is_seen() {
    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let sources = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let uses = uses(&sources.collect());
        let found: Vec<&str> = circles(&uses).into_iter().map(|(module, _)| module).collect();
        assert_eq!(found, expected, "{files:?}");
    }
    check(&[("a.rs", "use crate::b::X;"), ("b.rs", "")], &[]);
    check(&[("a.rs", "use crate::{c, b::X};"), ("b.rs", "fn f() { crate::a::g() }")], &["a", "b"]);
    check(
        &[("a/x/y.rs", "use super::super::super::b;"), ("b/mod.rs", "use super::a;")],
        &["a", "b"],
    );
    check(&[("a/x.rs", "use super::b;"), ("a/b.rs", ""), ("b.rs", "use super::a;")], &[]);
    check(
        &[("a.rs", "use crate::B;"), ("b.rs", "use crate::a;"), ("lib.rs", "pub use b::{A, B};")],
        &["a", "b"],
    );
    check(
        &[
            ("a.rs", "// crate::b\n#[cfg(test)]\nmod tests { use crate::b; }"),
            ("b.rs", "use crate::a;"),
        ],
        &[],
    );
}
