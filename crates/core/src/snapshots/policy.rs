//! The options that say when snapshots are taken by the clock, and how many stay.

use super::schedule::NOTATION;
use super::{CHECKPOINT, SAVEPOINT, Schedule};
use crate::ledger::SnapshotLimits;
use crate::session::Session;
use crate::words::snapshots as words;
use nutkin_flink::{Configuration, Problem, values};

/// Keys of one setting: the own one, and that of the Java operator, which counts where the own one says nothing.
type Keys = [&'static str; 2];

const SAVEPOINTS: Keys =
    ["nutkin.snapshots.savepoint-interval", "kubernetes.operator.periodic.savepoint.interval"];

const CHECKPOINTS: Keys =
    ["nutkin.snapshots.checkpoint-interval", "kubernetes.operator.periodic.checkpoint.interval"];

const COUNT: Keys =
    ["nutkin.snapshots.max-count", "kubernetes.operator.savepoint.history.max.count"];

const AGE: Keys = ["nutkin.snapshots.max-age", "kubernetes.operator.savepoint.history.max.age"];

const CLEANUP: &str = "kubernetes.operator.savepoint.cleanup.enabled";

const DISPOSE: &str = "kubernetes.operator.savepoint.dispose-on-delete";

const FORMAT: &str = "kubernetes.operator.savepoint.format.type";

/// How many periodic snapshots of a job stay. Source: `KubernetesOperatorConfigOptions` 1.16.
const DEFAULT_COUNT: usize = 10;

/// How many are noted of which the files are never deleted: a ledger is bounded.
const MOST: usize = 100;

/// Flink's words for formats (`SavepointFormatType`).
const FORMATS: [&str; 2] = ["CANONICAL", "NATIVE"];

/// How old they become, in seconds: a day. Source: the same.
const DEFAULT_AGE: i64 = 86_400;

/// What the options say of the snapshots of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotPolicy {
    /// When a savepoint is taken.
    pub savepoints: Option<Schedule>,
    /// When a checkpoint is taken.
    pub checkpoints: Option<Schedule>,
    /// Format of periodic savepoints, where the options say one.
    pub format: Option<String>,
    /// Whether the files of those go that do not stay.
    pub disposes: bool,
    /// How many periodic snapshots of a kind stay.
    pub count: usize,
    /// Whether the options say so.
    pub says_count: bool,
    /// How old they become, in seconds; `None`: as old as they are.
    pub age: Option<i64>,
    /// Whether the options say so.
    pub says_age: bool,
}

impl SnapshotPolicy {
    /// What the options of a job say, and where these say nothing those of its session. What is wrong, and told by
    /// [`problems`], counts as not said.
    pub fn of(session: &Configuration, job: &Configuration) -> Self {
        let said = |keys: &[&str]| {
            let options = keys.iter().flat_map(|key| [job.text(key), session.text(key)]);
            options.flatten().next()
        };
        let schedule = |keys: Keys| said(&keys).and_then(|text| Schedule::read(&text).ok()?);
        // As Flink reads booleans; what is not a boolean deletes nothing.
        let is_true = |text: String| text.trim().eq_ignore_ascii_case("true");
        let cleans = said(&[CLEANUP]).is_none_or(is_true);
        // Who asks in the words of the operator gets what it does: files stay unless `dispose-on-delete` says otherwise.
        let is_own = || said(&SAVEPOINTS[..1]).is_some();
        let count = said(&COUNT).and_then(|text| text.trim().parse().ok());
        let age = said(&AGE).and_then(|text| seconds(&text));
        Self {
            savepoints: schedule(SAVEPOINTS),
            checkpoints: schedule(CHECKPOINTS),
            format: said(&[FORMAT])
                .map(|text| text.trim().to_ascii_uppercase())
                .filter(|format| FORMATS.contains(&format.as_str())),
            disposes: cleans && said(&[DISPOSE]).map_or_else(is_own, is_true),
            count: if cleans { count.unwrap_or(DEFAULT_COUNT) } else { MOST },
            says_count: count.is_some() || !cleans,
            age: cleans.then(|| age.unwrap_or(DEFAULT_AGE)),
            says_age: age.is_some() || !cleans,
        }
    }

    /// The same where nobody knows how many shall stay: all do.
    #[must_use]
    pub fn keeping_all(self) -> Self {
        Self { count: usize::MAX, says_count: true, age: None, says_age: true, ..self }
    }

    /// What is noted with a snapshot that is taken now.
    pub const fn keeps(&self) -> SnapshotLimits {
        SnapshotLimits { count: self.count, age: self.age }
    }

    /// How many stay where one of them is that was taken under `noted`; `None`: nobody knows, and it stays. Where the options do not say
    /// it, the default counts, unless what was noted keeps more.
    pub(super) fn count_for(&self, noted: Option<SnapshotLimits>) -> Option<usize> {
        if self.says_count {
            return Some(self.count.max(1));
        }
        noted.map(|noted| noted.count.max(self.count).max(1))
    }

    /// The same of ages, in seconds; `None`: it may be as old as it is.
    pub(super) fn age_for(&self, noted: Option<SnapshotLimits>) -> Option<i64> {
        if self.says_age {
            return self.age;
        }
        Some(noted?.age?.max(self.age?))
    }

    /// Whether the clock asks for snapshots of this kind.
    pub(super) fn asks_for(&self, kind: &str) -> bool {
        self.schedules().any(|(one, _)| one == kind)
    }

    /// Whether the clock asks for anything.
    pub const fn is_periodic(&self) -> bool {
        self.savepoints.is_some() || self.checkpoints.is_some()
    }

    /// The kinds that the clock asks for, each with its schedule.
    pub fn schedules(&self) -> impl Iterator<Item = (&'static str, &Schedule)> {
        let both = [(SAVEPOINT, &self.savepoints), (CHECKPOINT, &self.checkpoints)];
        both.into_iter().filter_map(|(kind, schedule)| Some((kind, schedule.as_ref()?)))
    }
}

fn is_boolean(text: &str) -> bool {
    ["true", "false"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

fn seconds(text: &str) -> Option<i64> {
    let age = values::duration(text, NOTATION).ok()?;
    i64::try_from(age.as_secs()).ok()
}

/// What is wrong with the own options of a session and of its jobs.
pub fn problems(session: &Session) -> Vec<Problem> {
    let wrong = wrong(session).into_iter().filter(|(key, ..)| key.starts_with("nutkin."));
    wrong.map(|(key, _, message)| Problem::new(key, message)).collect()
}

/// What is wrong with the operator's options, which count as not said then: as the operator does, nothing is refused for them.
pub fn warnings(session: &Session) -> Vec<String> {
    let wrong = wrong(session).into_iter().filter(|(key, ..)| !key.starts_with("nutkin."));
    wrong.map(|(key, _, message)| words::ignored(key, &message)).collect()
}

/// Options with a wrong value: key, value, what is wrong with it.
fn wrong(session: &Session) -> Vec<(&'static str, String, String)> {
    let jobs = session.jobs.iter().map(|job| (Some(job.name.as_str()), &job.configuration));
    let all = std::iter::once((None, &session.configuration)).chain(jobs);
    let mut found = Vec::new();
    for (job, options) in all {
        let mut check = |key: &'static str, is_wrong: &dyn Fn(&str) -> Option<String>| {
            let Some(text) = options.text(key) else { return };
            if let Some(message) = is_wrong(&text) {
                let message = job.map_or_else(|| message.clone(), |job| words::of(job, &message));
                found.push((key, text, message));
            }
        };
        for key in SAVEPOINTS.into_iter().chain(CHECKPOINTS) {
            check(key, &|text| Schedule::read(text).err().map(|bad| bad.to_string()));
        }
        for key in COUNT {
            let is_number = |text: &str| text.trim().parse::<usize>().is_ok();
            check(key, &|text| (!is_number(text)).then(|| words::no_count(text)));
        }
        for key in AGE {
            check(key, &|text| seconds(text).is_none().then(|| words::no_age(text)));
        }
        for key in [CLEANUP, DISPOSE] {
            check(key, &|text| (!is_boolean(text)).then(|| words::no_boolean(text)));
        }
        let is_format = |text: &str| FORMATS.contains(&text.trim().to_ascii_uppercase().as_str());
        check(FORMAT, &|text| (!is_format(text)).then(|| words::no_format(text)));
    }
    found
}
