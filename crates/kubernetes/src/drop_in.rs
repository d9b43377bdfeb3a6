//! A session as Flink's `kubernetes-session.sh` has it: found and left as it is, or created.

use futures_util::future::join_all;
use nutkin_core::kubernetes::resource::Resource;
use nutkin_core::plan::kubernetes::Objects;
use nutkin_core::selection::Platform;
use nutkin_core::session::Session;
use nutkin_shell::{Context, Error, Harm, Kind, Place, Purpose, Wish};

use crate::api::Api;
use crate::error::ApiError;
use crate::{session, up};

/// A session that was asked for.
#[derive(Debug)]
pub struct Found {
    /// The session.
    pub session: session::Session,
    /// Whether it was created or completed, and where to look for it from now on.
    pub made: Option<Place>,
}

/// The session, which is created where there is none. A session that exists is completed at most, never changed: the
/// command that made it may have been cut off.
///
/// # Errors
/// The API server refuses, or cannot be asked.
pub async fn find_or_create(session: &Session, context: &Context<'_>) -> Result<Found, Error> {
    let id = &session.name;
    // As Flink's client: the namespace of the kubeconfig's context does not count.
    let namespace = session.configuration.text("kubernetes.namespace");
    let place = Place {
        namespace: Some(namespace.unwrap_or_else(|| "default".to_owned())),
        ..Place::of(Platform::Kubernetes)
    };
    let wish = Wish { session, place: &place, purpose: Purpose::Act, adopt: false };
    let run = crate::run::Run::new(wish, context).await?;
    let found = match session::open(&run.api, id).await {
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
    if let Some(session) = found.filter(|_| is_complete) {
        return Ok(Found { session, made: None });
    }
    Box::pin(create(run)).await.map_err(|error| Error {
        error: error.error.context(format!("Could not create Kubernetes cluster \"{id}\".")),
        ..error
    })
}

async fn create(run: crate::run::Run) -> Result<Found, Error> {
    let mut decision = up::decided(run).await?;
    if decision.harm() != Harm::None {
        let name = &decision.run.plan.objects.cluster_id;
        let message = format!("session `{name}` is incomplete, and was started otherwise");
        return Err(Error::new(Kind::Broken, message)
            .hint("`nutkin up --on kubernetes --conf-dir DIR` shows the changes and asks"));
    }
    decision.carry_out(false).await?;
    Ok(Found { session: decision.session(), made: Some(decision.run.place()) })
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
