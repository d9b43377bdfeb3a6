//! The end of a session of processes or containers, as a decision.

use std::fmt::Display;

use crate::change::Effect;
use crate::decide::{About, Again, Change, Decision, Harm, Jobs, fates, harm};
use crate::remedy::Remark;

/// Ends a session by these steps, after which nothing is left to do. `lives`: a JobManager does, so that jobs are lost.
/// `remarks`: what stays.
pub(super) fn by<S: Display>(
    about: About,
    steps: Vec<S>,
    lives: bool,
    jobs: &Jobs,
    remarks: Vec<Remark>,
) -> Decision<S> {
    let effect = if lives { Effect::Loss } else { Effect::None };
    Decision {
        about,
        change: Change {
            parts: steps.iter().map(ToString::to_string).collect(),
            effect,
            remarks,
            ..Change::default()
        },
        jobs: fates(effect, jobs),
        harm: if jobs.are_none() { Harm::None } else { harm(true, effect, jobs) },
        steps,
        conditions: Vec::new(),
        assumptions: Vec::new(),
        again: Again::Done,
    }
}
