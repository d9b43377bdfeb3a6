//! The options of the operator, `kubernetes.operator.*`: what each holds and does, and their values.

mod page;
mod table;
mod wide;

use nutkin_flink::notation::Dialect;
use nutkin_flink::values::{self, ValueError};
use nutkin_flink::{Configuration, FlinkVersion, Problem};

pub use page::page;
pub use table::OPTIONS;
pub use wide::{LEASE, OperatorWide, WatchedNamespaces};

/// How every option begins.
pub const PREFIX: &str = "kubernetes.operator.";

/// FKO reads its options as Flink 1.20 does.
const READS_AS: FlinkVersion = FlinkVersion::DEFAULT;

/// What an option holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionHolds {
    /// A duration of Flink.
    Duration,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// Text.
    Text,
    /// Texts, separated by `;` or, as FKO's own page has it, by commas.
    Texts,
    /// Keys and values.
    Map,
    /// A duration or a cron expression of Quartz.
    Schedule,
    /// One of these words, in capitals or not.
    Words(&'static [&'static str]),
}

/// Where an option may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionScope {
    /// In `spec.flinkConfiguration` of a resource. FKO reads the operator's configuration as a default for all; here that has no effect.
    Resource,
    /// In the operator's configuration only.
    Operator,
}

/// What the operator does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionUse {
    /// This.
    Honoured(&'static str),
    /// Nothing yet; this is what it is for.
    Later(&'static str),
    /// Nothing, for this reason.
    No(&'static str),
}

/// One option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorOption {
    /// Its key after [`PREFIX`].
    pub key: &'static str,
    /// What it holds.
    pub holds: OptionHolds,
    /// FKO's default; `None` where there is none.
    pub default: Option<&'static str>,
    /// Where it may stand.
    pub scope: OptionScope,
    /// What it does.
    pub does: OptionUse,
}

/// The option of a whole key.
pub fn find(key: &str) -> Option<&'static OperatorOption> {
    let key = key.strip_prefix(PREFIX)?;
    OPTIONS.iter().find(|option| match option.key.split_once('<') {
        Some((before, after)) => {
            let after = after.split_once('>').map_or("", |(_, after)| after);
            key.starts_with(before)
                && key.ends_with(after)
                && before.len() + after.len() < key.len()
        }
        None => option.key == key,
    })
}

/// Values that FKO could not read either, each under its key. Options that nobody knows are not looked at: FKO passes them over, too.
pub fn problems(options: &Configuration) -> Vec<Problem> {
    let known = options.iter().filter_map(|(key, entry)| Some((key, entry, find(key)?)));
    let mut problems: Vec<Problem> = known
        .filter_map(|(key, entry, option)| {
            let error = wrong(option.holds, &entry.value.to_string())?;
            Some(Problem::new(key, format!("`{}` cannot be read: {error}", entry.value)))
        })
        .collect();
    if wide::is_unsafe(options) {
        let key = [PREFIX, "leader-election.lease-duration"].concat();
        let message = "by these times two replicas could lead, so the defaults count: lease-duration must be longer than renew-deadline, and that longer than retry-period";
        problems.push(Problem::new(key, message));
    }
    problems
}

fn wrong(holds: OptionHolds, text: &str) -> Option<ValueError> {
    match holds {
        // Below zero is FKO's word for off.
        OptionHolds::Duration if text.trim_start().starts_with('-') => None,
        OptionHolds::Duration => values::duration(text, READS_AS).err(),
        OptionHolds::Whole => values::int(text).err(),
        OptionHolds::Number => values::double(text).err(),
        OptionHolds::Bool => values::boolean(text).err(),
        OptionHolds::Map => values::map(text, Dialect::FlinkConf).err(),
        OptionHolds::Words(words) => values::enumeration(text, words).err(),
        OptionHolds::Text | OptionHolds::Texts | OptionHolds::Schedule => None,
    }
}

/// Reads values by their short keys. What cannot be read counts as the default; [`problems`] says it.
struct Reader<'c>(&'c Configuration);

impl Reader<'_> {
    fn text(&self, key: &str) -> Option<String> {
        debug_assert!(OPTIONS.iter().any(|option| option.key == key), "{key}");
        let text = self.0.text(&[PREFIX, key].concat());
        text.filter(|text| !text.trim().is_empty()).or_else(|| {
            let option = OPTIONS.iter().find(|option| option.key == key)?;
            option.default.map(str::to_owned)
        })
    }

    /// The value, and where that cannot be read the default of the table.
    fn read<T>(&self, key: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let default = OPTIONS.iter().find(|option| option.key == key).and_then(|one| one.default);
        let said = self.text(key).and_then(|text| read(&text));
        said.or_else(|| default.and_then(read))
    }

    fn is_on(&self, key: &str) -> bool {
        self.read(key, |text| values::boolean(text).ok()).unwrap_or(false)
    }

    fn duration(&self, key: &str) -> std::time::Duration {
        self.read(key, |text| values::duration(text, READS_AS).ok()).unwrap_or_default()
    }

    fn whole(&self, key: &str) -> i32 {
        self.read(key, |text| values::int(text).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
