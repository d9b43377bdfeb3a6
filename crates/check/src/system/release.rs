//! The Flink release of a session: what its file, its images and its Dockerfiles say.

use std::borrow::Cow;

use super::System;
use crate::dockerfile::{self, Dockerfile};
use crate::image;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::source::{File, Input};
use crate::world::World;
use nutkin_flink::FlinkVersion;

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
    of_session()
        .or_else(of_builds)
        .or_else(|| of_pods(image::release))
        .or_else(of_dockerfile)
        .or_else(|| of_pods(image::likely_release))
}
