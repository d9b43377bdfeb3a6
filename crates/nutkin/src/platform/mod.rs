//! One session, wherever it runs: what every command does with it, and which platform does it.
//!
//! ```text
//! cli ──► find / place ──► Session ──► local | kubernetes
//!                          Decision
//! ```
//!
//! A platform is a variant of [`Session`] (one that exists) and of [`Decision`] (what `up` would do). Commands
//! know neither processes nor pods: they print a [`View`] and ask a [`Connected`] session's REST API.

mod connected;
mod decision;
mod elsewhere;
mod find;
mod session;
mod view;

pub use connected::{Connected, Tunnel};
pub use decision::{Decision, Harm, Ready, Waited, Wish};
pub use elsewhere::{forget, remember};
pub use find::{Place, all, known, left, open, origin};
pub use session::{Ended, Ending, Kept, Logs, Scaling, Session};
pub use view::{Process, View};
