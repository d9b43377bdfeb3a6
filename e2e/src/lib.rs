//! The harness of the tests that start real JVMs.

pub mod exactly_once;
pub mod harness;
pub mod rest;
pub mod setup;

pub use harness::{Finished, Nutkin};
pub use rest::Rest;
pub use setup::Setup;
