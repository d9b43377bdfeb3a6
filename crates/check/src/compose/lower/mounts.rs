//! What a service mounts: `volumes`, `tmpfs`, `configs` and `secrets`, in one line or as a map.

use super::Project;
use crate::compose::words;
use crate::image::CONF;
use crate::node::Walk;
use crate::path::{beside, directory, last};
use crate::service::{Mounted, Service, Source};
use nutkin_flink::yaml::Node;

impl Project<'_, '_> {
    /// Adds all that is mounted.
    pub(super) fn mounts(&mut self, service: &Node, made: &mut Service) {
        for node in service.items_of("volumes") {
            let (kind, source, target, read_only) = match node.text() {
                Some(text) => {
                    let (source, target, read_only) = words::volume(text);
                    ("", source, target, read_only)
                }
                None => (
                    node.text_of("type").unwrap_or_default(),
                    node.text_of("source"),
                    node.text_of("target").unwrap_or_default(),
                    node.text_of("read_only") == Some("true"),
                ),
            };
            let is_path = |source: &str| kind == "bind" || source.starts_with(['.', '/', '~']);
            let source = match source {
                // Compose puts the home directory of whoever calls it in the place of `~`.
                Some(source) if source.starts_with('~') => Source::Path(source.to_owned()),
                Some(source) if is_path(source) => Source::Path(beside(&self.base, source)),
                Some(source) => Source::Volume(source.to_owned()),
                None => Source::Own,
            };
            self.mount(source, target, node, made);
            made.mounts.iter_mut().last().into_iter().for_each(|one| one.read_only = read_only);
        }
        let tmpfs = service.get("tmpfs");
        for node in tmpfs.iter().filter(|node| node.text().is_some()).copied() {
            self.tmpfs(node, made);
        }
        for node in tmpfs.map_or(&[][..], Walk::items) {
            self.tmpfs(node, made);
        }
        for (section, folder) in [("configs", ""), ("secrets", "/run/secrets")] {
            for node in service.items_of(section) {
                self.text(section, folder, node, made);
            }
        }
    }

    /// A folder in memory: its options follow a colon.
    fn tmpfs(&mut self, node: &Node, made: &mut Service) {
        let Some(text) = node.text() else { return };
        self.mount(Source::Own, text.split(':').next().unwrap_or(text), node, made);
    }

    /// A text of `configs` or `secrets`, which the container finds below a folder unless told otherwise.
    fn text(&mut self, section: &str, folder: &str, node: &Node, made: &mut Service) {
        let Some(name) = node.text().or_else(|| node.text_of("source")) else { return };
        let target = node.text_of("target").unwrap_or(name);
        let target = match target {
            absolute if absolute.starts_with('/') => absolute.to_owned(),
            relative => format!("{folder}/{relative}"),
        };
        let of_file = self.document.get(section).and_then(|all| all.entry(name)).cloned();
        let Some((_, text)) = of_file else { return };
        if let Some(path) = text.text_of("file") {
            self.mount(Source::Path(beside(&self.base, path)), &target, node, made);
            made.mounts.iter_mut().last().into_iter().for_each(|one| one.read_only = true);
            return;
        }
        if let Some((of, content)) = text.entry("content").cloned() {
            let text = self.filled(&content, &mut made.open);
            // The place of a text is below its key.
            let text = if text.block { Node { line: of.line, ..text } } else { text };
            self.out.contents.push((self.out.objects.len(), target.clone(), text));
        }
        self.mount(Source::Text(name.to_owned()), &target, node, made);
    }

    fn mount(&mut self, source: Source, target: &str, node: &Node, made: &mut Service) {
        let target = if target == "/" { target } else { target.trim_end_matches('/') };
        let is_conf =
            target.strip_prefix(CONF).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Source::Path(path) = &source
            && is_conf
            && !path.starts_with(['/', '~'])
        {
            self.out.wanted.insert(path.clone());
            self.out.used.extend(self.files.find(path));
        }
        let volume = match &source {
            Source::Volume(name) => self.volume(name),
            _ => None,
        };
        made.mounts.push(Mounted {
            source,
            target: target.to_owned(),
            read_only: false,
            volume,
            place: node.place(self.file),
        });
    }

    /// How the daemon calls a volume of the file: by its `name`, by its key if it is made elsewhere, otherwise with the name of
    /// the project before its key. `None` where nobody knows, or where it is made by a driver of its own.
    fn volume(&self, key: &str) -> Option<String> {
        let volume = self.document.get("volumes").and_then(|all| all.get(key));
        let field = |name: &str| volume.and_then(|volume| volume.text_of(name));
        let is_external = field("external") == Some("true")
            || volume.is_some_and(|volume| volume.at("external/name").is_some());
        if !is_external && volume.is_some_and(|volume| volume.get("driver_opts").is_some()) {
            return None;
        }
        if let Some(name) = field("name") {
            return (!name.contains('$')).then(|| name.to_owned());
        }
        if is_external {
            let name = volume.and_then(|volume| volume.at("external/name")).and_then(Walk::text);
            return Some(name.unwrap_or(key).to_owned());
        }
        let of_directory = || last(directory(self.main)).to_owned();
        let of_variable = || self.variables.get("COMPOSE_PROJECT_NAME").cloned();
        let project = of_variable().or_else(|| self.title.clone());
        let project = normalized(&project.unwrap_or_else(of_directory));
        Some(format!("{project}_{key}"))
    }
}

/// The name of a project as Compose takes it (`NormalizeProjectName` of compose-go): what is not a lower-case letter, a digit,
/// `-` or `_` is left out, and what is not a letter or a digit does not begin it. Empty where only the directory has a name.
pub(crate) fn normalized(name: &str) -> String {
    let fits = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(*c);
    let name: String = name.to_lowercase().chars().filter(fits).collect();
    name.trim_start_matches(['-', '_']).to_owned()
}
