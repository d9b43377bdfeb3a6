//! What Nutkin brings to a machine: Flink's distributions, jars that options and commands name, and a Java where there is
//! none. All of it is kept in the user's cache, and found there the next time.

pub mod artifacts;
pub mod bucket;
pub mod cache;
pub mod dist;
mod download;
pub mod extras;
mod index;
pub mod java;
mod pip;
