//! Decisions about a session that exists on Kubernetes: whose objects are whose, how REST is reached, what is
//! waited for, what a change would do, what stays behind. Objects are JSON as the API server gives it.

pub mod by_hand;
pub mod change;
pub mod desired;
pub mod diff;
pub mod forbidden;
pub mod ha;
pub mod kept;
pub mod living;
pub mod managed;
pub mod ownership;
pub mod progress;
pub mod quantity;
pub mod rbac;
pub mod reach;
pub mod resource;
pub mod restart;
pub mod rollout;
pub mod shape;
pub mod status;
pub mod workers;
