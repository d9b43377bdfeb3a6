//! Lines of several logs as one: in order of time, and only those that are wanted.
//!
//! An entry is a line with all that belongs to it: an exception, its causes and stacks. Nothing here takes entries apart.

mod filter;
mod level;
mod merge;

pub use filter::{LogFilter, LogSieve};
pub use level::LogLevel;
pub use merge::LogMerge;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The process that wrote it, as `status` names it.
    pub process: String,
    /// Which of its logs that is in, if it has several: entries of two logs do not mix.
    pub log: String,
    /// Without its end.
    pub text: String,
    /// When it was written, in milliseconds since 1970; of a line without a time, when the one before it was. `None`: nobody says it.
    pub at: Option<i64>,
    /// Whether it begins an entry, rather than continuing the one before it.
    pub begins: bool,
}
