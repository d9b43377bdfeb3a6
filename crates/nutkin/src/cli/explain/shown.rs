//! Memory as it is shown: a process, its parts, and what bounds them.

/// One process, ready to be shown.
pub(super) struct Shown {
    pub(super) component: &'static str,
    pub(super) jvm_args: Vec<String>,
    pub(super) dynamic: Vec<(String, String)>,
    pub(super) parts: Vec<Part>,
    /// All parts together, bytes.
    pub(super) process: u64,
    /// Slots that share the process; 0 for a JobManager.
    pub(super) slots: u64,
}

/// One part of a process.
pub(super) struct Part {
    pub(super) name: &'static str,
    /// Its field in a document.
    pub(super) field: &'static str,
    pub(super) bytes: u64,
    pub(super) bound: Bound,
    /// Whether the slots share it out among themselves.
    pub(super) is_shared_out: bool,
}

/// What keeps a part within its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// `-Xmx`.
    Heap,
    /// `-XX:MaxDirectMemorySize`.
    Direct,
    /// `-XX:MaxMetaspaceSize`.
    Metaspace,
    /// Flink's own book-keeping; the JVM knows nothing of it.
    Flink,
    /// Nothing.
    Nothing,
}
