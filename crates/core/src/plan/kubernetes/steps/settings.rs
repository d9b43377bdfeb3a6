//! Options read as the types that they have, with every value that does not fit remembered as a problem.

use std::collections::BTreeMap;

use nutkin_flink::Problem;
use nutkin_flink::dialect::Dialect;
use nutkin_flink::values::{self, ValueError};
use nutkin_flink::{Configuration, FlinkVersion, java_order, options};

/// The configuration of a session on its way into the cluster, and what is wrong with it.
#[derive(Clone)]
pub(in crate::plan::kubernetes) struct Settings {
    /// All options. Decorators add what Flink's own add.
    pub(in crate::plan::kubernetes) configuration: Configuration,
    /// The release: what it does not know as an option, is not read.
    pub(in crate::plan::kubernetes) version: FlinkVersion,
    /// In which notation lists and maps stand.
    pub(in crate::plan::kubernetes) dialect: Dialect,
    pub(in crate::plan::kubernetes) problems: Vec<Problem>,
    pub(in crate::plan::kubernetes) warnings: Vec<Problem>,
}

impl Settings {
    /// Whether the release has an option of this name.
    pub(in crate::plan::kubernetes) fn has(&self, key: &str) -> bool {
        options::find(key).is_some_and(|info| info.key == key && info.at(self.version).is_some())
    }

    /// The value of an option that the release has, old spellings included.
    pub(in crate::plan::kubernetes) fn text(&self, key: &str) -> Option<String> {
        if !self.has(key) {
            return None;
        }
        let (_, entry) = options::lookup(&self.configuration, key, self.version)?;
        Some(entry.value.to_string())
    }

    /// The value, or the release's own default, or nothing.
    pub(in crate::plan::kubernetes) fn text_or_default(&self, key: &str) -> String {
        let default = || {
            let info = options::find(key)?;
            info.at(self.version)?.default.map(str::to_owned)
        };
        self.text(key).or_else(default).unwrap_or_default()
    }

    /// Whether an option that the release has is true.
    pub(in crate::plan::kubernetes) fn boolean(&mut self, key: &str) -> bool {
        self.typed(key, values::boolean).unwrap_or(false)
    }

    /// A whole number.
    pub(in crate::plan::kubernetes) fn int(&mut self, key: &str) -> Option<i32> {
        self.typed(key, values::int)
    }

    /// A number.
    pub(in crate::plan::kubernetes) fn double(&mut self, key: &str) -> Option<f64> {
        self.typed(key, values::double)
    }

    /// One of the names that the release allows, as the release spells it.
    pub(in crate::plan::kubernetes) fn name(&mut self, key: &str) -> Option<&'static str> {
        let names = options::find(key)?.at(self.version)?.names()?;
        self.typed(key, |text| values::enumeration(text, &names))
    }

    /// A list; empty when it is not set.
    pub(in crate::plan::kubernetes) fn list(&mut self, key: &str) -> Vec<String> {
        let dialect = self.dialect;
        self.set_one(key, |text| values::list(text, dialect)).unwrap_or_default()
    }

    /// A list of maps; empty when it is not set.
    pub(in crate::plan::kubernetes) fn maps(&mut self, key: &str) -> Vec<BTreeMap<String, String>> {
        let (dialect, version) = (self.dialect, self.version);
        self.set_one(key, |text| values::maps(text, dialect, version)).unwrap_or_default()
    }

    /// A map, as one value or as keys below its own, in the order in which Java walks it; empty when it is not
    /// set.
    pub(in crate::plan::kubernetes) fn map(&mut self, key: &str) -> Vec<(String, String)> {
        if !self.has(key) {
            return Vec::new();
        }
        // Stood as keys below it, which is what a map in config.yaml becomes.
        let Some(text) = self.configuration.text(key) else {
            return self.below(&format!("{key}."));
        };
        match values::entries(&text, self.dialect) {
            Ok(map) => java_walk(map),
            Err(error) => {
                self.unfit(key, &error);
                Vec::new()
            }
        }
    }

    /// What follows a prefix, in the order in which Java walks it: `containerized.master.env.`.
    pub(in crate::plan::kubernetes) fn below(&self, prefix: &str) -> Vec<(String, String)> {
        let mut keys: Vec<String> =
            self.configuration.iter().map(|(key, _)| key.to_owned()).collect();
        java_order::sort(&mut keys);
        let mut names: Vec<String> = keys
            .iter()
            .filter_map(|key| key.strip_prefix(prefix))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        java_order::sort(&mut names);
        let value = |name: &str| self.configuration.text(&format!("{prefix}{name}"));
        names.into_iter().filter_map(|name| Some((name.clone(), value(&name)?))).collect()
    }

    /// Remembers that a value does not fit.
    pub(in crate::plan::kubernetes) fn problem(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn typed<T>(&mut self, key: &str, read: impl Fn(&str) -> Result<T, ValueError>) -> Option<T> {
        let text =
            self.text(key).or_else(|| Some(self.text_or_default(key)).filter(|t| !t.is_empty()))?;
        read(&text).map_err(|error| self.unfit(key, &error)).ok()
    }

    fn set_one<T>(&mut self, key: &str, read: impl Fn(&str) -> Result<T, ValueError>) -> Option<T> {
        let text = self.text(key)?;
        read(&text).map_err(|error| self.unfit(key, &error)).ok()
    }

    fn unfit(&mut self, key: &str, error: &ValueError) {
        // The key as the user wrote it; the value stays out, it may be a secret.
        let written = options::lookup(&self.configuration, key, self.version)
            .map_or_else(|| key.to_owned(), |(written, _)| written.to_owned());
        self.problem(Problem::new(written, format!("the value does not fit: {error}")));
    }
}

/// The entries of a map as a Java `HashMap` walks them.
fn java_walk(map: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut keys: Vec<String> = map.iter().map(|(key, _)| key.clone()).collect();
    java_order::sort(&mut keys);
    let mut map: BTreeMap<String, String> = map.into_iter().collect();
    keys.into_iter().filter_map(|key| map.remove_entry(&key)).collect()
}
