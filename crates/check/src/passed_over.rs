//! Files that are not looked at: why, and what makes files of them that can be.

use std::collections::BTreeSet;

use super::names::is_above;
use super::node::Walk;
use super::source::{File, FileKind, PassedOver};
use nutkin_flink::yaml::Node;

/// A file that is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The file as the user named it.
    pub name: String,
    /// Why, and what to do where something can be done; lower case, without a full stop.
    pub reason: String,
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// All such files, those apart that a Compose file names.
pub(super) fn all(files: &[File], used: &BTreeSet<usize>) -> Vec<Skipped> {
    let charts = charts(files);
    let reason = |file: &File| match &file.passed_over {
        PassedOver::Unknown => "nobody here knows such files".to_owned(),
        PassedOver::Patch(directory) => format!(
            "a kustomization applies it; `kubectl kustomize {directory} > all.yaml` renders the result: check all.yaml"
        ),
        PassedOver::Template => {
            let chart = charts.iter().filter(|chart| is_above(chart, file.directory()));
            match chart.max_by_key(|chart| chart.len()) {
                Some(chart) => format!(
                    "a template of a Helm chart; `helm template {} > all.yaml` renders it: check all.yaml",
                    here(chart)
                ),
                None => "a template, which is not YAML until something fills it in; render it, and check the result".to_owned(),
            }
        }
    };
    let unknown = files.iter().enumerate();
    let unknown = unknown.filter(|(index, file)| file.kind.is_none() && !used.contains(index));
    unknown.map(|(_, file)| Skipped { name: file.name.clone(), reason: reason(file) }).collect()
}

/// Directories of Helm charts.
fn charts(files: &[File]) -> BTreeSet<&str> {
    let is_chart = |file: &&File| matches!(file.name.rsplit('/').next(), Some("Chart.yaml"));
    files.iter().filter(is_chart).map(File::directory).collect()
}

fn here(directory: &str) -> &str {
    if directory.is_empty() { "." } else { directory }
}

/// Marks files that a `kustomization.yaml` applies to other objects: alone they are not whole.
pub(super) fn mark_patches(files: &mut [File]) {
    let mut patches: Vec<(String, String)> = Vec::new();
    for file in files.iter().filter(|file| file.kind == Some(FileKind::Objects)) {
        let name = file.name.rsplit('/').next().unwrap_or_default();
        if !matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization") {
            continue;
        }
        let directory = file.directory();
        let (documents, _) = nutkin_flink::yaml::forgiving(&file.text, &file.name);
        for path in documents.iter().flat_map(paths) {
            patches.push((joined(directory, path), here(directory).to_owned()));
        }
    }
    if patches.is_empty() {
        return;
    }
    patches.sort();
    for file in files {
        let found = patches.binary_search_by(|(path, _)| path.as_str().cmp(&file.name));
        if let Ok(at) = found {
            file.kind = None;
            file.passed_over = PassedOver::Patch(patches[at].1.clone());
        }
    }
}

/// The files that a kustomization lists as patches.
fn paths(document: &Node) -> Vec<&str> {
    let mut found = Vec::new();
    for list in
        ["patches", "patchesJson6902", "patchesStrategicMerge", "components", "transformers"]
    {
        for item in document.items_of(list) {
            found.extend(item.text_of("path").or_else(|| item.text()));
        }
    }
    found
}

/// A path from a directory on.
fn joined(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let start = if directory.starts_with('/') { "/" } else { "" };
    format!("{start}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_of_a_kustomization() {
        assert_eq!(joined("overlays/prod", "patch.yaml"), "overlays/prod/patch.yaml");
        assert_eq!(joined("overlays/prod", "../../base/./p.yaml"), "base/p.yaml");
        assert_eq!(joined("/a", "b"), "/a/b");
        assert_eq!(joined("", "../b"), "../b");
    }
}
