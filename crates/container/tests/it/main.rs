//! Images, and what a container does when it starts.

mod entrypoint;
mod entrypoint_any;
mod entrypoint_case;
mod image;
