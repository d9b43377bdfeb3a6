//! How a command fails: an exit code, an error with its causes, and what to do next.

use std::fmt;

use nutkin_core::Problem;

use crate::Exit;

/// What every command returns.
pub type Outcome = Result<Exit, Failure>;

/// A failed command. `?` on any error makes one with exit code 1.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong, with its causes.
    pub error: anyhow::Error,
    /// All that is wrong with the input, when it is the input.
    pub problems: Vec<Problem>,
    /// What to do next: what exists now, which command goes on.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure with its exit code.
    pub fn new(
        exit: Exit,
        message: impl fmt::Display + fmt::Debug + Send + Sync + 'static,
    ) -> Self {
        Self { exit, error: anyhow::Error::msg(message), problems: Vec::new(), hints: Vec::new() }
    }

    /// Bad input: exit code 2 with all problems.
    pub fn input(problems: Vec<Problem>) -> Self {
        let message = match problems.len() {
            1 => "the input has a problem; nothing was changed".to_owned(),
            n => format!("the input has {n} problems; nothing was changed"),
        };
        Self { problems, ..Self::new(Exit::BadInput, message) }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error: anyhow::Error = error.into();
        Self { exit: Exit::Failed, error, problems: Vec::new(), hints: Vec::new() }
    }
}
