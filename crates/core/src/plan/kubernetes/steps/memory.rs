//! Memory of JobManager and TaskManagers. The client only needs the JobManager's; it calculates both, so that a
//! TaskManager that cannot start is known beforehand.

use super::draft::Draft;
use nutkin_flink::memory::{self, LegacyHeap, LegacyTarget, MemoryInput};
use nutkin_flink::units::MemorySize;

/// Process memory of both roles, in whole MiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::plan::kubernetes) struct Sizes {
    pub(in crate::plan::kubernetes) job_manager: u64,
    pub(in crate::plan::kubernetes) task_manager: u64,
}

/// The JobManager's process memory in whole MiB (`JobManagerProcessSpec.getTotalProcessMemorySize`), or `None`
/// after a problem.
pub(in crate::plan::kubernetes) fn plan(draft: &mut Draft<'_>) -> Option<u64> {
    let client = draft.client;
    let legacy = LegacyHeap {
        job_manager: client.environment.get("FLINK_JM_HEAP").map(String::as_str),
        task_manager: client.environment.get("FLINK_TM_HEAP").map(String::as_str),
        target: LegacyTarget::Kubernetes,
    };
    sizes(draft, legacy, |bytes| bytes / MemorySize::MIB).map(|sizes| sizes.job_manager)
}

/// As [`plan`], of both roles whose processes Flink's scripts start in the pods: an old heap size is there what the
/// scripts make of it, and the variables of this machine are not theirs.
pub(in crate::plan::kubernetes) fn of_scripts(draft: &mut Draft<'_>) -> Option<Sizes> {
    // A limit below what the process takes would kill it.
    sizes(draft, LegacyHeap::default(), |bytes| bytes.div_ceil(MemorySize::MIB))
}

fn sizes(
    draft: &mut Draft<'_>,
    legacy: LegacyHeap<'_>,
    whole: impl Fn(u64) -> u64,
) -> Option<Sizes> {
    let input = MemoryInput {
        configuration: &draft.settings.configuration,
        version: draft.settings.version,
        legacy,
    };
    let job_manager = memory::job_manager(&input);
    let task_manager = memory::task_manager(&input);
    let mut mebibytes = |process: Result<u64, nutkin_flink::Problem>| match process {
        Ok(bytes) => Some(whole(bytes)),
        Err(problem) => {
            draft.settings.problem(problem);
            None
        }
    };
    let job_manager = mebibytes(job_manager.map(|memory| memory.process()));
    let task_manager = mebibytes(task_manager.map(|memory| memory.process()));
    Some(Sizes { job_manager: job_manager?, task_manager: task_manager? })
}
