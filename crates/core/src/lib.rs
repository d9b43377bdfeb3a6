//! The decisions of Nutkin, and nothing else.
//!
//! ```text
//! text ──► spec ──► Session ──► plan::process | plan::kubernetes | plan::docker
//!            │         ▲
//!      Vec<Problem>    └── flink: versions, options, configuration files, memory
//! ```
//!
//! Deliberately absent: files, sockets, environment variables, the clock, randomness, threads and async.
//! Whatever a decision needs to know about the world comes in as a value; whatever it wants done goes
//! out as one. `clippy.toml` of this crate and the tidy test hold this.
#![deny(missing_docs)]

pub mod calendar;
pub mod change;
pub mod code_page;
pub mod codes;
pub mod crash_log;
pub mod decide;
pub mod gc;
pub mod jars;
pub mod jobs;
pub mod kubernetes;
pub mod leaders;
pub mod ledger;
pub mod logs;
pub mod plan;
pub mod record;
pub mod relocation;
pub mod remedy;
pub mod risks;
pub mod selection;
pub mod session;
pub mod snapshots;
pub mod spec;
pub mod status;
pub mod supervision;
pub mod words;
pub mod zookeeper;

pub use remedy::{Remark, Remedy, Wording};
