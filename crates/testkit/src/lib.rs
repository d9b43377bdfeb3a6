//! What the tests of Nutkin share: a harness for the command line and golden files.

pub mod cli;
pub mod golden;

pub use cli::Test;
pub use golden::check_golden;
