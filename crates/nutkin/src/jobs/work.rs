//! One job of a file on its way to what the file says, step by step.

use std::path::Path;
use std::time::Duration;

use nutkin_core::jobs::{self as rules, Step};
use nutkin_core::ledger::{JobRecord, Snapshot};
use nutkin_core::session::SessionJob;
use nutkin_flink::Problem;
use serde_json::Value;

use super::{Ended, Jar, failure, shortage, submit, until_it_ends, until_tasks_run};
use crate::Context;
use nutkin_fetch::artifacts::Fetcher;
use nutkin_rest::{Client, RestError, RunRequest, Trigger, newest_state, retains_checkpoints};
use nutkin_shell::ledger::now;
use nutkin_shell::{Error, Kind};

/// How long a savepoint or a cancelation may take: large states go to slow storage.
const PATIENCE: Duration = Duration::from_mins(10);

/// A jar that the session has.
struct Uploaded {
    id: String,
    digest: String,
}

/// One job, and how far it has come.
pub(super) struct Work<'a> {
    pub(super) job: &'a SessionJob,
    pub(super) namespace: &'a str,
    pub(super) client: &'a Client,
    pub(super) context: &'a Context<'a>,
    /// The record as of the steps that are done.
    pub(super) now: JobRecord,
    /// The record when all are done.
    pub(super) after: JobRecord,
    jar: Option<Uploaded>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        job: &'a SessionJob,
        namespace: &'a str,
        client: &'a Client,
        context: &'a Context<'a>,
        (now, after): (JobRecord, JobRecord),
    ) -> Self {
        Self { job, namespace, client, context, now, after, jar: None }
    }

    /// What must be remembered before a step begins, because its answer may be lost.
    pub(super) fn begin(&mut self, step: &Step) {
        match step {
            Step::Submit { .. } => self.now.pending = Some(Box::new(self.after.clone())),
            Step::Cancel(_) | Step::CancelAtCheckpoint(_) | Step::StopWithSavepoint(_) => {
                self.now.suspended = true;
            }
            Step::Recall(_) | Step::Savepoint(_) | Step::Checkpoint(_) => {}
        }
    }

    /// Takes it back: the step has failed, and nothing of it will arrive.
    pub(super) fn give_up(&mut self, step: &Step) {
        if !matches!(step, Step::Submit { .. }) {
            self.now.suspended = false;
        }
    }

    fn id(&self, generation: u64) -> String {
        rules::job_id(self.namespace, &self.job.name, generation)
    }

    fn say(&self, text: &str) {
        self.context.printer.say(&format!("job `{}`{text}", self.job.name));
    }

    /// Fetches the jar and gives it to the session.
    pub(super) async fn bring_jar(&mut self, base: &Path) -> Result<(), Error> {
        let bad = |error: super::JarError| {
            let message = format!("job `{}`: {error}", self.job.name);
            Error::input(vec![Problem::new("spec.job.jarURI", message)])
        };
        // Lives until the upload is done.
        let empty;
        let jar = if let Some(uri) = &self.job.jar_uri {
            let fetcher =
                Fetcher { events: self.context.events, environment: self.context.environment };
            let path = fetcher.fetch(uri, base).await?;
            Jar::read(&path).map_err(bad)?
        } else {
            // The main class is on the session's own class path; REST runs nothing without a jar.
            empty = tempfile::tempdir()?;
            Jar::empty(&empty.path().join("empty.jar")).map_err(bad)?
        };
        if self.job.entry_class.is_none() && jar.main_class.is_none() {
            let message = format!("job `{}`: its jar does not name its main class", self.job.name);
            return Err(Error::input(vec![
                Problem::new("spec.job.entryClass", message).hint("name the class here"),
            ]));
        }
        let id = jar.bring(self.client).await.map_err(failure)?;
        self.jar = Some(Uploaded { id, digest: jar.digest });
        Ok(())
    }

    pub(super) async fn carry_out(&mut self, step: &Step) -> Result<(), Error> {
        let client = self.client;
        match step {
            Step::Cancel(generation) => {
                cancel(client, &self.id(*generation)).await?;
                self.say(" is canceled");
            }
            Step::CancelAtCheckpoint(generation) => {
                let id = self.id(*generation);
                self.expect_state_after_cancelation(&id).await?;
                cancel(client, &id).await?;
                // It may have completed another checkpoint and deleted the one before; the JobManager repeats
                // what it said about the job for a while.
                let interval = client.refresh_interval().await.map_err(failure)?;
                tokio::time::sleep(interval).await;
                self.recall(&id).await?;
            }
            Step::Recall(generation) => self.recall(&self.id(*generation)).await?,
            Step::StopWithSavepoint(generation) => {
                let trigger = Trigger::Stop { directory: None, format: None, drain: false };
                let id = self.id(*generation);
                let path = snapshot(client, &id, &trigger).await?;
                self.say(&format!(" is stopped; its savepoint is {path}"));
                self.remember_savepoint(path, &id);
                // The savepoint is complete a moment before the job has ended.
                until_it_ends(client, &id, Some(PATIENCE), None, |_| ()).await.map_err(failure)?;
            }
            Step::Savepoint(generation) => {
                let trigger = Trigger::Savepoint { directory: None, format: None };
                let id = self.id(*generation);
                let path = snapshot(client, &id, &trigger).await?;
                self.say(&format!(": savepoint {path}"));
                self.remember_savepoint(path, &id);
            }
            Step::Checkpoint(generation) => {
                if !client.version().line().has_checkpoint_trigger {
                    let version = client.version();
                    self.say(&format!(
                        ": Flink {version} takes checkpoints only by its own clock; \
                         spec.job.checkpointTriggerNonce has no effect"
                    ));
                    return Ok(());
                }
                let trigger = Trigger::Checkpoint { kind: "CONFIGURED" };
                snapshot(client, &self.id(*generation), &trigger).await?;
                self.say(": checkpoint taken");
            }
            Step::Submit { generation, from } => self.submit(*generation, from).await?,
        }
        Ok(())
    }

    fn remember_savepoint(&mut self, path: String, id: &str) {
        self.now.remember_savepoint(Snapshot {
            path,
            kind: "savepoint".to_owned(),
            time: Some(now()),
            job: Some(id.to_owned()),
            ..Snapshot::default()
        });
    }

    async fn submit(&mut self, generation: u64, from: &rules::From) -> Result<(), Error> {
        let Some(jar) = &self.jar else { return Ok(()) };
        let job = self.job;
        let id = self.id(generation);
        let request = RunRequest {
            class: job.entry_class.clone(),
            arguments: job.args.clone(),
            parallelism: job.parallelism,
            job_id: None,
            savepoint: rules::start(from, job, &self.now),
            allow_non_restored_state: job.allow_non_restored_state,
            claim_mode: None,
            options: rules::sent(job).map(|(key, value)| (key.to_owned(), value)).collect(),
        };
        if let Some(shortage) = shortage(self.client, &jar.id, &request).await {
            self.context.printer.warn(&format!("job `{}`: {shortage}", job.name));
            for hint in shortage.hints() {
                self.context.events.hint(&hint);
            }
        }
        submit(self.client, &jar.id, &id, &request).await.map_err(failure)?;
        self.after.jar_digest = Some(jar.digest.clone());
        self.after.submitted = Some(now());
        self.after.started_from.clone_from(&request.savepoint);
        let from = request.savepoint.map(|path| format!(" from {path}")).unwrap_or_default();
        self.say(&format!(" is submitted as {id}{from}"));
        Ok(())
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
        let name = &self.job.name;
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

    /// Remembers the newest state that a job has left.
    async fn recall(&mut self, id: &str) -> Result<(), Error> {
        let checkpoints = match self.client.job(id, "/checkpoints").await {
            Ok(checkpoints) => checkpoints,
            Err(RestError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(failure(error)),
        };
        if let Some(path) = newest_state(&checkpoints) {
            self.say(&format!(" has ended; its last state is {path}"));
            self.now.last_savepoint = Some(path);
        }
        Ok(())
    }
}

async fn cancel(client: &Client, id: &str) -> Result<(), Error> {
    client.cancel(id).await.map_err(failure)?;
    match until_it_ends(client, id, Some(PATIENCE), None, |_| ()).await.map_err(failure)? {
        // Ctrl-C ends the whole of `bring`.
        Ended::Job(..) | Ended::Interrupted => Ok(()),
        Ended::TimedOut(state) => {
            Err(Error::new(Kind::TimedOut, format!("job {id} does not end: it is {state}")))
        }
    }
}

async fn snapshot(client: &Client, id: &str, trigger: &Trigger) -> Result<String, Error> {
    until_tasks_run(client, id).await;
    let place = client.trigger(id, trigger).await.map_err(failure)?;
    let result: Option<Value> = client.result(&place, PATIENCE).await.map_err(failure)?;
    let result = result.ok_or_else(|| {
        Error::new(Kind::TimedOut, format!("the snapshot of job {id} does not complete"))
    })?;
    Ok(result["location"].as_str().unwrap_or_default().to_owned())
}
