//! Which workloads are one session, and which are alternatives of each other.

use std::collections::{BTreeMap, BTreeSet};

use super::embedded::Origin;
use super::kubernetes::{Object, Workload};
use super::names::distance;
use super::world::World;

/// The workloads of one session, each with the index of its object.
pub(super) struct Group<'a> {
    pub(super) workloads: Vec<(usize, Workload<'a>)>,
    /// JobManagers that the files have in the place of the group's own.
    pub(super) alternatives: Vec<&'a Object>,
}

/// What unites workloads that mount it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shared<'a> {
    /// A ConfigMap of the files.
    Object(usize),
    /// One that is not in the files: namespace, directory of who mounts it, name.
    Absent(Option<&'a str>, &'a str, &'a str),
}

/// All groups of the files' workloads.
pub(super) fn groups(world: &World) -> Vec<Group<'_>> {
    let workloads: Vec<(usize, Workload<'_>)> = world
        .objects
        .iter()
        .enumerate()
        .filter(|(_, object)| object.compose.is_none())
        .filter_map(|(index, object)| Some((index, Workload::of(object)?)))
        .collect();
    let mut union = Union { above: (0..workloads.len()).collect() };
    let configures: BTreeSet<usize> = world
        .texts
        .iter()
        .filter(|text| text.kind.is_options())
        .filter_map(|text| match text.origin {
            Origin::ConfigMap(index) => Some(index),
            _ => None,
        })
        .collect();
    let mut owner: BTreeMap<Shared<'_>, usize> = BTreeMap::new();
    for (at, (_, workload)) in workloads.iter().enumerate() {
        for mount in workload.mounts() {
            for (name, _) in mount.config_maps() {
                let shared = match world.index_of("ConfigMap", name, workload.object) {
                    Some(index) if configures.contains(&index) => Shared::Object(index),
                    // Certificates, or the configuration of Hadoop: several sessions may have them in common.
                    Some(_) => continue,
                    None => Shared::Absent(
                        workload.object.namespace.as_deref(),
                        world.files[workload.file()].directory(),
                        name,
                    ),
                };
                let first = *owner.entry(shared).or_insert(at);
                union.unite(first, at);
            }
        }
    }
    for scope in [Scope::File, Scope::Directory, Scope::All] {
        pair(world, &workloads, scope, &mut union);
    }
    let mut groups: BTreeMap<usize, Vec<(usize, Workload<'_>)>> = BTreeMap::new();
    for (at, workload) in workloads.iter().enumerate() {
        groups.entry(union.find(at)).or_default().push(*workload);
    }
    groups.into_values().flat_map(|group| apart(world, group)).collect()
}

/// Disjoint sets.
struct Union {
    above: Vec<usize>,
}

impl Union {
    fn find(&mut self, mut at: usize) -> usize {
        while self.above[at] != at {
            self.above[at] = self.above[self.above[at]];
            at = self.above[at];
        }
        at
    }

    /// The smaller number names both.
    fn unite(&mut self, one: usize, two: usize) {
        let (one, two) = (self.find(one), self.find(two));
        self.above[one.max(two)] = one.min(two);
    }
}

/// Where the only JobManager is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    File,
    Directory,
    All,
}

/// Namespace, file and directory.
type Around<'a> = (Option<&'a str>, Option<usize>, &'a str);

/// Unites a JobManager without TaskManagers and TaskManagers without one, where a file, a directory or all files of a
/// namespace have only one such JobManager.
fn pair(world: &World, workloads: &[(usize, Workload<'_>)], scope: Scope, union: &mut Union) {
    let mut roles: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
    for (at, (_, workload)) in workloads.iter().enumerate() {
        let (master, worker) = roles.entry(union.find(at)).or_default();
        *master |= workload.role.is_job_manager();
        *worker |= workload.role.is_task_manager();
    }
    // The lonely groups of each place. What names no namespace may be applied to any: it is a namespace of its own.
    let mut lonely: BTreeMap<Around<'_>, (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
    for (at, (_, workload)) in workloads.iter().enumerate() {
        let file = workload.file();
        let namespace = workload.object.namespace.as_deref();
        let place = match scope {
            Scope::File => (namespace, Some(file), ""),
            Scope::Directory => (namespace, None, world.files[file].directory()),
            Scope::All => (namespace, None, ""),
        };
        let group = union.find(at);
        let (masters, workers) = lonely.entry(place).or_default();
        match roles.get(&group) {
            Some((true, false)) => masters.insert(group),
            Some((false, true)) => workers.insert(group),
            _ => false,
        };
    }
    for (masters, workers) in lonely.values() {
        let Some(master) = masters.first().filter(|_| masters.len() == 1) else { continue };
        for worker in workers {
            union.unite(*master, *worker);
        }
    }
}

/// Takes apart what only one of can be there at a time: objects of one kind and name, and a JobManager of one job beside
/// one of a session. Each alternative gets the TaskManagers that lie nearest.
fn apart<'a>(world: &World, group: Vec<(usize, Workload<'a>)>) -> Vec<Group<'a>> {
    let mut titles: BTreeMap<(&str, &str), Vec<(usize, Workload<'a>)>> = BTreeMap::new();
    for one in &group {
        let object = one.1.object;
        titles.entry((&object.kind, &object.name)).or_default().push(*one);
    }
    let masters = || group.iter().filter(|(_, workload)| workload.role.is_job_manager());
    let applications = masters().filter(|(_, workload)| workload.is_application()).count();
    let is_mixed = 0 < applications && 1 < masters().count();
    let most = titles.values().map(Vec::len).max().unwrap_or(0);
    if !is_mixed && most < 2 {
        return vec![Group { workloads: group, alternatives: Vec::new() }];
    }
    // The JobManagers of each alternative: the first ones of their names together, then the second ones.
    let mut sides: Vec<Vec<(usize, Workload<'a>)>> = Vec::new();
    let mut layers: BTreeMap<usize, Vec<(usize, Workload<'a>)>> = BTreeMap::new();
    for of_title in titles.values() {
        let of_title = of_title.iter().filter(|(_, workload)| workload.role.is_job_manager());
        for (layer, one) in of_title.enumerate() {
            if one.1.is_application() {
                sides.push(vec![*one]);
            } else {
                layers.entry(layer).or_default().push(*one);
            }
        }
    }
    sides.extend(layers.into_values());
    if sides.is_empty() {
        // TaskManagers alone.
        sides.resize_with(most, Vec::new);
    }
    let workers: Vec<_> = titles
        .values()
        .filter(|of_title| !of_title[0].1.role.is_job_manager())
        .map(|of_title| Near::of(world, of_title))
        .collect();
    let all: Vec<&'a Object> =
        sides.iter().flatten().map(|(_, workload)| workload.object).collect();
    let mut found = Vec::new();
    for (number, side) in sides.into_iter().enumerate() {
        let mut workloads = side.clone();
        for near in &workers {
            workloads.extend(match side.first() {
                Some((_, master)) => near.to(world, master.file()),
                None => near.all.get(number).copied(),
            });
        }
        workloads.sort_by_key(|(index, _)| *index);
        let is_own =
            |object: &&Object| side.iter().any(|(_, own)| std::ptr::eq(own.object, *object));
        // Beside thousands of alternatives the first few are enough to be named.
        let others = all.iter().copied().filter(|object| !is_own(object)).take(MOST_NAMED);
        found.push(Group { workloads, alternatives: others.collect() });
    }
    found
}

/// How many alternatives are remembered of each JobManager: more than a sentence can name.
const MOST_NAMED: usize = 8;

/// Workloads of one name, by where they lie.
struct Near<'a, 'w> {
    all: &'w [(usize, Workload<'a>)],
    by_file: BTreeMap<usize, usize>,
    by_directory: BTreeMap<&'w str, usize>,
}

impl<'a, 'w> Near<'a, 'w> {
    fn of(world: &'w World, all: &'w [(usize, Workload<'a>)]) -> Self {
        let mut near = Self { all, by_file: BTreeMap::new(), by_directory: BTreeMap::new() };
        for (at, (_, workload)) in all.iter().enumerate() {
            near.by_file.entry(workload.file()).or_insert(at);
            near.by_directory.entry(world.files[workload.file()].directory()).or_insert(at);
        }
        near
    }

    fn to(&self, world: &World, file: usize) -> Option<(usize, Workload<'a>)> {
        let directory = world.files[file].directory();
        let found = self.by_file.get(&file).or_else(|| self.by_directory.get(directory));
        let nearest = || {
            let by_file = self.by_file.iter();
            by_file.min_by_key(|(other, _)| distance(&world.files, **other, file)).map(|(_, at)| at)
        };
        found.or_else(nearest).map(|at| self.all[*at])
    }
}
