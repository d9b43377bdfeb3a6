//! Ends a session on Kubernetes.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use nutkin_core::kubernetes::resource::{
    CLAIMS, CONFIG_MAPS, DEPLOYMENTS, PODS, REPLICA_SETS, ROLE_BINDINGS, ROLES, Resource,
    SERVICE_ACCOUNTS, SERVICES, STATEFUL_SETS, title,
};
use nutkin_core::kubernetes::shape::Shape;
use nutkin_core::kubernetes::{diff, ha, ownership};
use serde_json::{Value, json};

use super::api::Api;
use super::error::failure;
use super::session::Session;
use nutkin_shell::{Context, Error, Kind};
use nutkin_shell::{Ended, Ending, Kept};

/// How long everything may take to go: pods have 30 s to end by themselves, and a node may be slow.
const PATIENCE: Duration = Duration::from_mins(3);

/// Between two looks.
const POLL: Duration = Duration::from_millis(200);

/// Kinds that the garbage collector removes with the session's workload, and that are waited for.
const OWNED: [Resource; 4] = [PODS, REPLICA_SETS, SERVICES, CONFIG_MAPS];

/// More such kinds, of sessions in standalone mode.
const WORKLOADS: [Resource; 2] = [DEPLOYMENTS, STATEFUL_SETS];

/// Deletes the JobManagers' workload, waits until all that it owns is gone, and tells what stays. High availability data is
/// deleted only when that is wanted, and after the last JobManager has ended: one that lives takes it for a fault.
///
/// # Errors
/// The session is not ours and is not to be adopted; it does not end in time (4); the API server refuses.
pub async fn end(session: &Session, ending: Ending, context: &Context<'_>) -> Result<Ended, Error> {
    if !session.is_ours() && !ending.adopt {
        let message = format!(
            "{} in namespace {} is a Flink session that Nutkin did not start",
            title(&session.workload),
            session.api.namespace()
        );
        return Err(Error::new(Kind::Broken, message)
            .hint("--adopt says that Nutkin may delete it all the same"));
    }
    // What stays is learnt from what goes.
    let map = format!("flink-config-{}", session.name);
    let configuration = session.api.get(CONFIG_MAPS, &map);
    let (configuration, owned) = join(configuration, owned(session)).await;
    let options =
        configuration.ok().flatten().map(|map| diff::options_of(&map)).unwrap_or_default();
    let mut ended: Vec<String> = owned?.iter().map(title).collect();
    ended.insert(0, title(&session.workload));
    ended.extend(permissions(session).await);
    // Foreground: the workload itself goes last, so that it is there for a second try.
    let kind = session.kind();
    let deleted = session.api.delete(kind, &session.name, session.uid(), "Foreground").await;
    deleted.map_err(|error| {
        if error.is("Conflict") {
            let message = format!("{} is another one by now", title(&session.workload));
            return Error::new(Kind::Broken, message)
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
    if let Some((servers, path)) = ha::zookeeper(&options) {
        kept.push(Kept {
            what: format!("ZooKeeper {servers} {path}"),
            remark: format!(
                "a session of this `high-availability.cluster-id` goes on with its jobs; \
                 `zkCli.sh -server {servers} deleteall {path}` deletes it"
            ),
            is_data: true,
        });
    }
    kept.extend(claims(session).await);
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
    Ok(Ended { ended, kept, deleted: Vec::new() })
}

/// Deletes the high availability data of a cluster-id whose session is gone already, and gives what that was.
///
/// # Errors
/// A JobManager still runs; the API server refuses.
pub async fn delete_what_is_left(api: &Api, cluster_id: &str) -> Result<Vec<String>, Error> {
    let gone = Session::of(api, json!({"metadata": {"name": cluster_id}}));
    let maps = ha_maps(&gone).await?;
    delete_ha_data(&gone, &maps).await
}

/// All objects that the JobManagers' workload owns, directly or through others.
async fn owned(session: &Session) -> Result<Vec<Value>, Error> {
    let app = format!("app={}", session.name);
    let labelled = format!("{}={}", nutkin_core::plan::kubernetes::marks::SESSION, session.name);
    let is_native = Shape::of(&session.workload) == Shape::Native;
    let more = if is_native { &[][..] } else { &WORKLOADS[..] };
    let lists = OWNED.iter().chain(more).flat_map(|kind| [(kind, &app), (kind, &labelled)]);
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
    // Down to pods of ReplicaSets of a Deployment that the session's own workload owns.
    let mut owners = vec![Value::from(session.uid())];
    loop {
        let uid = |one: &Value| one["metadata"]["uid"].clone();
        let of_owners = |one: &&Value| owners.iter().any(|owner| is_of(one, owner));
        let known = |one: &&Value| owners.contains(&uid(one));
        let more: Vec<Value> =
            all.iter().filter(of_owners).filter(|one| !known(one)).map(uid).collect();
        if more.is_empty() {
            all.retain(|one| owners[1..].contains(&uid(one)));
            return Ok(all);
        }
        owners.extend(more);
    }
}

/// Claims of the session, which hold data and are never deleted here. They are not told where they may not be seen.
async fn claims(session: &Session) -> Vec<Kept> {
    if Shape::of(&session.workload) == Shape::Native {
        return Vec::new();
    }
    let claims = session.api.list(CLAIMS, &format!("app={}", session.name)).await;
    let kept = |claim: &Value| {
        let name = claim["metadata"]["name"].as_str().unwrap_or_default();
        Kept {
            what: title(claim),
            remark: format!(
                "a session of this name takes it again; `kubectl delete pvc {name}` deletes it and its files"
            ),
            is_data: true,
        }
    };
    claims.unwrap_or_default().iter().map(kept).collect()
}

/// What `nutkin.rbac.create` has made for the session's pods and goes with it; nothing where it may not be seen.
async fn permissions(session: &Session) -> Vec<String> {
    let labelled = format!("{}={}", nutkin_core::plan::kubernetes::marks::SESSION, session.name);
    let kinds = [SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS];
    let lists = join_all(kinds.map(|kind| session.api.list(kind, &labelled))).await;
    let objects = lists.into_iter().flat_map(Result::unwrap_or_default);
    objects
        .filter(|object| ownership::is_owned_by(object, session.uid()))
        .map(|object| title(&object))
        .collect()
}

async fn until_gone(session: &Session, context: &Context<'_>) -> Result<(), Error> {
    let started = Instant::now();
    let mut told = String::new();
    loop {
        // Another one of that name is none of our business.
        let (there, left) = join(session.now(), owned(session)).await;
        let (there, left) = (there?, left?);
        if there.is_none() && left.is_empty() {
            return Ok(());
        }
        let what = match left.iter().map(title).next() {
            Some(first) if left.len() == 1 => first,
            Some(first) => format!("{first} and {} more", left.len() - 1),
            None => title(&session.workload),
        };
        if PATIENCE < started.elapsed() {
            let message = format!("session `{}` does not end: {what} is still there", session.name);
            return Err(Error::new(Kind::TimedOut, message)
                .hint("`kubectl get -o yaml` shows its finalizers; Kubernetes goes on by itself"));
        }
        if Duration::from_secs(2) < started.elapsed() && told != what {
            context.events.say(&format!("waiting for the end of {what}"));
            told = what;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// High availability data of this cluster-id.
async fn ha_maps(session: &Session) -> Result<Vec<Value>, Error> {
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

async fn delete_ha_data(session: &Session, maps: &[Value]) -> Result<Vec<String>, Error> {
    let alive = session.job_managers().await?;
    if let Some(pod) = alive.first() {
        let message =
            format!("{} still runs: its high availability data was not touched", title(pod));
        return Err(Error::new(Kind::Broken, message));
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
