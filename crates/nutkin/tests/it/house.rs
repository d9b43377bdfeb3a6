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

/// Files below the binary that name a command or a flag in their code, and why they may.
const NAMES_BELOW: &[(&str, &str)] = &[
    ("check/src/adopt/", "the text of the session file that is written, and notes on it"),
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
    ("fetch/src/artifacts/maven.rs", "arguments of Maven"),
    ("fetch/src/dist/class_data.rs", "the program calls itself"),
    ("fetch/src/dist/origin/pip.rs", "arguments of pip"),
    ("flink/src/flink_cli/", "words of Flink's client"),
    ("flink/src/java.rs", "arguments of the JVM"),
    ("flink/src/options/own.rs", "texts of docs/options.md"),
    ("flink/src/options/page.rs", "a page of docs/options.md"),
    ("flink/src/process/flags.rs", "arguments of the JVM"),
    ("images/src/class_data.rs", "arguments of unshare and mount"),
    ("images/src/java.rs", "arguments of jlink"),
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
    let mut faults = Vec::new();
    let mut needed = BTreeSet::new();
    for (path, text) in files() {
        let Some((name, file)) =
            path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/"))
        else {
            continue;
        };
        let is_below = PURE.contains(&name) || SHELLS.contains(&name);
        let is_code = Path::new(file).extension().is_some_and(|extension| extension == "rs");
        if !is_below || !is_code || is_test(file) {
            continue;
        }
        let code = code(&text);
        let named = named(&code);
        let row = NAMES_BELOW.iter().find(|(row, _)| path["crates/".len()..].starts_with(row));
        match row {
            _ if named.is_empty() => {}
            Some((row, _)) => {
                needed.insert(*row);
            }
            None => faults.push(format!("{path} names {}", named.join(", "))),
        }
    }
    let idle = NAMES_BELOW.iter().filter(|(row, _)| !needed.contains(row));
    faults.extend(idle.map(|(row, _)| format!("{row} needs no exception any more")));
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

/// Files and folders of core whose sentences are not in the room of words, and why: problems of an input are worded beside
/// the rule that finds them.
const SENTENCES_BESIDE: &[(&str, &str)] = &[
    ("decide/docker/bring.rs", "problems of the input"),
    ("decide/docker/step.rs", "texts of steps"),
    ("decide/kubernetes/refusal.rs", "what a command does, said behind its name"),
    ("decide/kubernetes/step.rs", "texts of steps"),
    ("decide/local/ports.rs", "problems of the input"),
    ("decide/local/step.rs", "texts of steps"),
    ("jobs/arguments.rs", "problems of the input"),
    ("jobs/claim.rs", "problems of the input"),
    ("jobs/decide.rs", "problems of the input"),
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
    let mut faults = Vec::new();
    let mut needed = BTreeSet::new();
    for (path, text) in files() {
        let Some(file) = path.strip_prefix("crates/core/src/") else { continue };
        if is_test(file) {
            continue;
        }
        let code = code(&text);
        let sentences = sentences(&code);
        match SENTENCES_BESIDE.iter().find(|(row, _)| file.starts_with(row)) {
            _ if sentences.is_empty() => {}
            Some((row, _)) => {
                needed.insert(*row);
            }
            None => faults.extend(sentences.into_iter().map(|text| format!("{path}: {text}"))),
        }
    }
    let idle = SENTENCES_BESIDE.iter().filter(|(row, _)| !needed.contains(row));
    faults.extend(idle.map(|(row, _)| format!("{row} needs no exception any more")));
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

/// Names that several public types below the binary have: their files, and why the same word is right for them. A name is
/// shared only where the module of each platform has its own form of the same thing. The rows are exact: one that is not
/// needed any more has to go.
const SHARED_NAMES: &[(&str, &[&str], &str)] = &[
    (
        "Extras",
        &["core/decide/docker/observation.rs", "core/decide/local/observation.rs"],
        "what a session adds to its Flink, as each platform sees it",
    ),
    (
        "Observation",
        &[
            "core/decide/docker/observation.rs",
            "core/decide/kubernetes/seen.rs",
            "core/decide/local/observation.rs",
        ],
        "what each platform's decision is made from",
    ),
    (
        "Refusal",
        &["core/decide/kubernetes/refusal.rs", "core/decide/local/mod.rs"],
        "why each platform decides nothing",
    ),
    (
        "Run",
        &["docker/observe.rs", "kubernetes/run.rs"],
        "a session on its way to what is wanted, as each platform drives it",
    ),
    (
        "Step",
        &[
            "core/decide/docker/step.rs",
            "core/decide/kubernetes/step.rs",
            "core/decide/local/step.rs",
        ],
        "each platform's steps",
    ),
];

/// Names of types that a file makes public.
fn public_types(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter_map(|line| {
        let rest = line.strip_prefix("pub ")?;
        let kinds = ["struct ", "enum ", "trait "];
        let rest = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
        rest.split(|c: char| !c.is_alphanumeric()).next()
    })
}

#[test]
fn a_name_means_one_thing() {
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in files() {
        let Some((name, file)) =
            path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/"))
        else {
            continue;
        };
        if !(PURE.contains(&name) || SHELLS.contains(&name)) || is_test(file) {
            continue;
        }
        for found in public_types(&code(&text)) {
            types.entry(found.to_owned()).or_default().push(format!("{name}/{file}"));
        }
    }
    let mut faults = Vec::new();
    for (name, places) in &mut types {
        places.sort();
        let row = SHARED_NAMES.iter().find(|(row, ..)| row == name);
        if 1 < places.len() && row.is_none_or(|(_, files, _)| places != files) {
            faults.push(format!("{name}: {}", places.join(", ")));
        }
    }
    assert!(faults.is_empty(), "another name is clearer:\n{}", faults.join("\n"));

    for (name, _, reason) in SHARED_NAMES {
        let count = types.get(*name).map_or(0, Vec::len);
        assert!(1 < count, "{name} ({reason}) is not shared any more: its row can go");
    }
}

#[test]
fn public_types_are_seen() {
    let code = "pub struct A<T>(T);\n    pub struct No;\npub enum Bee {}\npub(crate) struct C;\n";
    assert_eq!(public_types(code).collect::<Vec<_>>(), ["A", "Bee"]);
}

/// Modules of one folder, and which others of these each of them names.
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
pub(crate) fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.fold(String::new(), |code, line| code + line + "\n")
}

/// Whether a file below `src` holds nothing but tests.
fn is_test(path: &str) -> bool {
    let module = module(path);
    module.contains(&"tests")
        || module.last().is_some_and(|last| last.starts_with("tests") || *last == "any_input")
}

/// The paths that a use tree holds, and where it ends: `a::{b, c::D}` holds `a::b` and `a::c::D`.
fn paths(text: &str) -> (Vec<Vec<&str>>, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut all = Vec::new();
        loop {
            let (found, after) = paths(rest);
            all.extend(found);
            let after = after.trim_start();
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => return (all, after.strip_prefix('}').unwrap_or(after)),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.is_empty() {
        return (Vec::new(), rest);
    }
    let Some(below) = rest.strip_prefix("::") else { return (vec![vec![word]], rest) };
    let (found, rest) = paths(below);
    if found.is_empty() {
        return (vec![vec![word]], rest);
    }
    let with_word = |path: Vec<_>| std::iter::once(word).chain(path).collect();
    (found.into_iter().map(with_word).collect(), rest)
}

/// All that a module's code names by `crate::` or `super::`, each as a path from the top of the crate.
fn named_paths<'t>(code: &'t str, module: &[&'t str]) -> Vec<Vec<&'t str>> {
    let mut all = Vec::new();
    for prefix in ["crate::", "super::"] {
        for (at, _) in code.match_indices(prefix) {
            let before = code[..at].chars().next_back();
            // The second of `super::super::`, and `$crate::`, which is a path of another crate.
            if before.is_some_and(|c| c.is_alphanumeric() || ['_', ':', '$'].contains(&c)) {
                continue;
            }
            let mut rest = &code[at..];
            let mut above = if prefix == "crate::" { 0 } else { module.len() };
            rest = rest.strip_prefix("crate::").unwrap_or(rest);
            while let Some(next) = rest.strip_prefix("super::") {
                above = above.saturating_sub(1);
                rest = next;
            }
            let above = &module[..above];
            all.extend(paths(rest).0.into_iter().map(|path| [above, path.as_slice()].concat()));
        }
    }
    all
}

/// From names that a module gives to others (`pub use a::B;`) to the module below it that has them.
fn given_names(code: &str) -> BTreeMap<&str, &str> {
    let uses = code.split("use ").skip(1).filter_map(|rest| rest.split_once(';'));
    let trees = uses.flat_map(|(tree, _)| paths(tree).0);
    trees.filter_map(|path| Some((*path.last()?, *path.first()?))).collect()
}

/// What the modules of each folder name of one another, out of a crate's files below `src`. The top of the crate is the
/// folder without a name.
fn uses(sources: &BTreeMap<String, String>) -> BTreeMap<String, Uses> {
    let sources: BTreeMap<&str, String> =
        sources.iter().map(|(path, text)| (path.as_str(), code(text))).collect();
    let modules: BTreeMap<Vec<&str>, &str> =
        sources.iter().map(|(path, code)| (module(path), code.as_str())).collect();
    let has = |path: &[&str]| modules.keys().any(|module| module.starts_with(path));
    let mut all: BTreeMap<String, Uses> = BTreeMap::new();
    for (path, code) in sources.iter().filter(|(path, _)| !is_test(path)) {
        let module = module(path);
        if ["lib", "main"].contains(&module[0]) {
            continue;
        }
        let named = named_paths(code, &module);
        for depth in 0..module.len() {
            let folder = &module[..depth];
            let own = if depth == 0 { vec!["lib"] } else { folder.to_vec() };
            let given = modules.get(&own).map(|code| given_names(code)).unwrap_or_default();
            let entry = all.entry(folder.join("/")).or_default();
            let uses = entry.entry(module[depth].to_owned()).or_default();
            for path in named.iter().filter(|path| depth < path.len() && path.starts_with(folder)) {
                let name = given.get(path[depth]).copied().unwrap_or(path[depth]);
                if name != module[depth] && has(&[folder, &[name]].concat()) {
                    uses.insert(name.to_owned());
                }
            }
        }
    }
    all
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

/// The circles of a crate's modules: their folder, and each module with what it uses of the others.
fn circles_of(sources: &BTreeMap<String, String>) -> Vec<(String, Vec<String>, String)> {
    let mut all = Vec::new();
    for (folder, uses) in uses(sources) {
        let found = circles(&uses);
        if !found.is_empty() {
            let said = found.iter().map(|(module, to)| format!("{module} -> {}", to.join(", ")));
            let said = said.collect::<Vec<_>>().join("; ");
            let modules = found.iter().map(|(module, _)| (*module).to_owned()).collect();
            all.push((folder, modules, said));
        }
    }
    all
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
        let circles = circles_of(sources).into_iter();
        faults.extend(circles.map(|(folder, _, said)| format!("{name}/{folder}: {said}")));
    }
    assert!(faults.is_empty(), "what both need goes one file down:\n{}", faults.join("\n"));
}

#[test]
fn a_circle_is_seen() {
    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let sources = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let found: Vec<String> = circles_of(&sources.collect())
            .into_iter()
            .flat_map(|(folder, modules, _)| {
                modules.into_iter().map(move |module| {
                    if folder.is_empty() { module } else { format!("{folder}/{module}") }
                })
            })
            .collect();
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
    // Inside a folder, by every way to say it.
    check(
        &[("a/x.rs", "use super::y::Z;"), ("a/y.rs", "use crate::a::{x::W, z};")],
        &["a/x", "a/y"],
    );
    check(
        &[
            ("a/mod.rs", "pub use y::{Y, Z};"),
            ("a/x/w.rs", "use super::super::Z;"),
            ("a/y.rs", "use super::x;"),
        ],
        &["a/x", "a/y"],
    );
    check(&[("a/x.rs", "use super::y::Z;"), ("a/y.rs", "use super::{W, V};")], &[]);
}
