//! The JobManager's memory.

use super::overhead::{self, ProcessKeys, Route};
use super::read::{self, Key, RangeKeys, show, sum};
use super::{JvmMemory, LegacyTarget, MemoryInput, legacy};
use crate::Configuration;
use crate::Problem;

const HEAP: &Key = &["jobmanager.memory.heap.size"];
const OFF_HEAP: &Key = &["jobmanager.memory.off-heap.size"];
const DIRECT_LIMIT: &Key = &["jobmanager.memory.enable-jvm-direct-memory-limit"];

const KEYS: ProcessKeys = ProcessKeys {
    name: "JobManager",
    fine_grained: &[HEAP],
    flink: &["jobmanager.memory.flink.size"],
    process: &["jobmanager.memory.process.size"],
    metaspace: &["jobmanager.memory.jvm-metaspace.size"],
    overhead: RangeKeys {
        fraction: &["jobmanager.memory.jvm-overhead.fraction"],
        default: 0.1,
        min: (&["jobmanager.memory.jvm-overhead.min"], 192 << 20),
        max: (&["jobmanager.memory.jvm-overhead.max"], 1 << 30),
    },
};

/// Default of `jobmanager.memory.off-heap.size`.
const DEFAULT_OFF_HEAP: u64 = 128 << 20;

/// Where the JobManager's memory goes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobManagerMemory {
    /// JVM heap.
    pub heap: u64,
    /// Direct and native memory of Flink and its libraries.
    pub off_heap: u64,
    /// Metaspace and overhead.
    pub jvm: JvmMemory,
    /// Whether `-XX:MaxDirectMemorySize` bounds the off-heap part.
    pub limits_direct: bool,
}

/// Whether no option says how large the JobManager shall be, legacy ones included.
pub fn needs_size(input: &MemoryInput<'_>) -> bool {
    !overhead::has_size(input, &KEYS, [&["jobmanager.heap.size"], &["jobmanager.heap.mb"]])
}

/// Calculates the JobManager's memory.
///
/// # Errors
/// Where Flink's calculator fails: no size is set, a value is not a size, or the parts do not fit.
pub fn job_manager(input: &MemoryInput<'_>) -> Result<JobManagerMemory, Problem> {
    let target = match input.legacy.target {
        LegacyTarget::Scripts => HEAP[0],
        LegacyTarget::Kubernetes => KEYS.process[0],
    };
    let configuration = &legacy::resolve(
        input,
        ("FLINK_JM_HEAP", input.legacy.job_manager),
        &["jobmanager.heap.size"],
        &["jobmanager.heap.mb"],
        target,
    )?;
    let (heap, off_heap, jvm) = match overhead::route(configuration, &KEYS)? {
        Route::FineGrained => {
            let (heap, off_heap) = fine_grained(configuration)?;
            (heap, off_heap, overhead::beside(configuration, &KEYS, sum(&[heap, off_heap])?)?)
        }
        Route::Flink(flink) => {
            let (heap, off_heap) = split(configuration, flink)?;
            (heap, off_heap, overhead::beside(configuration, &KEYS, flink)?)
        }
        Route::Process(flink, jvm) => {
            let (heap, off_heap) = split(configuration, flink)?;
            (heap, off_heap, jvm)
        }
    };
    sum(&[heap, off_heap, jvm.metaspace, jvm.overhead])?;
    let limits_direct = read::boolean(configuration, DIRECT_LIMIT, false)?;
    Ok(JobManagerMemory { heap, off_heap, jvm, limits_direct })
}

fn fine_grained(configuration: &Configuration) -> Result<(u64, u64), Problem> {
    let heap = read::size(configuration, HEAP, 0)?;
    let off_heap = read::size(configuration, OFF_HEAP, DEFAULT_OFF_HEAP)?;
    if !read::is_set(configuration, KEYS.flink) {
        return Ok((heap, off_heap));
    }
    let flink = read::size(configuration, KEYS.flink, 0)?;
    let hint = format!("set only one of `{}` and `{}`", HEAP[0], KEYS.flink[0]);
    if read::is_set(configuration, OFF_HEAP) {
        if sum(&[heap, off_heap])? != flink {
            let message = format!(
                "heap {} and off-heap {} do not add up to the total Flink memory {}",
                show(heap),
                show(off_heap),
                show(flink)
            );
            return Err(Problem::new(HEAP[0], message).hint(hint));
        }
        return Ok((heap, off_heap));
    }
    let off_heap = flink.checked_sub(heap).ok_or_else(|| {
        let message = format!("{} is more than the total Flink memory {}", show(heap), show(flink));
        Problem::new(HEAP[0], message).hint(hint)
    })?;
    Ok((heap, off_heap))
}

fn split(configuration: &Configuration, flink: u64) -> Result<(u64, u64), Problem> {
    let off_heap = read::size(configuration, OFF_HEAP, DEFAULT_OFF_HEAP)?;
    if flink <= off_heap {
        let message = format!(
            "the off-heap memory {} leaves no heap: Flink has {} in all",
            show(off_heap),
            show(flink)
        );
        return Err(Problem::new(OFF_HEAP[0], message)
            .hint(format!("raise `{}` or lower `{}`", KEYS.process[0], OFF_HEAP[0])));
    }
    Ok((flink - off_heap, off_heap))
}

impl JobManagerMemory {
    /// Total Flink memory, bytes.
    pub fn flink(&self) -> u64 {
        self.heap + self.off_heap
    }

    /// Total process memory, bytes: what the container must allow.
    pub fn process(&self) -> u64 {
        self.flink() + self.jvm.metaspace + self.jvm.overhead
    }

    /// The JVM flags, as Flink's calculator prints them.
    pub fn jvm_args(&self) -> Vec<String> {
        let mut args = vec![format!("-Xmx{}", self.heap), format!("-Xms{}", self.heap)];
        if self.limits_direct {
            args.push(format!("-XX:MaxDirectMemorySize={}", self.off_heap));
        }
        args.push(format!("-XX:MaxMetaspaceSize={}", self.jvm.metaspace));
        args
    }

    /// The options that pin the result for the process itself, as Flink's calculator prints them.
    pub fn dynamic_options(&self) -> Vec<(String, String)> {
        [
            ("heap.size", self.heap),
            ("off-heap.size", self.off_heap),
            ("jvm-metaspace.size", self.jvm.metaspace),
            ("jvm-overhead.min", self.jvm.overhead),
            ("jvm-overhead.max", self.jvm.overhead),
        ]
        .map(|(key, bytes)| (format!("jobmanager.memory.{key}"), format!("{bytes}b")))
        .into()
    }
}
