//! The options that say when snapshots are taken by the clock, and how many stay.

use super::schedule::NOTATION;
use super::{BadSchedule, CHECKPOINT, SAVEPOINT, Schedule};
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
    /// How many periodic snapshots of a kind stay; `None`: all.
    pub count: Option<usize>,
    /// How old they become, in seconds; `None`: as old as they are.
    pub age: Option<i64>,
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
        let cleans = said(&[CLEANUP]).is_none_or(|text| text.trim() != "false");
        let count = said(&COUNT).and_then(|text| text.trim().parse().ok());
        let age = said(&AGE).and_then(|text| seconds(&text));
        Self {
            savepoints: schedule(SAVEPOINTS),
            checkpoints: schedule(CHECKPOINTS),
            format: said(&[FORMAT]).map(|text| text.trim().to_owned()),
            disposes: said(&[DISPOSE]).is_none_or(|text| text.trim() != "false"),
            count: cleans.then(|| count.unwrap_or(DEFAULT_COUNT)),
            age: cleans.then(|| age.unwrap_or(DEFAULT_AGE)),
        }
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

fn seconds(text: &str) -> Option<i64> {
    let age = values::duration(text, NOTATION).ok()?;
    i64::try_from(age.as_secs()).ok()
}

/// What is wrong with these options of a session and of its jobs.
pub fn problems(session: &Session) -> Vec<Problem> {
    let jobs = session.jobs.iter().map(|job| (Some(job.name.as_str()), &job.configuration));
    let all = std::iter::once((None, &session.configuration)).chain(jobs);
    all.flat_map(|(job, options)| {
        let told = move |key: &str, message: String| {
            Problem::new(key, job.map_or_else(|| message.clone(), |job| words::of(job, &message)))
        };
        let mut found = Vec::new();
        for key in SAVEPOINTS.into_iter().chain(CHECKPOINTS) {
            let read = options.text(key).map(|text| Schedule::read(&text));
            if let Some(Err(bad @ BadSchedule(_))) = read {
                found.push(told(key, bad.to_string()));
            }
        }
        for key in COUNT {
            if let Some(text) =
                options.text(key).filter(|text| text.trim().parse::<usize>().is_err())
            {
                found.push(told(key, words::no_count(&text)));
            }
        }
        for key in AGE {
            if let Some(text) = options.text(key).filter(|text| seconds(text).is_none()) {
                found.push(told(key, words::no_age(&text)));
            }
        }
        found
    })
    .collect()
}
