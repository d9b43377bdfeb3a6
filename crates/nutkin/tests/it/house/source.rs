//! The sources as the rules of the house read them, and what they say of files that break one.

use std::collections::BTreeSet;
use std::path::Path;

use super::{PURE, SHELLS};
use crate::tidy::files;

/// The path of a file's module: `src/a/b.rs` and `src/a/b/mod.rs` are `[a, b]`.
pub(super) fn module(path: &str) -> Vec<&str> {
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
pub(super) fn is_test(path: &str) -> bool {
    let module = module(path);
    module.contains(&"tests")
        || module.last().is_some_and(|last| last.starts_with("tests") || *last == "any_input")
}

/// The code of all files below the binary, but for tests: the crate, the path below its `src`, and the code.
pub(super) fn below_the_binary() -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for (path, text) in files() {
        let Some((name, file)) =
            path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/"))
        else {
            continue;
        };
        let is_below = PURE.contains(&name) || SHELLS.contains(&name);
        let is_code = Path::new(file).extension().is_some_and(|extension| extension == "rs");
        if is_below && is_code && !is_test(file) {
            all.push((name.to_owned(), file.to_owned(), code(&text)));
        }
    }
    all
}

/// What of this breaks a rule, by file: not where the file or a folder of it has a row among the exceptions. A row that
/// nothing needs is a fault, too.
pub(super) fn faults(
    exceptions: &[(&str, &str)],
    found: impl IntoIterator<Item = (String, Vec<String>)>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut needed = BTreeSet::new();
    for (file, found) in found {
        match exceptions.iter().find(|(row, _)| file.starts_with(row)) {
            _ if found.is_empty() => {}
            Some((row, _)) => {
                needed.insert(*row);
            }
            None => faults.extend(found.into_iter().map(|one| format!("{file}: {one}"))),
        }
    }
    let idle = exceptions.iter().filter(|(row, _)| !needed.contains(row));
    faults.extend(idle.map(|(row, _)| format!("{row} needs no exception any more")));
    faults
}
