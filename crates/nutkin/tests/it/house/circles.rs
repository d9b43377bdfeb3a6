//! No circle of modules, at the top of a crate and in every folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::PURE;
use super::source::{code, is_test, module};
use crate::tidy::files;

/// Modules of one folder, and which others of these each of them names.
type Uses = BTreeMap<String, BTreeSet<String>>;

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
