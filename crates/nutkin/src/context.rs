//! What every command gets.

use std::ops::Deref;

use nutkin_shell::{Environment, Sink};

use crate::report::Printer;

/// Where a command looks and where it writes. Shells take it as the part of it that they know.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Writes.
    pub printer: &'a Printer,
    shell: nutkin_shell::Context<'a>,
}

impl<'a> Context<'a> {
    /// What a printer writes; `events` are what shells say to it.
    pub const fn new(printer: &'a Printer, events: &'a Sink, environment: &'a Environment) -> Self {
        Self { printer, shell: nutkin_shell::Context { events, environment } }
    }

    /// The same command in other surroundings.
    pub const fn within<'b>(&self, environment: &'b Environment) -> Context<'b>
    where
        'a: 'b,
    {
        Context {
            printer: self.printer,
            shell: nutkin_shell::Context { events: self.shell.events, environment },
        }
    }
}

impl<'a> Deref for Context<'a> {
    type Target = nutkin_shell::Context<'a>;

    fn deref(&self) -> &Self::Target {
        &self.shell
    }
}
