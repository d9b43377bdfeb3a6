//! The variables of a service: `env_file` and `environment`, as a list or as a map.

use std::collections::BTreeMap;

use super::Project;
use crate::compose::Refusal;
use crate::compose::tree::{as_text, entry, text, variable};
use crate::generated;
use crate::node::Walk;
use crate::path::{beside, last};
use crate::variables;
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// How far above the place of a block of text its `- |` is looked for: blank lines may be between.
const NEAR: usize = 16;

/// Words in the names of files that everybody writes for himself: no repository has them.
const PRIVATE: [&str; 6] = ["credential", "licence", "license", "password", "private", "secret"];

/// Whether a file of variables is one that everybody writes for himself, by its name.
fn is_private(path: &str) -> bool {
    let name = last(path).to_ascii_lowercase();
    PRIVATE.iter().any(|word| name.contains(word))
}

impl Project<'_, '_> {
    /// Whether a file of variables, named in these words, is missing: everybody writes some for himself, and commands make others.
    pub(super) fn lacks_variables(&mut self, written: &str, path: &str) -> bool {
        let is_here = !written.contains('$') && !written.starts_with(['/', '~']);
        let is_lost = is_here && self.is_placed() && !self.files.has(path) && !is_private(path);
        is_lost && !generated::is(self.files.all, path) && !self.has_example(path)
    }

    /// The line on which a block of text in a list begins, above its first line.
    fn begin(&self, node: &Node) -> u32 {
        let begins = |line: &u32| {
            let (file, line) = self.paper.home(*line);
            self.files.all[file].line(line).is_some_and(|text| text.contains("- |"))
        };
        (1..=node.line).rev().take(NEAR).find(begins).unwrap_or(node.line)
    }

    /// Whether a file beside shows what a file of variables has in it, so that everybody writes one: `.env.example`.
    fn has_example(&mut self, path: &str) -> bool {
        let (stem, end) = match path.strip_suffix(".env") {
            Some(stem) => (stem, ".env"),
            None => (path, ""),
        };
        let names = ["example", "sample", "template", "dist"].into_iter().flat_map(|word| {
            let dot = if stem.is_empty() || stem.ends_with('/') { "" } else { "." };
            [format!("{path}.{word}"), format!("{stem}{dot}{word}{end}")]
        });
        let names: Vec<String> = names.collect();
        self.out.wanted.extend(names.iter().cloned());
        let found: Vec<usize> = names.iter().filter_map(|name| self.files.find(name)).collect();
        self.out.used.extend(&found);
        !found.is_empty()
    }

    /// The value that `.env` gives a variable that a service only names.
    fn own(&self, name: &str, at: &Node) -> Option<(Key, Node)> {
        self.variables.get(name).map(|value| entry("value", text(at, value)))
    }

    /// The variables of the containers, as a list of `name` and `value`: files first, since the service's own count.
    pub(super) fn environment(&mut self, service: &Node) -> Vec<Node> {
        // The last one of a name counts, and stands where it is.
        let mut found: BTreeMap<String, (usize, Node)> = BTreeMap::new();
        let mut count = 0;
        let mut put = |name: String, node: Node| {
            count += 1;
            found.insert(name, (count, node));
        };
        let is_off = !self.profiles(service).is_empty();
        let named = service.get("env_file");
        let files = named.map_or(&[][..], |node| {
            if node.text().is_some() { std::slice::from_ref(node) } else { node.items() }
        });
        for node in files {
            let Some(written) = node.text().or_else(|| node.text_of("path")) else { continue };
            let path = beside(&self.base, written);
            self.out.wanted.insert(path.clone());
            let Some(index) = self.files.find(&path) else {
                if node.text_of("required") != Some("false") {
                    if !is_off && self.lacks_variables(written, &path) {
                        let message = format!(
                            "`{path}` is named as a file of variables, but there is no such file"
                        );
                        self.out.refusals.push(Refusal::new(node.place(self.file), message));
                    }
                    self.missing.push(path);
                }
                continue;
            };
            self.out.used.insert(index);
            let lines = &self.files.all[index].text;
            let lines = match node.text_of("format") {
                Some("raw") => variables::raw(lines),
                _ => variables::file(lines, &self.variables),
            };
            let above = self.paper.add(index, &self.files.all[index]);
            for (name, value, line) in lines {
                let line = above.saturating_add(line);
                let at = Node { line, column: 1, block: false, kind: NodeKind::Null };
                // Compose looks for the others in the shell and in `.env`.
                let value = value.or_else(|| self.variables.get(&name).cloned());
                let value = value.map(|value| entry("value", text(&at, &value)));
                put(name.clone(), variable(&at, &name, value));
            }
        }
        match service.get("environment") {
            Some(all) if all.entries().is_empty() => {
                for node in all.items() {
                    // A map is text that lacks its quotes; Compose refuses it, and what was meant is plain.
                    let meant = node
                        .entries()
                        .first()
                        .and_then(|(key, value)| Some(format!("{}: {}", key.name, value.text()?)));
                    let Some(whole) = node.text().or(meant.as_deref()) else { continue };
                    let (name, value) = match whole.split_once('=') {
                        Some((name, value)) => {
                            let kind = NodeKind::Text(value.to_owned());
                            let line = if node.block { self.begin(node) } else { node.line };
                            let key = Key { name: "value".to_owned(), line, column: node.column };
                            (name, Some((key, Node { kind, ..node.clone() })))
                        }
                        None => (whole, self.own(whole, node)),
                    };
                    put(name.to_owned(), variable(node, name, value));
                }
            }
            Some(all) => {
                for (key, node) in all.entries() {
                    let value = node
                        .text()
                        .map(|_| (Key { name: "value".to_owned(), ..key.clone() }, as_text(node)))
                        .or_else(|| self.own(&key.name, node));
                    let at = Node { line: key.line, column: key.column, ..node.clone() };
                    put(key.name.clone(), variable(&at, &key.name, value));
                }
            }
            None => {}
        }
        let mut found: Vec<(usize, Node)> = found.into_values().collect();
        found.sort_by_key(|(count, _)| *count);
        found.into_iter().map(|(_, node)| node).collect()
    }
}
