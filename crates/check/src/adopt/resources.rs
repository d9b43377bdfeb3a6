//! What the containers may use: the container's amounts and the sizes of the options as fields of a role.

use serde_json::{Map, Value, json};

use super::Maker;
use super::shape::Shape;
use crate::finding::Place;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::rules::memory;
use crate::system::System;
use nutkin_core::kubernetes::quantity;
use nutkin_flink::options;
use nutkin_flink::units::MemorySize;

/// A container that asks for nothing.
pub(super) const NONE: &str = "NK0505";

/// CPUs that a pod asks for where the files ask for none: little, so that pods which ran on a node still fit there. Flink's
/// own default (1, and the number of slots) would be five CPUs for a session of a JobManager and two TaskManagers.
const LITTLE: &str = "0.25";

/// The most that a pod of such files may use: what Flink's client asks for, which is 1 and the number of slots. Without any
/// limit the files let it use what the node has.
fn most(system: &System<'_>, role: &str) -> String {
    let slots = system.settings.value("taskmanager.numberOfTaskSlots");
    let slots = slots.filter(|slots| role == TASK_MANAGER && slots.parse::<u16>().is_ok());
    slots.unwrap_or_else(|| "1".to_owned())
}

/// Whether Flink's client of the release takes limits that are more than what pods ask for.
pub(super) fn has_factors(system: &System<'_>) -> bool {
    let version = system.release();
    options::find("kubernetes.jobmanager.cpu.limit-factor")
        .is_some_and(|info| info.at(version).is_some())
}

const JOB_MANAGER: &str = "jobManager";
const TASK_MANAGER: &str = "taskManager";

/// What the pods of the session file ask for instead.
pub(super) fn asked_for(system: &System<'_>) -> String {
    let [job_manager, task_manager] = [JOB_MANAGER, TASK_MANAGER].map(|role| most(system, role));
    format!(
        "memory is asked for as the options size the processes, and {LITTLE} cpu for each pod; a JobManager may use \
         {job_manager} cpu, a TaskManager {task_manager} (its slots): `resources` of a role says it otherwise"
    )
}

/// What is said where pods of the files may use any cpu that is free: a session file has no word for that. `None`: they all
/// have limits, or ask for nothing at all, which is said elsewhere. `as_is`: no limit is written, and Flink's client takes what
/// is asked for.
pub(super) fn unlimited(system: &System<'_>, as_is: bool) -> Option<String> {
    if system.is_of_compose() || Shape::of(system) == Shape::Native {
        return None;
    }
    let of = |role: &str| {
        let mut all = system.workloads.iter();
        all.find(|one| match role {
            JOB_MANAGER => one.role.is_job_manager(),
            _ => one.role.is_task_manager(),
        })
    };
    let mut said = Vec::new();
    for (role, title) in [(JOB_MANAGER, "a JobManager"), (TASK_MANAGER, "a TaskManager")] {
        let Some(workload) = of(role) else { continue };
        let cpu = |kind: &str| workload.container.at(&format!("resources/{kind}/cpu"));
        if let (true, None) = (asks(workload), cpu("limits")) {
            let asked = cpu("requests").and_then(Walk::text);
            let limit = more(&most(system, role), asked)
                .filter(|_| !as_is)
                .unwrap_or_else(|| asked.map_or_else(|| most(system, role), str::to_owned));
            said.push(format!("{title} {limit} cpu (`spec.{role}.resources.limits.cpu`)"));
        }
    }
    (!said.is_empty()).then(|| {
        format!(
            "the pods of the files have no limit of cpu, and those of a session always have one: {}",
            said.join(", ")
        )
    })
}

/// Whether a container asks for anything, or is limited in anything.
fn asks(workload: &Workload<'_>) -> bool {
    ["requests", "limits"].iter().any(|kind| {
        let amounts = workload.container.at(&format!("resources/{kind}"));
        amounts.is_some_and(|amounts| !amounts.entries().is_empty())
    })
}

/// The limit, where it is more than what is asked for.
fn more(limit: &str, asked: Option<&str>) -> Option<String> {
    let cpus = |text: &str| match text.strip_suffix('m') {
        Some(thousandths) => Some(thousandths.parse::<f64>().ok()? / 1000.0),
        None => text.parse::<f64>().ok(),
    };
    (cpus(asked?)? < cpus(limit)?).then(|| limit.to_owned())
}

/// The option that keeps a container's limit of memory above what Flink takes, where options size the parts of the process
/// instead of all of it: the amounts of a session file would be another size of the process.
pub(super) fn headroom(
    system: &System<'_>,
    workload: &Workload<'_>,
    role: &str,
) -> Option<(String, String, Place)> {
    let is_pod_of_ours = !system.is_of_compose() && Shape::of(system) != Shape::Native;
    if !is_pod_of_ours || !is_sized(system, role) || !has_factors(system) {
        return None;
    }
    let node = workload.container.at("resources/limits/memory")?;
    let limit = quantity::whole(node.text()?)? >> 20;
    let process = memory::process_size(system, workload)? >> 20;
    let key = format!("kubernetes.{}.memory.limit-factor", role.to_ascii_lowercase());
    if limit <= process || system.settings.get(&key).is_some() {
        return None;
    }
    // Flink cuts the product down to whole MiB: half a one more, so that the limit is met.
    #[allow(clippy::cast_precision_loss, reason = "MiB of memory are far below 2^52")]
    let factor = (limit as f64 + 0.5) / process as f64;
    Some((key, format!("{factor:.6}"), node.place(workload.file())))
}

/// Adds `resource` and `resources` to a role. `process` is the process size of the options.
pub(super) fn of(
    system: &System<'_>,
    workload: &Workload<'_>,
    role: &str,
    process: Option<String>,
    side: &mut Map<String, Value>,
    maker: &mut Maker<'_>,
) {
    let text = |path: &str| {
        let node = workload.container.at(&format!("resources/{path}"))?;
        Some((node.text()?.to_owned(), node.place(workload.file())))
    };
    let limit = text("limits/memory");
    let mut said = process.clone();
    if said.is_none() && !is_sized(system, role) {
        // The container's memory is the only size there is.
        if let Some((amount, place)) = limit.clone().or_else(|| text("requests/memory"))
            && let Some(bytes) = quantity::whole(&amount)
        {
            maker.put(place, "memory", format!("spec.{role}.resource.memory"));
            said = Some(format!("{}m", bytes >> 20));
        }
    }
    for path in ["requests/memory", "limits/memory"] {
        if let (Some((_, place)), Some(_)) = (text(path), &process) {
            maker.put(place, "memory", format!("spec.{role}.resource.memory counts"));
        }
    }
    if let Some(memory) = &said {
        side.insert("resource".to_owned(), json!({ "memory": memory }));
    }
    let mut amounts = Amounts { role, made: Map::new(), maker };
    let request = text("requests/cpu").or_else(|| text("limits/cpu"));
    let is_pod_of_ours = !system.is_of_compose() && Shape::of(system) != Shape::Native;
    if !asks(workload) && is_pod_of_ours && !amounts.maker.as_is {
        for (kind, cpu) in [("requests", LITTLE.to_owned()), ("limits", most(system, role))] {
            amounts.made.insert(kind.to_owned(), json!({ "cpu": cpu }));
        }
        amounts.done(side);
        return;
    }
    if let Some((cpu, place)) = request {
        amounts.put("requests", "cpu", &cpu, place);
    }
    // Pods of standalone mode are ours, whatever Flink's client knows.
    if !is_pod_of_ours && !has_factors(system) {
        amounts.done(side);
        return;
    }
    if let Some((cpu, place)) = text("limits/cpu").filter(|_| text("requests/cpu").is_some()) {
        amounts.put("limits", "cpu", &cpu, place);
    } else if text("limits/cpu").is_none() && is_pod_of_ours && !amounts.maker.as_is {
        // A session has a limit, and what is asked for may be little: not less than pods that ask for nothing get.
        amounts.limit(&most(system, role), text("requests/cpu").map(|(cpu, _)| cpu));
    }
    let process = process.and_then(|size| size.parse::<MemorySize>().ok()).map(MemorySize::bytes);
    if let (Some((amount, place)), Some(process)) = (limit, process)
        && quantity::whole(&amount) > Some(process)
    {
        // A limit alone would be the size of the process.
        amounts.put("requests", "memory", said.as_deref().unwrap_or_default(), place);
        amounts.put("limits", "memory", &amount, place);
    }
    amounts.done(side);
}

/// Whether options size the role in another way than by its process.
fn is_sized(system: &System<'_>, role: &str) -> bool {
    let parts = ["flink.size", "heap.size", "task.heap.size", "managed.size"];
    let prefix = role.to_ascii_lowercase();
    let old = ["heap.size", "heap.mb"];
    let is_old =
        || old.iter().any(|end| system.settings.exact(&format!("{prefix}.{end}")).is_some());
    is_old()
        || parts
            .iter()
            .any(|part| system.settings.get(&format!("{prefix}.memory.{part}")).is_some())
}

struct Amounts<'a, 'b> {
    role: &'a str,
    made: Map<String, Value>,
    maker: &'a mut Maker<'b>,
}

impl Amounts<'_, '_> {
    fn put(&mut self, kind: &str, amount: &str, text: &str, place: Place) {
        let to = format!("spec.{}.resources.{kind}.{amount}", self.role);
        self.maker.put(place, amount, to);
        let of_kind = self.made.entry(kind).or_insert_with(|| json!({}));
        of_kind[amount] = text.into();
    }

    /// A limit of cpu, where it is more than what is asked for.
    fn limit(&mut self, most: &str, asked: Option<String>) {
        if let Some(limit) = more(most, asked.as_deref()) {
            self.made.insert("limits".to_owned(), json!({ "cpu": limit }));
        }
    }

    fn done(self, side: &mut Map<String, Value>) {
        if !self.made.is_empty() {
            side.insert("resources".to_owned(), self.made.into());
        }
    }
}
