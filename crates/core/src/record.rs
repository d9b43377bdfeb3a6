//! The ledger under the names that it had when it knew jobs only.

pub use crate::ledger::{JobRecord, Ledger as SessionRecord};
