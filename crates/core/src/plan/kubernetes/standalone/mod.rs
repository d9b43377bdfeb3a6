//! A session in standalone mode: JobManagers and TaskManagers are workloads of ours, with Deployments or
//! StatefulSets that keep them alive. Flink itself asks nothing of the API server but, with Kubernetes high
//! availability, for ConfigMaps.
//!
//! Names and labels are those of the Flink Kubernetes Operator's standalone mode (1.7, as recorded), so that what
//! looks for its objects finds ours. What is more than that is in `docs/standalone.md` with its reason.

mod claims;
mod effective;
pub(super) mod extras;
mod named;
mod objects;
mod pod;
mod probes;
mod services;
mod storage;
mod workload;

use serde_json::{Value, json};

use super::steps::client::ClientMachine;
use super::steps::draft::{Draft, Role};
use super::steps::{json::object, memory, names};
use super::{Objects, marks};
use crate::session::Session;
use nutkin_flink::Problem;
use workload::Workload;

/// Value of the label `type` (`StandaloneKubernetesUtils` of the operator).
const MADE_BY: &str = "flink-standalone-kubernetes";

/// Plans the objects of a session in standalone mode. The workload of the JobManagers comes first: it owns the
/// others, but for claims, which outlive the session.
///
/// # Errors
/// All that is wrong with options, templates and files, at once.
pub fn plan(session: &Session, client: &ClientMachine) -> Result<Objects, Vec<Problem>> {
    let mut settings = effective::effective(session, client);
    let workload = Workload::read(session, &mut settings);
    effective::address(session, workload, &mut settings);
    let namespace = settings.text_or_default(super::steps::effective::NAMESPACE);
    let draft = |role, settings| Draft {
        session,
        client,
        settings,
        cluster_id: &session.name,
        namespace: namespace.clone(),
        made_by: MADE_BY,
        role,
        pod: serde_json::Map::new(),
        container: serde_json::Map::new(),
        others: Vec::new(),
    };
    // The JobManager's options change on the way (where a keytab is mounted): TaskManagers begin from the same.
    let mut task_manager = draft(Role::TaskManager, settings.clone());
    let mut job_manager = draft(Role::JobManager, settings);
    names::check(&mut job_manager);
    super::steps::effective::warn_of_missing_storage(&mut job_manager.settings);
    let sizes = memory::of_scripts(&mut job_manager).unwrap_or_default();
    let claims = claims::read(&mut job_manager);
    pod::fill(&mut job_manager, workload, &claims, sizes);
    pod::fill(&mut task_manager, workload, &claims, sizes);
    storage::check(&mut job_manager, &task_manager, &claims);
    services::add(&mut job_manager, workload);
    claims::add(&mut job_manager, workload, &claims);
    extras::add(&mut job_manager, workload);

    // What both roles ask for is made once, by the JobManager's draft.
    for problem in std::mem::take(&mut task_manager.settings.problems) {
        job_manager.settings.problem(problem);
    }
    for warning in std::mem::take(&mut task_manager.settings.warnings) {
        if !job_manager.settings.warnings.contains(&warning) {
            job_manager.settings.warnings.push(warning);
        }
    }
    let others = job_manager.others.clone();
    let both = [Role::JobManager, Role::TaskManager];
    if workload == Workload::OneStatefulSet {
        pod::mark_configuration(&mut job_manager, &others, &both);
    } else {
        pod::mark_configuration(&mut job_manager, &others, &both[..1]);
        pod::mark_configuration(&mut task_manager, &others, &both[1..]);
    }
    let mut items = objects::of_both(&mut job_manager, &mut task_manager, workload, &claims);
    items.append(&mut job_manager.others);
    if !job_manager.settings.problems.is_empty() {
        return Err(job_manager.settings.problems);
    }
    let flink = job_manager.settings.version.to_string();
    for item in &mut items {
        item["metadata"]["namespace"] = json!(namespace);
        marks::mark(item, session, &flink);
    }
    Ok(Objects {
        cluster_id: session.name.clone(),
        namespace,
        items,
        warnings: job_manager.settings.warnings,
    })
}

/// Metadata of an object that belongs to the whole session.
fn metadata(draft: &Draft<'_>, name: &str) -> Value {
    json!({"name": name, "labels": draft.labels()})
}

/// Puts a value at a path of objects, where nothing is yet: a template of the user's wins.
fn default_to(parent: &mut serde_json::Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [key] => drop(parent.entry(*key).or_insert(value)),
        [key, rest @ ..] => default_to(object(parent, key), rest, value),
    }
}

#[cfg(test)]
mod tests;
