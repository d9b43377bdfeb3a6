//! What the tests of Nutkin share: a harness for the command line, golden files, and recordings of Flink's own
//! Kubernetes client.

pub mod cli;
pub mod golden;
pub mod recording;

pub use cli::Test;
pub use golden::check_golden;
