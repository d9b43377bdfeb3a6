//! The Flink release of a session: what its file, its images and its Dockerfiles say.

use std::borrow::Cow;

use super::System;
use crate::dockerfile::{self, Dockerfile};
use crate::embedded::Origin;
use crate::image;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::source::{File, FileKind, Input};
use crate::world::World;
use nutkin_flink::version::LINES;
use nutkin_flink::{FlinkVersion, options};

/// The Dockerfile of an image that a Compose file builds, for this service or for another one under the same name: what it
/// says counts, not the tag that somebody gives the image.
fn built<'a>(world: &'a World, workload: &Workload<'_>) -> Option<Cow<'a, Dockerfile>> {
    let service = workload.object.compose.as_ref()?;
    let named = || {
        let image = workload.image()?.text()?;
        let index = world.builders.get(&(service.project.clone(), image.to_owned()))?;
        world.objects[*index].compose.as_ref()?.build.as_ref()
    };
    let build = service.build.as_ref().or_else(named)?;
    if let Some(text) = &build.inline {
        let file = File::new(&Input { name: "Dockerfile".to_owned(), text: text.clone() });
        let dockerfile = dockerfile::build(0, &file, &build.args, build.target.as_deref());
        return Some(Cow::Owned(dockerfile));
    }
    let mut all = world.dockerfiles.iter();
    all.find(|one| world.files[one.file].name == build.dockerfile).map(Cow::Borrowed)
}

/// The release that the image of a workload has for certain: built here, or one of Flink's own.
pub(crate) fn release_of(world: &World, workload: &Workload<'_>) -> Option<FlinkVersion> {
    match built(world, workload) {
        Some(dockerfile) => dockerfile.version.map(|(version, _)| version),
        None => image::release(workload.image()?.text()?),
    }
}

/// The Flink release: of the session file, of the JobManager's image, of the Dockerfile.
pub(super) fn version(system: &System<'_>) -> Option<FlinkVersion> {
    let of_session = || {
        let pinned = system.settings.value("nutkin.flink.version");
        let session = system.session?;
        let field: Option<FlinkVersion> =
            session.node.at("spec/flinkVersion")?.text()?.parse().ok();
        // The field knows no third number; the image may.
        let image = session.node.at("spec/image").and_then(Walk::text).and_then(image::patch);
        let image = image.filter(|patch| field.is_some_and(|field| field.line() == patch.line()));
        pinned.and_then(|text| text.parse().ok()).or(image).or(field)
    };
    let of_pods = |of_image: fn(&str) -> Option<FlinkVersion>| {
        let images = system.job_managers().chain(&system.workloads).chain(&system.boot);
        let images = images.filter(|one| built(system.world, one).is_none());
        images.filter_map(Workload::image).filter_map(Walk::text).find_map(of_image)
    };
    let of_builds = || {
        let mut all = system.job_managers().chain(&system.workloads);
        all.find_map(|one| Some(built(system.world, one)?.version?.0))
    };
    let of_dockerfile = || system.dockerfiles.iter().find_map(|d| Some(d.version?.0));
    of_session().or_else(of_builds).or_else(|| of_pods(image::release)).or_else(of_dockerfile)
}

/// Why a release is taken where nothing says it for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assumed<'a> {
    /// This image's tag may mean it.
    Tag(&'a str),
    /// This image is the newest one, whichever that is.
    Newest(&'a str),
    /// The files read it, and most sessions do.
    Default,
}

/// The release to take where nothing says it for certain: the first of what images may mean and of the usual ones that reads
/// what the files have.
pub(super) fn assumed<'a>(system: &'a System<'_>) -> (FlinkVersion, Assumed<'a>) {
    let newest = LINES[LINES.len() - 1].newest;
    let boot = system.boot.iter().filter_map(Workload::image).filter_map(Walk::text);
    let images: Vec<&str> = system.images().chain(boot).collect();
    let of_tags = images.iter().copied().filter_map(|image| {
        image::likely_release(image).map(|version| (version, Assumed::Tag(image)))
    });
    let of_newest = images.iter().copied().filter(|image| image::is_newest(image));
    let of_newest = of_newest.map(|image| (newest, Assumed::Newest(image)));
    let usual = [(FlinkVersion::DEFAULT, Assumed::Default), (newest, Assumed::Default)];
    let mut all = of_tags.chain(of_newest).chain(usual);
    all.find(|(version, _)| reads_all(system, *version)).unwrap_or(usual[0])
}

/// Whether a release reads the configuration files of a session, and has all of its options that came with some release.
fn reads_all(system: &System<'_>, version: FlinkVersion) -> bool {
    let has = |kind: FileKind| {
        let mut texts = system.texts.iter().filter(|text| text.kind == kind);
        texts.any(|text| !matches!(text.origin, Origin::Properties(_)))
    };
    let (old, new) = (has(FileKind::FlinkConf), has(FileKind::ConfigYaml));
    let line = version.line();
    let reads = !old && !new || old && line.reads_flink_conf || new && line.reads_config_yaml;
    reads && !system.settings.effective().any(|setting| is_later(&setting.key, version))
}

/// Whether an option came only with a later release.
fn is_later(key: &str, version: FlinkVersion) -> bool {
    let Some(info) = options::find(key).filter(|info| info.key == key) else { return false };
    let is_known_at = info.at(version).is_some() || options::canonical(key, version) != key;
    let first = info.observed().map(|(observed, _)| observed).min_by_key(|one| one.line().number);
    !is_known_at && first.is_some_and(|first| version.line().number < first.line().number)
}
