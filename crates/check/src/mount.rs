//! Volumes as a container sees them.

use super::node::Walk;
use super::path;
use nutkin_flink::yaml::Node;

/// A volume where a container sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mount<'a> {
    pub(super) path: &'a str,
    pub(super) node: &'a Node,
    pub(super) volume: Option<&'a Node>,
}

impl<'a> Mount<'a> {
    /// The name of the ConfigMap that is mounted.
    pub(super) fn config_map(&self) -> Option<&'a str> {
        self.config_maps().next().map(|(name, _)| name)
    }

    /// The names of all ConfigMaps that are mounted together, with the `items` of each.
    pub(super) fn config_maps(&self) -> impl Iterator<Item = (&'a str, &'a [Node])> + use<'a> {
        let projected = self.volume.and_then(|volume| volume.at("projected/sources"));
        let sources = self.volume.into_iter().chain(projected.map_or(&[][..], Walk::items));
        sources.filter_map(|source| {
            let map = source.get("configMap")?;
            Some((map.text_of("name")?, map.items_of("items")))
        })
    }

    /// Keys of ConfigMaps that the container sees under another name: ConfigMap, key, name of the file.
    pub(super) fn mapped(&self) -> Vec<(&'a str, &'a str, &'a str)> {
        let part = self.node.text_of("subPath");
        let mut found = Vec::new();
        for (map, items) in self.config_maps() {
            let pairs =
                items.iter().filter_map(|item| Some((item.text_of("key")?, item.text_of("path")?)));
            for (key, path) in pairs {
                match part {
                    None => found.push((map, key, path::last(path))),
                    Some(part) if part == path => found.push((map, key, path::last(self.path))),
                    Some(_) => {}
                }
            }
            if let (Some(part), true) = (part, items.is_empty()) {
                found.push((map, part, path::last(self.path)));
            }
        }
        found
    }

    /// Whether a container sees a key of a ConfigMap there: `items` and `subPath` choose some.
    pub(super) fn shows(&self, map: &str, key: &str) -> bool {
        let part = self.node.text_of("subPath");
        let is_chosen =
            |path: &str| part.is_none_or(|part| path == part || path::is_above(part, path));
        self.config_maps().filter(|(name, _)| *name == map).any(|(_, items)| {
            let mut of_key = items.iter().filter(|item| item.text_of("key") == Some(key));
            if items.is_empty() {
                is_chosen(key)
            } else {
                of_key.any(|item| item.text_of("path").is_some_and(is_chosen))
            }
        })
    }

    /// Whether the volume is a ConfigMap or Secret, which nobody can write to.
    pub(super) fn is_read_only(&self) -> bool {
        self.volume.is_some_and(|volume| {
            ["configMap", "secret", "projected", "downwardAPI"]
                .iter()
                .any(|kind| volume.get(kind).is_some())
        })
    }
}
