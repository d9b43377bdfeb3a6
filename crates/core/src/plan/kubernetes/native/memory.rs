//! Memory of JobManager and TaskManagers. The client only needs the JobManager's; it calculates both, so that a
//! TaskManager that cannot start is known beforehand.

use super::draft::Draft;
use crate::flink::memory::{self, Input, LegacyHeap, LegacyTarget};
use crate::units::MemorySize;

/// The JobManager's process memory in whole MiB (`JobManagerProcessSpec.getTotalProcessMemorySize`), or `None`
/// after a problem.
pub(super) fn plan(draft: &mut Draft<'_>) -> Option<u64> {
    let client = draft.client;
    let legacy = LegacyHeap {
        job_manager: client.environment.get("FLINK_JM_HEAP").map(String::as_str),
        task_manager: client.environment.get("FLINK_TM_HEAP").map(String::as_str),
        target: LegacyTarget::Kubernetes,
    };
    let input = Input {
        configuration: &draft.settings.configuration,
        version: draft.settings.version,
        legacy,
    };
    let job_manager = memory::job_manager(&input);
    let task_manager = memory::task_manager(&input);
    let mut bytes = None;
    match job_manager {
        Ok(memory) => bytes = Some(memory.process()),
        Err(problem) => draft.settings.problem(problem),
    }
    match task_manager {
        Ok(_) => {}
        Err(problem) => draft.settings.problem(problem),
    }
    Some(bytes? / MemorySize::MIB)
}
