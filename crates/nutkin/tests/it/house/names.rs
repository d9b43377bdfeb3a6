//! A name of a public type means one thing.

use std::collections::BTreeMap;

use super::source::below_the_binary;

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
    for (name, file, code) in below_the_binary() {
        for found in public_types(&code) {
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
