//! Decisions as golden files, and as properties in a world in memory.

mod golden;
mod properties;
mod world;
