//! Scenario servers: an API server of Kubernetes, a Docker daemon and a JobManager inside the test process, which real
//! commands talk to over loopback or a socket.
//!
//! [`Script`] expects calls in a given order and names the first that is another one. [`Kubernetes`] and [`Docker`] keep
//! objects as the real ones do, so far as Nutkin can tell the difference. Faults come from a rule on [`Server`], before
//! any of them.

pub mod docker;
pub mod flink;
pub mod kubernetes;
mod ledger;
mod script;
mod server;
pub mod tls;

pub use docker::Docker;
pub use flink::Flink;
pub use kubernetes::Kubernetes;
pub use script::{Call, Script};
pub use server::{Answer, Backend, Fault, Reply, Request, Seen, Server};
