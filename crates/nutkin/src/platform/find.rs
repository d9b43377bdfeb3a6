//! The sessions that there are, on every platform that is asked.

use std::path::PathBuf;

use futures_util::future::join;
use nutkin_core::selection::{Known, Platform};
use nutkin_flink::Configuration;

use super::{Session, elsewhere};
use nutkin_docker::DockerSession;
use nutkin_kubernetes::{api::Api, cluster};
use nutkin_local::directory::SessionDirectory;
use nutkin_shell::{ClusterPlace, Environment, Error, Kind, Place};
use {nutkin_docker as docker, nutkin_kubernetes as kubernetes, nutkin_local as local};

use crate::Context;

/// Sessions that are known without asking anybody but this machine, each with its place.
///
/// # Errors
/// The state directory cannot be read.
pub fn known(environment: &Environment) -> Result<Vec<(Known, Place)>, Error> {
    let directories = SessionDirectory::all(environment)?.into_iter();
    let mut found: Vec<(String, Place)> =
        directories.map(|one| (one.name().to_owned(), Place::Local)).collect();
    found.extend(elsewhere::all(environment));
    Ok(found
        .into_iter()
        .map(|(name, place)| (Known { name, platform: place.platform() }, place))
        .collect())
}

/// The session file that the last change of a session was made by, where that was on this machine.
pub fn origin(environment: &Environment, name: &str, platform: Platform) -> Option<PathBuf> {
    match platform {
        Platform::Local => SessionDirectory::of(environment, name).ok()?.origin(),
        Platform::Docker | Platform::Kubernetes => elsewhere::file(environment, name, platform),
    }
}

/// All sessions of a platform, by name.
///
/// # Errors
/// It cannot be asked.
pub async fn all(place: &Place, context: &Context<'_>) -> Result<Vec<Session>, Error> {
    match place {
        Place::Local => {
            let directories = SessionDirectory::all(context.environment)?;
            Ok(directories.into_iter().map(Session::Local).collect())
        }
        Place::Kubernetes(cluster) => {
            let api = ask(cluster, context).await?;
            let (found, ledgers) =
                join(kubernetes::session::all(&api), kubernetes::store::all(&api)).await;
            let mut found = found?;
            for ended in ledgers? {
                if found.iter().all(|one| one.name != ended.name) {
                    found.push(ended);
                }
            }
            found.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(found.into_iter().map(|one| Session::Kubernetes(Box::new(one))).collect())
        }
        Place::Docker => {
            let mut sessions = DockerSession::all(context).await?;
            sessions.extend(docker::store::ended(&sessions, context).await?);
            sessions.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(sessions.into_iter().map(|one| Session::Docker(Box::new(one))).collect())
        }
    }
}

/// The session of that name.
///
/// # Errors
/// There is none (exit 5), or the platform cannot be asked.
pub async fn open(name: &str, place: &Place, context: &Context<'_>) -> Result<Session, Error> {
    match place {
        Place::Local => Ok(Session::Local(SessionDirectory::of(context.environment, name)?)),
        Place::Kubernetes(cluster) => {
            let api = ask(cluster, context).await?;
            let mut found = kubernetes::session::open(&api, name).await?;
            if found.is_none() {
                found = kubernetes::store::ended(&api, name).await?;
            }
            if let Some(session) = found {
                return Ok(Session::Kubernetes(Box::new(session)));
            }
            let asked = Place::Kubernetes(api.access().place.clone());
            elsewhere::forget(context.environment, name, &asked);
            let namespace = api.namespace();
            let message = format!("there is no session `{name}` in namespace {namespace}");
            let failure = Error::new(Kind::NotFound, message);
            // Who may get may not be allowed to list: then there is no more to tell.
            let others = kubernetes::session::all(&api).await.unwrap_or_default();
            let names: Vec<&str> = others.iter().map(|one| one.name.as_str()).collect();
            Err(if names.is_empty() {
                failure.hint("-n NAMESPACE and --context CONTEXT look elsewhere")
            } else {
                failure.hint(format!("there are: {}", names.join(", ")))
            })
        }
        Place::Docker => {
            let session = DockerSession::of(name, context).await?;
            if docker::end::exists(&session).await? || docker::store::exists(&session).await? {
                return Ok(Session::Docker(Box::new(session)));
            }
            elsewhere::forget(context.environment, name, &Place::Docker);
            let message = format!("the Docker daemon has no session `{name}`");
            let failure = Error::new(Kind::NotFound, message);
            let others = DockerSession::all(context).await?;
            let names: Vec<&str> = others.iter().map(|one| one.name.as_str()).collect();
            Err(if names.is_empty() {
                failure.hint(format!("`nutkin up {name} --on docker` starts it"))
            } else {
                failure.hint(format!("there are: {}", names.join(", ")))
            })
        }
    }
}

/// A session that is gone, where it has left data that Nutkin made and may delete. What a session on Kubernetes leaves
/// is not Nutkin's, but for high availability data.
///
/// # Errors
/// The platform cannot be asked.
pub async fn left(
    name: &str,
    place: &Place,
    context: &Context<'_>,
) -> Result<Option<Session>, Error> {
    match place {
        Place::Local => {
            let directory = SessionDirectory::of(context.environment, name)?;
            let has_data = local::down::deletable(&directory).is_some();
            Ok(has_data.then_some(Session::Local(directory)))
        }
        Place::Docker => {
            let session = DockerSession::of(name, context).await?;
            let has_data = !docker::end::deletable(&session).await?.is_empty();
            Ok(has_data.then_some(Session::Docker(Box::new(session))))
        }
        Place::Kubernetes(_) => Ok(None),
    }
}

/// A session on this machine whose directory somebody has removed while its processes go on: they are found by their token.
pub fn without_directory(name: &str, environment: &Environment) -> Option<Session> {
    let directory = SessionDirectory::of(environment, name).ok()?;
    let lives = !local::ownership::find_all(directory.path()).is_empty();
    lives.then_some(Session::Local(directory))
}

/// The API server of a place.
pub(super) async fn ask(place: &ClusterPlace, context: &Context<'_>) -> Result<Api, Error> {
    let access = cluster::find(place, &Configuration::new(), context.environment).await?;
    Api::new(access)
}
