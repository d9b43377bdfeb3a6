//! Options under construction, one layer upon the other, with a note of each value that gives way.

use nutkin_flink::{Configuration, Entry, Origin};

/// A value that gave way to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Overridden {
    /// The option.
    pub key: String,
    /// What it was.
    pub was: Entry,
    /// What set it again or took it away.
    pub by: Origin,
}

/// Options under construction.
pub(super) struct Layers {
    /// The options so far.
    pub(super) all: Configuration,
    /// What gave way so far.
    pub(super) overridden: Vec<Overridden>,
}

impl Layers {
    /// Sets an option, and notes a value that differs.
    pub(super) fn set(&mut self, key: &str, value: impl Into<String>, origin: Origin) {
        let value = value.into();
        if let Some(was) = self.all.get(key).filter(|was| was.value.to_string() != value) {
            let (was, by) = (was.clone(), origin.clone());
            self.overridden.push(Overridden { key: key.to_owned(), was, by });
        }
        self.all.set(key, value, origin);
    }

    /// Takes an option away, and notes it.
    pub(super) fn remove(&mut self, key: &str, by: &Origin) {
        if let Some(was) = self.all.remove(key) {
            self.overridden.push(Overridden { key: key.to_owned(), was, by: by.clone() });
        }
    }
}

/// A variable as the origin of an option.
pub(super) fn variable(name: &str) -> Origin {
    Origin::Environment(name.to_owned())
}
