//! What a JobManager says of itself and its jobs at one moment, for whoever looks for what is wrong.

use std::time::Duration;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt as _};
use nutkin_diagnosis::{FlinkEvidence, JobEvidence, Unseen};
use reqwest::Client;
use serde_json::Value;

use crate::{Identity, Probe, http};

/// How long one answer may take: a JobManager that needs longer is a finding.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often JobManagers are asked whether they answer, a second each: a loaded one does within two or three.
const ATTEMPTS: usize = 3;

/// Jobs of which more than the state is read, those that are not well first: one screen of them, and few requests.
const JOBS: usize = 20;

/// Requests at once: a JobManager answers from one event loop.
const AT_ONCE: usize = 8;

/// What the first JobManager that answers says, and what it does not answer. `None`: none of them answers.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn look(
    urls: &[String],
    identity: Option<Identity>,
) -> Result<(Option<FlinkEvidence>, Vec<Unseen>), http::DownloadError> {
    let probe = Probe::new(urls)?.of(identity);
    let Some(url) = answering(&probe).await else { return Ok((None, Vec::new())) };
    let asked = Asked { client: http::client_for(urls, PATIENCE, PATIENCE)?, url };
    let mut unseen = Vec::new();
    let mut keep = |answer: Result<Value, Unseen>| {
        answer.unwrap_or_else(|error| {
            unseen.push(error);
            Value::Null
        })
    };
    let overview = keep(asked.get("overview").await);
    let list = keep(asked.get("jobs/overview").await);
    let mut jobs: Vec<Value> = list["jobs"].as_array().cloned().unwrap_or_default();
    let rank = |job: &Value| match job["state"].as_str() {
        Some("RUNNING") => 1,
        Some("FINISHED" | "CANCELED") => 2,
        _ => 0,
    };
    jobs.sort_by_key(rank);
    let answers = jobs.into_iter().enumerate().map(|(place, job)| {
        let has_ended = rank(&job) == 2;
        asked.of_job(job, place < JOBS && !has_ended)
    });
    let answers: Vec<(JobEvidence, Vec<Unseen>)> =
        stream::iter(answers).buffered(AT_ONCE).collect().await;
    let is_unlisted = list.is_null();
    let mut flink = FlinkEvidence { overview, is_unlisted, ..FlinkEvidence::default() };
    for (job, errors) in answers {
        flink.jobs.push(job);
        unseen.extend(errors);
    }
    Ok((Some(flink), unseen))
}

/// The first JobManager that answers. One that refuses is not waited for.
async fn answering(probe: &Probe) -> Option<&str> {
    for _ in 0..ATTEMPTS {
        if let Some((_, url)) = probe.overview().await {
            return Some(url);
        }
    }
    None
}

/// A JobManager that answers.
struct Asked<'a> {
    client: Client,
    url: &'a str,
}

impl Asked<'_> {
    async fn get(&self, path: &str) -> Result<Value, Unseen> {
        let unseen = |error: reqwest::Error| Unseen {
            what: format!("`/{path}` of the JobManager"),
            why: error.without_url().to_string(),
        };
        let request = self.client.get(format!("{}/{path}", self.url)).timeout(PATIENCE);
        let response = request.send().await.and_then(reqwest::Response::error_for_status);
        response.map_err(unseen)?.json().await.map_err(unseen)
    }

    /// What is known of a job; of one that has ended well, or is one of too many, only its row.
    async fn of_job(&self, job: Value, is_read: bool) -> (JobEvidence, Vec<Unseen>) {
        let mut evidence = JobEvidence { job, ..JobEvidence::default() };
        let mut unseen = Vec::new();
        if let Some(id) = evidence.job["jid"].as_str().filter(|_| is_read).map(str::to_owned) {
            let part = async |part: &str| self.get(&format!("jobs/{id}/{part}")).await;
            let (exceptions, checkpoints) = join(part("exceptions"), part("checkpoints")).await;
            let mut keep = |answer: Result<Value, Unseen>| {
                answer.map_err(|error| unseen.push(error)).unwrap_or_default()
            };
            evidence.exceptions = keep(exceptions);
            evidence.checkpoints = keep(checkpoints);
        }
        (evidence, unseen)
    }
}
