//! What somebody needs who keeps the jobs of a session running: which pods run, since when, and what jobs have left.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::future::try_join_all;
use futures_util::io::AsyncBufReadExt as _;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::Request;
use k8s_openapi::api::core::v1::Pod;
use kube::api::AttachParams;
use nutkin_core::jobs::{Archived, LIST, archived, listed};
use nutkin_core::kubernetes::resource::PODS;
use nutkin_core::kubernetes::shape;
use nutkin_core::kubernetes::{kept, living};
use nutkin_core::supervision::fence::{LivingProcesses, ProcessStart};
use nutkin_shell::{Error, Kind};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

use super::error::{ApiError, failure};
use super::session::KubernetesSession;

/// Seconds that a TaskManager of a lost JobManager gets to end: with 0 its pod would be forgotten before it has ended.
const SOON: u32 = 1;

/// Shells, of which an image has one.
const SHELLS: [&str; 2] = ["sh", "bash"];

/// Prints a file after an empty line, and nothing where it is not there.
const READ: &str = "[ ! -e \"$1\" ] || { echo; cat \"$1\"; }";

impl KubernetesSession {
    /// The processes that run, in pods that are to end as well.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn processes(&self) -> Result<LivingProcesses, Error> {
        let pods = self.pods().await?;
        let (job_managers, task_managers): (Vec<_>, Vec<_>) =
            pods.iter().partition(|pod| shape::is_job_manager(pod));
        let starts = |pods: Vec<_>| pods.into_iter().filter_map(living::start).collect();
        Ok(LivingProcesses {
            job_managers: starts(job_managers),
            task_managers: starts(task_managers),
        })
    }

    /// Ends pods; what they belong to makes new ones where it wants some.
    ///
    /// # Errors
    /// The API server refuses.
    pub async fn end_processes(&self, all: &[ProcessStart]) -> Result<(), Error> {
        let ended = all.iter().map(|one| self.api.end_pod(&one.name, &one.id, SOON));
        try_join_all(ended).await.map_err(failure).map(drop)
    }

    /// The complete checkpoints of jobs below a directory of pods; `None`: no JobManager runs, it has no shell, or nobody may run
    /// commands in it.
    pub async fn left(
        &self,
        directory: &str,
        jobs: &[&str],
    ) -> Option<BTreeMap<String, BTreeMap<u64, String>>> {
        let words: Vec<&str> = std::iter::once(directory).chain(jobs.iter().copied()).collect();
        Some(listed(directory, &self.printed_by(LIST, &words).await?))
    }

    /// What JobManagers wrote down of a job in a directory of pods.
    ///
    /// # Errors
    /// Nobody can look there from here.
    pub async fn archived(&self, directory: &str, job: &str) -> Result<Archived, Error> {
        let unseen = || Error::new(Kind::Broken, format!("`{directory}` cannot be read from here"));
        let path = format!("{}/{job}", directory.trim_end_matches('/'));
        let printed = self.printed_by(READ, &[&path]).await.ok_or_else(unseen)?;
        if printed.is_empty() {
            let pod = self.running_job_manager().await.ok_or_else(unseen)?;
            return Ok(Archived::nothing(kept::surely_outlives(&pod, Path::new(&path))));
        }
        Ok(archived(Some(printed.as_bytes()), job))
    }

    /// A pod in which a JobManager runs.
    async fn running_job_manager(&self) -> Option<Value> {
        let pods = self.job_managers().await.ok()?;
        pods.into_iter().find(|pod| living::start(pod).is_some())
    }

    /// What a script prints in the JobManager; `None`: it fails, or cannot be run.
    async fn printed_by(&self, script: &str, words: &[&str]) -> Option<String> {
        for shell in SHELLS {
            let words = [&[shell, "-c", script, shell], words].concat();
            if let Some(printed) = self.printed_by_command(words).await {
                return Some(printed);
            }
        }
        None
    }

    async fn printed_by_command(&self, words: Vec<&str>) -> Option<String> {
        let pod = self.running_job_manager().await?;
        let name = pod["metadata"]["name"].as_str()?;
        let container = living::container(&pod)?;
        let api: kube::Api<Pod> =
            kube::Api::namespaced(self.api.client().clone(), self.api.namespace());
        let how = AttachParams::default().stdin(false).stderr(false).container(container);
        let mut process = api.exec(name, words, &how).await.ok()?;
        let status = process.take_status();
        let mut printed = String::new();
        process.stdout()?.read_to_string(&mut printed).await.ok()?;
        let is_good = status?.await.is_some_and(|one| one.status.as_deref() == Some("Success"));
        is_good.then_some(printed)
    }
}

/// What happens to the pods of a session, as the API server tells.
#[allow(missing_debug_implementations, reason = "the stream inside has none")]
pub struct PodChanges {
    session: KubernetesSession,
    stream: Option<BoxStream<'static, std::io::Result<String>>>,
}

impl PodChanges {
    /// Of a session; nothing is asked yet.
    pub const fn of(session: KubernetesSession) -> Self {
        Self { session, stream: None }
    }

    /// Asks from now on, where that is not asked already. Who may not watch hears nothing.
    pub async fn open(&mut self) {
        if self.stream.is_none() {
            self.stream = self.begin().await.ok();
        }
    }

    async fn begin(&self) -> Result<BoxStream<'static, std::io::Result<String>>, ApiError> {
        let api = &self.session.api;
        let selector = KubernetesSession::selector(&self.session.name);
        let version = api.version(PODS, &selector).await?;
        let path = api.watch_path(PODS, &selector, &version);
        let request = Request::get(&path).body(Vec::new());
        let request = request.map_err(|error| ApiError::Broken(error.to_string()))?;
        let stream = api.client().request_stream(request).await;
        let stream = stream.map_err(|error| ApiError::Broken(error.to_string()))?;
        Ok(stream.lines().into_stream().boxed())
    }

    /// Ends when something has happened; where the API server tells nothing, never.
    pub async fn next(&mut self) {
        if let Some(stream) = &mut self.stream {
            match stream.next().await {
                Some(Ok(line)) if !line.contains("\"type\":\"ERROR\"") => return,
                _ => self.stream = None,
            }
        }
        std::future::pending::<()>().await;
    }
}
