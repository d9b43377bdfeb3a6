//! Jobs of a session.

mod asked;
mod bring;
mod drive;
mod foresee;
mod jar;
mod jars;
mod known;
pub mod moving;
mod preflight;
pub mod snapshots;
mod strays;
mod submit;
mod wait;
mod within;
mod work;

use nutkin_shell::{Error, Kind};

pub use bring::bring;
pub use drive::{Driven, Patience};
pub use foresee::foresee;
pub use jar::{Jar, JarError};
pub use jars::{FoundJar, Jars, KeptJar, located};
pub(crate) use known::known_of;
pub use nutkin_rest::jobs::{failure, find, shortage, shortage_of};
pub use preflight::local_jars;
pub use strays::{goes_on, strays};
pub use submit::{arrives, is_duplicate, random_id, submit, trigger_id};
pub use wait::{
    Ended, SLOTS_AFTER, described, is_lack, runs_all, said_from_now_on, until_done,
    until_it_answers, until_it_ends, until_tasks_run, waits_for_slots,
};
pub use work::PATIENCE;

/// The savepoint that a job was to start from is being deleted: nothing was submitted.
pub fn is_going(why: String) -> Error {
    Error::new(Kind::Broken, why)
        .hint("name another one with `--from-savepoint`, or run the same command again")
}
