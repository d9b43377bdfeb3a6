//! A Flink configuration in memory: option keys, values, and where each value came from.

use std::collections::BTreeMap;

pub use crate::notation::Value;

/// Where a value came from. The order is the precedence, lowest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// 1. A default of Nutkin's, with its reason.
    Default(&'static str),
    /// 2. A Flink configuration file: name and line.
    File(String, u32),
    /// 3. `spec.flinkConfiguration` of a session file: name and line.
    SessionFile(String, u32),
    /// 4. Another field of a session file that stands for an option (`spec.jobManager.resource.memory`).
    Field(String),
    /// 5. A variable of the environment.
    Environment(String),
    /// 6. `-D` on the command line.
    CommandLine,
    /// 7. Computed: what the platform dictates, whatever the user wrote.
    Derived(&'static str),
}

/// Option keys and their values. Keys are kept as written; [`crate::options`] knows which are old
/// spellings of which.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Configuration {
    entries: BTreeMap<String, Entry>,
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

impl Configuration {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of exactly this key, as text. Old spellings are not looked at.
    pub fn text(&self, key: &str) -> Option<String> {
        self.entries.get(key).map(|entry| entry.value.to_string())
    }

    /// Value and origin of exactly this key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The same with the key as the configuration holds it.
    pub fn get_key_value(&self, key: &str) -> Option<(&str, &Entry)> {
        self.entries.get_key_value(key).map(|(key, entry)| (key.as_str(), entry))
    }

    /// Whether exactly this key is set.
    pub fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Sets a key, replacing what was there whatever its origin: callers go through the origins in
    /// order of precedence.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<Value>, origin: Origin) {
        self.entries.insert(key.into(), Entry { value: value.into(), origin });
    }

    /// Sets a key unless it is set already.
    pub fn set_default(&mut self, key: &str, value: impl Into<Value>, origin: Origin) {
        if !self.contains(key) {
            self.set(key, value, origin);
        }
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        self.entries.remove(key)
    }

    /// All entries in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no key is set.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// For tests and `-D` arguments: every value is text from the command line.
impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Configuration {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut configuration = Self::new();
        for (key, value) in pairs {
            configuration.set(key, value, Origin::CommandLine);
        }
        configuration
    }
}
