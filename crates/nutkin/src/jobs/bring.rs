//! Brings the `FlinkSessionJob`s of a file to what it says.

use std::path::Path;
use std::time::Duration;

use nutkin_core::Problem;
use nutkin_core::jobs::{self as rules, Observed, Step};
use nutkin_core::record::{JobRecord, SessionRecord};
use nutkin_core::session::{Session, SessionJob};
use serde_json::Value;

use super::{Ended, Jar, failure, until_it_ends, until_tasks_run};
use crate::Context;
use crate::artifacts::Fetcher;
use crate::flink_rest::{
    Client, Job, RestError, RunRequest, Trigger, newest_state, retains_checkpoints,
};
use crate::{Exit, Failure};

/// How long a savepoint or a cancelation may take: large states go to slow storage.
const PATIENCE: Duration = Duration::from_mins(10);

/// Namespace of jobs of a file that names none, so that ids are the same everywhere.
const NAMESPACE: &str = "default";

/// Carries out what is to be done for every job and remembers it after each step. `base` is the folder of the file:
/// relative jars count from there.
///
/// # Errors
/// A job could not be stopped or submitted, or Ctrl-C; what is done is remembered, and the same command goes on.
pub async fn bring(
    session: &Session,
    client: &Client,
    record: &mut SessionRecord,
    base: &Path,
    context: &Context<'_>,
    remember: impl AsyncFnMut(&SessionRecord) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // Whoever has waited for a job once has taken Ctrl-C away from the system for good: a submission whose main()
    // hangs must be left here.
    tokio::select! {
        biased;
        done = bring_all(session, client, record, base, context, remember) => done,
        _ = tokio::signal::ctrl_c() => Err(Failure::new(
            Exit::Interrupted,
            "interrupted; what was begun in the session goes on",
        )
        .hint("`nutkin jobs --all` shows the jobs; the same command goes on from there")),
    }
}

async fn bring_all(
    session: &Session,
    client: &Client,
    record: &mut SessionRecord,
    base: &Path,
    context: &Context<'_>,
    mut remember: impl AsyncFnMut(&SessionRecord) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let namespace = session.namespace.as_deref().unwrap_or(NAMESPACE);
    let known = client.jobs().await.map_err(failure)?;
    let mut problems = Vec::new();
    for job in &session.jobs {
        let observed =
            |generation| observe(&known, &rules::job_id(namespace, &job.name, generation));
        let settled = rules::settle(job, record.jobs.get(&job.name), observed);
        problems.extend(rules::problems(job, settled.as_ref()));
    }
    if !problems.is_empty() {
        return Err(Failure::input(problems));
    }
    for job in &session.jobs {
        // Asked again for each: the jobs before it may have taken long.
        let known = client.jobs().await.map_err(failure)?;
        let observed =
            |generation| observe(&known, &rules::job_id(namespace, &job.name, generation));
        let old = rules::settle(job, record.jobs.get(&job.name), observed);
        let steps = rules::decide(job, old.as_ref(), observed);
        if steps.is_empty() {
            context.printer.say(&format!("job `{}` is unchanged", job.name));
        }
        let mut work = Work {
            job,
            namespace,
            client,
            context,
            now: old.clone().unwrap_or_default(),
            after: rules::carried_out(job, old.as_ref(), &steps),
            jar: None,
        };
        let mut keep = async |now: &JobRecord| {
            record.jobs.insert(job.name.clone(), now.clone());
            remember(record).await
        };
        let not_so = |failed: Failure| {
            let error = failed.error.context(format!("job `{}` is not as the file says", job.name));
            Failure { error, ..failed }.hint("run the same command again to go on from here")
        };
        // Before anything is stopped: a jar that is not there shall not cost the job that runs.
        if steps.iter().any(|step| matches!(step, Step::Submit { .. })) {
            work.jar = Some(work.bring_jar(base).await.map_err(not_so)?);
        }
        for step in &steps {
            if let Step::Submit { .. } = step {
                work.now.pending = Some(Box::new(work.after.clone()));
                keep(&work.now).await?;
            }
            work.carry_out(step).await.map_err(not_so)?;
            // Where the state of a stopped job is must survive the failure of what follows.
            work.after.last_savepoint.clone_from(&work.now.last_savepoint);
            keep(&work.now).await?;
        }
        keep(&work.after).await?;
    }
    Ok(())
}

fn observe(known: &[Job], id: &str) -> Observed {
    match known.iter().find(|job| job.id == id) {
        None => Observed::Absent,
        Some(job) if job.state.has_ended() => Observed::Ended,
        Some(_) => Observed::Running,
    }
}

/// A jar that the session has.
struct Uploaded {
    id: String,
    digest: String,
}

/// One job on its way to what the file says.
struct Work<'a> {
    job: &'a SessionJob,
    namespace: &'a str,
    client: &'a Client,
    context: &'a Context<'a>,
    /// The record as of the steps that are done.
    now: JobRecord,
    /// The record when all are done.
    after: JobRecord,
    jar: Option<Uploaded>,
}

impl Work<'_> {
    fn id(&self, generation: u64) -> String {
        rules::job_id(self.namespace, &self.job.name, generation)
    }

    fn say(&self, text: &str) {
        self.context.printer.say(&format!("job `{}`{text}", self.job.name));
    }

    async fn bring_jar(&self, base: &Path) -> Result<Uploaded, Failure> {
        let Some(uri) = &self.job.jar_uri else {
            let message = format!("job `{}` names no jar", self.job.name);
            return Err(Failure::input(vec![Problem::new("spec.job.jarURI", message)]));
        };
        let fetcher =
            Fetcher { printer: self.context.printer, environment: self.context.environment };
        let path = fetcher.fetch(uri, base).await?;
        let jar = Jar::read(&path).map_err(|error| {
            Failure::input(vec![Problem::new("spec.job.jarURI", error.to_string())])
        })?;
        let id = match self.client.find_jar(&jar.upload_name).await.map_err(failure)? {
            Some(id) => id,
            None => self.client.upload(&jar.path, &jar.upload_name).await.map_err(failure)?,
        };
        Ok(Uploaded { id, digest: jar.digest })
    }

    async fn carry_out(&mut self, step: &Step) -> Result<(), Failure> {
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
                let path = snapshot(client, &self.id(*generation), &trigger).await?;
                self.say(&format!(" is stopped; its savepoint is {path}"));
                self.now.last_savepoint = Some(path);
            }
            Step::Savepoint(generation) => {
                let trigger = Trigger::Savepoint { directory: None, format: None };
                let path = snapshot(client, &self.id(*generation), &trigger).await?;
                self.say(&format!(": savepoint {path}"));
                self.now.last_savepoint = Some(path);
            }
            Step::Checkpoint(generation) => {
                let trigger = Trigger::Checkpoint { kind: "CONFIGURED" };
                snapshot(client, &self.id(*generation), &trigger).await?;
                self.say(": checkpoint taken");
            }
            Step::Submit { generation, from } => {
                let Some(jar) = &self.jar else { return Ok(()) };
                let job = self.job;
                let request = RunRequest {
                    class: job.entry_class.clone(),
                    arguments: job.args.clone(),
                    parallelism: job.parallelism,
                    job_id: Some(self.id(*generation)),
                    savepoint: rules::start(from, job, &self.now),
                    allow_non_restored_state: job.allow_non_restored_state,
                    claim_mode: None,
                    options: job
                        .configuration
                        .iter()
                        .map(|(key, entry)| (key.to_owned(), entry.value.to_string()))
                        .collect(),
                };
                let id = client.run(&jar.id, &request).await.map_err(failure)?;
                self.after.jar_digest = Some(jar.digest.clone());
                let from =
                    request.savepoint.map(|path| format!(" from {path}")).unwrap_or_default();
                self.say(&format!(" is submitted as {id}{from}"));
            }
        }
        Ok(())
    }

    /// Refuses a cancelation that would delete the state which the job is to go on from.
    async fn expect_state_after_cancelation(&self, id: &str) -> Result<(), Failure> {
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
            Err(Failure::new(Exit::Failed, message).hint(format!("it goes on as it is; {hint}")))
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
    async fn recall(&mut self, id: &str) -> Result<(), Failure> {
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

async fn cancel(client: &Client, id: &str) -> Result<(), Failure> {
    client.cancel(id).await.map_err(failure)?;
    match until_it_ends(client, id, Some(PATIENCE), |_| ()).await.map_err(failure)? {
        Ended::Job(..) => Ok(()),
        Ended::TimedOut(state) => {
            Err(Failure::new(Exit::TimedOut, format!("job {id} does not end: it is {state}")))
        }
        Ended::Interrupted => {
            Err(Failure::new(Exit::Interrupted, format!("interrupted; job {id} is being canceled")))
        }
    }
}

async fn snapshot(client: &Client, id: &str, trigger: &Trigger) -> Result<String, Failure> {
    until_tasks_run(client, id).await;
    let place = client.trigger(id, trigger).await.map_err(failure)?;
    let result: Option<Value> = client.result(&place, PATIENCE).await.map_err(failure)?;
    let result = result.ok_or_else(|| {
        Failure::new(Exit::TimedOut, format!("the snapshot of job {id} does not complete"))
    })?;
    Ok(result["location"].as_str().unwrap_or_default().to_owned())
}
