//! The room of sentences: what people read of decisions and states, in one voice. Rules for them: `docs/writing.md`.
//!
//! The rest of core decides, and asks for a sentence with plain data: nothing here knows any other module but `remedy`,
//! which has what helps as data. Problems of an input are the exception: each is worded beside the rule that finds it,
//! as those of a session file (`spec`) or of a plan (`plan`) are.

pub mod advice;
pub(crate) mod change;
pub(crate) mod decision;
pub(crate) mod gc;
pub(crate) mod jobs;
pub(crate) mod kept;
pub(crate) mod ledger;
pub(crate) mod lost;
pub(crate) mod moving;
pub(crate) mod outlook;
pub mod progress;
pub(crate) mod refusal;
pub(crate) mod relocation;
pub(crate) mod risks;
pub(crate) mod selection;
pub(crate) mod snapshots;
pub(crate) mod status;
pub(crate) mod waits;
