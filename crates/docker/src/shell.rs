//! A run as a driver drives it: with the surroundings of the command.

use nutkin_core::decide::Decision;
use nutkin_core::decide::docker::{Observation, Step};
use nutkin_shell::{Context, Error, Shell};

use super::observe::Run;

/// A run, and whom it tells what it does.
#[derive(Debug)]
pub struct DockerShell<'r> {
    run: &'r mut Run,
    context: &'r Context<'r>,
}

impl Run {
    /// The run for a driver.
    pub const fn within<'r>(&'r mut self, context: &'r Context<'r>) -> DockerShell<'r> {
        DockerShell { run: self, context }
    }
}

impl Shell for DockerShell<'_> {
    type Seen = Observation;
    type Step = Step;

    async fn observe(&mut self) -> Result<Observation, Error> {
        self.run.observe(self.context).await
    }

    fn decide(&self, seen: &Observation) -> Result<Decision<Step>, Error> {
        self.run.decide(seen)
    }

    async fn act(&mut self, step: &Step) -> Result<(), Error> {
        self.run.act(step, self.context).await
    }
}
