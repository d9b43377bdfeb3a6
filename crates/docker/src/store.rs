//! The ledger of a session on its volume. It is reached without a JobManager: any container of the session gives the
//! volume to read, and a helper, made for it and never started, to write.
//!
//! The helper is the lock under which versions are compared, also between commands of different machines. Files are never
//! written over where they are read: there are two places, which take turns, and a reader takes the later one that is
//! complete.

use std::collections::HashMap;
use std::io::Read as _;

use bollard::query_parameters::InspectContainerOptions;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use nutkin_container::image::ImageUser;
use nutkin_core::ledger::{Sealed, Secrets, Stored, Version};
use nutkin_core::plan::docker::SESSION;
use nutkin_shell::ledger::{Saving, Store};
use nutkin_shell::{Context, Error};
use serde::{Deserialize, Serialize};

use super::helper::{self, MOUNT};
use super::make::{self, Archive};
use super::session::{DockerSession, list_volumes};
use super::{AT_ONCE, connect, failure, status};

/// The folder on the volume.
const FOLDER: &str = ".nutkin";
/// What releases without a ledger remembered.
const RECORD: &str = "record.json";
/// The owner of the files: nobody in a container of Flink's.
const ROOT: ImageUser = ImageUser { uid: 0, gid: 0 };

/// The first line of a place: whether what follows is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// Grows with every write.
    sequence: u64,
    /// Bytes after this line.
    bytes: usize,
    /// Whether the ledger was removed.
    #[serde(default)]
    removed: bool,
}

/// What the folder holds.
#[derive(Debug, Default)]
struct Found {
    sequence: u64,
    stored: Stored,
}

impl Store for DockerSession {
    fn session(&self) -> &str {
        &self.name
    }

    async fn load(&self) -> Result<Stored, Error> {
        if !has_volume(self).await? {
            return Ok(Stored::default());
        }
        if let Some((container, data)) = keeper(self).await? {
            // A container may go between the two questions: then a helper is asked.
            if let Ok(found) = look(self, &container, &data).await {
                return Ok(found.stored);
            }
        }
        helper::with(self, helper::Use::Read, async |helper| {
            Ok(look(self, helper, MOUNT).await?.stored)
        })
        .await
    }

    async fn save(&self, sealed: &Sealed, expected: &Version) -> Result<Saving, Error> {
        helper::with(self, helper::Use::Write, async |helper| {
            write_through(self, helper, Some(sealed), expected).await
        })
        .await
    }

    async fn remove(&self, expected: &Version) -> Result<(), Error> {
        if !has_volume(self).await? {
            return Ok(());
        }
        let written = helper::with(self, helper::Use::Write, async |helper| {
            write_through(self, helper, None, expected).await
        });
        written.await.map(drop)
    }
}

/// Sessions of the daemon of which only the ledger is left, by name. `living` are those of which there is more.
///
/// # Errors
/// The daemon cannot be asked.
pub async fn ended(
    living: &[DockerSession],
    context: &Context<'_>,
) -> Result<Vec<DockerSession>, Error> {
    let docker = connect(context.environment).await?;
    let volumes = list_volumes(&docker, SESSION.to_owned()).await?;
    let mut sessions: Vec<DockerSession> = volumes
        .iter()
        .filter_map(|volume| volume.labels.get(SESSION).map(|name| (name, &volume.name)))
        .map(|(name, volume)| {
            (DockerSession::with(name, docker.clone(), context.environment), volume)
        })
        .filter(|(session, volume)| session.volume() == **volume)
        .map(|(session, _)| session)
        .filter(|session| living.iter().all(|one| one.name != session.name))
        .collect();
    sessions.sort_by(|a, b| a.name.cmp(&b.name));
    let looked = stream::iter(sessions).map(|session| async move {
        let is_ended = exists(&session).await?;
        Ok(is_ended.then_some(session))
    });
    let looked: Result<Vec<_>, Error> = looked.buffered(AT_ONCE).try_collect().await;
    Ok(looked?.into_iter().flatten().collect())
}

/// Whether there is a ledger.
///
/// # Errors
/// The daemon cannot be asked.
pub async fn exists(session: &DockerSession) -> Result<bool, Error> {
    Ok(session.load().await?.document.is_some())
}

/// Without this a helper would make the volume.
async fn has_volume(session: &DockerSession) -> Result<bool, Error> {
    match session.docker.inspect_volume(&session.volume()).await {
        Err(error) if status(&error) == Some(404) => Ok(false),
        Err(error) => Err(failure(&error)),
        Ok(_) => Ok(true),
    }
}

/// Writes a document, or that there is none, if what is stored still is of the version that is expected.
async fn write_through(
    session: &DockerSession,
    helper: &str,
    sealed: Option<&Sealed>,
    expected: &Version,
) -> Result<Saving, Error> {
    let found = look(session, helper, MOUNT).await?;
    if found.stored.version != *expected {
        return Ok(Saving::Changed);
    }
    let sequence = found.sequence + 1;
    let mut archive = Archive::new(ROOT);
    archive.folder(FOLDER, 0o700)?;
    match sealed {
        Some(sealed) => {
            let secrets = serde_json::to_string(&sealed.secrets)?;
            // The values first: whoever finds the document finds what it names.
            archive.text(&place("secrets", sequence), &page(sequence, &secrets, false)?)?;
            archive.text(&place("ledger", sequence), &page(sequence, &sealed.document, false)?)?;
        }
        None if found.stored.document.is_none() => return Ok(Saving::Saved(Version(None))),
        None => {
            // Nothing can be deleted in a container that does not run: all places are emptied.
            archive.text(&place("ledger", sequence), &page(sequence, "", true)?)?;
            archive.text(&place("secrets", sequence), &page(sequence, "{}", true)?)?;
            archive.text(&place("ledger", sequence + 1), &page(0, "", true)?)?;
            archive.text(&place("secrets", sequence + 1), &page(0, "{}", true)?)?;
            archive.text(&format!("{FOLDER}/{RECORD}"), "")?;
        }
    }
    make::upload(session, helper, MOUNT, archive.finish()?).await?;
    Ok(Saving::Saved(Version(sealed.map(|_| sequence.to_string()))))
}

/// Two places take turns.
fn place(what: &str, sequence: u64) -> String {
    format!("{FOLDER}/{what}-{}", sequence % 2)
}

fn page(sequence: u64, text: &str, removed: bool) -> Result<String, Error> {
    let head = Head { sequence, bytes: text.len(), removed };
    Ok(format!("{}\n{text}", serde_json::to_string(&head)?))
}

/// What a page holds, if it is complete.
fn read_page(text: &str) -> Option<(Head, &str)> {
    let (head, text) = text.split_once('\n')?;
    let head: Head = serde_json::from_str(head).ok()?;
    (head.bytes == text.len()).then_some((head, text))
}

/// Reads the folder through a container that has the volume at `data`.
async fn look(session: &DockerSession, container: &str, data: &str) -> Result<Found, Error> {
    let files = match make::download(session, container, &format!("{data}/{FOLDER}")).await? {
        Some(bytes) => unpack(&bytes)?,
        None => HashMap::new(),
    };
    Ok(read(&files))
}

fn unpack(bytes: &[u8]) -> Result<HashMap<String, String>, Error> {
    let mut files = HashMap::new();
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if let (Some(name), Ok(text)) = (name, String::from_utf8(bytes)) {
            files.insert(name, text);
        }
    }
    Ok(files)
}

/// The later of the two places, or what an older release left.
fn read(files: &HashMap<String, String>) -> Found {
    let pages = (0..2).filter_map(|number| {
        let (head, text) = read_page(files.get(&format!("ledger-{number}"))?)?;
        Some((head, text, number))
    });
    let Some((head, text, number)) = pages.max_by_key(|(head, _, _)| head.sequence) else {
        let record = files.get(RECORD).filter(|text| !text.is_empty());
        let version = Version(record.map(|_| RECORD.to_owned()));
        let document = record.cloned();
        return Found { sequence: 0, stored: Stored { document, version, ..Stored::default() } };
    };
    if head.removed {
        return Found { sequence: head.sequence, stored: Stored::default() };
    }
    let secrets = files.get(&format!("secrets-{number}")).and_then(|text| read_page(text));
    let secrets = secrets.filter(|(of, _)| of.sequence == head.sequence);
    let secrets: Secrets =
        secrets.and_then(|(_, text)| serde_json::from_str(text).ok()).unwrap_or_default();
    let version = Version(Some(head.sequence.to_string()));
    Found {
        sequence: head.sequence,
        stored: Stored { document: Some(text.to_owned()), secrets, version },
    }
}

/// A container of the session that has the volume, and where.
pub(super) async fn keeper(session: &DockerSession) -> Result<Option<(String, String)>, Error> {
    let volume = session.volume();
    for one in session.containers().await? {
        let options = None::<InspectContainerOptions>;
        let Ok(found) = session.docker.inspect_container(&one.id, options).await else { continue };
        let mounts = found.mounts.unwrap_or_default();
        let of_volume = mounts.into_iter().find(|one| one.name.as_ref() == Some(&volume));
        if let Some(data) = of_volume.and_then(|one| one.destination) {
            return Ok(Some((one.id, data)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, String)]) -> HashMap<String, String> {
        all.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect()
    }

    #[track_caller]
    fn check(all: &[(&str, String)], sequence: u64, document: Option<&str>, secrets: usize) {
        let found = read(&files(all));
        assert_eq!(found.sequence, sequence);
        assert_eq!(found.stored.document.as_deref(), document);
        assert_eq!(found.stored.version.0.is_some(), document.is_some());
        assert_eq!(found.stored.secrets.0.len(), secrets);
    }

    #[test]
    fn the_later_of_two_places_that_is_complete_counts() {
        let page = |sequence, text: &str| page(sequence, text, false).unwrap();
        let secrets = "{\"salt\": \"x\"}";
        let cut = |text: String| text[..text.len() - 1].to_owned();
        check(&[], 0, None, 0);
        check(&[(RECORD, "{}".to_owned())], 0, Some("{}"), 0);
        let old = ("ledger-1", page(7, "old"));
        let new = ("ledger-0", page(8, "new"));
        check(&[(RECORD, "{}".to_owned()), old.clone()], 7, Some("old"), 0);
        check(&[old.clone(), new.clone()], 8, Some("new"), 0);
        // A write that was cut off leaves what was there before.
        check(&[old.clone(), ("ledger-0", cut(page(8, "new")))], 7, Some("old"), 0);
        check(&[new.clone(), ("secrets-0", page(8, secrets))], 8, Some("new"), 1);
        check(&[new, ("secrets-0", page(6, secrets))], 8, Some("new"), 0);
        let removed = ("ledger-0", super::page(8, "", true).unwrap());
        check(&[old, removed], 8, None, 0);
    }
}
