//! Moves jobs: stops them with savepoints side by side, and resumes them in the session as it is then.
//!
//! What is under way is in the ledger, job by job, before it is asked for: whoever runs the same command after a cut goes
//! on from there.

mod resume;
mod shared;
mod stop;

pub use super::asked::{
    directory, directory_in, has_completed, is_batch, options, running, until_none_runs,
};
pub use super::within::{Candidate, Within};
pub use resume::{resume, resume_these};
pub use stop::{end_applications, part, stop};
