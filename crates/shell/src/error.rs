//! How something fails: of which kind, for which reason, with which causes, and what to do next.

use std::fmt;

use nutkin_core::Remedy;
use nutkin_flink::Problem;

/// What a failure means to whoever called: whether to ask the user, to try again, or to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The input is wrong; nothing was touched, and trying again without changing it is of no use.
    Invalid,
    /// There is no such session or job.
    NotFound,
    /// Whoever asks is not allowed to.
    Denied,
    /// Somebody else changed it in between, or owns it: look again, and decide again.
    Conflict,
    /// It is not to be had at the moment; the same call may succeed later.
    Retry,
    /// The time is over; what was begun goes on.
    TimedOut,
    /// It would do harm that nobody has agreed to.
    Unconfirmed,
    /// A job has ended otherwise than it should.
    JobFailed,
    /// The user pressed Ctrl-C.
    Interrupted,
    /// Something is broken, and nobody knows better.
    Broken,
}

impl Kind {
    /// The reason that goes without saying.
    const fn reason(self) -> &'static str {
        match self {
            Self::Invalid => "Invalid",
            Self::NotFound => "NotFound",
            Self::Denied => "Denied",
            Self::Conflict => "Conflict",
            Self::Retry => "Unavailable",
            Self::TimedOut => "TimedOut",
            Self::Unconfirmed => "ConsentNeeded",
            Self::JobFailed => "JobFailed",
            Self::Interrupted => "Interrupted",
            Self::Broken => "Failed",
        }
    }
}

/// A failure. `?` on any error makes one of kind [`Kind::Broken`].
#[derive(Debug)]
pub struct Error {
    /// What it means to the caller.
    pub kind: Kind,
    /// One CamelCase word that programs may rely on, as a Kubernetes Condition has it.
    pub reason: &'static str,
    /// What went wrong, with its causes.
    pub error: anyhow::Error,
    /// All that is wrong with the input, when it is the input.
    pub problems: Vec<Problem>,
    /// What to do next: what exists now, which command goes on.
    pub hints: Vec<Remedy>,
}

impl Error {
    /// A failure of a kind.
    pub fn new(
        kind: Kind,
        message: impl fmt::Display + fmt::Debug + Send + Sync + 'static,
    ) -> Self {
        Self::of(kind, anyhow::Error::msg(message))
    }

    /// A failure of a kind, by an error that has causes of its own.
    pub fn of(kind: Kind, error: impl Into<anyhow::Error>) -> Self {
        Self {
            kind,
            reason: kind.reason(),
            error: error.into(),
            problems: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Bad input, with all problems.
    pub fn input(problems: Vec<Problem>) -> Self {
        let message = match problems.len() {
            1 => "the input has a problem; nothing was changed".to_owned(),
            n => format!("the input has {n} problems; nothing was changed"),
        };
        Self { problems, ..Self::new(Kind::Invalid, message) }
    }

    /// Another command changed this session to something else.
    pub fn changed_meanwhile(session: &str) -> Self {
        let message = format!("another command changed session `{session}` in the meantime");
        Self::new(Kind::Conflict, message)
            .because("ChangedMeanwhile")
            .hint("run the same command again: it starts from what is there now")
    }

    /// The same failure for a reason that programs may tell from others of its kind.
    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Remedy>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl<E: Into<anyhow::Error>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::of(Kind::Broken, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_a_kind_a_reason_and_its_causes() {
        let source = std::io::Error::other("no");
        let error = Error::from(anyhow::Error::new(source).context("cannot read"));
        assert_eq!((error.kind, error.reason), (Kind::Broken, "Failed"));
        assert_eq!(format!("{:#}", error.error), "cannot read: no");
        let error = Error::new(Kind::Conflict, "it is taken").because("OwnedBySomebodyElse");
        assert_eq!(error.reason, "OwnedBySomebodyElse");
    }
}
