//! What a kustomization applies: its resources with its own changes, as `kubectl kustomize` prints them.

use std::collections::{BTreeMap, BTreeSet};

use super::Kustomization;
use super::fields::{self, Reach};
use super::item::Item;
use super::merge;
use super::names;
use super::paper::Paper;
use super::pointer;
use super::{generate, target};
use crate::finding::Place;
use crate::generated;
use crate::kubernetes::Object;
use crate::node::{Walk, key_place};
use crate::path::joined;
use crate::source::File;
use nutkin_flink::yaml::{self, Key, Node, NodeKind};

/// Why what a kustomization applies is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::kustomize) struct Trouble {
    /// Where it says what is not known here.
    pub(in crate::kustomize) place: Place,
    pub(in crate::kustomize) why: Why,
}

/// The two kinds of trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::kustomize) enum Why {
    /// Nutkin does not do what a field asks for: its name.
    Unread(String),
    /// Kustomize itself stops: why.
    Refused(String),
}

/// Fields that are carried out, or that change nothing that matters here.
const KNOWN: &[&str] = &[
    "apiVersion",
    "bases",
    "buildMetadata",
    "commonAnnotations",
    "commonLabels",
    "components",
    "configMapGenerator",
    "crds",
    "generatorOptions",
    "images",
    "kind",
    "labels",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "openapi",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replicas",
    "resources",
    "secretGenerator",
    "sortOptions",
    "validators",
];

/// Most kustomizations of one overlay, counted each time that one is used, and most objects: far beyond anybody's.
const MOST: usize = 1000;

/// How deep kustomizations may lie in each other: safe for the stack.
const DEEPEST: usize = 32;

/// What is known of the files.
pub(in crate::kustomize) struct Known<'a> {
    pub(in crate::kustomize) files: &'a [File],
    pub(in crate::kustomize) kustomizations: &'a [Kustomization],
    /// Indices of files, by their names.
    pub(in crate::kustomize) by_name: BTreeMap<String, usize>,
    /// Kustomizations, by their directories.
    pub(in crate::kustomize) by_directory: BTreeMap<String, usize>,
    /// Names of files that are there, and that nobody could read.
    pub(in crate::kustomize) unreadable: BTreeSet<String>,
    /// The objects of each file.
    pub(in crate::kustomize) objects: BTreeMap<usize, Vec<&'a Object>>,
}

/// Builds one overlay.
pub(in crate::kustomize) struct Builder<'a> {
    known: &'a Known<'a>,
    pub(in crate::kustomize) paper: Paper,
    pub(in crate::kustomize) troubles: Vec<Trouble>,
    /// Files that were used.
    pub(in crate::kustomize) used: BTreeSet<usize>,
    /// Paths of files that are not there.
    pub(in crate::kustomize) missing: BTreeSet<String>,
    open: Vec<usize>,
    count: usize,
}

impl<'a> Builder<'a> {
    pub(in crate::kustomize) const fn new(known: &'a Known<'a>) -> Self {
        Self {
            known,
            paper: Paper::EMPTY,
            troubles: Vec::new(),
            used: BTreeSet::new(),
            missing: BTreeSet::new(),
            open: Vec::new(),
            count: 0,
        }
    }

    /// What a kustomization makes of the objects before it; only components get any.
    pub(in crate::kustomize) fn build(&mut self, of: usize, mut items: Vec<Item>) -> Vec<Item> {
        let known = self.known;
        let one = &known.kustomizations[of];
        self.count += 1;
        let is_too_much = MOST < self.count || DEEPEST < self.open.len() || MOST < items.len();
        if is_too_much || self.open.contains(&of) {
            let why = if is_too_much {
                Why::Unread("resources".to_owned())
            } else {
                Why::Refused("it is a resource of itself".to_owned())
            };
            self.troubles.push(Trouble { place: one.node.place(one.file), why });
            return items;
        }
        self.open.push(of);
        self.used.insert(one.file);
        // What follows are lines of the text in which all files of the overlay are.
        let node = self.paper.node(&one.node, one.file, known.files);
        for list in ["resources", "bases"] {
            for resource in one.node.items_of(list) {
                self.resource(one, resource, &mut items);
            }
        }
        for kind in ["ConfigMap", "Secret"] {
            let list = if kind == "Secret" { "secretGenerator" } else { "configMapGenerator" };
            for (generator, at) in node.items_of(list).iter().zip(one.node.items_of(list)) {
                self.generate(one, kind, generator, at, &mut items);
            }
        }
        for component in one.node.items_of("components") {
            let text = component.text().unwrap_or_default();
            let path = joined(self.directory(one), text);
            match known.by_directory.get(&path) {
                Some(of) => items = self.build(*of, items),
                None => self.lacks(one, component, text, &path),
            }
        }
        self.change(one, &node, &mut items);
        for (Key { name, line, column }, _) in one.node.entries() {
            if !KNOWN.contains(&name.as_str()) {
                let place = Place { file: one.file, line: *line, column: *column };
                self.troubles.push(Trouble { place, why: Why::Unread(name.clone()) });
            }
        }
        self.open.pop();
        items
    }

    fn directory(&self, one: &Kustomization) -> &'a str {
        self.known.files[one.file].directory()
    }

    /// A path, and what it is written as, that leads to nothing that was read: somewhere else, to a file that nobody could read, or nowhere.
    fn lacks(&mut self, one: &Kustomization, at: &Node, text: &str, path: &str) {
        let is_remote = text.contains("://") || text.contains("?ref=") || text.contains('@');
        let is_unread = self.known.unreadable.contains(path);
        let is_made = generated::is(self.known.files, path);
        let why = if is_remote
            || is_unread
            || is_made
            || text.starts_with("github.com/")
            || text.is_empty()
        {
            Why::Unread("resources".to_owned())
        } else {
            self.missing.insert(path.to_owned());
            Why::Refused(format!("there is no `{path}`"))
        };
        self.troubles.push(Trouble { place: at.place(one.file), why });
    }

    fn file(&mut self, one: &Kustomization, at: &Node, path: &str) -> Option<usize> {
        let text = path;
        let path = joined(self.directory(one), text);
        let file = self.known.by_name.get(&path).copied();
        if file.is_none() {
            self.lacks(one, at, text, &path);
        }
        self.used.extend(file);
        file
    }

    fn resource(&mut self, one: &Kustomization, at: &Node, items: &mut Vec<Item>) {
        let text = at.text().unwrap_or_default();
        let path = joined(self.directory(one), text);
        if let Some(of) = self.known.by_directory.get(&path) {
            let more = self.build(*of, Vec::new());
            items.extend(more);
            return;
        }
        let Some(file) = self.file(one, at, text) else { return };
        let known = self.known;
        for object in known.objects.get(&file).into_iter().flatten() {
            let above = self.paper.above(file, known.files);
            let node = self.paper.node(&object.node, file, known.files);
            let cut = object.cut.map(|at| Place { line: at.line.saturating_add(above), ..at });
            items.push(Item { cut, ..Item::new(node) });
        }
        if !known.objects.contains_key(&file) && known.files[file].kind.is_none() {
            let why = Why::Unread("resources".to_owned());
            self.troubles.push(Trouble { place: at.place(one.file), why });
        }
    }

    fn generate(
        &mut self,
        one: &Kustomization,
        kind: &str,
        generator: &Node,
        at: &Node,
        items: &mut Vec<Item>,
    ) {
        let mut entries = Vec::new();
        for source in generate::sources(generator) {
            let Some(file) = self.file(one, at, source.path) else { continue };
            let above = self.paper.above(file, self.known.files);
            let text = &self.known.files[file].text;
            if source.is_environment {
                entries.extend(generate::lines(text, above));
            } else {
                entries.push(generate::whole(source.key, text, above));
            }
        }
        entries.extend(generate::literals(generator));
        if !generate::put(items, generator, kind, entries) {
            let name = generator.text_of("name").unwrap_or_default();
            let why = Why::Refused(format!("there is no {kind} `{name}` to change"));
            self.troubles.push(Trouble { place: at.place(one.file), why });
        }
    }

    /// The changes, in the order in which Kustomize makes them (`target.configureBuiltinTransformers`).
    fn change(&mut self, one: &Kustomization, node: &Node, items: &mut Vec<Item>) {
        self.patches(one, "patchesStrategicMerge", items);
        self.patches(one, "patches", items);
        if let Some(namespace) = node.get("namespace") {
            names::give_namespace(items, namespace);
        }
        names::rename(items, node.get("namePrefix"), node.get("nameSuffix"));
        if let Some(labels) = node.get("commonLabels") {
            fields::label(items, labels, Reach::Selectors);
        }
        for entry in node.items_of("labels") {
            let has = |field: &str| entry.text_of(field) == Some("true");
            let reach = match (has("includeSelectors"), has("includeTemplates")) {
                (true, _) => Reach::Selectors,
                (false, true) => Reach::Templates,
                (false, false) => Reach::Objects,
            };
            if let Some(pairs) = entry.get("pairs") {
                fields::label(items, pairs, reach);
            }
        }
        if let Some(annotations) = node.get("commonAnnotations") {
            fields::annotate(items, annotations);
        }
        self.patches(one, "patchesJson6902", items);
        if !fields::replicas(items, node.items_of("replicas")) {
            let why = Why::Refused("`replicas` names a workload that is not there".to_owned());
            let at = one
                .node
                .entry("replicas")
                .map_or(one.node.place(one.file), |(key, _)| key_place(key, one.file));
            self.troubles.push(Trouble { place: at, why });
        }
        fields::images(items, node.items_of("images"));
    }

    /// Applies the patches of a list.
    fn patches(&mut self, one: &Kustomization, list: &str, items: &mut Vec<Item>) {
        for entry in one.node.items_of(list) {
            let (body, at) = match (entry.get("path"), entry.get("patch")) {
                (Some(path), _) => (self.of_file(one, path), path),
                (None, Some(patch)) => (self.inline(one, patch), patch),
                (None, None) if entry.text().is_some_and(|text| text.contains('\n')) => {
                    (self.inline(one, entry), entry)
                }
                (None, None) => (self.of_file(one, entry), entry),
            };
            let Some(body) = body else { continue };
            let options = entry.get("options").map(|_| Why::Unread(list.to_owned()));
            let done = apply(items, entry.get("target"), &body);
            if let Some(why) = done.err().or(options) {
                self.troubles.push(Trouble { place: at.place(one.file), why });
            }
        }
    }

    fn of_file(&mut self, one: &Kustomization, path: &Node) -> Option<Vec<Node>> {
        let file = self.file(one, path, path.text().unwrap_or_default())?;
        let known = self.known;
        let (documents, _) = yaml::forgiving(&known.files[file].text, "");
        Some(documents.iter().map(|node| self.paper.node(node, file, known.files)).collect())
    }

    fn inline(&mut self, one: &Kustomization, patch: &Node) -> Option<Vec<Node>> {
        let above = self.paper.above(one.file, self.known.files);
        let (documents, _) = yaml::forgiving(patch.text()?, "");
        // A text begins in the line of its node.
        let above = above.saturating_add(patch.line.saturating_sub(1));
        Some(documents.iter().map(|node| super::edit::shifted(node, above)).collect())
    }
}

/// Applies the documents of one patch.
fn apply(items: &mut Vec<Item>, target: Option<&Node>, body: &[Node]) -> Result<(), Why> {
    let unread = || Why::Unread("patches".to_owned());
    let mut meant = Vec::new();
    if let Some(target) = target {
        for (index, item) in items.iter().enumerate() {
            if target::names(target, item).ok_or_else(unread)? {
                meant.push(index);
            }
        }
    }
    let mut gone = BTreeSet::new();
    for document in body {
        if let NodeKind::List(operations) = &document.kind {
            for index in &meant {
                let item = &mut items[*index];
                pointer::carry_out(&mut item.node, operations).ok_or_else(|| {
                    Why::Refused(format!("the patch does not fit {} {}", item.kind(), item.name()))
                })?;
            }
            continue;
        }
        let patch = Item::new(document.clone());
        if patch.kind().is_empty() || patch.name().is_empty() || patch.version().is_empty() {
            let words =
                "a patch has `apiVersion`, `kind` and `metadata.name`, or is a list of operations";
            return Err(Why::Refused(words.to_owned()));
        }
        let meant = if target.is_some() {
            meant.clone()
        } else {
            let same: Vec<usize> =
                (0..items.len()).filter(|at| items[*at].is_same(&patch)).collect();
            if same.is_empty() {
                let words = format!("there is no {} `{}` to change", patch.kind(), patch.name());
                return Err(Why::Refused(words));
            }
            same
        };
        for index in meant {
            if merge::deletes(document) {
                gone.insert(index);
                continue;
            }
            let item = &mut items[index];
            let has_keys = item.is_built_in();
            merge::lay(&mut item.node, &without_identity(document), has_keys);
        }
    }
    let mut index = 0;
    items.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
    Ok(())
}

/// A patch without what says for which object it is.
fn without_identity(patch: &Node) -> Node {
    let mut patch = patch.clone();
    for field in ["apiVersion", "kind"] {
        super::edit::remove(&mut patch, field);
    }
    if let Some(metadata) = super::edit::get_mut(&mut patch, "metadata") {
        super::edit::remove(metadata, "name");
        super::edit::remove(metadata, "namespace");
    }
    patch
}
