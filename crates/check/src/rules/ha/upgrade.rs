//! Jobs of the operator that keep their state when they change, and the directories that this needs.
//!
//! Source: `validateJobSpec` of `DefaultValidator` (Flink Kubernetes Operator 1.15, the same in this from 1.0 on).

use super::NO_DIRECTORY;
use crate::finding::{Findings, Place};
use crate::kubernetes::Object;
use crate::node::{Walk, key_place};
use crate::settings::{self, Settings};
use crate::system::World;
use nutkin_flink::FlinkVersion;
use nutkin_flink::yaml::Node;

/// A directory: its option from Flink 1.20 on, and before (`CheckpointingOptions`).
struct Directory {
    key: &'static str,
    old: &'static str,
}

const CHECKPOINTS: Directory =
    Directory { key: "execution.checkpointing.dir", old: "state.checkpoints.dir" };

const SAVEPOINTS: Directory =
    Directory { key: "execution.checkpointing.savepoint-dir", old: "state.savepoints.dir" };

/// The option that has the operator take savepoints from time to time.
const PERIODIC: &str = "kubernetes.operator.periodic.savepoint.interval";

/// `is_ours`: the user calls the file a session file of Nutkin's, which sets the directories itself where it can.
pub(in crate::rules) fn check(
    world: &World,
    is_ours: impl Fn(&Object) -> bool,
    out: &mut Findings<'_>,
) {
    let kinds = ["FlinkDeployment", "FlinkSessionJob"];
    let all = kinds.into_iter().flat_map(|kind| world.of_kind(kind));
    for object in all.filter(|object| object.is_of_operator(&object.kind) && !is_ours(object)) {
        one(world, object, out);
    }
}

fn one(world: &World, object: &Object, out: &mut Findings<'_>) {
    let Some(job) = object.node.at("spec/job") else { return };
    let session = match object.node.at("spec/deploymentName").and_then(Walk::text) {
        Some(name) => world.named("FlinkDeployment", name, object),
        None => Some(object).filter(|object| object.kind == "FlinkDeployment"),
    };
    // Of a session that is somewhere else nothing is known.
    let Some(session) = session else { return };
    let mut settings = Settings::default();
    for one in [session, object] {
        if let Some(options) = one.node.at("spec/flinkConfiguration") {
            settings::session(one.file, options, &mut settings);
        }
    }
    // On this machine and on Docker Nutkin sets both directories.
    if settings.value("nutkin.platform").is_some_and(|platform| platform != "kubernetes") {
        return;
    }
    let version = session.node.at("spec/flinkVersion").and_then(Walk::text);
    let version: FlinkVersion =
        version.and_then(|text| text.parse().ok()).unwrap_or(FlinkVersion::DEFAULT);
    for (place, what, directory) in needs(object, job, &settings) {
        if settings.value(directory.key).is_some_and(|text| !text.trim().is_empty()) {
            continue;
        }
        let key = if version.is_at_least(1, 20) { directory.key } else { directory.old };
        out.add(&NO_DIRECTORY, place, format!("{what}, and `{key}` is not set"));
    }
}

/// The directories that a job needs: where that is said, and how.
fn needs(object: &Object, job: &Node, settings: &Settings) -> Vec<(Place, String, Directory)> {
    let mut needs = Vec::new();
    if let Some((key, mode)) = job.entry("upgradeMode") {
        let (place, mode) = (key_place(key, object.file), mode.text().unwrap_or_default());
        let what = || format!("`upgradeMode` is `{mode}`");
        if matches!(mode, "savepoint" | "last-state") {
            needs.push((place, what(), CHECKPOINTS));
        }
        if mode == "savepoint" {
            needs.push((place, what(), SAVEPOINTS));
        }
    }
    if let Some((key, nonce)) = job.entry("savepointTriggerNonce")
        && nonce.text().is_some()
    {
        let place = key_place(key, object.file);
        needs.push((place, "a savepoint is asked for".to_owned(), SAVEPOINTS));
    }
    if let Some(periodic) = settings.get(PERIODIC) {
        needs.push((periodic.place, format!("`{PERIODIC}` is set"), SAVEPOINTS));
    }
    needs
}
