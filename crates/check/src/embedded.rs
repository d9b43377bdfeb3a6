//! Configuration and log files, whether they stand alone, in a ConfigMap or in a variable.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Place;
use super::image::CONF;
use super::kubernetes::{Object, Workload};
use super::names::Names;
use super::node::Walk;
use super::path;
use super::service::Source;
use super::source::{File, FileKind};
use nutkin_flink::yaml::{Key, Node};

/// A text that Flink reads as a file of its configuration directory.
#[derive(Debug, Clone)]
pub(super) struct Embedded {
    /// Its name there: `flink-conf.yaml`.
    pub(super) name: String,
    /// The key of the ConfigMap or the name of the variable that holds it; otherwise the same.
    pub(super) key: String,
    pub(super) kind: FileKind,
    pub(super) text: String,
    pub(super) origin: Origin,
    file: usize,
    /// Line of the file on which the text begins.
    first_line: u32,
    /// Whether the lines of the text are lines of the file.
    is_aligned: bool,
    column: u32,
    /// How many blanks begin each line of the text, where YAML took more of them away.
    blanks: Vec<u32>,
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// A file of its own.
    File,
    /// A ConfigMap: index of the object.
    ConfigMap(usize),
    /// `FLINK_PROPERTIES` of a workload: index of the object.
    Properties(usize),
    /// A text of `configs` in a Compose file: index of the service.
    Content(usize),
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
            let inner = self.blanks.get(line.saturating_sub(1) as usize).copied().unwrap_or(0);
            let outer = blanks(files[self.file].line(number).unwrap_or_default());
            shift = outer.saturating_sub(inner);
        }
        Place { file: self.file, line: number, column: column + shift }
    }

    /// Whether it has options, and is in a ConfigMap.
    pub(super) const fn is_options_of_map(&self) -> bool {
        self.kind.is_options() && matches!(self.origin, Origin::ConfigMap(_))
    }

    /// Whether a place is one of its lines.
    pub(super) fn holds(&self, place: Place) -> bool {
        let lines = if self.is_aligned { self.text.lines().count() } else { 1 };
        let line = place.line.checked_sub(self.first_line).map(|line| line as usize);
        self.file == place.file && line.is_some_and(|line| line < lines)
    }

    /// Whether its lines are lines of its file: a block of text, or the whole file.
    pub(super) const fn is_block(&self) -> bool {
        self.is_aligned
    }

    /// The place at which it begins.
    pub(super) const fn start(&self) -> Place {
        Place { file: self.file, line: self.first_line, column: self.column }
    }

    /// A whole file. `name` is how Flink calls it.
    fn of_file(name: &str, kind: FileKind, file: usize, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: name.to_owned(),
            kind,
            text: text.to_owned(),
            origin: Origin::File,
            file,
            first_line: 1,
            is_aligned: true,
            column: 1,
            blanks: Vec::new(),
        }
    }

    /// The value of a key. `name` is how the text is called.
    fn of_entry(
        name: &str,
        kind: FileKind,
        file: usize,
        (key, node): &(Key, Node),
        origin: Origin,
    ) -> Option<Self> {
        let text = node.text()?.to_owned();
        Some(Self {
            name: name.to_owned(),
            key: key.name.clone(),
            kind,
            origin,
            file,
            first_line: if node.block { key.line + 1 } else { node.line },
            is_aligned: node.block,
            column: if node.block { 1 } else { node.column },
            blanks: text.lines().map(blanks).collect(),
            text,
        })
    }
}

fn blanks(line: &str) -> u32 {
    u32::try_from(line.chars().take_while(|c| *c == ' ').count()).unwrap_or(u32::MAX)
}

/// What a file of the configuration directory is, by its name.
pub(super) fn of_name(name: &str) -> Option<FileKind> {
    match FileKind::of_name(name) {
        Some(FileKind::Objects) if name == "config.yaml" => Some(FileKind::ConfigYaml),
        Some(kind @ (FileKind::FlinkConf | FileKind::Log4j | FileKind::Logback)) => Some(kind),
        _ => None,
    }
}

/// Files that containers of Compose services mount into Flink's configuration directory under a name that says more
/// than their own, and texts of `configs`.
pub(super) fn mounted(
    files: &[File],
    objects: &[Object],
    contents: &[(usize, String, Node)],
    known: &[Embedded],
) -> Vec<Embedded> {
    let mut found = Vec::new();
    let by_name: BTreeMap<&str, usize> =
        files.iter().enumerate().rev().map(|(index, file)| (file.name.as_str(), index)).collect();
    let whole = known.iter().filter(|text| text.origin == Origin::File);
    let mut whole: BTreeSet<(usize, FileKind)> = whole.map(|text| (text.file, text.kind)).collect();
    for mount in objects.iter().filter_map(|one| one.compose.as_ref()).flat_map(|one| &one.mounts) {
        let Source::Path(path) = &mount.source else { continue };
        let Some((name, kind)) = of_target(&mount.target) else { continue };
        let Some(file) = by_name.get(path.as_str()).copied() else { continue };
        if whole.insert((file, kind)) {
            found.push(Embedded::of_file(name, kind, file, &files[file].text));
        }
    }
    for (of, target, node) in contents {
        let Some((name, kind)) = of_target(target) else { continue };
        let key = Key { name: name.to_owned(), line: node.line, column: node.column };
        let entry = (key, node.clone());
        let file = objects[*of].file;
        found.extend(Embedded::of_entry(name, kind, file, &entry, Origin::Content(*of)));
    }
    found
}

/// What a file is that is mounted at a path.
fn of_target(target: &str) -> Option<(&str, FileKind)> {
    let (directory, name) = target.rsplit_once('/')?;
    (directory == CONF).then_some((name, of_name(name)?))
}

/// All such texts of the files and objects. `used` are files that kustomizations make objects of.
pub(super) fn collect(
    files: &[File],
    objects: &[Object],
    names: &Names,
    used: &BTreeSet<usize>,
) -> Vec<Embedded> {
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let Some(kind) = file.kind else { continue };
        let is_conf = kind.is_options() || matches!(kind, FileKind::Log4j | FileKind::Logback);
        // What a kustomization makes a ConfigMap of is there as one.
        if is_conf && !used.contains(&index) {
            let name = path::last(&file.name);
            found.push(Embedded::of_file(name, kind, index, &file.text));
        }
    }
    for (index, object) in objects.iter().enumerate().filter(|(_, o)| o.kind == "ConfigMap") {
        for entry in object.node.get("data").map_or(&[][..], Walk::entries) {
            let name = &entry.0.name;
            let Some(kind) = of_name(name) else { continue };
            let origin = Origin::ConfigMap(index);
            found.extend(Embedded::of_entry(name, kind, object.file, entry, origin));
        }
    }
    let map_of =
        |name: &str, from: &Object| names.nearest(objects, files, ("ConfigMap", name), from);
    let mut mapped: BTreeSet<(usize, &str, &str)> = BTreeSet::new();
    for (index, object) in objects.iter().enumerate() {
        let Some(workload) = Workload::of(object).or_else(|| Workload::boot(object)) else {
            continue;
        };
        for mount in workload.mounts() {
            for (map, key, name) in mount.mapped() {
                let Some(map) = map_of(map, object) else { continue };
                let Some(kind) = of_name(name).filter(|kind| of_name(key) != Some(*kind)) else {
                    continue;
                };
                let entry = objects[map].node.get("data").and_then(|data| data.entry(key));
                if let Some(entry) = entry.filter(|_| mapped.insert((map, key, name))) {
                    let origin = Origin::ConfigMap(map);
                    found.extend(Embedded::of_entry(name, kind, objects[map].file, entry, origin));
                }
            }
        }
        found.extend(properties(index, &workload, objects, map_of));
    }
    found
}

/// `FLINK_PROPERTIES` of a workload, written in its place or in a ConfigMap.
fn properties<'a>(
    index: usize,
    workload: &Workload<'a>,
    objects: &'a [Object],
    map_of: impl Fn(&str, &Object) -> Option<usize>,
) -> Option<Embedded> {
    const NAME: &str = "FLINK_PROPERTIES";
    let in_map = |map: &str, key: &str| {
        let map = &objects[map_of(map, workload.object)?];
        Some((map.file, map.node.get("data")?.entry(key)?))
    };
    let (file, entry) = match workload.variable(NAME) {
        Some((variable, _)) => {
            if let Some(entry) = variable.entry("value") {
                (workload.file(), entry)
            } else {
                let reference = variable.at("valueFrom/configMapKeyRef")?;
                in_map(reference.text_of("name")?, reference.text_of("key")?)?
            }
        }
        None => workload.container.items_of("envFrom").iter().rev().find_map(|from| {
            let map = from.at("configMapRef/name")?.text()?;
            in_map(map, NAME).filter(|_| from.get("prefix").is_none())
        })?,
    };
    Embedded::of_entry(NAME, FileKind::FlinkConf, file, entry, Origin::Properties(index))
}
