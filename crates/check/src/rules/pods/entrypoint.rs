//! Entrypoints of images that do not pass on the words that their containers are given.

use super::ONE_ROLE;
use crate::dockerfile::Dockerfile;
use crate::finding::{Findings, Place};
use crate::image;
use crate::kubernetes::{Role, Workload};
use crate::node::Walk;
use crate::path;
use crate::system::System;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        if let Some((place, message)) = of_one_role(system, workload) {
            out.add(&ONE_ROLE, place, message);
        }
    }
}

/// Where the image of a workload has an entrypoint that starts the other role, and how to say it.
pub(crate) fn of_one_role(system: &System<'_>, workload: &Workload<'_>) -> Option<(Place, String)> {
    if workload.container.get("command").is_some() {
        return None;
    }
    let dockerfile = dockerfile(system, workload)?;
    let (place, text) = dockerfile.last("ENTRYPOINT")?;
    let words = text.split(|c: char| c.is_whitespace() || "[],\"'".contains(c));
    let names: Vec<&str> = words.map(path::last).filter(|word| !word.is_empty()).collect();
    let mut scripts = system.scripts.iter();
    let script = scripts
        .find(|script| names.contains(&path::last(&system.world.files[script.file].name)))?;
    let starts = script.only?;
    let is_other = match workload.role {
        Role::JobManager => starts == Role::TaskManager,
        Role::TaskManager => starts == Role::JobManager,
        Role::Both => false,
    };
    let name = path::last(&system.world.files[script.file].name);
    let message = format!(
        "`{name}` starts a {} whatever it is told, also in {}",
        starts.name(),
        workload.title()
    );
    is_other.then_some((place, message))
}

/// The Dockerfile of a workload's image: that of its `build`; of pods the only one, where both roles have one image of somebody's
/// own.
fn dockerfile<'a>(system: &System<'a>, workload: &Workload<'_>) -> Option<&'a Dockerfile> {
    if let Some(service) = &workload.object.compose {
        let build = service.build.as_ref().filter(|build| build.inline.is_none())?;
        let mut all = system.world.dockerfiles.iter();
        return all.find(|one| system.world.files[one.file].name == build.dockerfile);
    }
    let image_of = |one: &Workload<'_>| one.image().and_then(Walk::text).map(str::to_owned);
    let image = image_of(workload)?;
    let [dockerfile] = system.dockerfiles[..] else { return None };
    let is_shared = system.workloads.iter().all(|one| image_of(one).as_ref() == Some(&image));
    (is_shared && 1 < system.workloads.len() && !image::is_official(&image)).then_some(dockerfile)
}
