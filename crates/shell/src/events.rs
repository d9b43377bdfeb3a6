//! What a shell says while it works, and to whom: whoever drives it shows that, writes it down, or drops it.

use std::fmt;
use std::sync::Arc;

use nutkin_core::Remedy;
use nutkin_flink::Problem;

use crate::Environment;

/// Hears what a shell says. All of it is for people: programs read what the shell returns.
pub trait Events: fmt::Debug + Send + Sync {
    /// What is being done now.
    fn say(&self, line: &str);

    /// Something that works but should be known.
    fn warn(&self, line: &str);

    /// What to do about what was said before.
    fn hint(&self, remedy: &Remedy);

    /// Something long begins; without a total only what is done is known.
    fn progress(&self, label: String, total: Option<u64>) -> Box<dyn Progress>;

    /// A problem that keeps nothing from happening, with what to do about it.
    fn warn_problem(&self, problem: &Problem);
}

/// How far something is, in bytes. Cheap to call for every piece. Dropped, it is over.
pub trait Progress: fmt::Debug + Send {
    /// The total, once it is known.
    fn set_total(&mut self, total: u64);

    /// So much more is done.
    fn add(&mut self, bytes: u64);

    /// So much is done in all.
    fn set(&mut self, done: u64);
}

/// A way to say something that threads can share.
pub type Sink = Arc<dyn Events>;

/// Where a shell looks, and to whom it says what it does.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Hears what is done.
    pub events: &'a Sink,
    /// Variables and directories.
    pub environment: &'a Environment,
}

/// Hears everything and shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Silent {
    /// It, ready to be shared.
    pub fn sink() -> Sink {
        Arc::new(Self)
    }
}

impl Events for Silent {
    fn say(&self, _line: &str) {}

    fn warn(&self, _line: &str) {}

    fn hint(&self, _remedy: &Remedy) {}

    fn warn_problem(&self, _problem: &Problem) {}

    fn progress(&self, _label: String, _total: Option<u64>) -> Box<dyn Progress> {
        Box::new(Self)
    }
}

impl Progress for Silent {
    fn set_total(&mut self, _total: u64) {}

    fn add(&mut self, _bytes: u64) {}

    fn set(&mut self, _done: u64) {}
}

/// A size for people: `232 MB`, powers of 1000 as download pages count.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
