//! What the cache directory needs to be shared by processes that may be killed at any moment: locks,
//! staging directories that become visible as a whole, and checksums.

pub mod digest;
pub mod fault;
pub mod lock;
pub mod staging;

pub use digest::Digest;
pub use fault::{At, FileError};
pub use lock::Lock;
pub use staging::Staging;
