//! `nutkin check`: what is wrong with hand-written files of Flink, before a cluster finds out.
//!
//! ```text
//! Input ──► source::File ──► World (objects, texts, Dockerfiles, ...) ──► System: one session each
//!                                                                             │
//!                                    Report ◄── silence ◄── rules/* ◄─────────┘
//! ```
//!
//! A rule is a function of one `system::System` that adds findings; each finding names an entry
//! of the table in [`codes`]. Files are other people's: nothing here fails, whatever they hold.

pub mod adopt;
mod bindings;
pub mod codes;
mod commands;
mod compose;
mod conf;
mod dockerfile;
mod embedded;
mod finding;
mod generated;
mod hosts;
mod image;
mod inside;
mod kubernetes;
mod kustomize;
mod made;
mod mount;
mod names;
mod node;
mod owned;
pub mod page;
mod passed_over;
mod path;
mod role;
mod rule;
mod rules;
mod script;
mod secrets;
mod selectors;
mod service;
mod settings;
mod shell;
mod silence;
mod slip;
mod source;
mod system;
mod template;
mod together;
mod variables;
mod world;

use std::collections::{BTreeMap, BTreeSet};

pub use compose::is_file as is_compose_file;
pub use finding::{Finding, Patch};
pub use inside::convert_manifest;
pub use passed_over::Skipped;
pub use rule::{Rule, Severity};
pub use source::{FileKind, Input, is_manifest, is_other_json};

use finding::Findings;
use nutkin_core::plan;
use nutkin_flink::FlinkVersion;
use source::File;
use system::World;

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The Flink release, where the files shall not say it.
    pub flink: Option<FlinkVersion>,
    /// Codes that are silenced everywhere, with the reason.
    pub silenced: BTreeMap<String, String>,
    /// Names of files that the user calls session files: what `up` and `render` refuse is an error of them.
    pub session_files: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// All findings, silenced ones included, by file and line.
    pub findings: Vec<Finding>,
    /// The sessions that were seen.
    pub sessions: Vec<CheckedSession>,
    /// Files that were read.
    pub files: usize,
    /// Files that are not looked at, and why.
    pub skipped: Vec<Skipped>,
    /// YAML in which no Kubernetes object stands: other people's, or one that is broken beyond recognition.
    pub foreign: Vec<String>,
}

/// A session that the files describe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedSession {
    /// What it is called in the files.
    pub title: String,
    /// Its Flink release, where it can be told.
    pub flink: Option<FlinkVersion>,
    /// The files that it is made of.
    pub files: Vec<String>,
}

impl Report {
    /// Findings of a severity that nobody silenced.
    pub fn count(&self, severity: Severity) -> usize {
        let counts = |f: &&Finding| f.silenced.is_none() && f.severity() == severity;
        self.findings.iter().filter(counts).count()
    }
}

/// Looks at all files together.
pub fn check(inputs: &[Input], settings: &Settings) -> Report {
    let world = World::read(inputs.iter().map(File::new).collect());
    let silences = silence::read(&world.files);
    let systems = system::group(&world, settings.flink);
    let mut findings = Findings::new(&world.files);
    rules::of_world(&world, &silences, &mut findings);
    let is_ours = |object: &kubernetes::Object| {
        settings.session_files.contains(&world.files[object.file].name)
    };
    rules::of_jobs(&world, is_ours, &mut findings);
    for system in &systems {
        rules::of_system(system, &mut findings);
        if system.session.is_some_and(is_ours) {
            rules::of_session_file(system, &mut findings);
        }
    }
    let mut list = findings.list;
    let ours = ours(&world);
    list.retain(|(place, finding)| {
        let mut lines = ours.get(&place.file).into_iter().flatten();
        !is_for_later(finding) || !lines.any(|(first, last)| (*first..=*last).contains(&place.line))
    });
    finding::bring_home(&world.files, &mut list);
    for (place, finding) in &mut list {
        // Patches are lines of YAML.
        finding.patch =
            finding.patch.take().filter(|_| !source::is_json(&world.files[place.file].name));
    }
    silence::apply(&silences, &mut list);
    for (_, finding) in &mut list {
        if let Some(reason) = settings.silenced.get(finding.rule.code) {
            finding.silenced = Some(reason.clone());
        }
    }
    list.sort_by(|(one, a), (two, b)| {
        (one, a.rule.code, &a.message).cmp(&(two, b.rule.code, &b.message))
    });
    list.dedup_by(|(one, a), (two, b)| one == two && a.rule == b.rule && a.message == b.message);
    let sessions = systems.iter().map(|system| {
        let workloads = system.workloads.iter().chain(&system.boot);
        let home = |place: finding::Place| place.home(&world.files).file;
        let mut files: BTreeSet<usize> = workloads.map(|w| home(w.object.place())).collect();
        files.extend(system.texts.iter().map(|text| home(text.start())));
        files.extend(system.session.iter().map(|object| home(object.place())));
        let files = files.into_iter().map(|file| world.files[file].name.clone()).collect();
        CheckedSession { title: system.title.clone(), flink: system.version, files }
    });
    let mut known: BTreeSet<usize> = world.objects.iter().map(|object| object.file).collect();
    known.extend(world.applied.unread.iter().map(|(place, _)| place.file));
    known.extend(world.broken.iter().map(|(place, _)| place.file));
    known.extend(world.used.iter().copied());
    known.extend(world.of_format_one.iter().copied());
    known.extend(world.overlays.iter().map(|(file, _)| *file));
    let foreign = world
        .own_files()
        .filter(|(index, file)| file.kind == Some(FileKind::Objects) && !known.contains(index));
    Report {
        foreign: foreign.map(|(_, file)| file.name.clone()).collect(),
        findings: list.into_iter().map(|(_, finding)| finding).collect(),
        sessions: sessions.collect(),
        files: world.own_files().count(),
        skipped: passed_over::of(&world),
    }
}

/// Lines of objects that Nutkin made, by file: first and last.
fn ours(world: &World) -> BTreeMap<usize, Vec<(u32, u32)>> {
    use node::Walk as _;
    let mut lines: BTreeMap<usize, Vec<(u32, u32)>> = BTreeMap::new();
    for object in &world.objects {
        let labels = object.node.at("metadata/labels");
        if labels.is_some_and(|labels| labels.get(plan::kubernetes::marks::SESSION).is_some()) {
            let last = kubernetes::last_line(&object.node);
            lines.entry(object.file).or_default().push((object.node.line, last));
        }
    }
    lines
}

/// Paths of files that the given ones name and that belong to them, as far as they are not among them: what Compose
/// files mount, extend and build from, and what kustomizations use, directories among it. They may not exist.
pub fn beside(inputs: &[Input]) -> Vec<String> {
    let names_files =
        |input: &Input| kustomize::is_one(&input.name) || compose::looks_like_one(&input.text);
    if !inputs.iter().any(names_files) {
        return Vec::new();
    }
    // Variables are a part of what Compose files name; nothing else has to be read for it.
    let is_needed = |input: &&Input| {
        let name = path::last(&input.name);
        FileKind::of_name(name) == Some(FileKind::Environment)
            || kustomize::is_one(name)
            || input.text.contains("services:")
            || input.text.contains("include:")
    };
    let files = inputs.iter().filter(is_needed);
    let world = World::read(files.map(File::new).collect());
    let known: BTreeSet<String> =
        inputs.iter().map(|input| path::joined("", &input.name)).collect();
    world.wanted.into_iter().filter(|path| !known.contains(path)).collect()
}

/// Whether a finding only says what a later version would want, of an object that Nutkin made: it is made again for
/// each version.
fn is_for_later(finding: &Finding) -> bool {
    finding.severity() == Severity::Note || finding.rule.code == "NK0602"
}

#[cfg(test)]
mod any_input;
#[cfg(test)]
mod patches;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod tests;
