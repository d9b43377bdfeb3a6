//! The harness of the tests that start real JVMs.

pub mod harness;
pub mod setup;

pub use harness::{Finished, Nutkin};
pub use setup::Setup;
