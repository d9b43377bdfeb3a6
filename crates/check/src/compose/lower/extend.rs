//! What a service extends: another one of its file, or of another file.

use super::Project;
use crate::compose::{Refusal, merge};
use crate::node::{Walk, key_place};
use crate::path::beside;
use nutkin_flink::yaml::{Key, Node};

/// Longest chain of services that extend each other: far beyond any, and an end for those in a circle.
const LONGEST: usize = 8;

impl Project<'_, '_> {
    /// Whether another service of the file extends one.
    pub(super) fn is_extended(&self, name: &str) -> bool {
        let services = self.document.get("services").map_or(&[][..], Walk::entries);
        services.iter().filter_map(|(_, one)| one.get("extends")).any(|extends| {
            let file = extends.text_of("file").map(|path| beside(&self.base, path));
            let base = extends.text().or_else(|| extends.text_of("service"));
            base == Some(name) && file.is_none_or(|path| path == self.name)
        })
    }

    /// The service with what it extends. `chain`: the services above it, each once.
    pub(super) fn extended(
        &mut self,
        name: &str,
        key: &Key,
        service: &Node,
        chain: &mut Vec<String>,
    ) -> Node {
        let Some((at, extends)) = service.entry("extends").cloned() else {
            return service.clone();
        };
        let place = key_place(&at, self.file);
        let base = extends.text().or_else(|| extends.text_of("service"));
        let (Some(base), is_short) = (base, chain.len() < LONGEST) else { return service.clone() };
        let from = if name == self.name { &self.base } else { name };
        let path = extends.text_of("file").map(|path| beside(from, path));
        let path = path.unwrap_or_else(|| name.to_owned());
        let service_of =
            |document: &Node| document.get("services").and_then(|all| all.get(base)).cloned();
        let found = if path == self.name {
            service_of(&self.document)
        } else {
            self.out.wanted.insert(path.clone());
            let Some((index, document)) = self.files.compose(&path) else {
                self.missing.extend(extends.text_of("file").map(str::to_owned));
                return service.clone();
            };
            self.out.used.insert(index);
            let found = service_of(document).map(|found| merge::untagged(&found));
            found.map(|found| self.of_file(index, &found))
        };
        let mut refuse = |message: String| self.out.refusals.push(Refusal::new(place, message));
        let link = if path == self.name { base.to_owned() } else { format!("{base} of {path}") };
        if chain.contains(&link) || !is_short {
            let message =
                format!("services extend each other in a circle: {}, {link}", chain.join(", "));
            refuse(message);
            return service.clone();
        }
        let Some(found) = found else {
            refuse(format!("`{}` extends `{base}`, which is not a service of {path}", key.name));
            return service.clone();
        };
        chain.push(link);
        let below = self.extended(&path, key, &found, chain);
        let below = if path == self.name {
            below
        } else {
            let asked = extends.text_of("file").unwrap_or_default();
            if path == name { below } else { merge::rebased(&below, asked) }
        };
        merge::service(&below, service)
    }
}
