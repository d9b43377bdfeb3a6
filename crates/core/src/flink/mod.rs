//! Flink's own rules: what its versions read, mean and need.

pub mod configuration;
pub mod convert;
pub mod dialect;
pub mod dynamic;
pub mod java;
mod java_double;
pub mod java_order;
pub(crate) mod log4j;
pub mod memory;
pub mod options;
pub mod values;
pub mod version;

pub use configuration::{Configuration, Entry, Origin, Value};
pub use version::{FlinkVersion, Line};
