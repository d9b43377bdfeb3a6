//! What every shell of Nutkin stands on: where it looks ([`Environment`]), how it fails ([`Error`]), how it says what
//! it does ([`Events`]), and [`files`] that readers and crashes never see half of.
//!
//! Nothing here knows a platform, a terminal or a command: who prints is behind [`Events`], and what an [`Error`]
//! means to a script is the binary's affair.

pub mod files;
pub mod ledger;
pub mod logs;
pub mod ports;
pub mod token;

mod drive;
mod environment;
mod error;
mod events;
mod session;
mod tenure;

pub use drive::Shell;
pub use environment::Environment;
pub use error::{Error, Kind};
pub use events::{Context, Events, Progress, Silent, Sink, size};
pub use logs::{LogLine, LogStream, Logged};
pub use session::{ClusterPlace, Ended, Ending, Harm, Kept, Logs, Place, Purpose, Wish};
pub use tenure::{Tenure, TenureOver};
