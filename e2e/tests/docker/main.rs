//! Images and sessions on a real Docker daemon, one binary. Run by `cargo xtask test docker`, which starts the daemon
//! and a registry, and builds the image.

mod compose;
mod containerd;
mod image;
mod login;
mod lost;
mod moving;
mod session;
mod user;
mod versions;
mod world;
