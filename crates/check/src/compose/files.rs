//! The files around a Compose file: overrides, overlays, what `extends` and `env_file` name.

use std::collections::{BTreeMap, BTreeSet};

use crate::node::Walk;
use crate::path::{beside, directory};
use crate::source::File;
use crate::variables::{self, Variables};
use nutkin_flink::yaml::Node;

/// Names that Compose looks for, the one that counts first (`cli/options.go` of compose-go).
pub(super) const MAINS: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// Names of the file that Compose reads on top of it.
pub(super) const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// All files, to be found by name.
pub(super) struct Files<'a> {
    pub(super) all: &'a [File],
    by_name: BTreeMap<&'a str, usize>,
    /// Names of files that are there, and that nobody could read.
    unreadable: &'a BTreeSet<String>,
    /// Compose files by index.
    documents: BTreeMap<usize, &'a Node>,
    /// Indices of Compose files, by directory.
    by_directory: BTreeMap<&'a str, Vec<usize>>,
    /// What Compose reads on top of a file.
    above: BTreeMap<usize, Vec<usize>>,
    /// All of these.
    overriding: BTreeSet<usize>,
}

impl<'a> Files<'a> {
    pub(super) fn new(
        all: &'a [File],
        unreadable: &'a BTreeSet<String>,
        documents: &'a [(usize, Node)],
    ) -> Self {
        let by_name = all.iter().enumerate().map(|(index, file)| (file.name.as_str(), index));
        let documents = documents.iter().map(|(file, document)| (*file, document));
        let documents: BTreeMap<usize, &Node> = documents.collect();
        let mut by_directory: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for index in documents.keys() {
            by_directory.entry(all[*index].directory()).or_default().push(*index);
        }
        let by_name = by_name.collect();
        let (above, overriding) = (BTreeMap::new(), BTreeSet::new());
        let mut files =
            Self { all, by_name, unreadable, documents, by_directory, above, overriding };
        let firsts = files.by_directory.values().filter_map(|indices| indices.first());
        files.above = firsts.filter_map(|first| files.taken(&all[*first].name)).collect();
        files.overriding = files.above.values().flatten().copied().collect();
        files
    }

    /// The Compose files in the directory of a file.
    fn beside(&self, name: &str) -> &[usize] {
        self.by_directory.get(directory(name)).map_or(&[], Vec::as_slice)
    }

    /// The file of a name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Whether there is a file of a name, read or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.unreadable.contains(name)
    }

    /// The Compose file of a name.
    pub(super) fn compose(&self, name: &str) -> Option<(usize, &'a Node)> {
        let index = self.find(name)?;
        Some((index, *self.documents.get(&index)?))
    }

    /// Whether Compose reads the file on top of another that is here, without being told by `-f`.
    pub(super) fn is_override(&self, name: &str) -> bool {
        self.find(name).is_some_and(|index| self.overriding.contains(&index))
    }

    /// What Compose reads on top of a file without being told: what `COMPOSE_FILE` of `.env` lists behind it, otherwise
    /// the override of the file that Compose takes by its name.
    pub(super) fn overrides_of(&self, name: &str) -> impl Iterator<Item = (usize, &'a Node)> {
        let above = self.find(name).and_then(|index| self.above.get(&index));
        above.into_iter().flatten().map(|index| (*index, self.documents[index]))
    }

    /// The paths of `COMPOSE_FILE`, which `.env` beside a file may set.
    pub(super) fn listed(&self, name: &str) -> Option<Vec<String>> {
        let (_, variables) = self.environment(name);
        let list = variables.get("COMPOSE_FILE").filter(|list| !list.is_empty())?;
        let separator = variables.get("COMPOSE_PATH_SEPARATOR").map_or(":", String::as_str);
        Some(list.split(separator).map(|path| beside(name, path)).collect())
    }

    /// The file that Compose takes in the directory of another one, and what it reads on top.
    fn taken(&self, name: &str) -> Option<(usize, Vec<usize>)> {
        let find = |path: &String| self.compose(path).map(|(index, _)| index);
        if let Some(listed) = self.listed(name) {
            let mut listed = listed.iter().filter_map(find);
            let first = listed.next()?;
            return Some((first, listed.filter(|index| *index != first).collect()));
        }
        let first =
            |names: &[&str]| names.iter().map(|one| beside(name, one)).find_map(|path| find(&path));
        Some((first(&MAINS)?, first(&OVERRIDES).into_iter().collect()))
    }

    /// The file in whose directory a file lies that only changes services of it: Compose takes it with a further `-f`.
    pub(super) fn below(&self, name: &str, document: &Node) -> Option<&'a str> {
        let is_part =
            |one: &Node| ["image", "build", "extends"].iter().all(|field| one.get(field).is_none());
        let services = document.get("services").map_or(&[][..], Walk::entries);
        services.iter().filter(|(_, one)| is_part(one)).find_map(|(key, _)| {
            let has = |index: &&usize| {
                let other = self.documents[*index].get("services");
                other.and_then(|all| all.get(&key.name)).is_some_and(|other| !is_part(other))
            };
            self.beside(name).iter().find(has).map(|index| self.all[*index].name.as_str())
        })
    }

    /// Whether other Compose files lie in the directory of one, those apart that it reads itself.
    pub(super) fn has_siblings(&self, name: &str, used: &BTreeSet<usize>) -> bool {
        let is_other = |index: &usize| self.all[*index].name != name && !used.contains(index);
        self.beside(name).iter().any(is_other)
    }

    /// The values of the `.env` beside a Compose file.
    pub(super) fn environment(&self, name: &str) -> (Option<usize>, Variables) {
        self.variables(&beside(name, ".env"))
    }

    /// The values of a file of variables.
    pub(super) fn variables(&self, path: &str) -> (Option<usize>, Variables) {
        let index = self.find(path);
        let text = index.map_or("", |index| self.all[index].text.as_str());
        let lines = variables::file(text, &Variables::new());
        (index, lines.into_iter().filter_map(|(key, value, _)| Some((key, value?))).collect())
    }
}
