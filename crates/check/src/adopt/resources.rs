//! What the containers may use: the container's amounts and the sizes of the options as fields of a role.

use serde_json::{Map, Value, json};

use super::Maker;
use crate::finding::Place;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::rules::memory;
use crate::system::System;
use nutkin_flink::units::MemorySize;
use nutkin_flink::{FlinkVersion, options};

/// A container that asks for nothing.
pub(super) const NONE: &str = "NK0505";

/// What the pods of the session file ask for instead: `kubernetes.jobmanager.cpu.amount` and `kubernetes.taskmanager.cpu.amount` by
/// default, which is 1 and the number of slots.
pub(super) fn asked_for(system: &System<'_>) -> String {
    let slots = system.settings.value("taskmanager.numberOfTaskSlots");
    let slots = slots.unwrap_or_else(|| "1".to_owned());
    format!(
        "memory is asked for as the options size the processes, and 1 cpu for each JobManager, {slots} for each TaskManager \
         (its slots); `resource.cpu` of a role asks for less"
    )
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
            && let Some(bytes) = memory::quantity(&amount)
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
    let version = system.version.unwrap_or(FlinkVersion::DEFAULT);
    let mut amounts = Amounts { role, made: Map::new(), maker };
    let request = text("requests/cpu").or_else(|| text("limits/cpu"));
    if let Some((cpu, place)) = request {
        amounts.put("requests", "cpu", &cpu, place);
    }
    let has_factors = options::find("kubernetes.jobmanager.cpu.limit-factor")
        .is_some_and(|info| info.at(version).is_some());
    if !has_factors {
        amounts.done(side);
        return;
    }
    if let Some((cpu, place)) = text("limits/cpu").filter(|_| text("requests/cpu").is_some()) {
        amounts.put("limits", "cpu", &cpu, place);
    }
    let process = process.and_then(|size| size.parse::<MemorySize>().ok()).map(MemorySize::bytes);
    if let (Some((amount, place)), Some(process)) = (limit, process)
        && memory::quantity(&amount) > Some(process)
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
    parts.iter().any(|part| system.settings.get(&format!("{prefix}.memory.{part}")).is_some())
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

    fn done(self, side: &mut Map<String, Value>) {
        if !self.made.is_empty() {
            side.insert("resources".to_owned(), self.made.into());
        }
    }
}
