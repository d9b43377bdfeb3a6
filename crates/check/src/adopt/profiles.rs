//! Services of Compose files that only start with a profile.

use std::collections::{BTreeMap, BTreeSet};

use crate::kubernetes::{Object, Role, Workload};
use crate::system::World;

/// Makes TaskManagers that only start with a profile other services, where the file has some that always start, and one
/// JobManager for all.
pub(super) fn leave(world: &mut World) {
    let project = |workload: &Workload<'_>| {
        workload.object.compose.as_ref().map(|service| service.project.clone())
    };
    let always = |workload: &Workload<'_>| {
        workload.object.compose.as_ref().is_some_and(|service| service.profiles.is_empty())
    };
    let mut masters: BTreeMap<String, usize> = BTreeMap::new();
    let mut workers: BTreeSet<String> = BTreeSet::new();
    for workload in world.objects.iter().filter_map(Workload::of) {
        let Some(project) = project(&workload) else { continue };
        if workload.role.is_job_manager() {
            *masters.entry(project).or_default() += if always(&workload) { 1 } else { 2 };
        } else if always(&workload) {
            workers.insert(project);
        }
    }
    let is_left = |object: &Object| {
        let workload = Workload::of(object).filter(|one| one.role == Role::TaskManager);
        workload
            .filter(|one| !always(one))
            .and_then(|one| project(&one))
            .is_some_and(|project| masters.get(&project) == Some(&1) && workers.contains(&project))
    };
    for object in &mut world.objects {
        if is_left(object) {
            object.compose.iter_mut().for_each(|service| service.is_left = true);
        }
    }
}
