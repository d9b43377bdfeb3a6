//! The requests that make a session, in the order that lets them be cut off anywhere.

use futures_util::future::join_all;
use nutkin_core::kubernetes::change::{Change, Pair};
use nutkin_core::kubernetes::resource::{PODS, Resource};
use nutkin_core::kubernetes::shape::Shape;
use nutkin_core::kubernetes::{desired, managed, ownership, shape};
use nutkin_core::plan::kubernetes::Objects;
use serde_json::Value;

use super::api::{Api, MANAGER};
use super::error::{ApiError, failure};
use super::live::{Live, in_the_way};
use super::session::Session;
use nutkin_shell::Error;

/// How often an object that changes at the same time is tried to be taken over.
const ATTEMPTS: usize = 4;

/// Makes everything that a new Deployment owns, all at once. Where one is refused for good the Deployment is deleted
/// again, and with it what it owns: nothing else.
///
/// # Errors
/// The API server refuses an object, or somebody else's is in the way.
pub async fn complete(api: &Api, objects: &Objects, deployment: &Value) -> Result<(), Error> {
    let uid = deployment["metadata"]["uid"].as_str().unwrap_or_default();
    let others = objects.owned_by(uid);
    let made =
        join_all(others.iter().map(|item| ensure(api, item, &objects.cluster_id, deployment)))
            .await;
    let mut created = vec![deployment.clone()];
    let mut refused: Option<Refusal> = None;
    for one in made {
        match one {
            Ok(object) => created.push(object),
            // A refusal for good weighs more than a connection that broke.
            Err(error) if refused.as_ref().is_none_or(|first| !first.is_final()) => {
                refused = Some(error);
            }
            Err(_) => {}
        }
    }
    let Some(refusal) = refused else {
        own(api, created.iter_mut(), &[MANAGER]).await;
        return Ok(());
    };
    let is_final = refusal.is_final();
    let failed = refusal.into_failure(api, &objects.cluster_id);
    if !is_final {
        return Err(failed.hint("run the same command again: it goes on from there"));
    }
    match delete(api, deployment).await {
        Ok(()) => Err(failed.hint("what this command had made was removed again")),
        Err(error) => Err(failed.hint(format!(
            "what this command had made is still there ({error}): `nutkin down {}` removes it",
            objects.cluster_id
        ))),
    }
}

/// Why an object was not made.
enum Refusal {
    Api(ApiError),
    InTheWay(Box<Value>),
}

impl Refusal {
    /// Whether trying again would give the same.
    fn is_final(&self) -> bool {
        match self {
            Self::Api(error) => error.code().is_some_and(|code| code.is_client_error()),
            Self::InTheWay(_) => true,
        }
    }

    fn into_failure(self, api: &Api, session: &str) -> Error {
        match self {
            Self::Api(error) => failure(error),
            Self::InTheWay(object) => in_the_way(&object, session, api.namespace()),
        }
    }
}

/// Creates an object; one of this session that is there is brought to what it shall be.
async fn ensure(
    api: &Api,
    item: &Value,
    session: &str,
    workload: &Value,
) -> Result<Value, Refusal> {
    let error = match api.create(item).await {
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    let (true, Some(resource)) = (error.is("AlreadyExists"), Resource::of(item)) else {
        return Err(Refusal::Api(error));
    };
    let name = item["metadata"]["name"].as_str().unwrap_or_default();
    match api.get(resource, name).await.map_err(Refusal::Api)? {
        Some(there) if ownership::is_of_session(&there, session, workload) => {
            let mut item = item.clone();
            item["metadata"]["uid"] = there["metadata"]["uid"].clone();
            api.apply(&item, false).await.map_err(Refusal::Api)
        }
        // An account may be shared by whatever runs in the namespace.
        Some(there) if there["kind"] == "ServiceAccount" => Ok(there),
        Some(there) => Err(Refusal::InTheWay(Box::new(there))),
        // Gone between the two questions.
        None => api.create(item).await.map_err(Refusal::Api),
    }
}

/// Carries out a change: what pods read, then the Deployment, then what nothing wants any more, then the TaskManagers
/// of the old content, then the note that they were ended.
///
/// # Errors
/// The API server refuses, or an object is another one by now.
pub async fn change(
    api: &Api,
    objects: &Objects,
    live: &Live,
    items: &[Value],
    pairs: &[Pair],
    change: &Change,
) -> Result<(), Error> {
    let again = |failed: Error| failed.hint("run the same command again: it goes on from there");
    let session = &objects.cluster_id;
    let owner = &live.workload;
    let make = |(item, pair)| async move {
        let (item, pair): (&Value, &Pair) = (item, pair);
        match &pair.old {
            None => ensure(api, item, session, owner).await,
            Some(old) if pair.replace => replace(api, old, item).await.map_err(Refusal::Api),
            Some(_) => api.apply(item, false).await.map_err(Refusal::Api),
        }
    };
    let mut done = Vec::new();
    // TaskManagers of their own start with what is there at that moment.
    for is_workload in [false, true] {
        let others = items.iter().zip(pairs).skip(1);
        let others = others.filter(|(item, _)| desired::is_workload(item) == is_workload).map(make);
        for one in join_all(others).await {
            done.push(one.map_err(|refusal| again(refusal.into_failure(api, session)))?);
        }
    }
    let deployment = api.apply(&items[0], false).await.map_err(|error| again(failure(error)))?;
    let removed = live.extra.iter().map(|extra| delete(api, extra));
    for one in join_all(removed).await {
        one.map_err(|error| again(failure(error)))?;
    }
    // In standalone mode a workload replaces them by itself.
    if change.restarts_task_managers && Shape::of(&live.workload) == Shape::Native {
        let session = Session::of(api, deployment.clone());
        end_task_managers(&session).await.map_err(again)?;
    }
    let noted = api.patch(&deployment, &desired::note_workers(objects)).await;
    done.push(noted.map_err(|error| again(failure(error)))?);
    let authors: &[&str] = if live.adopted { &managed::AUTHORS } else { &[MANAGER] };
    own(api, done.iter_mut(), authors).await;
    Ok(())
}

/// An object that has a field which cannot change is deleted and made again.
async fn replace(api: &Api, old: &Value, item: &Value) -> Result<Value, ApiError> {
    delete(api, old).await?;
    let mut item = item.clone();
    if let Some(metadata) = item["metadata"].as_object_mut() {
        metadata.remove("uid");
    }
    api.create(&item).await
}

async fn delete(api: &Api, object: &Value) -> Result<(), ApiError> {
    let Some(resource) = Resource::of(object) else { return Ok(()) };
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    api.delete(resource, text("name"), text("uid"), "Background").await
}

/// Deletes the pods of TaskManagers: Flink asks for new ones as jobs need them.
async fn end_task_managers(session: &Session) -> Result<(), Error> {
    let pods = session.pods().await?;
    let workers = pods.iter().filter(|pod| !shape::is_job_manager(pod));
    let ended = workers.map(|pod| {
        let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default();
        session.api.delete(PODS, text("name"), text("uid"), "Background")
    });
    for one in join_all(ended).await {
        one.map_err(failure)?;
    }
    Ok(())
}

/// Makes what these authors manage ours by server-side apply, so that a later one can remove fields. What cannot be
/// done now is done by the next `up`.
pub async fn own<'o>(api: &Api, objects: impl Iterator<Item = &'o mut Value>, authors: &[&str]) {
    join_all(objects.map(|object| async move {
        for _ in 0..ATTEMPTS {
            let Some(patch) = managed::take_over(object, MANAGER, authors) else { return };
            match api.patch(object, &patch).await {
                Ok(after) => *object = after,
                // A controller was faster.
                Err(error) if error.is("Conflict") => {
                    let Some(resource) = Resource::of(object) else { return };
                    let name = object["metadata"]["name"].as_str().unwrap_or_default();
                    match api.get(resource, name).await {
                        Ok(Some(now)) => *object = now,
                        _ => return,
                    }
                }
                Err(_) => return,
            }
        }
    }))
    .await;
}
