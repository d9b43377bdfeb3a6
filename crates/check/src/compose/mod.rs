//! Docker Compose files: each service as an object with a pod, so that what is known of pods holds for containers.
//!
//! Source: the Compose Specification. What Compose merges is merged (`compose.override.yaml`, `extends`, `env_file`,
//! `.env`); what only a shell knows stays open.

mod fields;
mod files;
mod lower;
mod merge;
mod paper;
mod refuse;
mod tree;
mod words;

pub(super) use lower::mounts::normalized;

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Place;
use super::kubernetes::Object;
use super::node::Walk;
use super::source::{File, FileKind};
use nutkin_flink::yaml::{Key, Node};

/// What Docker Compose says to a file before it starts anything.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) place: Place,
    pub(super) message: String,
    /// What `init` does about it; `None`: nobody knows what was meant.
    pub(super) cure: Option<&'static str>,
}

impl Refusal {
    const fn new(place: Place, message: String) -> Self {
        Self { place, message, cure: None }
    }
}

/// The cure of what a session on Docker does not have at all.
const NEEDLESS: &str = "a session on Docker does not need it";

/// All Compose files that start Flink.
#[derive(Debug, Default)]
pub(super) struct Projects {
    /// A service each.
    pub(super) objects: Vec<Object>,
    /// What Compose refuses.
    pub(super) refusals: Vec<Refusal>,
    /// Services that an included file has as well, and that only Compose before 5 refuses.
    pub(super) doubles: Vec<(Place, String)>,
    /// Texts of `configs`: index of the object, path in the container, text.
    pub(super) contents: Vec<(usize, String, Node)>,
    /// Indices of the files that are read by Compose.
    pub(super) used: BTreeSet<usize>,
    /// Paths that are named and may be files worth reading.
    pub(super) wanted: BTreeSet<String>,
    /// How many files it includes, each as often as it is named.
    pub(super) included: usize,
    /// Texts that are put together of several files, behind all others.
    pub(super) composed: Vec<File>,
    /// Files that Compose reads only when it is told to, each with the one below it.
    pub(super) overlays: Vec<(usize, String)>,
}

/// Whether a document is a Compose file, by what it holds: names are whatever people like. Other programs have services
/// as well, which concern nobody here as long as none of them is of Flink.
pub(super) fn is_compose(document: &Node) -> bool {
    let mut keys = document.entries().iter().map(|(key, _)| key.name.as_str());
    // It may have no services itself, and only include files that have.
    if !document.items_of("include").is_empty() && keys.all(is_top_of_compose) {
        return true;
    }
    let services = document.get("services").map_or(&[][..], Walk::entries);
    document.get("kind").is_none()
        && document.get("apiVersion").is_none()
        && services.iter().any(|(_, one)| !one.entries().is_empty())
}

/// Whether a document is a Compose file of format 1, whose services are not below `services`: Docker Compose 2 does not read it
/// (Compose Specification, "History").
pub(super) fn is_of_format_one(document: &Node, name: &str) -> bool {
    let is_service = |(_, one): &(Key, Node)| {
        one.text_of("image").is_some_and(super::kubernetes::is_flink_image)
    };
    let is_other = ["services", "kind", "apiVersion"].iter().any(|key| document.get(key).is_some());
    // Values of charts look the same.
    let is_called = crate::path::last(name).contains("compose");
    is_called && !is_other && document.entries().iter().any(is_service)
}

/// Whether a text is a Compose file, whatever it is called.
pub fn is_file(text: &str, name: &str) -> bool {
    looks_like_one(text) && nutkin_flink::yaml::forgiving(text, name).0.iter().any(is_compose)
}

/// The document of a Compose file, with the tags that only Compose knows.
pub(super) fn with_tags(text: &str, file: &str, document: Node) -> Node {
    if !text.contains(merge::RESET) && !text.contains(merge::OVERRIDE) {
        return document;
    }
    nutkin_flink::yaml::tagged(text, file).0.into_iter().next().unwrap_or(document)
}

use super::source::is_top_of_compose;
pub(super) use super::source::looks_like_compose as looks_like_one;

/// Reads the Compose files among all documents: index of the file, and the document. Their services become further
/// objects, and files that hold variables are hidden where lines are shown. `unreadable`: files that are there beside these.
pub(super) fn take(
    files: &mut Vec<File>,
    unreadable: &BTreeSet<String>,
    documents: &[(usize, Node)],
    objects: &mut Vec<Object>,
) -> Projects {
    let mut projects = read(files, unreadable, documents);
    for (of, ..) in &mut projects.contents {
        *of += objects.len();
    }
    objects.append(&mut projects.objects);
    for (index, file) in files.iter_mut().enumerate() {
        let is_named = projects.used.contains(&index) && file.kind.is_none();
        if file.kind == Some(FileKind::Environment) || is_named {
            file.hide(1..=file.count());
        }
    }
    for mut file in projects.composed.drain(..) {
        for part in file.parts().to_vec() {
            let lines = files[part.file].count();
            let is_hidden = |line: &u32| files[part.file].is_secret(*line);
            let hidden: Vec<u32> = (1..=lines).filter(is_hidden).collect();
            file.hide(hidden.into_iter().map(|line| part.first + line));
        }
        files.push(file);
    }
    projects
}

fn read(files: &[File], unreadable: &BTreeSet<String>, documents: &[(usize, Node)]) -> Projects {
    let mut projects = Projects::default();
    let reader = files::Files::new(files, unreadable, documents);
    let (mut all, mut overlays) = (Vec::new(), Vec::new());
    for (file, document) in documents {
        let name = &files[*file].name;
        if reader.is_override(name) {
            continue;
        }
        if let Some(below) = reader.below(name, document) {
            overlays.push((*file, below.to_owned()));
            continue;
        }
        let before = projects.composed.len();
        let composed = std::mem::take(&mut projects.composed);
        let mut own = Projects { composed, ..Projects::default() };
        lower::project(&reader, *file, document, &mut own);
        projects.composed = std::mem::take(&mut own.composed);
        // Other people's systems do not concern us, nor does what Compose says to them. A file that includes nothing that is
        // there may be anybody's.
        let is_lost = own.objects.is_empty()
            && !own.refusals.is_empty()
            && document.get("services").is_none()
            && documents.iter().any(|(_, other)| runs_flink(other));
        if !is_lost && !own.objects.iter().any(is_of_flink) {
            projects.composed.truncate(before);
            continue;
        }
        // What the project reads itself is not something else that may be started with it.
        let has_siblings = reader.has_siblings(name, &own.used);
        for object in &mut own.objects {
            if let Some(service) = &mut object.compose {
                service.has_siblings = has_siblings;
            }
        }
        all.push((*file, own));
    }
    // What only others extend is a part of them.
    let extended: BTreeSet<usize> =
        all.iter().flat_map(|(_, own)| own.used.iter().copied()).collect();
    let used: BTreeMap<usize, &BTreeSet<usize>> =
        all.iter().map(|(file, own)| (*file, &own.used)).collect();
    // Of those in a circle the first one counts.
    let is_first = |file: &usize, own: &Projects| {
        let mut users = used.iter().filter(|(user, used)| *user != file && used.contains(file));
        users.all(|(user, _)| file < user && own.used.contains(user))
    };
    let kept: BTreeSet<usize> = all
        .iter()
        .filter(|(file, own)| !extended.contains(file) || is_first(file, own))
        .map(|(file, _)| *file)
        .collect();
    all.retain(|(file, _)| kept.contains(file));
    for (file, own) in all {
        let before = projects.objects.len();
        projects.contents.extend(own.contents.into_iter().map(|(i, n, t)| (i + before, n, t)));
        projects.objects.extend(own.objects);
        projects.refusals.extend(own.refusals);
        projects.doubles.extend(own.doubles);
        projects.wanted.extend(own.wanted);
        projects.used.extend(own.used);
        projects.used.insert(file);
    }
    let is_read = |below: &String| projects.used.iter().any(|file| files[*file].name == *below);
    overlays.retain(|(file, below)| !projects.used.contains(file) && is_read(below));
    projects.overlays = overlays;
    projects
}

/// Whether a service of a file has an image of Flink.
fn runs_flink(document: &Node) -> bool {
    let services = document.get("services").map_or(&[][..], Walk::entries);
    let image = |(_, one): &(Key, Node)| one.text_of("image").map(str::to_owned);
    services.iter().filter_map(image).any(|image| super::kubernetes::is_flink_image(&image))
}

/// Whether a service has to do with Flink, whatever it does with it.
fn is_of_flink(object: &Object) -> bool {
    let containers = object.node.at("spec/template/spec/containers").map_or(&[][..], Walk::items);
    super::kubernetes::Workload::of(object).is_some()
        || containers
            .iter()
            .any(|one| one.text_of("image").is_some_and(super::kubernetes::is_flink_image))
}

#[cfg(test)]
mod tests;
