//! Brings the `FlinkSessionJob`s of a file to what it says.

use std::path::Path;
use std::time::Duration;

use nutkin_core::Problem;
use nutkin_core::jobs::{self as rules, From, Observed, Step};
use nutkin_core::record::SessionRecord;
use nutkin_core::session::{Session, SessionJob};
use serde_json::Value;

use super::{Ended, Jar, failure, until_it_ends, until_tasks_run};
use crate::Context;
use crate::artifacts::Fetcher;
use crate::flink_rest::{Client, RunRequest, Trigger};
use crate::{Exit, Failure};

/// How long a savepoint or a cancelation may take: large states go to slow storage.
const PATIENCE: Duration = Duration::from_mins(10);

/// Namespace of jobs of a file that names none, so that ids are the same everywhere.
const NAMESPACE: &str = "default";

/// Carries out what is to be done for every job and remembers it after each. `base` is the folder of the file:
/// relative jars count from there.
///
/// # Errors
/// A job could not be stopped or submitted; those before it are done, and the same command goes on.
pub async fn bring(
    session: &Session,
    client: &Client,
    record: &mut SessionRecord,
    base: &Path,
    context: &Context<'_>,
    mut remember: impl FnMut(&SessionRecord) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let namespace = session.namespace.as_deref().unwrap_or(NAMESPACE);
    for job in &session.jobs {
        let known = client.jobs().await.map_err(failure)?;
        let observed = |generation| {
            let id = rules::job_id(namespace, &job.name, generation);
            match known.iter().find(|job| job.id == id) {
                None => Observed::Absent,
                Some(job) if job.state.has_ended() => Observed::Ended,
                Some(_) => Observed::Running,
            }
        };
        let old = record.jobs.get(&job.name).cloned();
        let steps = rules::decide(job, old.as_ref(), observed);
        let mut new = rules::carried_out(job, old.as_ref(), &steps);
        for step in &steps {
            carry_out(step, job, namespace, client, &mut new, base, context).await.map_err(
                |failed| {
                    let error =
                        failed.error.context(format!("job `{}` is not as the file says", job.name));
                    Failure { error, ..failed }
                        .hint("run the same command again to go on from here")
                },
            )?;
        }
        if steps.is_empty() {
            context.printer.say(&format!("job `{}` is unchanged", job.name));
        }
        record.jobs.insert(job.name.clone(), new);
        remember(record)?;
    }
    Ok(())
}

async fn carry_out(
    step: &Step,
    job: &SessionJob,
    namespace: &str,
    client: &Client,
    record: &mut nutkin_core::record::JobRecord,
    base: &Path,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let say = |text: String| context.printer.say(&text);
    let name = &job.name;
    let id = |generation| rules::job_id(namespace, name, generation);
    match step {
        Step::Cancel(generation) => {
            cancel(client, &id(*generation)).await?;
            say(format!("job `{name}` is canceled"));
        }
        Step::CancelAtCheckpoint(generation) => {
            let id = id(*generation);
            let checkpoints = client.job(&id, "/checkpoints").await.map_err(failure)?;
            let path = checkpoints["latest"]["completed"]["external_path"].as_str();
            let Some(path) = path.filter(|path| path.contains('/')) else {
                let message = format!("job `{name}` has no checkpoint to go on from");
                return Err(Failure::new(Exit::Failed, message)
                    .hint("it goes on as it is; set `execution.checkpointing.interval`, or upgradeMode: savepoint"));
            };
            cancel(client, &id).await?;
            record.last_savepoint = Some(path.to_owned());
            say(format!("job `{name}` is canceled; its last checkpoint is {path}"));
        }
        Step::StopWithSavepoint(generation) => {
            let trigger = Trigger::Stop { directory: None, format: None, drain: false };
            let path = snapshot(client, &id(*generation), &trigger).await?;
            say(format!("job `{name}` is stopped; its savepoint is {path}"));
            record.last_savepoint = Some(path);
        }
        Step::Savepoint(generation) => {
            let trigger = Trigger::Savepoint { directory: None, format: None };
            let path = snapshot(client, &id(*generation), &trigger).await?;
            say(format!("job `{name}`: savepoint {path}"));
            record.last_savepoint = Some(path);
        }
        Step::Checkpoint(generation) => {
            let trigger = Trigger::Checkpoint { kind: "CONFIGURED" };
            snapshot(client, &id(*generation), &trigger).await?;
            say(format!("job `{name}`: checkpoint taken"));
        }
        Step::Submit { generation, from } => {
            let Some(uri) = &job.jar_uri else {
                return Err(Failure::input(vec![Problem::new(
                    "spec.job.jarURI",
                    format!("job `{name}` names no jar"),
                )]));
            };
            let fetcher = Fetcher { printer: context.printer, environment: context.environment };
            let path = fetcher.fetch(uri, base).await?;
            let jar = Jar::read(&path).map_err(|error| {
                Failure::input(vec![Problem::new("spec.job.jarURI", error.to_string())])
            })?;
            let uploaded = match client.find_jar(&jar.upload_name).await.map_err(failure)? {
                Some(id) => id,
                None => client.upload(&jar.path, &jar.upload_name).await.map_err(failure)?,
            };
            let request = RunRequest {
                class: job.entry_class.clone(),
                arguments: job.args.clone(),
                parallelism: job.parallelism,
                job_id: Some(id(*generation)),
                savepoint: match from {
                    From::Nothing => None,
                    From::Path(path) => Some(path.clone()),
                    From::Remembered => record.last_savepoint.clone(),
                },
                allow_non_restored_state: job.allow_non_restored_state,
                claim_mode: None,
                options: job
                    .configuration
                    .iter()
                    .map(|(key, entry)| (key.to_owned(), entry.value.to_string()))
                    .collect(),
            };
            let id = client.run(&uploaded, &request).await.map_err(failure)?;
            record.jar_digest = Some(jar.digest);
            let from = request.savepoint.map(|path| format!(" from {path}")).unwrap_or_default();
            say(format!("job `{name}` is submitted as {id}{from}"));
        }
    }
    Ok(())
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
