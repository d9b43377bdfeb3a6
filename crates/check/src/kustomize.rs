//! Kustomizations: what they change, and the ConfigMaps that they make of files.

use std::collections::{BTreeMap, BTreeSet};

use super::kubernetes::Object;
use super::node::Walk;
use super::passed_over::here;
use super::path::{joined, last};
use super::source::{File, FileKind, PassedOver};
use nutkin_flink::yaml::{self, Key, Node, NodeKind};

/// A `kustomization.yaml`: the file, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Kustomization {
    pub(super) file: usize,
    pub(super) node: Node,
}

/// A file that a kustomization makes a key of a ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GeneratedKey {
    /// Index of the ConfigMap among the objects.
    pub(super) map: usize,
    pub(super) key: String,
    /// Index of the file.
    pub(super) file: usize,
}

/// The ConfigMaps that kustomizations make.
#[derive(Debug, Default)]
pub(super) struct Generated {
    /// Files of Flink's configuration in them.
    pub(super) keys: Vec<GeneratedKey>,
    /// Indices of all files in them.
    pub(super) used: BTreeSet<usize>,
    /// Paths of all files in them.
    pub(super) wanted: BTreeSet<String>,
}

/// All kustomizations of the files. Files that they apply to other objects as patches are marked: alone they are not
/// whole.
pub(super) fn read(files: &mut [File]) -> Vec<Kustomization> {
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let name = last(&file.name);
        if file.kind == Some(FileKind::Objects)
            && matches!(name, "kustomization.yaml" | "kustomization.yml")
        {
            let (documents, _) = yaml::forgiving(&file.text, &file.name);
            found.extend(documents.into_iter().map(|node| Kustomization { file: index, node }));
        }
    }
    let mut patches: BTreeMap<String, String> = BTreeMap::new();
    for one in &found {
        let directory = files[one.file].directory();
        for path in patches_of(&one.node) {
            patches.insert(joined(directory, path), here(directory).to_owned());
        }
    }
    for file in files.iter_mut().filter(|_| !patches.is_empty()) {
        if let Some(directory) = patches.get(&file.name) {
            file.kind = None;
            file.passed_over = PassedOver::Patch(directory.clone());
        }
    }
    found
}

/// The files that a kustomization lists as patches.
fn patches_of(node: &Node) -> Vec<&str> {
    const LISTS: [&str; 4] =
        ["patches", "patchesJson6902", "patchesStrategicMerge", "transformers"];
    let items = LISTS.iter().flat_map(|list| node.items_of(list));
    items.filter_map(|item| item.text_of("path").or_else(|| item.text())).collect()
}

impl Kustomization {
    /// The first field that changes objects, so that their files are not what is applied.
    pub(super) fn change(&self) -> Option<&'static str> {
        const CHANGES: [&str; 9] = [
            "components",
            "images",
            "namePrefix",
            "nameSuffix",
            "patches",
            "patchesJson6902",
            "patchesStrategicMerge",
            "replacements",
            "replicas",
        ];
        CHANGES.into_iter().find(|field| self.node.get(field).is_some())
    }
}

/// Adds the ConfigMaps that kustomizations make, and says which files are in them. The texts of Flink's own files stay
/// where they are.
pub(super) fn generate(
    all: &[Kustomization],
    files: &[File],
    objects: &mut Vec<Object>,
) -> Generated {
    let mut generated = Generated::default();
    if all.is_empty() {
        return generated;
    }
    let by_name: BTreeMap<&str, usize> =
        files.iter().enumerate().map(|(index, file)| (file.name.as_str(), index)).collect();
    for one in all {
        let directory = files[one.file].directory();
        for generator in one.node.items_of("configMapGenerator") {
            let Some(name) = generator.text_of("name") else { continue };
            // One that changes the ConfigMap of a base is a patch.
            if generator.text_of("behavior").is_some_and(|behavior| behavior != "create") {
                continue;
            }
            let map = objects.len();
            let mut data = Vec::new();
            for entry in generator.items_of("files").iter().filter_map(Walk::text) {
                let (key, path) = entry.split_once('=').unwrap_or((last(entry), entry));
                let path = joined(directory, path);
                let file = by_name.get(path.as_str()).copied();
                generated.wanted.insert(path);
                generated.used.extend(file);
                let is_flinks = key == "config.yaml"
                    || matches!(
                        FileKind::of_name(key),
                        Some(FileKind::FlinkConf | FileKind::Log4j | FileKind::Logback)
                    );
                let kind = match file {
                    Some(file) if !is_flinks => NodeKind::Text(files[file].text.clone()),
                    _ => NodeKind::Null,
                };
                data.push((key, kind));
                let key = key.to_owned();
                let flinks = file.filter(|_| is_flinks);
                generated.keys.extend(flinks.map(|file| GeneratedKey { map, key, file }));
            }
            for literal in generator.items_of("literals").iter().filter_map(Walk::text) {
                let (key, value) = literal.split_once('=').unwrap_or((literal, ""));
                data.push((key, NodeKind::Text(value.trim_matches(['"', '\'']).to_owned())));
            }
            let namespace = generator.text_of("namespace").or(one.node.text_of("namespace"));
            objects.push(config_map(one.file, generator, name, namespace, data));
        }
    }
    generated
}

fn config_map(
    file: usize,
    at: &Node,
    name: &str,
    namespace: Option<&str>,
    data: Vec<(&str, NodeKind)>,
) -> Object {
    let node = |kind| Node { line: at.line, column: at.column, block: false, kind };
    let map = |entries: Vec<(&str, NodeKind)>| {
        let key = |name: &str| Key { name: name.to_owned(), line: at.line, column: at.column };
        NodeKind::Map(entries.into_iter().map(|(name, kind)| (key(name), node(kind))).collect())
    };
    let text = |text: &str| NodeKind::Text(text.to_owned());
    let mut metadata = vec![("name", text(name))];
    metadata.extend(namespace.map(|namespace| ("namespace", text(namespace))));
    let whole = map(vec![
        ("apiVersion", text("v1")),
        ("kind", text("ConfigMap")),
        ("metadata", map(metadata)),
        ("data", map(data)),
    ]);
    Object {
        file,
        node: node(whole),
        kind: "ConfigMap".to_owned(),
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        cut: None,
        compose: None,
    }
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
