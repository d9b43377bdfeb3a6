//! Objects by kind and name, and which of several of one name another object means.

use std::collections::BTreeMap;

use super::kubernetes::Object;
use super::path::{above, is_above};
use super::source::File;

/// Indices of objects, by kind and name, in the order of the files.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_kind: BTreeMap<String, BTreeMap<String, Known>>,
    kinds: BTreeMap<String, Vec<usize>>,
}

/// All objects of one kind and name.
#[derive(Debug, Default)]
struct Known {
    all: Vec<usize>,
    /// The same, in the order of their directories.
    by_directory: Vec<usize>,
}

/// Whether a name is one that people give to what belongs to Flink.
pub(super) fn is_flink_name(name: &str) -> bool {
    ["flink", "jobmanager", "job-manager", "taskmanager", "task-manager"]
        .iter()
        .any(|word| name.contains(word))
}

impl Names {
    pub(super) fn of(objects: &[Object], files: &[File]) -> Self {
        let mut names = Self::default();
        for (index, object) in objects.iter().enumerate() {
            let of_kind = names.by_kind.entry(object.kind.clone()).or_default();
            let known = of_kind.entry(object.name.clone()).or_default();
            known.all.push(index);
            names.kinds.entry(object.kind.clone()).or_default().push(index);
        }
        for known in names.by_kind.values_mut().flat_map(BTreeMap::values_mut) {
            known.all.shrink_to_fit();
            known.by_directory.clone_from(&known.all);
            known.by_directory.sort_by_key(|index| files[objects[*index].file].directory());
        }
        names
    }

    fn known(&self, kind: &str, name: &str) -> Option<&Known> {
        self.by_kind.get(kind)?.get(name)
    }

    /// All objects of a kind and a name.
    pub(super) fn all(&self, kind: &str, name: &str) -> &[usize] {
        self.known(kind, name).map_or(&[], |known| &known.all)
    }

    /// All objects of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> &[usize] {
        self.kinds.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Kinds and names that more than one object has.
    pub(super) fn repeated(&self) -> impl Iterator<Item = &[usize]> {
        let all = self.by_kind.values().flat_map(BTreeMap::values);
        all.map(|known| known.all.as_slice()).filter(|indices| 1 < indices.len())
    }

    /// The object of a kind and a name that another object of the same namespace means: the one that lies nearest.
    pub(super) fn nearest(
        &self,
        objects: &[Object],
        files: &[File],
        (kind, name): (&str, &str),
        from: &Object,
    ) -> Option<usize> {
        let known = self.known(kind, name)?;
        let all = &known.all;
        let fits = |index: &usize| objects[*index].shares_namespace(from);
        // In the same file first, where there may be thousands of one name.
        let start = all.partition_point(|index| objects[*index].file < from.file);
        let own = all[start..].iter().take_while(|index| objects[**index].file == from.file);
        let own = own.copied().find(fits);
        // Then in its directory and those above it, of which the nearest counts.
        let above = || above(files[from.file].directory());
        let directory = |index: &usize| files[objects[*index].file].directory();
        let in_directory = |at: &str| {
            let start = known.by_directory.partition_point(|index| directory(index) < at);
            let all = known.by_directory[start..].iter().take_while(|index| directory(index) == at);
            all.copied().find(fits)
        };
        let beside = || above().find_map(in_directory);
        own.or_else(beside).or_else(|| {
            let near = |index: &usize| distance(files, objects[*index].file, from.file);
            let mut others: Vec<usize> = all.iter().copied().filter(fits).collect();
            others.sort_by_key(near);
            // Two that are equally far, in directories of their own, are alternatives: neither is meant.
            let is_open = others.len() > 1
                && FAR <= near(&others[0])
                && near(&others[0]) == near(&others[1])
                && objects[others[0]].node.to_json() != objects[others[1]].node.to_json();
            others.first().copied().filter(|_| !is_open)
        })
    }
}

/// More than any path has parts, so that the kinds of places do not mix.
const FAR: usize = 1 << 16;

/// How far a file is from another: in the same directory, above it, below it, anywhere else.
pub(super) fn distance(files: &[File], one: usize, from: usize) -> usize {
    if one == from {
        return 0;
    }
    let (directory, own) = (files[one].directory(), files[from].directory());
    let parts = |path: &str| if path.is_empty() { 0 } else { path.split('/').count() };
    if directory == own {
        1
    } else if is_above(directory, own) {
        1 + parts(own) - parts(directory)
    } else if is_above(own, directory) {
        FAR + parts(directory) - parts(own)
    } else {
        2 * FAR
    }
}

#[cfg(test)]
mod tests {
    use super::distance;
    use crate::source::{File, Input};

    #[test]
    fn what_lies_nearest() {
        let names = ["a/b/x.yaml", "a/b/y.yaml", "a/z.yaml", "z.yaml", "a/b/c/x.yaml", "d/x.yaml"];
        let input = |name: &&str| Input { name: (*name).to_owned(), text: String::new() };
        let files: Vec<File> = names.iter().map(|name| File::new(&input(name))).collect();
        let far: Vec<usize> = (0..names.len()).map(|one| distance(&files, one, 0)).collect();
        assert!(far.is_sorted() && far.windows(2).all(|two| two[0] != two[1]), "{far:?}");
    }
}
