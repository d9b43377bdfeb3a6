//! The licences of all libraries that are linked into the binary.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::root::{cargo, output};

/// Beginnings of the names of files with a licence or a notice, in capitals.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];

/// One text: each library with its licence, and each text of a licence once, with the libraries that it is of.
///
/// # Errors
/// Cargo does not know them.
pub(super) fn of_libraries() -> Result<String> {
    let tree = ["tree", "--package", "nutkin", "--edges", "normal", "--prefix", "none"];
    let tree = output(cargo(&tree).args(["--format", "{p}"]))?;
    // `serde v1.0.0`, and a source behind it where it is not the registry.
    let mut linked: Vec<(&str, &str)> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?, words.next()?.strip_prefix('v')?))
        })
        .collect();
    linked.sort_unstable();
    linked.dedup();
    let metadata = output(&mut cargo(&["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` has no packages")?;

    let mut list = "Nutkin is linked with these libraries.\n\n".to_owned();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, version) in linked {
        let is_it = |one: &&Value| one["name"] == name && one["version"] == version;
        let package = packages.iter().find(is_it);
        let package = package.with_context(|| format!("{name} {version} is unknown to Cargo"))?;
        // Our own crates, which have Nutkin's licence.
        if package["source"].is_null() {
            continue;
        }
        let licence = package["license"].as_str().unwrap_or("see its text");
        list += &format!("{name} {version}: {licence}\n");
        let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap_or_default());
        for text in texts_in(manifest.parent().unwrap_or(Path::new("")))? {
            texts.entry(text).or_default().push(format!("{name} {version}"));
        }
    }
    for (text, of) in texts {
        list += &format!("\n{}\n{}:\n\n{}\n", "-".repeat(80), of.join(", "), text.trim_end());
    }
    Ok(list)
}

fn texts_in(folder: &Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_licence = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        path.is_file() && NAMES.iter().any(|begin| name.starts_with(begin))
    };
    Ok(paths.iter().filter(is_licence).filter_map(|path| fs::read_to_string(path).ok()).collect())
}
