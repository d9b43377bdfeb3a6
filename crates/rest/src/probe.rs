//! The one question that platforms ask a JobManager. Jobs have a client of their own.

use std::time::Duration;

use nutkin_flink::FlinkVersion;
use serde::{Deserialize, Deserializer};

use crate::Identity;
use crate::http;

/// A standby hangs instead of answering while a leader is elected: nobody waits for it longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// `GET /overview`, all versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Overview {
    /// Registered TaskManagers.
    pub taskmanagers: u32,
    /// All slots.
    pub slots_total: u32,
    /// Free slots.
    pub slots_available: u32,
    /// Jobs that run or wait to.
    pub jobs_running: u32,
    /// Jobs that ended by themselves.
    pub jobs_finished: u32,
    /// Jobs that were canceled.
    pub jobs_cancelled: u32,
    /// Jobs that failed.
    pub jobs_failed: u32,
    /// The release of the JobManager; `None` where it is not one that Nutkin knows.
    #[serde(default, deserialize_with = "release")]
    pub flink_version: Option<FlinkVersion>,
}

fn release<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Option<FlinkVersion>, D::Error> {
    Ok(String::deserialize(deserializer)?.parse().ok())
}

impl Overview {
    /// Whether the session knows of jobs that have ended.
    pub const fn has_ended_jobs(&self) -> bool {
        self.jobs_finished != 0 || self.jobs_cancelled != 0 || self.jobs_failed != 0
    }
}

/// A job that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RunningJob {
    /// Its ID.
    #[serde(rename = "jid")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state.
    state: String,
}

/// States from which no job comes back.
const ENDED: [&str; 3] = ["FINISHED", "CANCELED", "FAILED"];

/// `GET /jobs/overview`, all versions.
#[derive(Debug, Deserialize)]
struct JobList {
    jobs: Vec<RunningJob>,
}

/// Asks JobManagers how the session is.
#[derive(Debug, Clone)]
pub struct Probe {
    client: reqwest::Client,
    urls: Vec<String>,
    identity: Option<Identity>,
}

impl Probe {
    /// A probe of these addresses.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(urls: &[String]) -> Result<Self, http::DownloadError> {
        let client = http::client_for(urls, PATIENCE, PATIENCE)?;
        Ok(Self { client, urls: urls.to_vec(), identity: None })
    }

    /// The same probe, for which the JobManagers of other sessions do not answer.
    #[must_use]
    pub fn of(self, identity: Option<Identity>) -> Self {
        Self { identity, ..self }
    }

    /// The overview of the first JobManager that answers, and its address.
    pub async fn overview(&self) -> Option<(Overview, &str)> {
        self.ask("overview").await
    }

    /// The jobs that have not ended, as the first JobManager that answers tells.
    pub async fn running_jobs(&self) -> Option<Vec<RunningJob>> {
        let (list, _) = self.ask::<JobList>("jobs/overview").await?;
        let is_running = |job: &RunningJob| !ENDED.contains(&job.state.as_str());
        Some(list.jobs.into_iter().filter(is_running).collect())
    }

    async fn ask<T: serde::de::DeserializeOwned>(&self, path: &str) -> Option<(T, &str)> {
        for url in &self.urls {
            let request = self.client.get(format!("{url}/{path}")).timeout(PATIENCE);
            let Ok(response) = request.send().await else { continue };
            // Until the dispatcher is there, REST answers 503.
            let Ok(response) = response.error_for_status() else { continue };
            let Ok(answer) = response.json().await else { continue };
            if let Some(identity) = &self.identity
                && identity.is_anothers(&self.client, url).await
            {
                continue;
            }
            return Some((answer, url));
        }
        None
    }
}
