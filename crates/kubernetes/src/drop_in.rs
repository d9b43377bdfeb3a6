//! A session as Flink's `kubernetes-session.sh` has it: found and left as it is, or to be created.

use futures_util::future::join_all;
use nutkin_core::kubernetes::resource::Resource;
use nutkin_core::plan::kubernetes::Objects;
use nutkin_core::session::Session;
use nutkin_shell::{ClusterPlace, Context, Error, Kind, Place, Purpose, Wish};

use crate::api::Api;
use crate::cluster;
use crate::error::ApiError;
use crate::run::Run;
use crate::session::{self, KubernetesSession};

/// A session that was asked for.
#[derive(Debug)]
pub enum FoundSession {
    /// It is there, and is left as it is.
    There(Box<KubernetesSession>),
    /// It is not there, or not all of it: the command that made it may have been cut off.
    Missing(Box<Run>),
}

/// Looks for the session that Flink's client would find or create.
///
/// # Errors
/// The API server refuses, or cannot be asked.
pub async fn find(wanted: &Session, context: &Context<'_>) -> Result<FoundSession, Error> {
    // As Flink's client: the namespace of the kubeconfig's context does not count.
    let namespace = wanted.configuration.text("kubernetes.namespace");
    let place = ClusterPlace {
        namespace: Some(namespace.unwrap_or_else(|| "default".to_owned())),
        ..ClusterPlace::default()
    };
    let access = cluster::find(&place, &wanted.configuration, context.environment).await?;
    let found = match session::open(&Api::new(access)?, &wanted.name).await {
        // Flink's client does without this permission: whether there is one is then said by the creation.
        Err(error) if is_forbidden(&error) => None,
        found => found?,
    };
    // What is not ours is not completed.
    if let Some(found) = found.as_ref().filter(|found| !found.is_ours()) {
        return Ok(FoundSession::There(Box::new(found.clone())));
    }
    let wish = Wish {
        session: wanted,
        place: &Place::Kubernetes(place),
        purpose: Purpose::Act,
        adopt: false,
    };
    let run = match (Run::new(wish, context).await, found) {
        // What is there needs no plan.
        (Err(error), Some(found)) if error.kind == Kind::Invalid => {
            return Ok(FoundSession::There(Box::new(found)));
        }
        (run, None) => run?,
        (run, Some(found)) => {
            let run = run?;
            if is_complete(&run.plan.objects, &run.api).await {
                return Ok(FoundSession::There(Box::new(found)));
            }
            run
        }
    };
    Ok(FoundSession::Missing(Box::new(run)))
}

fn is_forbidden(error: &Error) -> bool {
    error.error.downcast_ref::<ApiError>().is_some_and(|error| error.is("Forbidden"))
}

/// Whether everything is there that the session consists of.
async fn is_complete(objects: &Objects, api: &Api) -> bool {
    let asked = objects.items.iter().map(|item| async move {
        let Some(resource) = Resource::of(item) else { return true };
        let name = item["metadata"]["name"].as_str().unwrap_or_default();
        // What may not be looked at is not missing.
        !matches!(api.get(resource, name).await, Ok(None))
    });
    join_all(asked).await.into_iter().all(|is_there| is_there)
}
