//! Facts of the official images of Flink.

/// User and group of Flink in its images, and in ours.
pub const FLINK_ID: u32 = 9999;

/// Where they have Flink.
pub const FLINK_HOME: &str = "/opt/flink";
