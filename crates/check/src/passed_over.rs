//! Files that are not looked at: why, and what makes files of them that can be.

use std::collections::{BTreeMap, BTreeSet};

use super::kubernetes::{Object, Workload, is_flink_image};
use super::node::Walk;
use super::path::{here, is_above};
use super::source::{File, PassedOver};
use super::world::World;
use nutkin_flink::words::shell_word;

/// A file that is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The file as the user named it.
    pub name: String,
    /// Why, and what to do where something can be done; lower case, without a full stop.
    pub reason: String,
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// All such files.
pub(super) fn of(world: &World) -> Vec<Skipped> {
    with_remedies(world).into_iter().map(|(skipped, _)| skipped).collect()
}

/// The first of them of which a session could be made: its reason tells how.
pub(super) fn remedy(world: &World) -> Option<Skipped> {
    with_remedies(world).into_iter().find(|(_, tells)| *tells).map(|(skipped, _)| skipped)
}

/// All of them, and whether the reason tells what makes files of them that describe a session.
fn with_remedies(world: &World) -> Vec<(Skipped, bool)> {
    let mut found = all(world);
    found.extend(world.overlays.iter().map(|(file, below)| {
        let name = &world.files[*file].name;
        (Skipped { name: name.clone(), reason: overlay(name, below) }, false)
    }));
    found.extend(world.of_format_one.iter().map(|file| {
        let name = world.files[*file].name.clone();
        let reason = "a Compose file of format 1, which Docker Compose 2 does not read; put what it has below `services:`";
        (Skipped { name, reason: reason.to_owned() }, true)
    }));
    found.extend(unclear(world).into_iter().map(|skipped| (skipped, true)));
    found.sort();
    found
}

/// Compose files with images of Flink of which nothing says what they run.
fn unclear(world: &World) -> Vec<Skipped> {
    let project = |object: &Object| object.compose.as_ref().map(|service| service.project.clone());
    let runs = world.objects.iter().filter(|object| Workload::of(object).is_some());
    let known: BTreeSet<String> = runs.filter_map(project).collect();
    let mut found: BTreeMap<String, &str> = BTreeMap::new();
    for object in &world.objects {
        let Some(project) = project(object).filter(|project| !known.contains(project)) else {
            continue;
        };
        if Workload::unknown(object).is_some_and(|workload| is_of_flink(&workload)) {
            found.entry(project).or_insert(&object.name);
        }
    }
    let skipped = |(name, service): (String, &str)| Skipped {
        name,
        reason: format!(
            "nothing says whether service {service} runs a JobManager or a TaskManager; give it the words of Flink's entrypoint, \
             `command: jobmanager` or `command: taskmanager`"
        ),
    };
    found.into_iter().map(skipped).collect()
}

fn is_of_flink(workload: &Workload<'_>) -> bool {
    workload.image().and_then(Walk::text).is_some_and(is_flink_image)
}

/// Why a file on top of another Compose file is not looked at.
fn overlay(name: &str, below: &str) -> String {
    let (name, below) = (shell_word(name), shell_word(below));
    format!(
        "Compose reads it on top of {below} only when it is told to; `docker compose -f {below} -f {name} config > all.yaml` puts them \
         together: check all.yaml"
    )
}

/// Those apart that a Compose file or a kustomization names, and what of kustomizations is not carried out.
fn all(world: &World) -> Vec<(Skipped, bool)> {
    let (files, used) = (&world.files, &world.used);
    let charts = charts(files);
    let reason = |file: &File| match &file.passed_over {
        PassedOver::Unknown => "nobody here knows such files".to_owned(),
        PassedOver::Patch(directory) => format!(
            "a kustomization applies it; `kubectl kustomize {directory} > all.yaml` renders the result: check all.yaml"
        ),
        PassedOver::Template => {
            let chart = charts.iter().filter(|chart| is_above(chart, file.directory()));
            match chart.max_by_key(|chart| chart.len()) {
                Some(chart) => format!(
                    "a template of a Helm chart; `helm template {} > all.yaml` renders it: check all.yaml",
                    here(chart)
                ),
                None => "a template, which is not YAML until something fills it in; render it, and check the result".to_owned(),
            }
        }
    };
    let unknown = world.own_files();
    let unknown = unknown.filter(|(index, file)| file.kind.is_none() && !used.contains(index));
    let unknown = unknown.map(|(_, file)| {
        let tells = !matches!(file.passed_over, PassedOver::Unknown);
        (Skipped { name: file.name.clone(), reason: reason(file) }, tells)
    });
    let unread = world.applied.unread.iter().map(|(place, field)| {
        let file = &files[place.file];
        let reason = format!(
            "`{field}` is not carried out here; `kubectl kustomize {} > all.yaml` renders the result: check all.yaml",
            here(file.directory())
        );
        (Skipped { name: format!("{}:{}", file.name, place.line), reason }, true)
    });
    unknown.chain(unread).collect()
}

/// Directories of Helm charts.
fn charts(files: &[File]) -> BTreeSet<&str> {
    let is_chart = |file: &&File| matches!(file.name.rsplit('/').next(), Some("Chart.yaml"));
    files.iter().filter(is_chart).map(File::directory).collect()
}
