//! What Nutkin brings to a machine: Flink's distributions, jars that options and commands name, and the Java that is
//! there. All of it is kept in the user's cache, and found there the next time.

pub mod artifacts;
pub mod dist;
pub mod extras;
pub mod java;
