//! The operator, as far as it decides: what a custom resource asks for, what its status says, and what is done next.
//!
//! ```text
//! FlinkDeployment ─┐
//! FlinkSessionJob ─┤  decide ─► Turn { status, finalizers, events, act, again }
//! what was seen ───┘
//! ```
//!
//! Nothing here asks anybody: the driver in the binary looks, carries a turn out, and asks again. The contract that clients of these
//! resources depend on is that of Flink Kubernetes Operator (FKO).

pub mod crd;
pub mod event;
pub mod lease;
pub mod manifests;
pub mod resource;
pub mod settings;
pub mod status;
pub mod texts;
pub mod turn;
pub mod validate;
