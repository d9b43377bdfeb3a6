//! The heap options of Flink before 1.10, which 1.x still reads.

use super::MemoryInput;
use super::read::{self, Key};
use crate::Problem;
use crate::{Configuration, Origin};

/// Legacy heap sizes of the environment and what they stand for.
#[derive(Debug, Clone, Copy, Default)]
pub struct LegacyHeap<'a> {
    /// `FLINK_JM_HEAP`.
    pub job_manager: Option<&'a str>,
    /// `FLINK_TM_HEAP`.
    pub task_manager: Option<&'a str>,
    /// Which new option a legacy one means.
    pub target: LegacyTarget,
}

/// Flink's start scripts and its Kubernetes client give the same old option different meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LegacyTarget {
    /// JobManager: heap size; TaskManager: total Flink memory.
    #[default]
    Scripts,
    /// Both: total process memory.
    Kubernetes,
}

/// The configuration with a legacy heap size moved to `target`, where Flink would do so: 1.x only, and
/// only when `target` itself is not set. The environment wins over `size`, which wins over `megabytes`.
pub(super) fn resolve(
    input: &MemoryInput<'_>,
    environment: (&'static str, Option<&str>),
    size: &'static Key,
    megabytes: &'static Key,
    target: &'static str,
) -> Result<Configuration, Problem> {
    let mut configuration = input.configuration.clone();
    if !input.version.line().legacy_memory || configuration.contains(target) {
        return Ok(configuration);
    }
    let (variable, text) = environment;
    let bytes = if let Some(text) = text {
        Some(read::parse_size(variable, text)?)
    } else if read::is_set(&configuration, size) {
        Some(read::size(&configuration, size, 0)?)
    } else if read::is_set(&configuration, megabytes) {
        let count = read::integer(&configuration, megabytes, 0)?;
        let count = u64::try_from(count).map_err(|_| {
            Problem::new(megabytes[0], format!("`{count}` MiB is less than nothing"))
        })?;
        Some(count << 20)
    } else {
        None
    };
    if let Some(bytes) = bytes {
        let reason = "a legacy heap size stands for this option";
        configuration.set(target, format!("{bytes}b"), Origin::Derived(reason));
    }
    Ok(configuration)
}
