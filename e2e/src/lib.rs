//! The harness of the tests that start real JVMs.

pub mod cluster;
pub mod exactly_once;
pub mod harness;
pub mod lost;
pub mod node;
pub mod rest;
pub mod setup;

pub use cluster::{Cluster, Proxied, assert_same};
pub use harness::Nutkin;
pub use nutkin_testkit::{Finished, Running};
pub use rest::Rest;
pub use setup::Setup;
