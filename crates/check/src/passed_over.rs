//! Files that are not looked at: why, and what makes files of them that can be.

use std::collections::BTreeSet;

use super::path::{here, is_above};
use super::source::{File, PassedOver};
use super::world::World;

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

/// All such files, those apart that a Compose file or a kustomization names, and what of kustomizations is not carried out.
pub(super) fn all(world: &World) -> Vec<Skipped> {
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
    let unknown = files.iter().enumerate();
    let unknown = unknown.filter(|(index, file)| file.kind.is_none() && !used.contains(index));
    let unknown =
        unknown.map(|(_, file)| Skipped { name: file.name.clone(), reason: reason(file) });
    let unread = world.applied.unread.iter().map(|(place, field)| {
        let file = &files[place.file];
        let reason = format!(
            "`{field}` is not carried out here; `kubectl kustomize {} > all.yaml` renders the result: check all.yaml",
            here(file.directory())
        );
        Skipped { name: format!("{}:{}", file.name, place.line), reason }
    });
    unknown.chain(unread).collect()
}

/// Directories of Helm charts.
fn charts(files: &[File]) -> BTreeSet<&str> {
    let is_chart = |file: &&File| matches!(file.name.rsplit('/').next(), Some("Chart.yaml"));
    files.iter().filter(is_chart).map(File::directory).collect()
}
