//! Moves jobs: stops them with savepoints side by side, and resumes them in the session as it is then.
//!
//! What is under way is in the ledger, job by job, before it is asked for: whoever runs the same command after a cut goes
//! on from there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use nutkin_core::jobs::{self as rules, AboutJob, MovableJob, Stop};
use nutkin_core::ledger::{Bringer, JobRecord, Ledger, Opened, Snapshot};
use nutkin_core::session::{Session, SessionJob};
use nutkin_core::snapshots::going;
use nutkin_flink::Configuration;
use nutkin_rest::{Client, Job, RestError, Trigger};
use nutkin_shell::ledger::{self, Store};
use nutkin_shell::{Error, Kind};
use serde_json::Value;
use tokio::sync::Mutex;

use super::bring::{Manner, drive, is_silent};
use super::drive::{Driven, Look, Patience, until};
use super::known::known_of;
use super::wait::{are_ready, tasks_of};
use super::work::{MovedJar, Work};
use super::{Jars, failure, is_going, random_id, until_done};
use crate::Context;

/// How often a savepoint is asked for: one that fails has restarted the whole job (FLINK-21030), and the next one mostly
/// succeeds.
const TRIES: u32 = 3;

/// How long a savepoint of a job may take that nothing resumes: the user has agreed to lose it.
const PARTING: Duration = Duration::from_mins(1);

/// A job that runs and can be moved, or why it cannot.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What decides about it.
    pub about: MovableJob,
    /// What the ledger calls it.
    pub key: String,
    /// It as it runs.
    pub job: SessionJob,
    /// No session file names it.
    pub by_id: bool,
    /// Whether there is somewhere to write a savepoint of it.
    pub takes_savepoint: bool,
}

/// What all jobs of a session have in common.
#[derive(Clone, Copy)]
pub struct Within<'a> {
    /// The session that is wanted: its jobs are resumed as it says.
    pub session: &'a Session,
    /// The folder that relative jars count from.
    pub base: &'a Path,
    /// Jars that the user has named, by the name of the job or its id.
    pub given: &'a BTreeMap<String, PathBuf>,
    /// Finds the newest state of a job whose JobManager has died, where anybody can: by its id.
    pub found: &'a dyn Fn(&str) -> Option<String>,
    /// How long one thing may take: a savepoint, or the way to the first checkpoint.
    pub limit: Duration,
    /// What is said, and where.
    pub context: &'a Context<'a>,
}

impl std::fmt::Debug for Within<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Within").field("session", &self.session.name).finish_non_exhaustive()
    }
}

impl Within<'_> {
    fn namespace(&self) -> &str {
        self.session.namespace.as_deref().unwrap_or(rules::NAMESPACE)
    }

    fn about<'a>(&'a self, job: &'a SessionJob, by_id: bool) -> AboutJob<'a> {
        let (namespace, session) = (self.namespace(), &self.session.configuration);
        AboutJob { job, namespace, session, by_id }
    }

    /// What the ledger has of a job that runs; with it the job as it was submitted.
    pub fn recorded(&self, id: &str, opened: &Opened) -> Option<(String, SessionJob, JobRecord)> {
        let jobs = &opened.ledger.jobs;
        let is_it = |(name, record): &(&String, &JobRecord)| {
            let job = rules::again(name, record);
            let by_id = record.origin != Bringer::File;
            let generation = record.generation.max(u64::from(by_id));
            record.id.as_deref() == Some(id) || self.about(&job, by_id).id(generation) == id
        };
        if let Some((name, record)) = jobs.iter().find(is_it) {
            return Some((name.clone(), rules::again(name, record), record.clone()));
        }
        // Submitted by a command that was cut off, or the ledger was lost: the file says what it is.
        let job = self.session.jobs.iter().find(|job| {
            let states = [(id, "RUNNING")];
            !rules::known(self.namespace(), &job.name, states).is_empty()
        })?;
        Some((job.name.clone(), job.clone(), JobRecord::default()))
    }
}

/// The ledger, which several jobs write side by side.
struct Shared<'s, S>(&'s S, Mutex<Opened>);

impl<S: Store> Shared<'_, S> {
    async fn keep(&self, name: &str, now: &JobRecord) -> Result<(), Error> {
        let mut opened = self.1.lock().await;
        if opened.ledger.jobs.get(name) == Some(now) {
            return Ok(());
        }
        opened.ledger.jobs.insert(name.to_owned(), now.clone());
        Box::pin(ledger::save(self.0, &mut opened)).await?;
        // The mark of one that is being deleted comes before the look who refers to it: one of both sees the other.
        going(&opened.ledger, now).map_or(Ok(()), |why| Err(is_going(why)))
    }

    async fn change(&self, change: impl FnOnce(&mut Ledger)) -> Result<(), Error> {
        let mut opened = self.1.lock().await;
        change(&mut opened.ledger);
        ledger::save(self.0, &mut opened).await
    }
}

/// Stops jobs with savepoints, side by side. `begins` writes into the ledger what they are stopped for, before anything is
/// done.
///
/// # Errors
/// One of them could not be stopped, and why; others may be. None goes on before [`resume`] was called.
pub async fn stop(
    store: &impl Store,
    client: &Client,
    jobs: &[Candidate],
    begins: impl FnOnce(&mut Ledger),
    within: Within<'_>,
) -> Result<(), Error> {
    let listed = client.jobs().await.map_err(failure)?;
    let mut opened = ledger::load(store).await?;
    begins(&mut opened.ledger);
    for one in jobs {
        let known = known_of(&listed, within.namespace(), &one.job);
        let mut record = opened.ledger.jobs.get(&one.key).cloned().unwrap_or_default();
        if one.by_id {
            record.generation = record.generation.max(1);
        }
        let mut record = rules::settle(&one.job, Some(&record), &known).unwrap_or(record);
        record.id = Some(one.about.id.clone());
        opened.ledger.will_stop(&one.key, record);
    }
    ledger::save(store, &mut opened).await?;
    let records = opened.ledger.jobs.clone();
    let shared = Shared(store, Mutex::new(opened));
    let stops = jobs.iter().map(|one| {
        let (record, shared) = (records.get(&one.key).cloned(), &shared);
        async move {
            let job = rules::to_stop(one.job.clone());
            let about = within.about(&job, one.by_id);
            let work = Work::new(about, client, within.base, within.context).exact();
            let manner = Manner {
                otherwise: format!("job `{}` is not stopped", one.about.name),
                tries: TRIES,
                limit: within.limit,
                is_patient: true,
                is_shown: jobs.len() == 1,
            };
            let keep = async |now: &JobRecord| shared.keep(&one.key, now).await;
            let record = drive(about, work, record, &manner, within.context, keep).await?;
            match rules::stopped(&record, &one.about.id) {
                Stop::At(_) => Ok(()),
                Stop::Ended => {
                    shared.keep(&one.key, &record).await?;
                    shared.change(|ledger| ledger.stays_ended(&one.key)).await?;
                    match client.state(&one.about.id).await {
                        Err(RestError::NotFound(_)) => Err(lost(&one.about.name, within)),
                        // What is silent says nothing else.
                        _ => Ok(()),
                    }
                }
                Stop::Lost => {
                    let name = &one.about.name;
                    let message = format!(
                        "the JobManager has died while job `{name}` was being stopped, and whether its savepoint is \
                         complete is not known"
                    );
                    Err(Error::new(Kind::Broken, message))
                }
            }
        }
    });
    join_all(stops).await.into_iter().collect()
}

/// A job went with its JobManager before it was stopped: it is left as one that is lost.
fn lost(name: &str, within: Within<'_>) -> Error {
    let message = format!(
        "the JobManager has died while job `{name}` was being stopped, and the job with it"
    );
    let session = &within.session.name;
    Error::new(Kind::Broken, message)
        .hint(format!("`nutkin watch {session} --once` has it go on from its newest checkpoint"))
}

/// Stops jobs with savepoints that nothing resumes, as far as they take any; tells each with its savepoint.
pub async fn part(client: &Client, jobs: &[(String, String)], within: Within<'_>) {
    let parts = jobs.iter().map(|(id, name)| async move {
        let trigger = Trigger::Stop { directory: None, format: None, drain: false };
        let asked = client.trigger(id, &trigger, random_id().ok().as_deref()).await;
        let mut patience = Patience::new(Some(PARTING.min(within.limit)));
        let events = within.context.events;
        let taken = match asked {
            Ok(asked) => until_done(client, &asked, &mut patience).await,
            Err(error) => Err(error),
        };
        match taken {
            Ok(Driven::Done(taken)) => {
                let path = taken["location"].as_str().unwrap_or_default();
                events.say(&format!("job `{name}` is stopped; its savepoint is {path}"));
            }
            Ok(Driven::TimedOut | Driven::Interrupted) => {
                events.warn(&format!("job `{name}` has no savepoint: it takes too long"));
            }
            Err(error) => events.warn(&format!("job `{name}` has no savepoint: {error}")),
        }
    });
    join_all(parts).await;
}

/// Resumes every job of the ledger that is being moved, side by side, and waits until all their tasks run and a first
/// checkpoint is complete. `ends` writes into the ledger that this is so.
///
/// # Errors
/// A job cannot be submitted, fails, or takes too long: it stays in the ledger as one that is being moved.
pub async fn resume(
    store: &impl Store,
    client: &Client,
    ends: impl FnOnce(&mut Ledger),
    within: Within<'_>,
) -> Result<(), Error> {
    let opened = ledger::load(store).await?;
    let names: Vec<String> = opened.ledger.moving().into_iter().map(str::to_owned).collect();
    let shared = Shared(store, Mutex::new(opened));
    all(client, &names, &shared, within).await?;
    shared.change(ends).await
}

/// The same of some of them, of which nothing else is to be written. `opened`: the ledger, just read.
///
/// # Errors
/// As [`resume`].
pub async fn resume_these(
    store: &impl Store,
    client: &Client,
    names: &[String],
    opened: Opened,
    within: Within<'_>,
) -> Result<(), Error> {
    all(client, names, &Shared(store, Mutex::new(opened)), within).await
}

async fn all<S: Store>(
    client: &Client,
    names: &[String],
    shared: &Shared<'_, S>,
    within: Within<'_>,
) -> Result<(), Error> {
    let records = shared.1.lock().await.ledger.jobs.clone();
    let is_alone = names.len() == 1;
    let resumed = names.iter().map(|name| {
        let record = records[name].clone();
        async move {
            let keep = async |now: &JobRecord| shared.keep(name, now).await;
            let record = one(name, record, client, within, is_alone, keep).await?;
            shared.keep(name, &JobRecord { moving: false, ..record }).await
        }
    });
    join_all(resumed).await.into_iter().collect()
}

/// Resumes one job.
async fn one(
    name: &str,
    mut record: JobRecord,
    client: &Client,
    within: Within<'_>,
    is_shown: bool,
    keep: impl AsyncFnMut(&JobRecord) -> Result<(), Error>,
) -> Result<JobRecord, Error> {
    let by_id = record.origin != Bringer::File;
    let of_file = within.session.jobs.iter().find(|job| job.name == name && !by_id);
    let job = of_file.cloned().unwrap_or_else(|| rules::again(name, &record));
    let job = rules::to_resume(job);
    let id = within.about(&job, by_id).id(record.generation);
    if !record.suspended && record.pending.is_none() && has_failed(client, &id).await {
        // It was resumed and did not run: what kept it from that may be fixed by now.
        record.suspended = true;
        if let Some(savepoint) = &mut record.savepoint {
            savepoint.job = Some(id.clone());
        }
    }
    if record.suspended
        && rules::stopped(&record, &id) == Stop::Lost
        && matches!(client.state(&id).await, Err(RestError::NotFound(_)))
    {
        // Whoever asked it to stop was cut off, and its JobManager has ended since.
        let Some(path) = (within.found)(&id) else {
            let message = format!(
                "job `{name}` was being stopped when its JobManager ended, and where its savepoint is cannot be told"
            );
            return Err(Error::new(Kind::Broken, message));
        };
        let found = Snapshot::new("savepoint", None, &path, None, &id);
        record.remember_savepoint(found);
        record.request = None;
    }
    if of_file.is_none() {
        // The record is what the job is: one that was not stopped after all is left alone.
        record.digest = rules::digest(&job);
    }
    let is_given = within.given.contains_key(name);
    let jar = match of_file {
        // It keeps the jar that ran, whatever has become of the file; a changed job gets the one that it names.
        Some(job) if !is_given && rules::digest(job) == record.digest => {
            Jars::of(within.context.environment).find(record.jar_digest.as_deref().unwrap_or(""))
        }
        Some(_) if !is_given => None,
        _ => jar_of(name, &record, within).await?,
    };
    let about = within.about(&job, by_id);
    let work = Work::new(about, client, within.base, within.context);
    let work = work.moving(MovedJar(jar.as_deref()));
    let manner = Manner {
        otherwise: format!("job `{name}` is not resumed"),
        tries: 1,
        limit: within.limit,
        is_patient: true,
        is_shown,
    };
    let record = drive(about, work, Some(record), &manner, within.context, keep).await?;
    if job.running {
        let id = about.id(record.generation);
        runs(client, &id, name, within).await?;
        within.context.events.say(&format!("job `{name}` runs again as {id}"));
    }
    Ok(record)
}

/// Whether a job has come to an end that is not its own.
async fn has_failed(client: &Client, id: &str) -> bool {
    let state = client.state(id).await;
    state.is_ok_and(|state| state.has_ended() && !state.is_finished())
}

/// The jar of a job that no file of the session names, where it is now; `None`: it has none. It is known to be there since
/// before the job was stopped.
async fn jar_of(
    name: &str,
    record: &JobRecord,
    within: Within<'_>,
) -> Result<Option<PathBuf>, Error> {
    match super::jars::located(name, record, within.base, within.given, within.context).await {
        Ok(jar) => Ok(jar),
        Err(gone) => Err(Error::new(Kind::Broken, gone.line())),
    }
}

/// Waits until all tasks of a job run and a first checkpoint is complete, or until it has come to its end.
async fn runs(client: &Client, id: &str, name: &str, within: Within<'_>) -> Result<(), Error> {
    let is_asked = RefCell::new(!client.version().line().has_checkpoint_trigger);
    let look = async || {
        let jobs = client.jobs().await.map_err(failure)?;
        let state = jobs.iter().find(|job| job.id == id).map(|job| &job.state);
        if state.is_some_and(nutkin_rest::JobState::is_finished) {
            return Ok(Look::Done(()));
        }
        if let Some(state) = state.filter(|state| state.has_ended()) {
            let outcome = client.outcome(id).await.unwrap_or_default();
            let cause = outcome.cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            let message = format!("job `{name}` was resumed as {id} and is {state}{cause}");
            return Err(Error::new(Kind::Broken, message));
        }
        if !are_ready(&tasks_of(&jobs, id)) {
            return Ok(Look::Wait(format!("waiting for the tasks of job `{name}` to run")));
        }
        let checkpoints = match client.job(id, "/checkpoints").await {
            Ok(checkpoints) => checkpoints,
            // It takes none.
            Err(RestError::NotFound(_)) => return Ok(Look::Done(())),
            Err(error) => return Err(failure(error)),
        };
        if has_completed(&checkpoints) {
            return Ok(Look::Done(()));
        }
        if !is_asked.replace(true) {
            // Its own clock may be slow. Where it takes none on request its own one counts.
            let trigger = Trigger::Checkpoint { kind: "CONFIGURED" };
            let _ = client.trigger(id, &trigger, random_id().ok().as_deref()).await;
        }
        Ok(Look::Wait(format!("waiting for the first checkpoint of job `{name}`")))
    };
    let look = async || match look().await {
        Err(silent) if is_silent(&silent) => {
            Ok(Look::Wait("waiting for the JobManager to answer".to_owned()))
        }
        looked => looked,
    };
    let mut patience = Patience::new(Some(within.limit));
    match until(&mut patience, look).await? {
        Driven::Done(()) => Ok(()),
        Driven::TimedOut | Driven::Interrupted => {
            let seconds = within.limit.as_secs();
            let message =
                format!("job `{name}` was resumed as {id} and has no checkpoint after {seconds} s");
            Err(Error::new(Kind::TimedOut, message))
        }
    }
}

/// Whether a job has completed a checkpoint since it started.
pub fn has_completed(checkpoints: &Value) -> bool {
    checkpoints["latest"]["completed"].is_object()
}

/// Waits until no job runs any more. `patience` hears how many do.
///
/// # Errors
/// The session does not answer.
pub async fn until_none_runs(
    client: &Client,
    patience: &mut Patience<'_>,
) -> Result<Driven<()>, Error> {
    let look = async || {
        let jobs = client.jobs().await.map_err(failure)?;
        let count = jobs.iter().filter(|job| !job.state.has_ended()).count();
        let wait = || Look::Wait(format!("waiting for the end of {count} jobs"));
        Ok::<_, Error>(if count == 0 { Look::Done(()) } else { wait() })
    };
    until(patience, look).await
}

/// Whether a job is one of a batch, which takes no savepoint. `plan.type` of `/jobs/:id` since 1.14 (`JsonPlanGenerator`),
/// `job-type` since 1.20 (`JobDetailsInfo`).
pub async fn is_batch(client: &Client, id: &str) -> bool {
    let job = client.job(id, "").await.unwrap_or(Value::Null);
    job["plan"]["type"] == "BATCH" || job["job-type"] == "BATCH"
}

/// The session's own options, with `******` for secrets.
///
/// # Errors
/// It does not answer.
pub async fn options(client: &Client) -> Result<Configuration, Error> {
    Ok(client.configuration().await.map_err(failure)?.into_iter().collect())
}

/// Where the session writes savepoints, by its own options.
///
/// # Errors
/// It does not answer.
pub async fn directory(client: &Client) -> Result<Option<String>, Error> {
    Ok(directory_in(&options(client).await?))
}

/// The same, where its options are known.
pub fn directory_in(options: &Configuration) -> Option<String> {
    let found = rules::SAVEPOINT_DIRECTORY.into_iter().find_map(|key| options.get(key));
    found.map(|entry| entry.value.to_string()).filter(|text| !text.trim().is_empty())
}

/// Jobs that run, out of a list.
pub fn running(jobs: &[Job]) -> Vec<(String, String)> {
    let living = jobs.iter().filter(|job| !job.state.has_ended());
    living.map(|job| (job.id.clone(), job.name.clone())).collect()
}
