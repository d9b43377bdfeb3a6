//! A session on Kubernetes.

use futures_util::future::join3;
use nutkin_core::flink::FlinkVersion;
use nutkin_core::kubernetes::ownership::{self, Owner};
use nutkin_core::kubernetes::resource::{DEPLOYMENTS, EVENTS, PODS};
use nutkin_core::kubernetes::status::{self, Pod};
use nutkin_core::plan::kubernetes::marks;
use nutkin_core::selection::Platform;
use serde_json::Value;

use super::api::Api;
use super::error::failure;
use super::reach;
use crate::Failure;
use crate::flink_rest::{Client, Probe};
use crate::local::suffering::Jobs;
use crate::platform::{Connected, Process, View};

/// A session that exists: its cluster-id, and its Deployment as it was found.
#[derive(Debug, Clone)]
pub struct Session {
    /// Asks its API server, in its namespace.
    pub api: Api,
    /// The cluster-id.
    pub name: String,
    /// The JobManager's Deployment.
    pub deployment: Value,
    /// `resourceVersion` of the record as it was read.
    pub(super) record_version: Option<String>,
}

/// How often a JobManager is asked for its jobs before they count as unknown, and the pause between: three seconds
/// bridge a loaded one's silence.
const ASKED: usize = 15;
const ASK: std::time::Duration = std::time::Duration::from_millis(200);

/// Label selector of the JobManagers' Deployments of all Flink clusters.
fn all_selector() -> String {
    format!("type in ({}),component notin (taskmanager)", ownership::TYPES.join(","))
}

/// The session of that name, if there is one. A Deployment of that name that is no Flink cluster is none.
///
/// # Errors
/// The API server cannot be asked.
pub async fn open(api: &Api, name: &str) -> Result<Option<Session>, Failure> {
    let deployment = api.get(DEPLOYMENTS, name).await.map_err(failure)?;
    Ok(deployment
        .filter(|deployment| ownership::of_deployment(deployment) != Owner::Other)
        .map(|deployment| Session::of(api, deployment)))
}

/// All sessions of the namespace, those that Flink's own client made included, by name.
///
/// # Errors
/// The API server cannot be asked.
pub async fn all(api: &Api) -> Result<Vec<Session>, Failure> {
    let found = api.list(DEPLOYMENTS, &all_selector()).await.map_err(failure)?;
    let mut sessions: Vec<Session> =
        found.into_iter().map(|deployment| Session::of(api, deployment)).collect();
    sessions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sessions)
}

impl Session {
    /// The session of a Deployment.
    pub fn of(api: &Api, deployment: Value) -> Self {
        let name = deployment["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        Self { api: api.clone(), name, deployment, record_version: None }
    }

    /// The UID of the Deployment, which owns everything else.
    pub fn uid(&self) -> &str {
        self.deployment["metadata"]["uid"].as_str().unwrap_or_default()
    }

    /// Whether it carries our label.
    pub fn is_ours(&self) -> bool {
        matches!(ownership::of_deployment(&self.deployment), Owner::Nutkin(_))
    }

    /// The Flink release, where it was written down.
    fn flink(&self) -> Option<FlinkVersion> {
        ownership::annotation(&self.deployment, marks::FLINK)?.parse().ok()
    }

    /// Its pods, JobManagers first, then by name.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn pods(&self) -> Result<Vec<Value>, Failure> {
        let types = ownership::TYPES.join(",");
        let selector = format!("app={},type in ({types})", self.name);
        let mut pods = self.api.list(PODS, &selector).await.map_err(failure)?;
        pods.sort_by_cached_key(|pod| {
            let pod = Pod::of(pod);
            (!pod.is_job_manager, pod.name)
        });
        Ok(pods)
    }

    /// Its JobManagers' pods.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn job_managers(&self) -> Result<Vec<Value>, Failure> {
        let mut pods = self.pods().await?;
        pods.retain(|pod| pod["metadata"]["labels"]["component"] != "taskmanager");
        Ok(pods)
    }

    /// Events about its pods; none where they may not be read.
    pub async fn events(&self) -> Vec<Value> {
        self.api.list_fields(EVENTS, "involvedObject.kind=Pod").await.unwrap_or_default()
    }

    /// Looks at it.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn look(&self) -> Result<View, Failure> {
        let (deployment, pods, events) =
            join3(self.api.get(DEPLOYMENTS, &self.name), self.pods(), self.events()).await;
        let deployment = deployment.map_err(failure)?.unwrap_or_else(|| self.deployment.clone());
        let pods = pods?;
        let shown: Vec<Pod> = pods.iter().map(Pod::of).collect();
        let runs = shown.iter().any(|pod| pod.is_job_manager && pod.runs);
        let reached = if runs { reach::find(&self.api, &self.name, true).await.ok() } else { None };
        let overview = match &reached {
            Some(reached) => {
                let probe = Probe::new(std::slice::from_ref(&reached.url))?;
                probe.overview().await.map(|(overview, _)| overview)
            }
            None => None,
        };
        let registered = overview.map(|overview| overview.taskmanagers);
        let (state, messages) = status::derive(&deployment, &pods, &events, registered);
        // An address that ends with this command is none to show.
        let rest_url = reached.filter(|reached| reached.tunnel.is_none()).map(|one| one.url);
        let count =
            |job_managers| shown.iter().filter(|pod| pod.is_job_manager == job_managers).count();
        let replicas =
            deployment["spec"]["replicas"].as_u64().and_then(|n| usize::try_from(n).ok());
        Ok(View {
            name: self.name.clone(),
            platform: Platform::Kubernetes,
            namespace: Some(self.api.namespace().to_owned()),
            state,
            messages,
            flink_version: self.flink().map(|flink| flink.to_string()),
            rest_url,
            job_managers: replicas.unwrap_or_else(|| count(true)),
            task_managers: count(false),
            processes: shown
                .iter()
                .map(|pod| Process {
                    name: pod.name.clone(),
                    role: if pod.is_job_manager { "JobManager" } else { "TaskManager" }.to_owned(),
                    state: pod.state.clone(),
                    pid: None,
                    restarts: pod.restarts,
                    last_end: pod.last_end.clone(),
                })
                .collect(),
            overview,
        })
    }

    /// The jobs that run, asked for as long as a JobManager that lives may need to answer.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn jobs(&self) -> Result<Jobs, Failure> {
        if !self.job_managers().await?.iter().any(|pod| Pod::of(pod).runs) {
            return Ok(Jobs::Known(Vec::new()));
        }
        let Ok(reached) = reach::find(&self.api, &self.name, true).await else {
            return Ok(Jobs::Unknown);
        };
        let probe = Probe::new(std::slice::from_ref(&reached.url))?;
        for _ in 0..ASKED {
            if let Some(jobs) = probe.running_jobs().await {
                return Ok(Jobs::Known(jobs));
            }
            tokio::time::sleep(ASK).await;
        }
        Ok(Jobs::Unknown)
    }

    /// Makes its REST API reachable. `secret` where nobody else shall use the address.
    ///
    /// # Errors
    /// No way leads there, or the JobManager that must tell its release does not answer.
    pub async fn connect(&self, secret: bool) -> Result<Connected, Failure> {
        let reached = reach::find(&self.api, &self.name, secret).await?;
        let rest_urls = vec![reached.url];
        let flink = if let Some(flink) = self.flink() {
            flink
        } else {
            let probe = Client::new(&rest_urls, FlinkVersion::DEFAULT)?;
            let probe = probe.through(reached.tunnel.clone());
            probe.flink_version().await.map_err(crate::jobs::failure)?
        };
        Ok(Connected {
            name: self.name.clone(),
            platform: Platform::Kubernetes,
            rest_urls,
            flink,
            tunnel: reached.tunnel,
        })
    }
}
