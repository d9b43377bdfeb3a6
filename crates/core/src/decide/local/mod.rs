//! Decisions about a session on this machine: processes that a supervisor keeps alive by its orders.
//!
//! ```text
//! Observation ─► ports ─► plan::process ─► Launch (the orders) ─► compare with those there are ─► Decision<Step>
//! ```
//!
//! Nothing that only a download would tell stops a decision: a Java or Flink that is not installed and a jar that is not
//! on this machine yet are assumed, and said ([`Decision::assumptions`]). [`Step::InstallJava`], [`Step::Install`] and [`Step::Fetch`] come
//! first, alone,
//! so that everything is decided again with what they brought.

mod down;
mod observation;
mod orders;
mod ports;
mod ready;
mod step;
#[cfg(test)]
mod tests;
mod up;

use super::{Decision, Goal};
use nutkin_flink::Problem;

pub use super::ready::Registered;
pub use observation::{
    Data, Extras, Flink, JavaHome, Observation, Orders, SeenProcess, Surroundings,
};
pub use orders::{Definition, Launch};
pub use ports::{Ports, REST, Taken, rest_name, wishes};
pub use step::{Give, Step};
pub use up::{Planned, plan};

/// Why nothing can be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// All that is wrong with what is wanted.
    Input(Vec<Problem>),
    /// The orders of the session cannot be read, and what they were about lives: other orders would be a second session
    /// beside it.
    Damaged,
    /// The observation is one without the machine.
    Unseen,
}

impl From<Vec<Problem>> for Refusal {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Input(problems)
    }
}

/// What to do on this machine.
///
/// # Errors
/// All that is wrong with what is wanted; orders that are damaged.
pub fn decide(wanted: Goal<'_>, seen: &Observation) -> Result<Decision<Step>, Refusal> {
    match wanted {
        Goal::Session(session) => up::decide(session, seen),
        Goal::Gone(ending) => Ok(down::decide(ending, seen)),
    }
}
