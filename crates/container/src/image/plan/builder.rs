//! Layers one after the other, each complete with the directories above its files.

use std::collections::BTreeMap;

use crate::image::base::{BaseNode, resolve};
use crate::image::{Base, Content, ImageUser, Layer, LayerEntry};

/// Knows what is in the image so far.
pub(super) struct Builder<'a> {
    nodes: BTreeMap<String, BaseNode>,
    user: ImageUser,
    home: &'a str,
    /// The layers so far.
    pub(super) layers: Vec<Layer>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(base: Option<&Base>, user: ImageUser, home: &'a str) -> Self {
        let nodes = base.map(|base| base.nodes.clone()).unwrap_or_default();
        Self { nodes, user, home: home.trim_start_matches('/'), layers: Vec::new() }
    }

    /// Adds a layer. Each directory above an entry is named with the owner and permissions that it has so far:
    /// Docker would otherwise make one with neither.
    pub(super) fn layer(
        &mut self,
        name: &str,
        text: &str,
        entries: impl IntoIterator<Item = (String, LayerEntry)>,
    ) {
        let mut layer = BTreeMap::new();
        let mut entries: Vec<_> = entries.into_iter().collect();
        // Links first: what else is in the layer goes where they lead.
        entries.sort_by_key(|(path, entry)| {
            (!matches!(entry.content, Content::Link(_)), path.clone())
        });
        for (path, entry) in entries {
            let path = resolve(&self.nodes, path.trim_start_matches('/'));
            for (end, _) in path.match_indices('/') {
                let parent = &path[..end];
                if !layer.contains_key(parent) {
                    let directory = self.directory(parent);
                    layer.insert(parent.to_owned(), directory);
                }
            }
            let node = match &entry.content {
                Content::Directory | Content::Tree { .. } => {
                    BaseNode::Directory(entry.owner, entry.mode)
                }
                Content::Link(target) => BaseNode::Link(target.clone()),
                Content::Text(_) | Content::File(_) => BaseNode::File,
            };
            self.nodes.insert(path.clone(), node);
            layer.insert(path, entry);
        }
        self.layers.push(Layer { name: name.to_owned(), text: text.to_owned(), entries: layer });
    }

    fn directory(&mut self, path: &str) -> LayerEntry {
        if let Some(BaseNode::Directory(owner, mode)) = self.nodes.get(path) {
            return LayerEntry { mode: *mode, ..LayerEntry::directory(*owner) };
        }
        let below = path.strip_prefix(self.home);
        let is_flinks = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let owner = if is_flinks { self.user } else { ImageUser::ROOT };
        self.nodes.insert(path.to_owned(), BaseNode::Directory(owner, 0o755));
        LayerEntry::directory(owner)
    }
}
