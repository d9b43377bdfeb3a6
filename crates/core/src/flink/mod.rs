//! Flink's own rules: what its versions read, mean and need.

pub mod configuration;
pub mod version;

pub use configuration::{Configuration, Origin, Value};
pub use version::{FlinkVersion, Line};
