//! A session on Kubernetes.

use futures_util::future::join_all;
use nutkin_core::kubernetes::ownership::{self, Owner};
use nutkin_core::kubernetes::resource::{
    CONFIG_MAPS, DEPLOYMENTS, EVENTS, PODS, Resource, STATEFUL_SETS, WORKLOADS,
};
use nutkin_core::kubernetes::shape;
use nutkin_core::kubernetes::status::Pod;
use nutkin_core::plan::kubernetes::{config_map, marks};
use nutkin_core::remedy::Deed;
use nutkin_core::selection::Platform;
use nutkin_flink::{FlinkVersion, is_highly_available};
use serde_json::{Value, json};

use super::api::Api;
use super::error::{ApiError, failure};
use super::reach;
use nutkin_rest::Connected;
use nutkin_rest::RunningJobs;
use nutkin_rest::{Client, Probe};
use nutkin_shell::{Error, Kind};

/// A session that exists: its cluster-id, and the workload of its JobManagers as it was found.
#[derive(Debug, Clone)]
pub struct KubernetesSession {
    /// Asks its API server, in its namespace.
    pub api: Api,
    /// The cluster-id.
    pub name: String,
    /// The workload of the JobManagers: a Deployment, in standalone mode perhaps a StatefulSet. It owns the rest.
    pub workload: Value,
}

/// How often a JobManager is asked for its jobs before they count as unknown, and the pause between: three seconds
/// bridge a loaded one's silence.
const ASKED: usize = 15;
const ASK: std::time::Duration = std::time::Duration::from_millis(200);

/// Label selector of the JobManagers' workloads of all Flink clusters.
fn all_selector() -> String {
    format!("type in ({}),component notin (taskmanager)", ownership::TYPES.join(","))
}

/// The session of that name, if there is one. A workload of that name that is not a Flink cluster is none.
///
/// # Errors
/// The API server cannot be asked.
pub async fn open(api: &Api, name: &str) -> Result<Option<KubernetesSession>, Error> {
    for kind in WORKLOADS {
        let found = api.get(kind, name).await;
        let found = found.map_err(failure)?;
        if let Some(found) = found.filter(|one| ownership::of_workload(one) != Owner::Other) {
            return Ok(Some(KubernetesSession::of(api, found)));
        }
    }
    Ok(None)
}

/// All sessions of the namespace that have a workload, those that Flink's own client made included, by name.
///
/// # Errors
/// The API server cannot be asked.
pub async fn all(api: &Api) -> Result<Vec<KubernetesSession>, Error> {
    let selector = all_selector();
    let lists = join_all(WORKLOADS.map(|kind| api.list(kind, &selector))).await;
    let mut sessions = Vec::new();
    for list in lists {
        let found = list.map_err(failure)?;
        sessions.extend(found.into_iter().map(|workload| KubernetesSession::of(api, workload)));
    }
    sessions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sessions)
}

impl KubernetesSession {
    /// The session of a workload of JobManagers.
    pub fn of(api: &Api, workload: Value) -> Self {
        let name = workload["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        Self { api: api.clone(), name, workload }
    }

    /// The session of that name, of which nothing runs and only the ledger may be left.
    pub fn gone(api: &Api, name: &str) -> Self {
        Self::of(api, json!({"metadata": {"name": name}}))
    }

    /// Whether it has no workload.
    pub fn has_ended(&self) -> bool {
        self.uid().is_empty()
    }

    /// The UID of the workload, which owns everything else.
    pub fn uid(&self) -> &str {
        self.workload["metadata"]["uid"].as_str().unwrap_or_default()
    }

    /// What kind of workload it is.
    pub fn kind(&self) -> Resource {
        Resource::of(&self.workload).unwrap_or(DEPLOYMENTS)
    }

    /// The workload as it is now; `None`: it is gone, or another one has its name.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn now(&self) -> Result<Option<Value>, Error> {
        let found = self.api.get(self.kind(), &self.name).await.map_err(failure)?;
        Ok(found.filter(|one| one["metadata"]["uid"] == self.uid()))
    }

    /// The workload of the TaskManagers, where it is one of their own.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn task_managers(&self) -> Result<Option<Value>, Error> {
        match shape::task_managers_workload(&self.workload) {
            Some((kind, name)) => self.api.get(kind, &name).await.map_err(failure),
            None => Ok(None),
        }
    }

    /// Sees that it has a workload.
    ///
    /// # Errors
    /// It has none.
    pub fn lives(&self) -> Result<(), Error> {
        if !self.has_ended() {
            return Ok(());
        }
        let name = &self.name;
        Err(Error::new(Kind::NotFound, format!("session `{name}` has ended"))
            .hint(Deed::up_of(name).does("starts it again")))
    }

    /// Whether it carries our label.
    pub fn is_ours(&self) -> bool {
        matches!(ownership::of_workload(&self.workload), Owner::Nutkin(_))
    }

    /// The Flink release, where it was written down.
    pub(super) fn flink(&self) -> Option<FlinkVersion> {
        ownership::annotation(&self.workload, marks::FLINK)?.parse().ok()
    }

    /// Its pods, JobManagers first, then by name.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn pods(&self) -> Result<Vec<Value>, Error> {
        Self::pods_of(&self.api, &self.name).await.map_err(failure)
    }

    /// The same of the session of a name.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn pods_of(api: &Api, name: &str) -> Result<Vec<Value>, ApiError> {
        let mut pods = api.list(PODS, &Self::selector(name)).await?;
        pods.sort_by_cached_key(|pod| {
            let pod = Pod::of(pod);
            (!pod.is_job_manager, pod.name)
        });
        Ok(pods)
    }

    /// Label selector of the pods of the session of a name.
    pub(super) fn selector(name: &str) -> String {
        format!("app={name},type in ({})", ownership::TYPES.join(","))
    }

    /// Its JobManagers' pods.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn job_managers(&self) -> Result<Vec<Value>, Error> {
        let mut pods = self.pods().await?;
        pods.retain(shape::is_job_manager);
        Ok(pods)
    }

    /// Events about its pods, and about a StatefulSet that makes them; none where they may not be read.
    pub async fn events(&self) -> Vec<Value> {
        self.told_events().await.0
    }

    /// The same, and why some may not be read.
    pub async fn told_events(&self) -> (Vec<Value>, Option<ApiError>) {
        let (mut events, mut error) = (Vec::new(), None);
        let is_one_set = self.kind() == STATEFUL_SETS;
        for kind in ["Pod"].into_iter().chain(is_one_set.then_some(STATEFUL_SETS.kind)) {
            let about = format!("involvedObject.kind={kind}");
            match self.api.list_fields(EVENTS, &about).await {
                Ok(found) => events.extend(found),
                Err(failed) => error = Some(failed),
            }
        }
        (events, error)
    }

    /// The jobs that run, asked for as long as a JobManager that lives may need to answer.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn jobs(&self) -> Result<RunningJobs, Error> {
        if !self.job_managers().await?.iter().any(|pod| Pod::of(pod).runs) {
            return Ok(RunningJobs::Known(Vec::new()));
        }
        let Ok(reached) = reach::find(&self.api, &self.name, true).await else {
            return Ok(RunningJobs::Unknown);
        };
        let probe = Probe::new(std::slice::from_ref(&reached.url))?;
        for _ in 0..ASKED {
            if let Some(jobs) = probe.running_jobs().await {
                return Ok(RunningJobs::Known(jobs));
            }
            tokio::time::sleep(ASK).await;
        }
        Ok(RunningJobs::Unknown)
    }

    /// Whether high availability brings its jobs back after its end: what it keeps is not deleted with the session. Where the
    /// configuration cannot be read, it does not.
    pub async fn comes_back(&self) -> bool {
        let map = self.api.get(CONFIG_MAPS, &format!("flink-config-{}", self.name)).await;
        let map = map.ok().flatten();
        map.is_some_and(|map| {
            is_highly_available(&config_map::options_of(&map).into_iter().collect())
        })
    }

    /// Makes its REST API reachable. `secret` where nobody else shall use the address.
    ///
    /// # Errors
    /// It has ended, no way leads there, or the JobManager that must tell its release does not answer.
    pub async fn connect(&self, secret: bool) -> Result<Connected, Error> {
        self.lives()?;
        let reached = reach::find(&self.api, &self.name, secret).await?;
        let rest_urls = vec![reached.url];
        let flink = if let Some(flink) = self.flink() {
            flink
        } else {
            let probe = Client::new(&rest_urls, FlinkVersion::DEFAULT)?;
            let probe = probe.through(reached.tunnel.clone());
            probe.flink_version().await.map_err(nutkin_rest::jobs::failure)?
        };
        Ok(Connected {
            name: self.name.clone(),
            platform: Platform::Kubernetes,
            rest_urls,
            flink,
            identity: None,
            tunnel: reached.tunnel,
            tenure: self.api.access().tenure.clone(),
        })
    }
}
