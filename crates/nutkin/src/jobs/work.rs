//! One job of a file: looks at it, and does one thing for it. What to do is decided in core.

use std::path::Path;
use std::time::{Duration, Instant};

use nutkin_core::jobs::{self as rules, Act, Answer, Asked, Known, News, ObservedJob, SeenJob};
use nutkin_core::ledger::{JobRecord, Request};
use nutkin_flink::Problem;

use super::known::known_of;
use super::wait::{SLOTS_AFTER as READY, are_ready, tasks_of};
use super::{FoundJar, Jar, JarError, Jars, failure, is_duplicate, shortage, submit, trigger_id};
use crate::Context;
use nutkin_fetch::artifacts::Fetcher;
use nutkin_rest::{
    Client, Polled, RestError, RunRequest, Trigger, TriggerId, newest_state, retains_checkpoints,
    savepoint_at_end,
};
use nutkin_shell::ledger::{later, now};
use nutkin_shell::{Error, Kind};

/// How long a savepoint or a cancelation may take: large states go to slow storage.
pub const PATIENCE: Duration = Duration::from_mins(10);

/// A jar that the session has.
struct Uploaded {
    id: String,
    digest: String,
}

/// The jar of a job that is moved.
#[derive(Debug, Clone, Copy)]
pub(super) struct MovedJar<'a>(pub(super) Option<&'a FoundJar>);

/// One job, and what is remembered of it between two looks.
pub(super) struct Work<'a> {
    about: rules::AboutJob<'a>,
    client: &'a Client,
    context: &'a Context<'a>,
    base: &'a Path,
    /// It is moved: this is the jar that ran, where it is another one than the job names; and who owns its savepoint.
    moved: Option<MovedJar<'a>>,
    /// The list of jobs, which may be a moment old, is not enough: whether it runs is asked for.
    is_exact: bool,
    known: Option<Known>,
    is_ready: bool,
    /// Since when all its tasks are waited for.
    waiting: Option<Instant>,
    /// Since when it is seen to have ended.
    ended: Option<Instant>,
    is_asked: bool,
    left: Option<(u64, Option<String>)>,
    jar: Option<Uploaded>,
    failed: Option<RestError>,
    /// Whether what was asked for last may have been heard, although no answer came.
    pub(super) is_open: bool,
    /// Whether the id of what was submitted last is that of a job that has ended for good.
    pub(super) is_taken: bool,
}

impl<'a> Work<'a> {
    pub(super) const fn new(
        about: rules::AboutJob<'a>,
        client: &'a Client,
        base: &'a Path,
        context: &'a Context<'a>,
    ) -> Self {
        Self {
            about,
            client,
            context,
            base,
            moved: None,
            is_exact: false,
            known: None,
            is_ready: false,
            waiting: None,
            ended: None,
            is_asked: false,
            left: None,
            jar: None,
            failed: None,
            is_open: false,
            is_taken: false,
        }
    }

    /// The same of a job that is moved.
    pub(super) const fn moving(mut self, jar: MovedJar<'a>) -> Self {
        self.moved = Some(jar);
        self
    }

    /// The same of a job of which it matters whether it runs at this very moment.
    pub(super) const fn exact(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// The session's Flink release.
    pub(super) fn version(&self) -> String {
        self.client.version().to_string()
    }

    /// Looks at the session, and at what became of the request in the record.
    pub(super) async fn observe(&mut self, record: Option<&JobRecord>) -> Result<SeenJob, Error> {
        let generation = record.map_or(0, |record| record.generation);
        let request = record.and_then(|record| record.request.as_ref());
        let request = request.filter(|request| request.job == self.about.id(generation));
        if request.is_none() || self.known.is_none() {
            self.look().await?;
            if self.is_exact && 0 < generation {
                self.refine(generation).await?;
            }
        }
        let mut answer = None;
        let mut repeats_for = Duration::ZERO;
        if let Some(request) = request {
            answer = self.poll(request).await?;
            if answer != Some(Answer::InProgress) {
                self.refine(generation).await?;
            }
            if request.waits_for_checkpoint() {
                repeats_for = self.repeats_for(generation).await?;
            }
        }
        let version = self.client.version();
        Ok(SeenJob {
            known: self.known.clone().unwrap_or_default(),
            is_ready: self.is_ready,
            answer,
            is_asked: self.is_asked,
            jar: self.jar.as_ref().map(|jar| jar.digest.clone()),
            repeats_for,
            left: self.left.clone(),
            has_checkpoint_trigger: version.line().has_checkpoint_trigger,
            now: now(),
            deadline: later(PATIENCE),
            trigger: trigger_id(version)?,
        })
    }

    /// What the session knows of the job.
    async fn look(&mut self) -> Result<(), Error> {
        let rules::AboutJob { job, namespace, .. } = self.about;
        let jobs = self.client.jobs().await.map_err(failure)?;
        let known = known_of(&jobs, namespace, &job.name);
        let mut alive = known.iter().filter(|(_, state)| state.is_alive());
        let tasks =
            alive.next_back().map(|(generation, _)| tasks_of(&jobs, &self.about.id(*generation)));
        let since = *self.waiting.get_or_insert_with(Instant::now);
        self.is_ready = tasks.is_some_and(|tasks| are_ready(&tasks)) || READY < since.elapsed();
        self.known = Some(known);
        Ok(())
    }

    /// What became of the request, where it is one that can be asked for.
    async fn poll(&mut self, request: &Request) -> Result<Option<Answer>, Error> {
        let Some(asked) = Asked::of(&request.kind) else { return Ok(None) };
        let Some(id) = &request.trigger else { return Ok(Some(Answer::Unknown)) };
        let id = TriggerId::of(&request.job, &trigger(asked), id);
        Ok(Some(match self.client.poll(&id).await {
            Ok(Polled::InProgress) => Answer::InProgress,
            Ok(Polled::Completed(result)) => {
                Answer::Completed(result["location"].as_str().map(str::to_owned))
            }
            Ok(Polled::Failed(error)) => {
                let said = error.whole();
                let savepoint = rules::savepoint_in(&said).filter(|_| asked == Asked::Stop);
                let answer = savepoint.map(|path| Answer::Uncommitted(path.to_owned()));
                self.failed = Some(error);
                answer.unwrap_or(Answer::Failed)
            }
            Err(error @ RestError::NotFound(_)) => {
                self.failed = Some(error);
                Answer::Unknown
            }
            Err(error) => return Err(failure(error)),
        }))
    }

    /// The state of a generation, which the list of jobs may tell late.
    async fn refine(&mut self, generation: u64) -> Result<(), Error> {
        let state = match self.client.state(&self.about.id(generation)).await {
            Ok(state) => Some(ObservedJob::of_state(&state.to_string())),
            Err(RestError::NotFound(_)) => None,
            Err(error) => return Err(failure(error)),
        };
        if let Some(known) = &mut self.known {
            match state {
                Some(state) => drop(known.insert(generation, state)),
                None => drop(known.remove(&generation)),
            }
        }
        Ok(())
    }

    /// How long the JobManager may go on repeating what it said of a job before its end.
    async fn repeats_for(&mut self, generation: u64) -> Result<Duration, Error> {
        let known = self.known.as_ref().and_then(|known| known.get(&generation));
        if known.is_some_and(|state| state.is_alive()) || self.left.is_some() {
            return Ok(Duration::ZERO);
        }
        let ended = *self.ended.get_or_insert_with(Instant::now);
        let interval = self.client.refresh_interval().await.map_err(failure)?;
        Ok(interval.saturating_sub(ended.elapsed()))
    }

    /// What Flink said of the request that has failed.
    pub(super) fn failed(&mut self) -> Error {
        let lost =
            || Error::new(Kind::Broken, "the JobManager has forgotten what it was asked for");
        self.failed.take().map_or_else(lost, failure)
    }

    /// Does one thing, and writes into the record what only its answer tells.
    pub(super) async fn act(
        &mut self,
        act: &Act,
        record: &mut JobRecord,
    ) -> Result<Option<News>, Error> {
        self.is_open = false;
        match act {
            Act::BringJar => self.bring_jar().await?,
            Act::Cancel { generation, at_checkpoint } => {
                self.is_asked = false;
                let id = self.about.id(*generation);
                if *at_checkpoint {
                    self.expect_state_after_cancelation(&id).await?;
                }
                let canceled = self.client.cancel(&id).await;
                canceled.map_err(|error| self.unheard(error))?;
                self.is_asked = true;
            }
            Act::Trigger { generation, asked, trigger: id } => {
                self.is_asked = false;
                (self.waiting, self.is_ready) = (None, false);
                let job = self.about.id(*generation);
                match self.client.trigger(&job, &trigger(*asked), id.as_deref()).await {
                    Ok(given) => {
                        self.is_asked = true;
                        if let Some(request) = &mut record.request {
                            request.trigger = Some(given.id().to_owned());
                        }
                    }
                    // Asked for by its id, it tells whether it was heard.
                    Err(RestError::Broken(_)) if id.is_some() => {}
                    Err(error) => return Err(self.unheard(error)),
                }
            }
            Act::Recall(generation) => {
                let known = self.known.as_ref().and_then(|known| known.get(generation));
                let has_finished = known == Some(&ObservedJob::Finished);
                let path = match self.client.job(&self.about.id(*generation), "/checkpoints").await
                {
                    Ok(checkpoints) if has_finished => savepoint_at_end(&checkpoints),
                    Ok(checkpoints) => newest_state(&checkpoints),
                    Err(RestError::NotFound(_)) => None,
                    Err(error) => return Err(failure(error)),
                };
                self.left = Some((*generation, path));
            }
            Act::Submit { generation, from } => {
                return self.submit(*generation, from.as_ref(), record).await.map(Some);
            }
        }
        Ok(None)
    }

    fn unheard(&mut self, error: RestError) -> Error {
        self.is_open = matches!(error, RestError::Broken(_));
        failure(error)
    }

    /// Fetches the jar and gives it to the session.
    async fn bring_jar(&mut self) -> Result<(), Error> {
        let job = self.about.job;
        let bad = |error: JarError| {
            let message = format!("job `{}`: {error}", job.name);
            Error::input(vec![Problem::new("spec.job.jarURI", message)])
        };
        let moved = self.moved.and_then(|MovedJar(jar)| jar);
        if let Some(FoundJar::Uploaded(digest)) = moved {
            let id = self.client.find_jar_of(digest).await.map_err(failure)?;
            let gone = || Error::new(Kind::Broken, "the session does not have the jar any more");
            self.jar = Some(Uploaded { id: id.ok_or_else(gone)?, digest: digest.clone() });
            return Ok(());
        }
        // Lives until the upload is done.
        let empty;
        let jar = if let Some(FoundJar::File(path)) = moved {
            Jar::read(path).await.map_err(bad)?
        } else if let Some(uri) = &job.jar_uri {
            let fetcher =
                Fetcher { events: self.context.events, environment: self.context.environment };
            let path = fetcher.fetch(uri, self.base).await?;
            Jar::read(&path).await.map_err(bad)?
        } else {
            // The main class is on the session's own class path; REST runs nothing without a jar.
            empty = tempfile::tempdir()?;
            Jar::empty(&empty.path().join("empty.jar")).map_err(bad)?
        };
        if job.entry_class.is_none() && jar.main_class.is_none() {
            let message = format!("job `{}`: its jar does not name its main class", job.name);
            return Err(Error::input(vec![
                Problem::new("spec.job.entryClass", message).hint("name the class here"),
            ]));
        }
        let jars = Jars::of_session(self.about.session, self.context.environment);
        jars.keep(&jar, None, self.context).await;
        let id = jar.bring(self.client).await.map_err(failure)?;
        self.jar = Some(Uploaded { id, digest: jar.digest });
        Ok(())
    }

    async fn submit(
        &mut self,
        generation: u64,
        from: Option<&String>,
        record: &mut JobRecord,
    ) -> Result<News, Error> {
        let job = self.about.job;
        let Some(jar) = &self.jar else {
            return Err(Error::new(Kind::Broken, "the session has no jar of the job"));
        };
        let id = self.about.id(generation);
        let request = RunRequest {
            class: job.entry_class.clone(),
            arguments: job.args.clone(),
            parallelism: job.parallelism,
            job_id: None,
            savepoint: from.cloned(),
            allow_non_restored_state: job.allow_non_restored_state,
            // Who sets CLAIM for the whole session would have the savepoint deleted that is the way back.
            claim_mode: self
                .moved
                .filter(|_| from.is_some() && self.client.version().line().run_takes_configuration)
                .map(|_| rules::ClaimMode::NoClaim.name().to_owned()),
            options: rules::sent(job).map(|(key, value)| (key.to_owned(), value)).collect(),
        };
        // main() of a job that ran need not run once more for that.
        if self.moved.is_none()
            && let Some(shortage) = shortage(self.client, &jar.id, &request).await
        {
            self.context.events.warn(&format!("job `{}`: {shortage}", job.name));
            for hint in shortage.hints() {
                self.context.events.hint(&hint);
            }
        }
        let submitted = submit(self.client, &jar.id, &id, &request).await;
        self.is_taken = submitted.as_ref().is_err_and(is_duplicate);
        submitted.map_err(failure)?;
        *record = self.about.arrived(record);
        Ok(News::Submitted(id, from.cloned()))
    }

    /// Refuses a cancelation that would delete the state which the job is to go on from.
    async fn expect_state_after_cancelation(&self, id: &str) -> Result<(), Error> {
        let config = self.client.job(id, "/checkpoints/config").await;
        let checkpoints = self.client.job(id, "/checkpoints").await;
        let (config, checkpoints) = match (config, checkpoints) {
            (Ok(config), Ok(checkpoints)) => (config, checkpoints),
            // A job without checkpoints has no such page.
            (Err(RestError::NotFound(_)), _) | (_, Err(RestError::NotFound(_))) => {
                Default::default()
            }
            (Err(error), _) | (_, Err(error)) => return Err(failure(error)),
        };
        let refuse = |message: String, hint: &str| {
            Err(Error::new(Kind::Broken, message).hint(format!("it goes on as it is; {hint}")))
        };
        let name = &self.about.job.name;
        if newest_state(&checkpoints).is_none() {
            return refuse(
                format!("job `{name}` has no checkpoint to go on from"),
                "set `execution.checkpointing.interval` and a checkpoint directory, or use upgradeMode: savepoint",
            );
        }
        if !retains_checkpoints(&config) {
            return refuse(
                format!("job `{name}` deletes its checkpoints when it is canceled"),
                "set `execution.checkpointing.externalized-checkpoint-retention` to RETAIN_ON_CANCELLATION, or use \
                 upgradeMode: savepoint",
            );
        }
        Ok(())
    }
}

fn trigger(asked: Asked) -> Trigger {
    match asked {
        Asked::Stop => Trigger::Stop { directory: None, format: None, drain: false },
        Asked::Savepoint => Trigger::Savepoint { directory: None, format: None },
        Asked::Checkpoint => Trigger::Checkpoint { kind: "CONFIGURED" },
    }
}
