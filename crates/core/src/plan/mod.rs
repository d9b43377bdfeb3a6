//! Plans: what shall exist, as plain values. No planner uses another.

pub mod docker;
pub mod kubernetes;
mod modules;
pub(crate) mod network;
mod pod_template;
pub mod process;
pub mod registration;
pub mod retention;
mod zookeeper;

pub use pod_template::MAIN_CONTAINER;
