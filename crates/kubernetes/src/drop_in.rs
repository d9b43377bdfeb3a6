//! A session as Flink's `kubernetes-session.sh` has it: found and left as it is, or to be created.

use futures_util::future::join_all;
use nutkin_core::kubernetes::resource::Resource;
use nutkin_core::plan::kubernetes::Objects;
use nutkin_core::selection::Platform;
use nutkin_core::session::Session as Wanted;
use nutkin_shell::{Context, Error, Place, Purpose, Wish};

use crate::api::Api;
use crate::error::ApiError;
use crate::run::Run;
use crate::session::{self, Session};

/// A session that was asked for.
#[derive(Debug)]
pub enum Found {
    /// It is there, and is left as it is.
    There(Box<Session>),
    /// It is not there, or not all of it: the command that made it may have been cut off.
    Missing(Box<Run>),
}

/// Looks for the session that Flink's client would find or create.
///
/// # Errors
/// The API server refuses, or cannot be asked.
pub async fn find(wanted: &Wanted, context: &Context<'_>) -> Result<Found, Error> {
    // As Flink's client: the namespace of the kubeconfig's context does not count.
    let namespace = wanted.configuration.text("kubernetes.namespace");
    let place = Place {
        namespace: Some(namespace.unwrap_or_else(|| "default".to_owned())),
        ..Place::of(Platform::Kubernetes)
    };
    let wish = Wish { session: wanted, place: &place, purpose: Purpose::Act, adopt: false };
    let run = Run::new(wish, context).await?;
    let found = match session::open(&run.api, &wanted.name).await {
        // Flink's client does without this permission: whether there is one is then said by the creation.
        Err(error) if is_forbidden(&error) => None,
        found => found?,
    };
    let is_complete = match &found {
        None => false,
        // What is not ours is not completed either.
        Some(found) if !found.is_ours() => true,
        Some(_) => is_complete(&run.plan.objects, &run.api).await,
    };
    Ok(match found.filter(|_| is_complete) {
        Some(session) => Found::There(Box::new(session)),
        None => Found::Missing(Box::new(run)),
    })
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
