//! The files around a Compose file: overrides, overlays, what `extends` and `env_file` name.

use std::collections::BTreeMap;

use super::variables::{self, Variables};
use crate::node::Walk;
use crate::path::{beside, directory};
use crate::source::File;
use nutkin_flink::yaml::Node;

/// All files, to be found by name.
pub(super) struct Files<'a> {
    pub(super) all: &'a [File],
    by_name: BTreeMap<&'a str, usize>,
    /// Compose files by index.
    documents: BTreeMap<usize, &'a Node>,
    /// Indices of Compose files, by directory.
    by_directory: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Files<'a> {
    pub(super) fn new(all: &'a [File], documents: &'a [(usize, Node)]) -> Self {
        let by_name = all.iter().enumerate().map(|(index, file)| (file.name.as_str(), index));
        let documents = documents.iter().map(|(file, document)| (*file, document));
        let documents: BTreeMap<usize, &Node> = documents.collect();
        let mut by_directory: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for index in documents.keys() {
            by_directory.entry(all[*index].directory()).or_default().push(*index);
        }
        Self { all, by_name: by_name.collect(), documents, by_directory }
    }

    /// The Compose files in the directory of a file.
    fn beside(&self, name: &str) -> &[usize] {
        self.by_directory.get(directory(name)).map_or(&[], Vec::as_slice)
    }

    /// The file of a name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The Compose file of a name.
    pub(super) fn compose(&self, name: &str) -> Option<(usize, &'a Node)> {
        let index = self.find(name)?;
        Some((index, *self.documents.get(&index)?))
    }

    /// Whether Compose reads the file on top of another that is here.
    pub(super) fn is_override(&self, name: &str) -> bool {
        let Some((stem, _)) = name.rsplit_once('.') else { return false };
        let Some(base) = stem.strip_suffix(".override") else { return false };
        ["yml", "yaml"].iter().any(|end| self.compose(&format!("{base}.{end}")).is_some())
    }

    /// What Compose reads on top of a file without being told.
    pub(super) fn override_of(&self, name: &str) -> Option<(usize, &'a Node)> {
        let (stem, _) = name.rsplit_once('.')?;
        ["yml", "yaml"].iter().find_map(|end| self.compose(&format!("{stem}.override.{end}")))
    }

    /// Whether a file only changes services of another in its directory: Compose takes it with a further `-f`.
    pub(super) fn is_overlay(&self, name: &str, document: &Node) -> bool {
        let is_part =
            |one: &Node| ["image", "build", "extends"].iter().all(|field| one.get(field).is_none());
        let services = document.get("services").map_or(&[][..], Walk::entries);
        services.iter().filter(|(_, one)| is_part(one)).any(|(key, _)| {
            self.beside(name).iter().any(|index| {
                let other = self.documents[index].get("services");
                other.and_then(|all| all.get(&key.name)).is_some_and(|other| !is_part(other))
            })
        })
    }

    /// Whether other Compose files lie in the directory of one, its own override apart.
    pub(super) fn has_siblings(&self, name: &str) -> bool {
        let overriding = self.override_of(name).map(|(index, _)| index);
        let is_other =
            |index: &&usize| self.all[**index].name != name && Some(**index) != overriding;
        self.beside(name).iter().any(|index| is_other(&index))
    }

    /// The values of the `.env` beside a Compose file.
    pub(super) fn environment(&self, name: &str) -> (Option<usize>, Variables) {
        let index = self.find(&beside(name, ".env"));
        let text = index.map_or("", |index| self.all[index].text.as_str());
        let lines = variables::file(text, &Variables::new());
        (index, lines.into_iter().filter_map(|(key, value, _)| Some((key, value?))).collect())
    }
}
