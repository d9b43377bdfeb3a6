//! Apache Flink's own rules: what its versions read, mean and need, and what of it is the same on every platform.
//!
//! Nothing here knows sessions or plans. Deliberately absent: files, sockets, environment variables, the clock,
//! randomness, threads and async; `clippy.toml` of this crate and the tidy test hold this.
#![deny(missing_docs)]

pub mod artifact;
pub mod configuration;
pub mod convert;
pub mod dialect;
pub mod digest;
pub mod dynamic;
pub mod flink_cli;
mod high_availability;
pub mod java;
mod java_double;
pub mod java_order;
pub mod log4j;
pub mod memory;
pub mod notation;
pub mod official;
pub mod options;
pub mod problem;
pub mod process;
pub mod remedy;
pub mod units;
pub mod values;
pub mod version;
pub mod words;
pub mod yaml;

pub use configuration::{Configuration, Entry, Origin};
pub use high_availability::{high_availability, is_highly_available};
pub use notation::Value;
pub use problem::{Fault, Location, Problem};
pub use remedy::{Argument, Remedy};
pub use version::{FlinkVersion, ReleaseLine};
pub use words::counted;
