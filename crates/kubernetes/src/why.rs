//! What there is to see of a session on Kubernetes, for whoever looks for what is wrong: its objects and their events, the ends of the
//! logs of its containers and of those before them, and what the JobManager says. All of it is read side by side, nothing is changed.

use std::time::Duration;

use futures_util::future::{join, join4};
use futures_util::stream::{self, StreamExt as _};
use nutkin_core::kubernetes::resource::NODES;
use nutkin_core::kubernetes::shape;
use nutkin_core::kubernetes::status::Pod;
use nutkin_diagnosis::{Evidence, FlinkEvidence, LogEvidence, Unseen};
use nutkin_flink::process::Role;
use nutkin_rest::why;
use nutkin_shell::{Error, Kind, ledger};
use serde_json::Value;

use super::error::failure;
use super::reach;
use super::refused::main_container;
use super::session::KubernetesSession;

/// Lines from the end of a log that are read: an exception with its causes and stacks has about a hundred, and some follow each other.
const LINES: usize = 300;

/// How long one log may take: a node that hangs holds its requests.
const PATIENCE: Duration = Duration::from_secs(5);

/// Logs that are read at once: an API server answers so many side by side in little more time than one.
const AT_ONCE: usize = 16;

/// Nodes that are looked at, those of pods that do not run: more are not likely to be lost at once.
const MOST_NODES: usize = 5;

impl KubernetesSession {
    /// Collects it.
    ///
    /// # Errors
    /// It has ended (5); its pods cannot be listed.
    pub async fn evidence(&self) -> Result<Evidence, Error> {
        self.lives()?;
        let looked = join4(self.now(), self.pods(), self.told_events(), self.task_managers()).await;
        let (workload, pods, (events, no_events), own) = looked;
        let (pods, mut unseen) = (pods?, Vec::new());
        let Some(workload) = workload? else {
            let message = format!("session `{}` does not exist any more", self.name);
            return Err(Error::new(Kind::NotFound, message));
        };
        let own = own.unwrap_or_else(|error| {
            unseen.push(not_seen("the workload of the TaskManagers", &error));
            None
        });
        let shown: Vec<Pod> = pods.iter().map(Pod::of).collect();
        // Who may not read events is not told so as long as all pods run: they would say nothing.
        if let Some(error) = no_events.filter(|_| shown.iter().any(|pod| !pod.runs)) {
            unseen.push(not_seen("the events of its pods", &failure(error)));
        }
        let logs = stream::iter(&pods).map(|pod| self.logs_of(pod)).buffered(AT_ONCE);
        let ((logs, flink), nodes) =
            join(join(logs.collect::<Vec<_>>(), self.flink_evidence(&shown)), self.nodes(&pods))
                .await;
        let mut evidence = Evidence {
            session: self.name.clone(),
            now: Some(ledger::now()),
            task_managers: shape::task_managers(&workload, own.as_ref()),
            ..Evidence::default()
        };
        let is_ours = |event: &Value| {
            let about = event["involvedObject"]["name"].as_str().unwrap_or_default();
            let of_task_managers = format!("{}-taskmanager", self.name);
            about.starts_with(&of_task_managers) || shown.iter().any(|pod| pod.name == about)
        };
        evidence.objects = pods;
        evidence.objects.extend(events.into_iter().filter(is_ours));
        evidence.objects.extend(own.into_iter().chain([workload]));
        for (logs, errors) in logs {
            evidence.logs.extend(logs);
            unseen.extend(errors);
        }
        for answer in [flink.1, nodes.1] {
            unseen.extend(answer);
        }
        evidence.flink = flink.0;
        evidence.objects.extend(nodes.0);
        evidence.unseen = unseen;
        Ok(evidence)
    }

    /// The ends of the logs of a pod: of its container, and of the one before where there was one.
    async fn logs_of(&self, pod: &Value) -> (Vec<LogEvidence>, Vec<Unseen>) {
        let shown = Pod::of(pod);
        let container = main_container(pod);
        // Of a container that was never made there is no log.
        let has_started = pod["status"]["containerStatuses"].is_array();
        let lives = [(false, has_started), (true, has_started && 0 < shown.restarts)];
        let (mut logs, mut unseen) = (Vec::new(), Vec::new());
        for (previous, is_read) in lives {
            if !is_read {
                continue;
            }
            let read = self.dated_log(&shown.name, container, previous, LINES);
            let Ok(read) = tokio::time::timeout(PATIENCE, read).await else {
                let (what, why) = (format!("the log of {}", shown.name), "it did not come in time");
                unseen.push(Unseen { what, why: why.to_owned() });
                continue;
            };
            match read {
                Ok(text) => logs.push(LogEvidence {
                    process: shown.name.clone(),
                    role: if shown.is_job_manager { Role::JobManager } else { Role::TaskManager },
                    previous,
                    started: None,
                    offset: 0,
                    text,
                }),
                // It does not run yet, or Kubernetes has not kept what was before.
                Err(error) if error.is("BadRequest") || error.is("NotFound") => {}
                Err(error) => {
                    unseen.push(not_seen(&format!("the log of {}", shown.name), &failure(error)));
                }
            }
        }
        (logs, unseen)
    }

    async fn flink_evidence(&self, pods: &[Pod]) -> (Option<FlinkEvidence>, Vec<Unseen>) {
        if !pods.iter().any(|pod| pod.is_job_manager && pod.runs) {
            return (None, Vec::new());
        }
        let reached = match reach::find(&self.api, &self.name, true).await {
            Ok(reached) => reached,
            Err(error) => return (None, vec![not_seen("the JobManager's REST API", &error)]),
        };
        match why::look(std::slice::from_ref(&reached.url), None).await {
            Ok(found) => found,
            Err(error) => (None, vec![not_seen("the JobManager's REST API", &error.into())]),
        }
    }

    /// The nodes of pods that do not run. Who may not see nodes is not told so as long as all pods run.
    async fn nodes(&self, pods: &[Value]) -> (Vec<Value>, Vec<Unseen>) {
        // One that has ended for good has no node to be repaired.
        let is_over =
            |pod: &Value| ["Failed", "Succeeded"].iter().any(|one| pod["status"]["phase"] == *one);
        let broken = pods.iter().filter(|pod| !Pod::of(pod).runs && !is_over(pod));
        let mut names: Vec<&str> =
            broken.filter_map(|pod| pod["spec"]["nodeName"].as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let (mut nodes, mut unseen) = (Vec::new(), Vec::new());
        for name in names.into_iter().take(MOST_NODES) {
            match self.api.get(NODES, name).await {
                Ok(node) => nodes.extend(node),
                Err(error) => unseen.push(not_seen(&format!("node {name}"), &failure(error))),
            }
        }
        (nodes, unseen)
    }
}

fn not_seen(what: &str, why: &Error) -> Unseen {
    Unseen { what: what.to_owned(), why: why.error.to_string() }
}
