//! Ends a session on Kubernetes.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use nutkin_core::kubernetes::resource::{
    CONFIG_MAPS, DEPLOYMENTS, PODS, REPLICA_SETS, Resource, SERVICES, title,
};
use nutkin_core::kubernetes::{diff, ha, ownership};
use serde_json::Value;

use super::error::failure;
use super::session::Session;
use crate::platform::{Ended, Ending, Kept};
use crate::{Context, Exit, Failure};

/// How long everything may take to go: pods have 30 s to end by themselves, and a node may be slow.
const PATIENCE: Duration = Duration::from_mins(3);

/// Between two looks.
const POLL: Duration = Duration::from_millis(200);

/// Kinds that the garbage collector removes with the Deployment, and that are waited for.
const OWNED: [Resource; 4] = [PODS, REPLICA_SETS, SERVICES, CONFIG_MAPS];

/// Deletes the Deployment, waits until all that it owns is gone, and tells what stays. High availability data is
/// deleted only when that is wanted, and after the last JobManager has ended: one that lives takes it for a fault.
///
/// # Errors
/// The session is not ours and is not to be adopted; it does not end in time (4); the API server refuses.
pub async fn end(
    session: &Session,
    ending: Ending,
    context: &Context<'_>,
) -> Result<Ended, Failure> {
    if !session.is_ours() && !ending.adopt {
        let message = format!(
            "Deployment/{} in namespace {} is a Flink session that Nutkin did not start",
            session.name,
            session.api.namespace()
        );
        return Err(Failure::new(Exit::Failed, message)
            .hint("--adopt says that Nutkin may delete it all the same"));
    }
    // What stays is learnt from what goes.
    let map = format!("flink-config-{}", session.name);
    let configuration = session.api.get(CONFIG_MAPS, &map);
    let (configuration, owned) = join(configuration, owned(session)).await;
    let options =
        configuration.ok().flatten().map(|map| diff::options_of(&map)).unwrap_or_default();
    let mut ended: Vec<String> = owned?.iter().map(title).collect();
    ended.insert(0, format!("Deployment/{}", session.name));
    // Foreground: the Deployment itself goes last, so that it is there for a second try.
    let deleted = session.api.delete(DEPLOYMENTS, &session.name, session.uid(), "Foreground").await;
    deleted.map_err(|error| {
        if error.is("Conflict") {
            let message = format!("Deployment/{} is another one by now", session.name);
            return Failure::new(Exit::Failed, message)
                .hint("run the same command again for the one that is there now");
        }
        failure(error)
    })?;
    until_gone(session, context).await?;
    let mut kept = Vec::new();
    let maps = ha_maps(session).await?;
    if ending.delete_ha_data {
        let gone = delete_ha_data(session, &maps).await?;
        ended.extend(gone);
    } else if !maps.is_empty() {
        kept.push(Kept {
            what: maps.iter().map(title).collect::<Vec<_>>().join(", "),
            remark: what_comes_back(&maps),
            is_data: true,
        });
    }
    let keys = [
        "high-availability.storageDir",
        "execution.checkpointing.dir",
        "state.checkpoints.dir",
        "execution.checkpointing.savepoint-dir",
        "state.savepoints.dir",
    ];
    for key in keys {
        if let Some(place) = options.get(key) {
            let remark = format!("`{key}` of the session: files there are not Nutkin's to delete");
            kept.push(Kept { what: place.clone(), remark, is_data: true });
        }
    }
    Ok(Ended { ended, kept })
}

/// All objects that the Deployment owns, directly or through its ReplicaSets.
async fn owned(session: &Session) -> Result<Vec<Value>, Failure> {
    let app = format!("app={}", session.name);
    let labelled = format!("{}={}", nutkin_core::plan::kubernetes::marks::SESSION, session.name);
    let lists = OWNED.iter().flat_map(|kind| [(kind, &app), (kind, &labelled)]);
    let lists = lists.map(|(kind, selector)| session.api.list(*kind, selector));
    let mut all: Vec<Value> = Vec::new();
    for list in join_all(lists).await {
        for object in list.map_err(failure)? {
            if !all.iter().any(|one| one["metadata"]["uid"] == object["metadata"]["uid"]) {
                all.push(object);
            }
        }
    }
    let is_of = |object: &Value, uid: &Value| {
        uid.as_str().is_some_and(|uid| ownership::is_owned_by(object, uid))
    };
    let uid = Value::from(session.uid());
    let sets: Vec<Value> = all
        .iter()
        .filter(|one| is_of(one, &uid))
        .map(|one| one["metadata"]["uid"].clone())
        .collect();
    all.retain(|one| is_of(one, &uid) || sets.iter().any(|set| is_of(one, set)));
    Ok(all)
}

async fn until_gone(session: &Session, context: &Context<'_>) -> Result<(), Failure> {
    let started = Instant::now();
    let mut told = String::new();
    loop {
        let (deployment, left) =
            join(session.api.get(DEPLOYMENTS, &session.name), owned(session)).await;
        let left = left?;
        // Another one of that name is none of our business.
        let there = deployment.map_err(failure)?;
        let there = there.is_some_and(|one| one["metadata"]["uid"] == session.uid());
        if !there && left.is_empty() {
            return Ok(());
        }
        let what = match left.iter().map(title).next() {
            Some(first) if left.len() == 1 => first,
            Some(first) => format!("{first} and {} more", left.len() - 1),
            None => format!("Deployment/{}", session.name),
        };
        if PATIENCE < started.elapsed() {
            let message = format!("session `{}` does not end: {what} is still there", session.name);
            return Err(Failure::new(Exit::TimedOut, message)
                .hint("`kubectl get -o yaml` shows its finalizers; Kubernetes goes on by itself"));
        }
        if Duration::from_secs(2) < started.elapsed() && told != what {
            context.printer.say(&format!("waiting for the end of {what}"));
            told = what;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// High availability data of this cluster-id.
async fn ha_maps(session: &Session) -> Result<Vec<Value>, Failure> {
    let maps = session.api.list(CONFIG_MAPS, &format!("app={}", session.name)).await;
    let maps = maps.map_err(failure)?;
    Ok(maps.into_iter().filter(|map| ha::is_map(map, &session.name)).collect())
}

fn what_comes_back(maps: &[Value]) -> String {
    let jobs = ha::jobs(maps);
    let back = match jobs.as_slice() {
        [] => "a session of this name goes on with it".to_owned(),
        jobs => format!("a session of this name runs these jobs again: {}", jobs.join(", ")),
    };
    format!("{back}; --delete-ha-data deletes it")
}

async fn delete_ha_data(session: &Session, maps: &[Value]) -> Result<Vec<String>, Failure> {
    let alive = session.job_managers().await?;
    if let Some(pod) = alive.first() {
        let message =
            format!("{} still runs: its high availability data was not touched", title(pod));
        return Err(Failure::new(Exit::Failed, message));
    }
    let deleted = maps.iter().map(|map| {
        let text = |key: &str| map["metadata"][key].as_str().unwrap_or_default();
        session.api.delete(CONFIG_MAPS, text("name"), text("uid"), "Background")
    });
    for one in join_all(deleted).await {
        one.map_err(failure)?;
    }
    Ok(maps.iter().map(title).collect())
}
