//! Looks at a session on Kubernetes.

use futures_util::future::join4;
use nutkin_core::kubernetes::shape;
use nutkin_core::kubernetes::status::{self, Pod};
use nutkin_core::selection::Platform;
use nutkin_core::status::{SessionState, hangs, other_release};
use nutkin_core::{Remark, Remedy};
use nutkin_rest::{Probe, ProcessView, View};
use nutkin_shell::ledger::seconds_since;
use nutkin_shell::{Error, Kind};

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
        let (workload, pods, events, own) =
            join4(self.now(), self.pods(), self.events(), self.task_managers()).await;
        let workload = workload?.unwrap_or_else(|| self.workload.clone());
        let pods = pods?;
        let shown: Vec<Pod> = pods.iter().map(Pod::of).collect();
        let runs = shown.iter().any(|pod| pod.is_job_manager && pod.runs);
        let way = if runs { Some(reach::find(&self.api, &self.name, true).await) } else { None };
        let (reached, no_way) = match way {
            Some(Ok(reached)) => (Some(reached), None),
            // The Service is missing, or has no port for REST: nobody gets in by waiting.
            Some(Err(error)) => (None, Some(error).filter(|error| error.kind == Kind::Broken)),
            None => (None, None),
        };
        // Of one it need not be asked.
        let job_managers = shape::job_managers(&workload);
        let leader = match job_managers {
            0 | 1 => None,
            _ => reach::leader(&self.api, &self.name).await.0,
        };
        let overview = match &reached {
            Some(reached) => {
                let probe = Probe::new(std::slice::from_ref(&reached.url))?;
                probe.overview().await.map(|(overview, _)| overview)
            }
            None => None,
        };
        let registered = overview.map(|overview| overview.taskmanagers);
        let own = own.unwrap_or_default();
        let (mut state, mut messages) =
            status::derive(&workload, own.as_ref(), &pods, &events, registered);
        let lived = |pod: &Pod| pod.started.as_deref().filter(|_| pod.runs).and_then(seconds_since);
        let all = shown.iter().filter(|pod| pod.is_job_manager).map(lived);
        let lived_for = all.collect::<Option<Vec<u64>>>().and_then(|all| all.into_iter().min());
        if state == SessionState::Starting
            && registered.is_none()
            && let Some(hangs) = lived_for.and_then(hangs)
        {
            (state, messages) = (SessionState::Degraded, vec![hangs]);
        }
        if let Some(error) = no_way {
            state = SessionState::Degraded;
            messages = vec![Remark::new(error.error.to_string(), error.hints)];
        }
        let runs_flink = overview.and_then(|overview| overview.flink_version);
        let planned = self.flink();
        messages.extend(planned.and_then(|planned| other_release(runs_flink, planned)));
        // A JobManager that does not answer, or jobs for which nobody makes TaskManagers.
        if overview.is_none_or(|one| one.taskmanagers == 0 && 0 < one.jobs_running)
            && let Some(told) = refused::told(self, &pods).await
        {
            state = SessionState::Degraded;
            messages.push(Remark::new(told, vec![Remedy::ProcessPermissions]));
        }
        // An address that ends with this command is none to show.
        let rest_url = reached.filter(|reached| reached.tunnel.is_none()).map(|one| one.url);
        Ok(View {
            name: self.name.clone(),
            platform: Platform::Kubernetes,
            namespace: Some(self.api.namespace().to_owned()),
            state,
            messages,
            flink_version: runs_flink.or(planned).map(|flink| flink.to_string()),
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
                    uptime: lived(pod),
                    leads: leader
                        .as_ref()
                        .filter(|_| pod.is_job_manager)
                        .map(|one| *one == pod.name),
                })
                .collect(),
            overview,
        })
    }
}
