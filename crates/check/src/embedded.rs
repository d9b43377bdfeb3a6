//! Configuration and log files, whether they stand alone, in a ConfigMap or in a variable.

use super::finding::Place;
use super::kubernetes::{Object, Workload};
use super::node::Walk;
use super::source::{File, FileKind};
use nutkin_flink::yaml::{Key, Node};

/// A text that Flink reads as a file of its configuration directory.
#[derive(Debug, Clone)]
pub(super) struct Embedded {
    /// Its name there: `flink-conf.yaml`.
    pub(super) name: String,
    pub(super) kind: FileKind,
    pub(super) text: String,
    pub(super) origin: Origin,
    file: usize,
    /// Line of the file on which the text begins.
    first_line: u32,
    /// Whether the lines of the text are lines of the file.
    is_aligned: bool,
    column: u32,
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A file of its own.
    File,
    /// A ConfigMap: index of the object.
    ConfigMap(usize),
    /// `FLINK_PROPERTIES` of a workload: index of the object.
    Properties(usize),
}

impl Embedded {
    /// A place in the file for a line of the text, counted from 1, and a column of it.
    pub(super) fn place(&self, files: &[File], line: u32, column: u32) -> Place {
        if !self.is_aligned {
            return Place { file: self.file, line: self.first_line, column: self.column };
        }
        let number = self.first_line.saturating_add(line.saturating_sub(1));
        let mut shift = 0;
        if self.origin != Origin::File {
            // The indentation that YAML took away.
            let inner = self.text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
            let outer = files[self.file].line(number).unwrap_or_default();
            let blanks = |text: &str| text.chars().take_while(|c| *c == ' ').count();
            shift = u32::try_from(blanks(outer).saturating_sub(blanks(inner))).unwrap_or(0);
        }
        Place { file: self.file, line: number, column: column + shift }
    }

    /// Whether a place is one of its lines.
    pub(super) fn holds(&self, place: Place) -> bool {
        let lines = if self.is_aligned { self.text.lines().count() } else { 1 };
        let line = place.line.checked_sub(self.first_line).map(|line| line as usize);
        self.file == place.file && line.is_some_and(|line| line < lines)
    }

    /// The place at which it begins.
    pub(super) const fn start(&self) -> Place {
        Place { file: self.file, line: self.first_line, column: self.column }
    }

    /// The value of a key. `name` is how the text is called.
    fn of_entry(
        name: &str,
        kind: FileKind,
        file: usize,
        (key, node): &(Key, Node),
        origin: Origin,
    ) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            kind,
            text: node.text()?.to_owned(),
            origin,
            file,
            first_line: if node.block { key.line + 1 } else { node.line },
            is_aligned: node.block,
            column: if node.block { 1 } else { node.column },
        })
    }
}

/// All such texts of the files and objects.
pub(super) fn collect(files: &[File], objects: &[Object]) -> Vec<Embedded> {
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let Some(kind) = file.kind else { continue };
        let is_conf = matches!(
            kind,
            FileKind::FlinkConf | FileKind::ConfigYaml | FileKind::Log4j | FileKind::Logback
        );
        if is_conf {
            found.push(Embedded {
                name: file.name.rsplit('/').next().unwrap_or_default().to_owned(),
                kind,
                text: file.text.clone(),
                origin: Origin::File,
                file: index,
                first_line: 1,
                is_aligned: true,
                column: 1,
            });
        }
    }
    for (index, object) in objects.iter().enumerate() {
        if object.kind == "ConfigMap" {
            for entry in object.node.get("data").map_or(&[][..], Walk::entries) {
                let key = &entry.0;
                let kind = match FileKind::of_name(&key.name) {
                    Some(FileKind::Objects) if key.name == "config.yaml" => FileKind::ConfigYaml,
                    Some(kind @ (FileKind::FlinkConf | FileKind::Log4j | FileKind::Logback)) => {
                        kind
                    }
                    _ => continue,
                };
                let origin = Origin::ConfigMap(index);
                found.extend(Embedded::of_entry(&key.name, kind, object.file, entry, origin));
            }
        }
        if let Some(workload) = Workload::of(object) {
            let variable = workload.variable("FLINK_PROPERTIES").map(|(entry, _)| entry);
            let value = variable.and_then(|variable| variable.entry("value"));
            let of_map = || referred(variable?, object, objects);
            if let Some((file, entry)) = value.map(|entry| (object.file, entry)).or_else(of_map) {
                let origin = Origin::Properties(index);
                let name = "FLINK_PROPERTIES";
                found.extend(Embedded::of_entry(name, FileKind::FlinkConf, file, entry, origin));
            }
        }
    }
    found
}

/// The entry of a ConfigMap that is the value of a variable, and its file.
fn referred<'a>(
    variable: &Node,
    object: &Object,
    objects: &'a [Object],
) -> Option<(usize, &'a (Key, Node))> {
    let reference = variable.at("valueFrom/configMapKeyRef")?;
    let (name, key) = (reference.text_of("name")?, reference.text_of("key")?);
    let is_meant =
        |one: &&Object| one.kind == "ConfigMap" && one.name == name && one.shares_namespace(object);
    let map = objects.iter().find(is_meant)?;
    Some((map.file, map.node.get("data")?.entry(key)?))
}
