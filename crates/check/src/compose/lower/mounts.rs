//! What a service mounts: `volumes` and `configs`, in one line or as a map.

use super::Project;
use crate::compose::words;
use crate::image::CONF;
use crate::node::Walk;
use crate::path::beside;
use crate::service::{Mounted, Service, Source};
use nutkin_flink::yaml::Node;

impl Project<'_, '_> {
    /// Adds all that is mounted.
    pub(super) fn mounts(&mut self, service: &Node, made: &mut Service) {
        for node in service.items_of("volumes") {
            let (kind, source, target) = match node.text() {
                Some(text) => {
                    let (source, target, _) = words::volume(text);
                    ("", source, target)
                }
                None => (
                    node.text_of("type").unwrap_or_default(),
                    node.text_of("source"),
                    node.text_of("target").unwrap_or_default(),
                ),
            };
            let is_path = |source: &str| kind == "bind" || source.starts_with(['.', '/', '~']);
            let source = match source {
                Some(source) if is_path(source) => Source::Path(beside(self.name, source)),
                Some(source) => Source::Volume(source.to_owned()),
                None => Source::Own,
            };
            self.mount(source, target, node, made);
        }
        for node in service.items_of("configs") {
            let Some(name) = node.text().or_else(|| node.text_of("source")) else { continue };
            let default = format!("/{name}");
            let target = node.text_of("target").unwrap_or(&default).to_owned();
            let Some((key, config)) =
                self.document.get("configs").and_then(|all| all.entry(name)).cloned()
            else {
                continue;
            };
            if let Some(path) = config.text_of("file") {
                self.mount(Source::Path(beside(self.name, path)), &target, node, made);
            } else if let Some((of, content)) = config.entry("content").cloned() {
                let text = self.filled(&content, &mut made.open);
                // The place of a text is below its key.
                let text = if text.block { Node { line: of.line, ..text } } else { text };
                self.out.contents.push((self.out.objects.len(), target.clone(), text));
                self.mount(
                    Source::Path(format!("{}#{}", self.name, key.name)),
                    &target,
                    node,
                    made,
                );
            }
        }
    }

    fn mount(&mut self, source: Source, target: &str, node: &Node, made: &mut Service) {
        let target = if target == "/" { target } else { target.trim_end_matches('/') };
        let is_conf =
            target.strip_prefix(CONF).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Source::Path(path) = &source
            && is_conf
            && !path.starts_with('/')
            && !path.contains('#')
        {
            self.out.wanted.insert(path.clone());
            self.out.used.extend(self.files.find(path));
        }
        made.mounts.push(Mounted {
            source,
            target: target.to_owned(),
            place: node.place(self.file),
        });
    }
}
