//! Decisions about a session on a Docker daemon: containers, one network, one volume.
//!
//! ```text
//! Observation ─► choose the image ─► plan::docker ─► plan::docker::steps ─► Decision<Step>
//! ```
//!
//! Nothing that only a download would tell stops a decision: a missing image is taken for one like the official, a jar
//! that is not on this machine yet for the one that the containers have. Both are [`Decision::assumptions`], and
//! [`Step::Pull`] and [`Step::Fetch`] come first, alone, so that everything is decided again with what they brought.

mod bring;
mod end;
mod observation;
mod ports;
mod ready;
mod resize;
mod step;
#[cfg(test)]
mod tests;

use super::{Decision, Goal};
use nutkin_flink::Problem;

pub use super::ready::Registered;
pub use bring::{images, planned};
pub use end::undo;
pub use observation::{
    Extras, FoundContainer, Image, Mine, Observation, TakenPort, Thing, assumed,
};
pub use ports::TRIED;
pub use resize::resized;
pub use step::{Make, Step, Within};

/// What to do on a Docker daemon.
///
/// # Errors
/// All that is wrong with what is wanted: values that cannot be read, memory that does not fit.
pub fn decide(wanted: Goal<'_>, seen: &Observation) -> Result<Decision<Step>, Vec<Problem>> {
    match wanted {
        Goal::Session(session) => bring::decide(session, seen),
        Goal::Gone(ending) => Ok(end::decide(ending, seen)),
    }
}
