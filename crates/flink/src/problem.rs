//! What is wrong with an input, said so that the user can fix it.

use std::fmt;

use crate::remedy::{Argument, Remedy};

/// Where in the user's files a problem stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file as the user named it.
    pub file: String,
    /// Line, counted from 1, where known.
    pub line: Option<u32>,
    /// Column in characters, counted from 1, where known.
    pub column: Option<u32>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// What is wrong, for programs that treat some of it otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// What the message says.
    #[default]
    Told,
    /// A document of a kind that does not belong into the file.
    StrangeKind,
    /// A key that its map has already.
    RepeatedKey,
}

/// One thing that is wrong. Readers and planners collect these and report them all at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File and line, when the input was a file.
    pub location: Option<Location>,
    /// Field path (`spec.flinkVersion`) or option key; empty when the whole input is meant.
    pub path: String,
    /// The argument that is meant, where it is one of the call and not a field of a file.
    pub argument: Option<Argument>,
    /// Which fault it is, where somebody asks for that.
    pub fault: Fault,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<Box<Remedy>>,
}

impl Problem {
    /// A problem at a field path or option key, not yet tied to a file.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            location: None,
            path: path.into(),
            argument: None,
            fault: Fault::Told,
            message: message.into(),
            hint: None,
        }
    }

    /// A problem of an argument of the call.
    pub fn argument(argument: Argument, message: impl Into<String>) -> Self {
        Self { argument: Some(argument), ..Self::new("", message) }
    }

    /// Says which fault it is.
    #[must_use]
    pub const fn of(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Remedy>) -> Self {
        self.hint = Some(Box::new(hint.into()));
        self
    }

    /// Ties the problem to a place in a file.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        if let Some(argument) = self.argument {
            write!(f, "`{argument:?}`: ")?;
        } else if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        write!(f, "{}", self.message)
    }
}
