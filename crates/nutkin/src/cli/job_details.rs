//! What `jobs` says of a job beside its state: its last checkpoint, how often it was restarted, and what a change of its session
//! would do to it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join4;
use futures_util::stream::{self, StreamExt as _};
use nutkin_core::change::Effect;
use nutkin_core::decide::JobFate;
use nutkin_core::jobs::{self as rules, Hindrance, MovableJob};
use nutkin_core::ledger::Ledger;
use nutkin_core::plan::retention::{RETAIN, RETENTION};
use nutkin_flink::{Configuration, is_highly_available};
use nutkin_rest::{Client, Job, POLL, retains_checkpoints};
use serde_json::{Value, json};

use super::savepoint_place;
use crate::jobs::{Driven, Patience, moving};
use crate::platform::{AT_ONCE, Session};

/// So many jobs are looked at, each with four requests: a list that is longer is read by programs, which ask `job` for more.
const MOST: usize = 100;

/// How long a JobManager may take to collect its own metrics: it asks itself.
const COLLECTED: Duration = Duration::from_millis(500);

/// What is known of a job that runs.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// Where its last checkpoint is, unless it is kept nowhere, and when it was complete, in milliseconds since 1970.
    checkpoint: Option<(Option<String>, i64)>,
    restarts: Option<u64>,
    /// What a change that restarts the session does to it.
    fate: Option<JobFate>,
    /// Whether it says itself that its checkpoints are not retained, in a session where nothing else brings it back.
    overrules: bool,
}

impl Details {
    /// Age of the last checkpoint, restarts, and what a change does.
    pub(super) fn columns(&self) -> [String; 3] {
        let none = || "-".to_owned();
        let age = self.checkpoint.as_ref().map(|(_, time)| duration((now() - time).max(0)));
        [
            age.unwrap_or_else(none),
            self.restarts.map_or_else(none, |count| count.to_string()),
            self.fate.as_ref().map_or_else(none, |fate| fate.fate.word().to_owned()),
        ]
    }

    /// What people should know of it, by its name.
    pub(super) fn warning(&self, name: &str) -> Option<String> {
        self.overrules.then(|| {
            format!(
                "job `{name}` has its checkpoints deleted when its JobManager is told to end: it overrules \
                 `execution.checkpointing.externalized-checkpoint-retention` of the session"
            )
        })
    }

    /// Adds the fields of `-o json` to those of the job.
    pub(super) fn document(&self, mut job: Value) -> Value {
        let checkpoint = self.checkpoint.as_ref();
        job["lastCheckpoint"] = json!(checkpoint.and_then(|(path, _)| path.as_ref()));
        job["lastCheckpointTime"] = json!(checkpoint.map(|(_, time)| time));
        job["restarts"] = json!(self.restarts);
        job["onChange"] = json!(
            self.fate
                .as_ref()
                .map(|fate| json!({"fate": fate.fate.word(), "reason": fate.why.as_deref()}))
        );
        job
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The details of each of these jobs, in their order. What a JobManager does not tell is not known.
pub(super) async fn of(
    jobs: &[Job],
    client: &Client,
    session: Option<&Session>,
    ledger: Option<&Ledger>,
) -> Vec<Details> {
    let options = moving::options(client).await.ok();
    let of_all = options.as_ref().map(|options| of_all(options, session, ledger));
    let retains = options.as_ref().and_then(|options| options.text(RETENTION));
    let retains = retains.is_some_and(|said| said.trim() == RETAIN);
    let each = jobs.iter().enumerate().map(|(index, job)| {
        let of_all = of_all.clone();
        async move {
            if MOST <= index || job.state.has_ended() {
                return Details::default();
            }
            let parts = ["/checkpoints", "/checkpoints/config"];
            let [checkpoints, config] = parts.map(|part| client.job(&job.id, part));
            let is_batch = moving::is_batch(client, &job.id);
            let restarts = restarts_of(&job.id, client);
            let all = join4(checkpoints, config, restarts, is_batch);
            let (checkpoints, config, restarts, is_batch) = all.await;
            let is_lost = of_all.as_ref().is_some_and(|(effect, _)| *effect == Effect::Loss);
            let fate = of_all.map(|(effect, hindrance)| {
                let is_ours = || hindrance_of(job, ledger);
                let batch = || is_batch.then_some(Hindrance::Batch);
                let hindrance = hindrance.or_else(is_ours).or_else(batch);
                let about = MovableJob { id: job.id.clone(), name: job.name.clone(), hindrance };
                rules::fates(effect, None, &[about]).remove(0)
            });
            Details {
                checkpoint: checkpoints.ok().as_ref().and_then(last_checkpoint),
                restarts,
                fate,
                overrules: is_lost && retains && config.is_ok_and(|config| overrules(&config)),
            }
        }
    });
    stream::iter(each).buffered(AT_ONCE).collect().await
}

/// How often a job was restarted. A JobManager that was asked for no metric so far collects them first.
async fn restarts_of(id: &str, client: &Client) -> Option<u64> {
    let mut patience = Patience::new(Some(COLLECTED));
    loop {
        let metrics = client.job(id, "/metrics?get=numRestarts").await.ok()?;
        let is_empty = metrics.as_array().is_some_and(Vec::is_empty);
        if !is_empty || !matches!(patience.waits("", POLL).await, Driven::Done(())) {
            return restarts(&metrics);
        }
    }
}

/// What a restart does to jobs that are left alone, and what keeps all of them from being moved.
fn of_all(
    options: &Configuration,
    session: Option<&Session>,
    ledger: Option<&Ledger>,
) -> (Effect, Option<Hindrance>) {
    if is_highly_available(options) {
        return (Effect::Restart, None);
    }
    let wanted = ledger.and_then(|ledger| ledger.wanted.as_ref()?.session().ok());
    let hindrance = match (moving::directory_in(options), session, wanted) {
        (None, ..) => Some(Hindrance::NoDirectory),
        (Some(directory), Some(session), Some(wanted)) => {
            savepoint_place::hindrance(directory, session.platform(), &wanted)
        }
        _ => None,
    };
    (Effect::Loss, hindrance)
}

/// Why a job cannot be moved by itself. Whether its jar is still there is seen by `plan`.
fn hindrance_of(job: &Job, ledger: Option<&Ledger>) -> Option<Hindrance> {
    let Some(ledger) = ledger else { return Some(Hindrance::NotOurs) };
    let mut jobs = ledger.jobs.iter();
    let is_it = |(name, record): &(&String, &nutkin_core::ledger::JobRecord)| {
        let pending = record.pending.as_ref().and_then(|pending| pending.id.as_ref());
        **name == job.id || record.id.as_ref() == Some(&job.id) || pending == Some(&job.id)
    };
    match jobs.find(is_it) {
        None => Some(Hindrance::NotOurs),
        Some((name, _)) => rules::is_one_of_several(name, ledger).then_some(Hindrance::Several),
    }
}

/// Where the last checkpoint is and when it was complete. Source: `CheckpointingStatistics`, 1.13 to 2.3.
fn last_checkpoint(checkpoints: &Value) -> Option<(Option<String>, i64)> {
    let last = &checkpoints["latest"]["completed"];
    let time = last["latest_ack_timestamp"].as_i64().filter(|time| 0 < *time)?;
    // Flink's word for a checkpoint that is not externalized.
    let path = last["external_path"].as_str().filter(|path| !path.starts_with('<'));
    Some((path.map(str::to_owned), time))
}

/// Whether checkpoints of a job go with it. One that takes none has no such page. Source: `CheckpointConfigInfo`, 1.13 to 2.3.
fn overrules(config: &Value) -> bool {
    config["externalization"].is_object() && !retains_checkpoints(config)
}

/// The metric `numRestarts` of the JobManager: how often the job was restarted since it was submitted to it. One that was asked for no
/// metric so far has none yet (`MetricFetcherImpl`).
fn restarts(metrics: &Value) -> Option<u64> {
    metrics[0]["value"].as_str()?.parse().ok()
}

/// `1h 02m`, `3m 05s`, `7.2s`.
pub(super) fn duration(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds {
        3600.. => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        60.. => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{:.1}s", millis as f64 / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_manager_tells() {
        let kept = json!({"latest_ack_timestamp": 5, "external_path": "file:/c/chk-1"});
        let checkpoint = |last: Value| last_checkpoint(&json!({"latest": {"completed": last}}));
        assert_eq!(checkpoint(kept), Some((Some("file:/c/chk-1".to_owned()), 5)));
        let within = json!({"latest_ack_timestamp": 5, "external_path": "<checkpoint-not-externally-addressable>"});
        assert_eq!(checkpoint(within), Some((None, 5)));
        assert_eq!(checkpoint(Value::Null), None);
        assert_eq!(restarts(&json!([{"id": "numRestarts", "value": "3"}])), Some(3));
        assert_eq!(restarts(&json!([])), None);
        let config = |enabled: bool, deletes: bool| json!({"externalization": {"enabled": enabled, "delete_on_cancellation": deletes}});
        assert!(overrules(&config(false, true)) && overrules(&config(true, true)));
        assert!(!overrules(&config(true, false)) && !overrules(&Value::Null));
        let details = Details { overrules: true, ..Details::default() };
        assert!(details.warning("x").is_some() && Details::default().warning("x").is_none());
    }

    #[test]
    fn what_a_change_would_do() {
        #[track_caller]
        fn check(options: &[(&str, &str)], ledger: Option<&Ledger>, expected: &str) {
            let options: Configuration = options.iter().copied().collect();
            let job = Job {
                id: "0a".repeat(16),
                name: "job".to_owned(),
                state: nutkin_rest::JobState::of("RUNNING"),
                start_time: 0,
                duration: 0,
                tasks: std::collections::BTreeMap::new(),
            };
            let (effect, hindrance) = of_all(&options, None, ledger);
            let hindrance = hindrance.or_else(|| hindrance_of(&job, ledger));
            let about = MovableJob { id: job.id, name: job.name, hindrance };
            let fate = rules::fates(effect, None, &[about]).remove(0);
            assert_eq!(fate.fate.word(), expected, "{:?}", fate.why);
        }
        let mut ledger = Ledger::new("s");
        ledger.jobs.insert("0a".repeat(16), nutkin_core::ledger::JobRecord::default());
        let directory = [("state.savepoints.dir", "s3://b/sp")];
        check(&directory, Some(&ledger), "moved");
        check(&directory, Some(&Ledger::new("s")), "lost");
        check(&directory, None, "lost");
        check(&[], Some(&ledger), "lost");
        check(&[("high-availability.type", "zookeeper")], None, "fails-over");
    }
}
