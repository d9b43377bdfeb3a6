//! One row of the table: a code, the words by which it is recognised, and its place in the order of causes.

use nutkin_core::codes::Rule;

use crate::fact::{Fact, Level, Source};

/// How near something is to the beginning of a chain of causes. What is lower is never caused by what is higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// What is around the processes: images, nodes, quotas, volumes, permissions, configuration.
    Around,
    /// What happens inside a process before it ends.
    Inside,
    /// The end of a process, or that it does nothing.
    End,
    /// Processes that do not reach each other.
    Connection,
    /// Who is missing: TaskManagers, slots, an answer.
    Missing,
    /// Jobs.
    Job,
}

/// What something may be a consequence of, beside what happened to the same process or what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follows {
    /// Nothing else.
    Own,
    /// Whatever happened to a TaskManager, or to all processes.
    TaskManagers,
    /// Whatever happened to a JobManager, or to all processes.
    JobManagers,
    /// Whatever happened to any process.
    Processes,
    /// It is a cause of its own, whatever happened before.
    Nothing,
}

/// For how long words in a log count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// As long as the process lives that wrote them.
    Always,
    /// While processes are missing: it is what a start looks like for a moment.
    WhileMissing,
    /// While a job fails or waits, or processes are missing.
    WhileFailing,
    /// For a minute, and as long as something is missing: it is repeated while it is so.
    Lately,
}

/// Words by which something is recognised.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sign {
    /// All of these in one loud entry of a log, or in an exception of a job.
    Says(&'static [&'static str]),
    /// All of these in any entry of a log.
    Mentions(&'static [&'static str]),
    /// All of these in an event or condition of Kubernetes.
    Event(&'static [&'static str]),
}

impl Sign {
    fn is_in(self, fact: &Fact) -> bool {
        let (words, fits) = match self {
            Self::Says(words) => {
                let is_log = fact.source == Source::Log && fact.level == Level::Loud;
                (words, is_log || fact.source == Source::Job)
            }
            Self::Mentions(words) => {
                (words, fact.source == Source::Log || fact.source == Source::Job)
            }
            Self::Event(words) => (words, fact.source == Source::Event),
        };
        fits && words.iter().all(|word| fact.text.contains(word))
    }
}

/// One row.
#[derive(Debug)]
pub(crate) struct Symptom {
    /// Its code.
    pub(crate) rule: Rule,
    /// Its place in the order.
    pub(crate) layer: Layer,
    /// What it may be a consequence of.
    pub(crate) follows: Follows,
    /// For how long its words count.
    pub(crate) counts: Counts,
    /// How it is recognised, where not by a code that the reader of the evidence gives.
    pub(crate) signs: &'static [Sign],
}

impl Symptom {
    /// Whether it is about how processes reach each other and start, and not about jobs.
    fn is_of_processes(&self) -> bool {
        let is_configuration = ("NK2601"..="NK2604").contains(&self.rule.code);
        self.layer == Layer::Around && self.rule.code.starts_with("NK22") || is_configuration
    }

    /// Whether a fact is a case of it.
    pub(crate) fn is_seen_in(&self, fact: &Fact) -> bool {
        match fact.code {
            Some(code) => code == self.rule.code,
            // What a job says of hosts, ports and options is about its own.
            None if fact.source == Source::Job && self.is_of_processes() => false,
            None => self.signs.iter().any(|sign| sign.is_in(fact)),
        }
    }
}
