//! Looks at a session: its workload, its REST API, its jobs.

use nutkin_core::kubernetes::progress::{self, JobManagerProgress};
use nutkin_core::kubernetes::shape;
use nutkin_kubernetes::api::Api;
use nutkin_kubernetes::session::{self as sessions, KubernetesSession};
use nutkin_operator::turn::{RunningJobList, SeenWorkload};
use nutkin_rest::Client;
use nutkin_shell::Error;
use serde_json::{Value, json};

/// The session of that name, if it has a workload, and how its JobManagers are.
///
/// # Errors
/// The API server cannot be asked.
pub(super) async fn workload(
    api: &Api,
    name: &str,
) -> Result<(Option<KubernetesSession>, SeenWorkload), Error> {
    let Some(session) = sessions::open(api, name).await? else {
        return Ok((None, SeenWorkload::Absent));
    };
    let workload = &session.workload;
    if workload["metadata"]["deletionTimestamp"].is_string() {
        return Ok((Some(session), SeenWorkload::Starting));
    }
    let status = &workload["status"];
    let ready = ["availableReplicas", "readyReplicas"].map(|key| status[key].as_u64());
    if ready.into_iter().flatten().any(|count| 0 < count) {
        return Ok((Some(session), SeenWorkload::Available));
    }
    let pods: Vec<Value> =
        session.pods().await?.into_iter().filter(shape::is_job_manager).collect();
    let events = session.events().await;
    let seen = match progress::of(workload, &pods, &events) {
        JobManagerProgress::Stuck(stuck) => SeenWorkload::Failed(stuck.what),
        JobManagerProgress::Waiting(_) | JobManagerProgress::Runs => SeenWorkload::Starting,
    };
    Ok((Some(session), seen))
}

/// A client of a session's REST API that answers; `None`: nobody does.
pub(super) async fn client(
    session: &KubernetesSession,
) -> Option<(nutkin_rest::Connected, Client)> {
    let connected = session.connect(true).await.ok()?;
    let client = connected.client().ok()?;
    Some((connected, client))
}

/// `status.clusterInfo`, where REST answers.
pub(super) async fn info(client: &Client) -> Option<Value> {
    let about = client.about().await.ok()?;
    Some(json!({
        "flink-version": about["flink-version"],
        "flink-revision": about["flink-revision"],
    }))
}

/// Jobs that run.
pub(super) async fn running(client: &Client) -> RunningJobList {
    match client.jobs().await {
        Ok(jobs) => RunningJobList::Known(
            jobs.iter().filter(|job| !job.state.has_ended()).map(|job| job.id.clone()).collect(),
        ),
        Err(_) => RunningJobList::Unknown,
    }
}
