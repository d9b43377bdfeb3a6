//! Looks at a session on Kubernetes.

use futures_util::future::join3;
use nutkin_core::kubernetes::shape;
use nutkin_core::kubernetes::status::{self, Pod};
use nutkin_core::selection::Platform;
use nutkin_core::status::SessionState;
use nutkin_core::{Remark, Remedy};
use nutkin_rest::{Probe, ProcessView, View};
use nutkin_shell::Error;

use super::session::KubernetesSession;
use super::{reach, refused};

impl KubernetesSession {
    /// Looks at it.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn look(&self) -> Result<View, Error> {
        if self.has_ended() {
            let namespace = Some(self.api.namespace().to_owned());
            return Ok(View::ended(self.name.clone(), Platform::Kubernetes, namespace));
        }
        let (workload, pods, events) = join3(self.now(), self.pods(), self.events()).await;
        let workload = workload?.unwrap_or_else(|| self.workload.clone());
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
        let (mut state, mut messages) = status::derive(&workload, &pods, &events, registered);
        // A JobManager that does not answer, or jobs for which nobody makes TaskManagers.
        if overview.is_none_or(|one| one.taskmanagers == 0 && 0 < one.jobs_running)
            && let Some(told) = refused::told(self, &pods).await
        {
            state = SessionState::Degraded;
            messages.push(Remark::new(told, vec![Remedy::ProcessPermissions]));
        }
        // An address that ends with this command is none to show.
        let rest_url = reached.filter(|reached| reached.tunnel.is_none()).map(|one| one.url);
        let job_managers = shape::job_managers(&workload);
        Ok(View {
            name: self.name.clone(),
            platform: Platform::Kubernetes,
            namespace: Some(self.api.namespace().to_owned()),
            state,
            messages,
            flink_version: self.flink().map(|flink| flink.to_string()),
            rest_url,
            job_managers: usize::try_from(job_managers).unwrap_or(usize::MAX),
            task_managers: shown.iter().filter(|pod| !pod.is_job_manager).count(),
            processes: shown
                .iter()
                .map(|pod| ProcessView {
                    name: pod.name.clone(),
                    role: if pod.is_job_manager { "JobManager" } else { "TaskManager" }.to_owned(),
                    state: pod.state.clone(),
                    pid: None,
                    restarts: pod.restarts,
                    last_end: pod.last_end.clone(),
                    uptime: None,
                })
                .collect(),
            overview,
        })
    }
}
