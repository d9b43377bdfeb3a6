//! CPU and memory of the main container (`KubernetesUtils.getResourceRequirements`).

use serde_json::{Map, Value};

use super::draft::{Draft, Role};
use super::json::object;
use crate::session::Mode;
use nutkin_flink::values;
use nutkin_flink::{Origin, Problem};

/// What the role asks for, over what a template asks for: CPU and memory are replaced, everything else
/// stays. Limits are requests times a factor that is at least 1.
pub(in crate::plan::kubernetes) fn set(draft: &mut Draft<'_>, mebibytes: u64) {
    let cpu = cpu(draft);
    let cpu_factor = factor(draft, &draft.role.option("cpu.limit-factor"));
    let memory_factor = factor(draft, &draft.role.option("memory.limit-factor"));
    // `(int) (memory * factor)`, in mebibytes.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "Java's cast to int: cut towards zero, and memory is never negative"
    )]
    let memory_limit = (mebibytes as f64 * memory_factor) as u32;
    let memory_limit = memory_limit.min(i32::MAX.unsigned_abs());
    let storage = match draft.role {
        Role::JobManager => draft.session.job_manager.ephemeral_storage.clone(),
        Role::TaskManager => draft.session.task_manager.ephemeral_storage.clone(),
    };
    let resources = object(&mut draft.container, "resources");
    for (kind, cpu, memory) in
        [("limits", cpu * cpu_factor, u64::from(memory_limit)), ("requests", cpu, mebibytes)]
    {
        let amounts = object(resources, kind);
        as_texts(amounts);
        amounts.insert("cpu".to_owned(), Value::String(values::double_text(cpu)));
        amounts.insert("memory".to_owned(), Value::String(format!("{memory}Mi")));
        if let Some(storage) = &storage {
            amounts.insert("ephemeral-storage".to_owned(), Value::String(storage.clone()));
        }
    }
}

/// Amounts are texts on the wire, whether or not they were written as numbers.
fn as_texts(amounts: &mut Map<String, Value>) {
    for amount in amounts.values_mut() {
        if let Value::Number(number) = amount {
            *amount = Value::String(number.to_string());
        }
    }
}

/// CPUs asked for. Flink lets zero and less through; no pod would ever run with it.
fn cpu(draft: &mut Draft<'_>) -> f64 {
    let newer = draft.role.option("cpu.amount");
    let key = if draft.settings.has(&newer) { newer } else { draft.role.option("cpu") };
    if draft.role == Role::TaskManager && draft.settings.text(&key).is_none() {
        // As many as slots (`KubernetesWorkerResourceSpecFactory`).
        return draft.settings.double("taskmanager.numberOfTaskSlots").unwrap_or(1.0);
    }
    draft.settings.double(&key).unwrap_or(1.0)
}

fn factor(draft: &mut Draft<'_>, key: &str) -> f64 {
    let factor = if draft.settings.has(key) {
        draft.settings.double(key)
    } else {
        // A client of 1.13 knows no factors. Pods of standalone mode are ours in every release.
        let is_ours = draft.session.mode == Some(Mode::Standalone);
        let entry = draft.session.configuration.get(key).filter(|_| is_ours);
        let field = entry.filter(|entry| matches!(entry.origin, Origin::Field(_)));
        field.and_then(|entry| values::double(&entry.value.to_string()).ok())
    };
    let factor = factor.unwrap_or(1.0);
    if factor < 1.0 || factor.is_nan() {
        let message = "a limit must not be below the request";
        draft.settings.problem(Problem::new(key, message).hint("write 1 or more"));
    }
    factor
}
