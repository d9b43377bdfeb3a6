//! What every command gets.

use crate::Environment;
use crate::report::Printer;

/// Where a command looks and where it writes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Writes.
    pub printer: &'a Printer,
    /// Variables and directories.
    pub environment: &'a Environment,
}
