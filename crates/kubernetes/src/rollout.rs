//! Replaces the pods of a standalone session, one step at a time as core decides.

use futures_util::future::{join_all, join3};
use nutkin_core::kubernetes::resource::{PODS, REPLICA_SETS};
use nutkin_core::kubernetes::rollout::{self, Seen, Step};
use serde_json::Value;

use super::api::MANAGER;
use super::error::failure;
use super::session::Session;
use super::{apply, reach};
use nutkin_shell::Error;

/// Makes the next step. `None`: nothing is held; else what is waited for. `workload` is the JobManagers' as it is now.
///
/// # Errors
/// The API server refuses, or cannot be asked.
pub async fn go_on(session: &Session, workload: &Value) -> Result<Option<String>, Error> {
    let mut workloads = vec![workload.clone()];
    workloads.extend(session.task_managers().await?);
    if !session.is_ours() || !workloads.iter().any(rollout::is_held) {
        return Ok(None);
    }
    let selector = format!("app={}", session.name);
    let sets = session.api.list(REPLICA_SETS, &selector);
    let leader = reach::leader(&session.api, &session.name);
    let (pods, sets, (leader, _)) = join3(session.pods(), sets, leader).await;
    let (pods, sets) = (pods?, sets.map_err(failure)?);
    let seen = Seen {
        workloads: &workloads,
        replica_sets: &sets,
        pods: &pods,
        leader: leader.as_deref(),
        max_unavailable: session.max_unavailable,
    };
    match rollout::step(seen) {
        Step::Done => Ok(None),
        Step::Wait(what) => Ok(Some(what)),
        Step::End(names) => {
            let is_meant = |pod: &&Value| names.iter().any(|name| pod["metadata"]["name"] == *name);
            let ended = pods.iter().filter(is_meant).map(|pod| {
                let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default();
                session.api.delete(PODS, text("name"), text("uid"), "Background")
            });
            for one in join_all(ended).await {
                one.map_err(failure)?;
            }
            Ok(Some(format!("replacing {}", names.join(", "))))
        }
        Step::Release(names) => {
            let is_meant = |one: &&Value| names.iter().any(|name| one["metadata"]["name"] == *name);
            let held = workloads.iter().filter(is_meant);
            let released =
                held.map(|one| async move { session.api.patch(one, &rollout::release(one)).await });
            let mut after = Vec::new();
            for one in join_all(released).await {
                after.push(one.map_err(failure)?);
            }
            apply::own(&session.api, after.iter_mut(), &[MANAGER]).await;
            Ok(Some("ending the pods of before the change".to_owned()))
        }
    }
}
