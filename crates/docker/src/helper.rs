//! Helpers: containers that are made to reach the volume of a session, and never started.
//!
//! The daemon gives a name to one container alone: whoever has the helper of that name writes. A command that was killed
//! leaves it. So whoever finds the same one for a while takes it away: all that its maker does goes by its ID and is refused
//! from then on, and a maker that lives tries again.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bollard::models::{ContainerCreateBody, ContainerSummary, HostConfig, Mount, MountType};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, ListImagesOptions,
    RemoveContainerOptionsBuilder,
};
use futures_util::TryStreamExt as _;
use nutkin_container::image::ImageUser;
use nutkin_core::plan::docker::FLINK;
use nutkin_shell::{Error, Kind};

use super::make::Archive;
use super::session::{DockerSession, list};
use super::{failure, status};

/// Label of helpers: the session's name. They are not the session's containers.
const HELPER: &str = "nutkin.dev/ledger-of";
/// Where helpers have the volume.
pub(super) const MOUNT: &str = "/nutkin-data";
/// An image without anything in it, made where the daemon has none at all.
const EMPTY: (&str, &str) = ("nutkin/empty", "1");
/// How long one command has the helper before another one takes it away: it needs less than one second.
const HELD: Duration = Duration::from_secs(3);
/// Age in seconds after which a helper without a name is nobody's, whatever the daemon's clock says.
const STALE: u64 = 600;
/// How long is waited for the helper of that name in all.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries for it.
const POLL: Duration = Duration::from_millis(50);
/// How often something is done again because the helper was taken away.
const ATTEMPTS: usize = 3;

/// What a helper is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Reading, side by side with others.
    Read,
    /// Writing, which one does at a time.
    Write,
}

/// Does something through a helper, which is removed afterwards.
///
/// # Errors
/// The daemon refuses, or others write the whole time.
pub(super) async fn with<T>(
    session: &DockerSession,
    what: Use,
    act: impl AsyncFn(&str) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut attempt = 1;
    loop {
        let helper = match what {
            Use::Read => make_unnamed(session).await?,
            Use::Write => take(session).await?,
        };
        let done = act(&helper).await;
        let was_there = remove(session, &helper).await;
        // Where it was gone, another command took this one for dead: nothing was written since, and nothing read is sure.
        let counts = was_there || (what == Use::Write && done.is_ok());
        if counts || ATTEMPTS <= attempt {
            sweep(session).await;
            return done;
        }
        attempt += 1;
    }
}

/// Removes all helpers of a session: they keep the daemon from removing its volume.
pub(super) async fn remove_all(session: &DockerSession) {
    for helper in helpers(session).await {
        if let Some(id) = helper.id {
            remove(session, &id).await;
        }
    }
}

/// Removes helpers that commands left which were killed.
async fn sweep(session: &DockerSession) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for helper in helpers(session).await {
        let made = helper.created.and_then(|made| u64::try_from(made).ok());
        let is_old = made.is_none_or(|made| STALE < now.saturating_sub(made));
        if let Some(id) = helper.id.filter(|_| is_old) {
            remove(session, &id).await;
        }
    }
}

/// None where the daemon does not say.
async fn helpers(session: &DockerSession) -> Vec<ContainerSummary> {
    let label = format!("{HELPER}={}", session.name);
    list(&session.docker, label).await.unwrap_or_default()
}

fn name(session: &DockerSession) -> String {
    format!("nutkin-{}-ledger", session.name)
}

/// The helper that is the lock, made by this call.
async fn take(session: &DockerSession) -> Result<String, Error> {
    let name = name(session);
    let started = Instant::now();
    let mut held: Option<(String, Instant)> = None;
    loop {
        if let Made::Helper(id) = make(session, Some(&name)).await? {
            return Ok(id);
        }
        let holder = holder(session, &name).await;
        held = match (holder, held) {
            (Some(id), Some((before, since))) if id == before => Some((id, since)),
            (Some(id), _) => Some((id, Instant::now())),
            (None, _) => None,
        };
        if let Some((id, since)) = &held
            && HELD < since.elapsed()
        {
            remove(session, id).await;
        } else if PATIENCE < started.elapsed() {
            return Err(is_written(session));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// ID of the helper of that name.
async fn holder(session: &DockerSession, name: &str) -> Option<String> {
    let is_it = |one: &ContainerSummary| {
        one.names.iter().flatten().any(|of| of.trim_start_matches('/') == name)
    };
    helpers(session).await.into_iter().find(is_it)?.id
}

fn is_written(session: &DockerSession) -> Error {
    let message =
        format!("timed out: other commands hold the ledger of session `{}`", session.name);
    Error::new(Kind::TimedOut, message).because("LedgerLocked")
}

/// What became of a helper.
enum Made {
    /// It is there, under this ID.
    Helper(String),
    /// Another command has one of its name.
    Taken,
}

async fn make_unnamed(session: &DockerSession) -> Result<String, Error> {
    match make(session, None).await? {
        Made::Helper(id) => Ok(id),
        Made::Taken => Err(is_written(session)),
    }
}

/// Makes a helper. The daemon refuses a name that is taken: then somebody else writes.
async fn make(session: &DockerSession, name: Option<&str>) -> Result<Made, Error> {
    let body = ContainerCreateBody {
        image: Some(image(session).await?),
        // Never started; a container needs a command all the same.
        cmd: Some(vec!["none".to_owned()]),
        entrypoint: Some(Vec::new()),
        labels: Some(HashMap::from([(HELPER.to_owned(), session.name.clone())])),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            mounts: Some(vec![Mount {
                target: Some(MOUNT.to_owned()),
                source: Some(session.volume()),
                typ: Some(MountType::VOLUME),
                ..Mount::default()
            }]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let mut options = CreateContainerOptionsBuilder::default();
    if let Some(name) = name {
        options = options.name(name);
    }
    match session.docker.create_container(Some(options.build()), body).await {
        Err(error) if status(&error) == Some(409) => Ok(Made::Taken),
        made => Ok(Made::Helper(made.map_err(|error| failure(&error))?.id)),
    }
}

/// Removes a helper, and says whether it was there. That it stays is not a reason to fail: the next command removes it.
async fn remove(session: &DockerSession, id: &str) -> bool {
    let options = RemoveContainerOptionsBuilder::default().force(true).build();
    let removed = session.docker.remove_container(id, Some(options)).await;
    !matches!(removed, Err(error) if status(&error) == Some(404))
}

/// Any image: nothing of it is run. One of Flink's is there wherever a session ever was.
async fn image(session: &DockerSession) -> Result<String, Error> {
    let images = session.docker.list_images(None::<ListImagesOptions>).await;
    let images = images.map_err(|error| failure(&error))?;
    let ours = images.iter().find(|one| one.labels.contains_key(FLINK));
    if let Some(found) = ours.or_else(|| images.first()) {
        return Ok(found.id.clone());
    }
    let (name, tag) = EMPTY;
    let options = CreateImageOptionsBuilder::default().from_src("-").repo(name).tag(tag).build();
    let archive = Archive::new(ImageUser { uid: 0, gid: 0 }).finish()?;
    let imported =
        session.docker.create_image(Some(options), Some(bollard::body_full(archive)), None);
    imported.try_for_each(|_| std::future::ready(Ok(()))).await.map_err(|error| failure(&error))?;
    Ok(format!("{name}:{tag}"))
}
