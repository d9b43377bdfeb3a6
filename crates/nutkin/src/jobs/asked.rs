//! What a session says of its options and of the jobs that run.

use nutkin_core::jobs as rules;
use nutkin_flink::Configuration;
use nutkin_rest::{Client, Job};
use nutkin_shell::Error;
use serde_json::Value;

use super::drive::{Driven, Look, Patience, until};
use super::failure;

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
