//! One thing that happened, with its time, whose it is, and the lines that prove it.

use nutkin_flink::process::Role;

/// Where a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// An entry of a log, or of what a process wrote to its output.
    Log,
    /// How a process or container has ended.
    End,
    /// An event of Kubernetes, or the condition of an object.
    Event,
    /// What the JobManager says of a job.
    Job,
    /// What follows from several of these together.
    Look,
}

impl Source {
    /// The word of `-o json`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::End => "end",
            Self::Event => "event",
            Self::Job => "job",
            Self::Look => "look",
        }
    }
}

/// How loud an entry of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// INFO and below.
    Quiet,
    /// WARN and above, and what the JVM writes without a level.
    Loud,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    /// When, in milliseconds since 1970, where that is known.
    pub(crate) at: Option<i64>,
    /// Where it comes from.
    pub(crate) source: Source,
    /// Whose it is: a process, a pod, a job, an object.
    pub(crate) of: String,
    /// What that is for, where it is a process.
    pub(crate) role: Option<Role>,
    /// How loud it is.
    pub(crate) level: Level,
    /// Whether it belongs to a life that has ended.
    pub(crate) previous: bool,
    /// The code, where the reader knows it already.
    pub(crate) code: Option<&'static str>,
    /// All its words, in which rules search.
    pub(crate) text: String,
    /// The lines that are shown.
    pub(crate) quote: Vec<String>,
    /// The last cause of an exception in it, without its class where it has a message.
    pub(crate) cause: Option<String>,
}
