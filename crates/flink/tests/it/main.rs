//! Rules of Flink against recordings of Flink.

mod flink_cli;
mod memory;
