//! Kustomizations: what is applied is what they make of the files, as `kubectl kustomize` prints it.
//!
//! Each kustomization that no other one uses becomes a text of its own: the files that it is made of, one below the other.
//! Its objects have their places there, so that a value of a patch has the line of the patch, and `finding` leads each
//! place back to the file that somebody wrote.

mod build;
mod edit;
mod fields;
mod generate;
mod item;
mod merge;
mod names;
mod paper;
mod pointer;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Place;
use super::kubernetes::Object;
use super::node::Walk;
use super::path::{here, joined, last};
use super::source::{File, PassedOver};
use build::{Builder, Known, Why};
use item::Item;
use nutkin_flink::yaml::{self, Node};

/// A `kustomization.yaml`: the file, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Kustomization {
    pub(super) file: usize,
    pub(super) node: Node,
}

/// What the kustomizations apply.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The objects as somebody wrote them, in the place of which kustomizations apply others.
    pub(super) written: Vec<Object>,
    /// Indices of all files of which they are made.
    pub(super) used: BTreeSet<usize>,
    /// Paths of files that they name and that are not there.
    pub(super) wanted: BTreeSet<String>,
    /// Fields that are not carried out here.
    pub(super) unread: Vec<(Place, String)>,
    /// Why Kustomize itself stops.
    pub(super) refused: Vec<(Place, String)>,
}

/// Whether a file is a kustomization, by its name.
pub(super) fn is_one(name: &str) -> bool {
    matches!(last(name), "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// All kustomizations of the files. Files that they apply to other objects as patches are marked: alone they are not
/// whole.
pub(super) fn read(files: &mut [File]) -> Vec<Kustomization> {
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        if is_one(&file.name) {
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
        if let Some(directory) = patches.get(&joined("", &file.name)) {
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

/// Puts what kustomizations apply in the place of the objects that they are made of. `unreadable`: files that are there beside these.
pub(super) fn apply(
    all: &[Kustomization],
    unreadable: &BTreeSet<String>,
    files: &mut Vec<File>,
    objects: &mut Vec<Object>,
) -> Applied {
    let mut applied = Applied::default();
    if all.is_empty() {
        return applied;
    }
    let name = |index: usize| joined("", &files[index].name);
    let by_directory: BTreeMap<String, usize> = all
        .iter()
        .enumerate()
        .map(|(index, one)| (joined("", files[one.file].directory()), index))
        .collect();
    let mut known = Known {
        files,
        kustomizations: all,
        by_name: (0..files.len()).map(|index| (name(index), index)).collect(),
        by_directory,
        unreadable: unreadable.iter().map(|name| joined("", name)).collect(),
        objects: BTreeMap::new(),
    };
    for object in objects.iter() {
        known.objects.entry(object.file).or_default().push(object);
    }
    let mut made: Vec<(File, Vec<Item>)> = Vec::new();
    let mut bytes = 0;
    for of in roots(&known) {
        let mut builder = Builder::new(&known);
        let mut items = builder.build(of, Vec::new());
        names::follow(&mut items);
        bytes += builder.paper.text.len();
        if paper::MOST < bytes {
            let place = all[of].node.place(all[of].file);
            applied.unread.push((place, "resources".to_owned()));
            break;
        }
        applied.used.extend(builder.used);
        applied.wanted.extend(builder.missing);
        let is_unread = |trouble: &build::Trouble| matches!(trouble.why, Why::Unread(_));
        let has_unread = builder.troubles.iter().any(is_unread);
        for trouble in builder.troubles {
            match trouble.why {
                // What is not there may be in what is not read.
                Why::Refused(_) if has_unread => {}
                Why::Unread(field) => applied.unread.push((trouble.place, field)),
                Why::Refused(reason) => applied.refused.push((trouble.place, reason)),
            }
        }
        let paper = builder.paper;
        let name = known.files[all[of].file].name.clone();
        made.push((File::composed(name, paper.text, paper.parts), items));
    }
    drop(known);
    if made.is_empty() {
        return applied;
    }
    (applied.written, *objects) =
        std::mem::take(objects).into_iter().partition(|object| applied.used.contains(&object.file));
    for (file, items) in made {
        let index = files.len();
        files.push(file);
        objects.extend(items.into_iter().filter_map(|item| {
            let cut = item.cut.map(|cut| Place { file: index, ..cut });
            Some(Object { overlay: Some(index), ..Object::of(index, item.node, cut)? })
        }));
    }
    applied
}

/// Kustomizations that no other one uses; components change others, and apply nothing themselves.
fn roots(known: &Known<'_>) -> Vec<usize> {
    let mut used: BTreeSet<usize> = BTreeSet::new();
    for one in known.kustomizations {
        let directory = known.files[one.file].directory();
        for list in ["resources", "bases", "components"] {
            let paths = one.node.items_of(list).iter().filter_map(Walk::text);
            used.extend(
                paths.filter_map(|path| known.by_directory.get(&joined(directory, path)).copied()),
            );
        }
    }
    let all = known.kustomizations.iter().enumerate();
    let is_root = |(index, one): &(usize, &Kustomization)| {
        !used.contains(index) && one.node.text_of("kind") != Some("Component")
    };
    all.filter(is_root).map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests;
