//! What lies beside or above the files of a session and belongs to it: Dockerfiles, scripts, lists of machines.

use std::collections::{BTreeMap, BTreeSet};

use super::{System, empty};
use crate::kubernetes::Workload;
use crate::path;
use crate::world::World;

/// Gives Dockerfiles, scripts, `masters` and `workers` to the sessions beside or below which they lie.
pub(super) fn attach<'a>(world: &'a World, systems: &mut Vec<System<'a>>) {
    if world.dockerfiles.is_empty() && world.scripts.is_empty() && world.hosts.is_empty() {
        return;
    }
    if systems.is_empty() {
        systems.push(empty(world, "the files".to_owned()));
    }
    let only = systems.len() == 1;
    let directory = |file: usize| world.files[file].directory();
    let dockerfiles = Below::of(&world.dockerfiles, |one| directory(one.file));
    let scripts = Below::of(&world.scripts, |one| directory(one.file));
    let hosts = Below::of(&world.hosts, |one| directory(one.file));
    for system in systems {
        let objects = system.workloads.iter().chain(&system.boot).map(Workload::file);
        let texts = system.texts.iter().map(|text| text.start().file);
        let session = system.session.iter().map(|object| object.file);
        let mut files: BTreeSet<usize> = objects.chain(texts).chain(session).collect();
        for overlay in files.clone() {
            files.extend(world.files[overlay].parts().iter().map(|part| part.file));
        }
        let own: BTreeSet<&str> = files.into_iter().map(directory).collect();
        let own = (!only).then_some(own);
        system.dockerfiles = dockerfiles.near(own.as_ref());
        system.scripts = scripts.near(own.as_ref());
        system.hosts = hosts.near(own.as_ref());
    }
}

/// Files by their directories, to be found from below.
struct Below<'a, T> {
    all: &'a [T],
    by_directory: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a, T> Below<'a, T> {
    fn of(all: &'a [T], directory: impl Fn(&'a T) -> &'a str) -> Self {
        let mut by_directory: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, one) in all.iter().enumerate() {
            by_directory.entry(directory(one)).or_default().push(index);
        }
        Self { all, by_directory }
    }

    /// What lies in some directories or above them, in order; all, where the directories do not matter.
    fn near(&self, directories: Option<&BTreeSet<&str>>) -> Vec<&'a T> {
        let Some(directories) = directories else { return self.all.iter().collect() };
        let mut found = BTreeSet::new();
        for below in directories {
            for above in path::above(below) {
                found.extend(self.by_directory.get(above).into_iter().flatten().copied());
            }
        }
        found.into_iter().map(|index| &self.all[index]).collect()
    }
}
