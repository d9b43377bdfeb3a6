//! Files that are shared by processes which may be killed at any moment: locks, staging directories that become visible
//! as a whole, documents and checksums.

pub mod digest;
pub mod document;
pub mod fault;
pub mod lock;
pub mod staging;

pub use digest::Digest;
pub use document::{StateError, read_json, write_json, write_private};
pub use fault::{At, FileError};
pub use lock::FileLock;
pub use staging::Staging;
