//! One session, wherever it runs: what every command does with it, and which platform does it.
//!
//! ```text
//! cli ──► find / place ──► Session ──► local | kubernetes
//!                          Decision
//! ```
//!
//! A platform is a variant of [`Session`] (one that exists) and of [`Decision`] (what `up` would do). Commands
//! know neither processes nor pods: they print a [`View`](nutkin_rest::View) and ask a [`Connected`](nutkin_rest::Connected) session's REST API.

/// How many sessions are looked at side by side: enough that one which hangs holds nobody up, and no crowd for a daemon
/// or an API server.
pub const AT_ONCE: usize = 8;

mod attend;
mod decision;
mod docker;
pub mod drift;
mod elsewhere;
mod find;
pub mod kubernetes;
pub mod ledger;
mod local;
mod patience;
pub mod rebuild;
mod restart;
mod scale;
mod session;

pub use attend::Carried;
pub use decision::Decision;
pub use elsewhere::{forget, remember};
pub use find::{all, known, left, open, origin, without_directory};
pub use patience::look;
pub use restart::Restarting;
pub use scale::Scaling;
pub use session::{NewestCheckpoint, ProcessChanges, Session};
