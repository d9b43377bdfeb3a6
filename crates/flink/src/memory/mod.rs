//! Flink's memory model: from options to JVM flags, byte for byte as Flink's own calculator does it.
//!
//! Sources: `JobManagerProcessUtils`, `TaskExecutorProcessUtils` and `ProcessMemoryUtils` of flink-runtime
//! (FLIP-49, FLIP-116), as observed by running them in 1.13.6, 1.17.2, 1.20.5 and 2.3.0.

mod job_manager;
mod legacy;
mod overhead;
mod read;
mod resources;
mod task_manager;

pub use job_manager::{JobManagerMemory, job_manager, needs_size as job_manager_needs_size};
pub use legacy::{LegacyHeap, LegacyTarget};
pub use task_manager::{TaskManagerMemory, needs_size as task_manager_needs_size, task_manager};

use super::{Configuration, FlinkVersion};

/// What the calculation starts from.
#[derive(Debug, Clone, Copy)]
pub struct MemoryInput<'a> {
    /// All options, old spellings included.
    pub configuration: &'a Configuration,
    /// The release, because defaults and legacy options differ.
    pub version: FlinkVersion,
    /// Legacy heap sizes of the environment and what they stand for.
    pub legacy: LegacyHeap<'a>,
}

/// What a JVM needs beside the memory that Flink manages; the same for both processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JvmMemory {
    /// Metaspace, bytes.
    pub metaspace: u64,
    /// Overhead (threads, code cache, garbage collector), bytes.
    pub overhead: u64,
}
