//! The local platform: a session as processes of this machine.
//!
//! A command writes what shall run into the session's [`directory`], and a [`supervisor`] keeps it
//! running. What is [ours](ownership) is read from `/proc`, never from a note alone.

pub mod control;
pub mod directory;
pub mod extras;
pub mod launch;
pub mod machine;
pub mod ownership;
pub mod ports;
pub mod rest;
pub mod rotate;
pub mod supervisor;
pub mod up;
pub mod view;
pub mod wait;
