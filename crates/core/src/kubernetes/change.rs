//! What bringing a session to what is wanted means: for each object, for its pods, for the jobs that run.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::resource::title;
use super::shape::{self, WorkloadLayout};
use super::{desired, diff, ownership, progress, rollout};
use crate::change::{Difference, Effect, is_recovered_in};
pub use crate::change::{Object as ObjectChange, ObjectAction};
use crate::plan::kubernetes::{config_map, marks};
use crate::words::{change as names, decision as words, refusal};
use nutkin_flink::is_highly_available;
use nutkin_flink::memory::{self, LegacyHeap, LegacyTarget, MemoryInput};
use nutkin_flink::units::MemorySize;
use nutkin_flink::{Configuration, FlinkVersion};

/// An object as it is and as it will be.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// What the API server has.
    pub old: Option<Value>,
    /// What it will have, by its own word; `None`: it will be deleted.
    pub new: Option<Value>,
    /// Whether it must be made again.
    pub replace: bool,
}

/// Whether an object must be made again although the API server would take the change: a Service keeps its address, or
/// that it has none, whatever is asked of it.
pub fn must_replace(live: &Value, wanted: &Value) -> bool {
    let headless = |service: &Value| service["spec"]["clusterIP"] == "None";
    wanted["kind"] == "Service" && headless(live) != headless(wanted)
}

/// All of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesChange {
    /// Every object, in the order of the plan.
    pub objects: Vec<ObjectChange>,
    /// The JobManagers' pods are replaced.
    pub restarts_job_managers: bool,
    /// The TaskManagers' pods are replaced.
    pub restarts_task_managers: bool,
    /// What that does to jobs.
    pub effect: Effect,
    /// Why high availability does not bring lost jobs back, where there is one.
    pub not_recovered: Option<String>,
    /// Slots and memory before and after, where they differ.
    pub sizes: Vec<Difference>,
    /// How often a job fails over at most; 0 where nothing restarts or all jobs are lost.
    pub failovers: u64,
}

/// Makes up the change of all objects. The first pair is that of the JobManagers' workload. `version` is the release that
/// is wanted, `max_unavailable` how many TaskManagers may be missing.
pub fn of(pairs: &[Pair], version: FlinkVersion, max_unavailable: u64) -> KubernetesChange {
    of_session(pairs, version, max_unavailable, false)
}

/// The same of a session with TaskManagers of another content than its objects have, where `are_old`: a change was cut
/// off before it had ended them.
pub fn of_session(
    pairs: &[Pair],
    version: FlinkVersion,
    max_unavailable: u64,
    are_old: bool,
) -> KubernetesChange {
    let objects: Vec<ObjectChange> = pairs.iter().map(of_pair).collect();
    let template = |object: Option<&Value>| object.map(|object| object["spec"]["template"].clone());
    // A command that was cut off has left old pods and a hold: they end when that is taken away.
    let goes_on = |old: &Value| rollout::is_held(old) && progress::has_old_pods(old);
    let restarts_job_managers = pairs.first().is_some_and(|pair| {
        pair.old
            .as_ref()
            .is_some_and(|old| goes_on(old) || template(Some(old)) != template(pair.new.as_ref()))
    });
    let read_by_workers = |object: &ObjectChange| match object.title.split('/').next() {
        Some("Deployment" | "StatefulSet" | "Service") => false,
        _ if object.action == ObjectAction::Keep => false,
        // Of a configuration only options count; any other file is mounted into all pods.
        _ => {
            object.differences.is_empty()
                || object.differences.iter().any(|one| reads_as_worker(&one.what))
        }
    };
    let own_workload = |pair: &Pair| {
        pair.old.as_ref().filter(|old| desired::is_workload(old)).is_some_and(|old| {
            pair.replace || goes_on(old) || template(Some(old)) != template(pair.new.as_ref())
        })
    };
    let shape = pairs.first().and_then(|pair| pair.old.as_ref()).map(WorkloadLayout::of);
    let restarts_task_managers = are_old
        || match shape {
            Some(WorkloadLayout::United(_)) => restarts_job_managers,
            Some(WorkloadLayout::Standalone) => pairs.iter().skip(1).any(own_workload),
            _ => restarts_job_managers && objects.iter().any(read_by_workers),
        };
    let (old, new) = (options(pairs, |pair| &pair.old), options(pairs, |pair| &pair.new));
    let is_available = |options: &Configuration| is_highly_available(options);
    let mut is_available = is_available(&old) && is_available(&new);
    let before = pairs.first().and_then(|pair| pair.old.as_ref());
    let before = before.and_then(|workload| ownership::annotation(workload, marks::FLINK));
    let (before, after) = (before.unwrap_or_default(), version.to_string());
    let not_recovered = (is_available && !is_recovered_in(before, &after))
        .then(|| words::other_line(before, &after));
    is_available &= not_recovered.is_none();
    let effect = match (restarts_job_managers, is_available) {
        (false, _) if restarts_task_managers || pairs.iter().any(has_fewer_pods) => Effect::Restart,
        (false, _) => Effect::None,
        (true, true) => Effect::Restart,
        (true, false) => Effect::Loss,
    };
    let sizes = if objects.iter().all(|one| one.action == ObjectAction::Keep) {
        Vec::new()
    } else {
        // The scripts in pods of ours take an old heap size for another part than Flink's client does.
        let target = match shape {
            Some(WorkloadLayout::Standalone | WorkloadLayout::United(_)) => LegacyTarget::Scripts,
            _ => LegacyTarget::Kubernetes,
        };
        let mut sizes = sizes(&old, &new, version, target);
        let slots = |options: &Configuration, side: fn(&Pair) -> &Option<Value>| {
            let each: u64 = slots(options).parse().ok()?;
            Some((task_managers(pairs, side)?.saturating_mul(each)).to_string())
        };
        let (before, after) = (slots(&old, |pair| &pair.old), slots(&new, |pair| &pair.new));
        if before.is_some() && before != after {
            sizes.insert(0, Difference { what: names::SLOTS.to_owned(), old: before, new: after });
        }
        sizes
    };
    let failovers = match (effect, pairs.first().and_then(|pair| pair.old.as_ref())) {
        (Effect::Restart, Some(first)) if restarts_task_managers => {
            let task_managers = task_managers(pairs, |pair| &pair.old).unwrap_or(1);
            rollout::failovers(first, task_managers, max_unavailable)
        }
        (Effect::Restart, _) => 1,
        _ => 0,
    };
    KubernetesChange {
        objects,
        restarts_job_managers,
        restarts_task_managers,
        effect,
        not_recovered,
        sizes,
        failovers,
    }
}

/// Number of TaskManagers before or after the change; `None` where there are no workloads yet, or Flink decides.
fn task_managers(pairs: &[Pair], side: impl Fn(&Pair) -> &Option<Value>) -> Option<u64> {
    let mut workloads = pairs.iter().filter_map(|pair| side(pair).as_ref());
    let first = workloads.next()?;
    let second = workloads.find(|one| desired::is_workload(one));
    shape::task_managers(first, second)
}

/// Whether a workload is to be held while its pods are replaced ([`rollout`]): where jobs survive that, or where an
/// earlier command was cut off in the middle of it.
pub fn is_to_be_held(pair: &Pair, effect: Effect) -> bool {
    let (Some(old), Some(new), false) = (&pair.old, &pair.new, pair.replace) else { return false };
    let is_standalone = old["metadata"]["labels"]["type"] == "flink-standalone-kubernetes";
    let changes = old["spec"]["template"] != new["spec"]["template"];
    desired::is_workload(old)
        && is_standalone
        && (rollout::is_held(old) || (changes && effect == Effect::Restart))
}

/// Whether a workload is to have fewer pods than it has: jobs in those that end go on elsewhere.
fn has_fewer_pods(pair: &Pair) -> bool {
    match (&pair.old, &pair.new) {
        (Some(old), Some(new)) if desired::is_workload(old) => {
            shape::replicas(new) < shape::replicas(old)
        }
        _ => false,
    }
}

/// Why a session's own workload cannot become what is wanted: the fields by which Kubernetes tells whose pods are whose
/// never change. `None`: it can.
pub fn cannot_become(live: &Value, wanted: &Value) -> Option<&'static str> {
    let selector = |workload: &Value| workload["spec"]["selector"]["matchLabels"].clone();
    let made_by = |workload: &Value| selector(workload)["type"].clone();
    if made_by(live) != made_by(wanted) {
        return Some(refusal::OTHER_MODE);
    }
    (selector(live) != selector(wanted)).then_some(refusal::OTHER_WORKLOAD)
}

/// Whether TaskManagers are made from it.
fn reads_as_worker(what: &str) -> bool {
    !what.starts_with("metadata.") && desired::is_workers(what)
}

fn of_pair(pair: &Pair) -> ObjectChange {
    let object = |one: &Option<Value>| one.as_ref().map(title);
    let title = object(&pair.new).or_else(|| object(&pair.old)).unwrap_or_default();
    let (action, differences) = match (&pair.old, &pair.new) {
        (None, _) => (ObjectAction::Add, Vec::new()),
        (Some(_), None) => (ObjectAction::Remove, Vec::new()),
        (Some(old), Some(new)) => {
            let mut differences = diff::objects(old, new);
            if pair.replace {
                // The server has not filled in its defaults: what it will fill in is not a loss.
                differences.retain(|one| one.new.is_some());
            }
            let action = match (differences.is_empty(), pair.replace) {
                (true, _) => ObjectAction::Keep,
                (false, true) => ObjectAction::Replace,
                (false, false) => ObjectAction::Change,
            };
            (action, differences)
        }
    };
    ObjectChange { title, action, differences }
}

fn options(pairs: &[Pair], side: impl Fn(&Pair) -> &Option<Value>) -> Configuration {
    let is_configuration = |object: &&Value| {
        object["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("flink-config-"))
    };
    let map = pairs.iter().filter_map(|pair| side(pair).as_ref()).find(is_configuration);
    let options: BTreeMap<String, String> = map.map(config_map::options_of).unwrap_or_default();
    options.into_iter().collect()
}

/// Slots of each TaskManager.
fn slots(options: &Configuration) -> String {
    options.text("taskmanager.numberOfTaskSlots").unwrap_or_else(|| "1".to_owned())
}

/// Slots and memory of both configurations, where they differ.
fn sizes(
    old: &Configuration,
    new: &Configuration,
    version: FlinkVersion,
    target: LegacyTarget,
) -> Vec<Difference> {
    let memory = |options: &Configuration, job_manager: bool| {
        let legacy = LegacyHeap { target, ..LegacyHeap::default() };
        let input = MemoryInput { configuration: options, version, legacy };
        let bytes = if job_manager {
            memory::job_manager(&input).map(|memory| memory.process())
        } else {
            memory::task_manager(&input).map(|memory| memory.process())
        };
        bytes.ok().map(|bytes| format!("{} MiB", bytes / MemorySize::MIB))
    };
    let slots_of = |options: &Configuration| (!options.is_empty()).then(|| slots(options));
    [
        (names::SLOTS_OF_ONE, slots_of(old), slots_of(new)),
        (names::JOB_MANAGER_MEMORY, memory(old, true), memory(new, true)),
        (names::TASK_MANAGER_MEMORY, memory(old, false), memory(new, false)),
    ]
    .into_iter()
    .filter(|(_, old, new)| old != new)
    .map(|(what, old, new)| Difference { what: what.to_owned(), old, new })
    .collect()
}

impl KubernetesChange {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.objects.iter().all(|one| one.action == ObjectAction::Keep)
    }

    fn count(&self, actions: &[ObjectAction]) -> usize {
        self.objects.iter().filter(|one| actions.contains(&one.action)).count()
    }

    /// The change as lines: signs, fields, what restarts, sizes, and a total. `jobs` names those that run, if any.
    pub fn lines(&self, jobs: Option<&str>) -> Vec<String> {
        let mut lines = Vec::new();
        for one in self.objects.iter().filter(|one| one.action != ObjectAction::Keep) {
            lines.push(format!("{} {}", one.action.symbol(), one.title));
            lines.extend(one.differences.iter().map(|one| format!("    {}", one.line())));
        }
        if self.is_empty() {
            lines.push("no change".to_owned());
            return lines;
        }
        lines.extend(self.sizes.iter().map(Difference::line));
        if self.objects.iter().any(|one| one.action != ObjectAction::Add) {
            lines.push(words::restarts(
                self.restarts_job_managers,
                self.restarts_task_managers,
                false,
            ));
            lines.extend(jobs.map(|jobs| self.affected(jobs)));
        }
        lines.push(words::total([
            self.count(&[ObjectAction::Add, ObjectAction::Replace]),
            self.count(&[ObjectAction::Change]),
            self.count(&[ObjectAction::Remove, ObjectAction::Replace]),
        ]));
        lines
    }

    fn affected(&self, names: &str) -> String {
        match self.effect {
            Effect::None => words::untouched(names, None),
            Effect::Restart => words::fail_over(names, self.failovers),
            Effect::Loss => words::lost(names, self.not_recovered.as_deref()),
        }
    }

    /// The change as fields of a document.
    pub fn document(&self) -> Value {
        let difference = |object: &str, one: &Difference| json!({"object": object, "what": one.what, "old": one.old, "new": one.new});
        let differences: Vec<Value> = self
            .objects
            .iter()
            .flat_map(|object| object.differences.iter().map(|one| difference(&object.title, one)))
            .collect();
        let objects: Vec<Value> = self
            .objects
            .iter()
            .map(|one| json!({"name": one.title, "action": one.action.word()}))
            .collect();
        let size = |one: &Difference| json!({"what": one.what, "old": one.old, "new": one.new});
        json!({
            "changes": !self.is_empty(),
            "differences": differences,
            "objects": objects,
            "sizes": self.sizes.iter().map(size).collect::<Vec<_>>(),
            "total": {
                "add": self.count(&[ObjectAction::Add, ObjectAction::Replace]),
                "change": self.count(&[ObjectAction::Change]),
                "remove": self.count(&[ObjectAction::Remove, ObjectAction::Replace]),
            },
            "restarts": {
                "jobManagers": self.restarts_job_managers,
                "taskManagers": self.restarts_task_managers,
            },
            "jobsLost": self.effect == Effect::Loss,
            "failovers": self.failovers,
        })
    }
}

#[cfg(test)]
mod tests;
