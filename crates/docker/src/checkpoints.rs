//! Checkpoints of jobs on the volume of a session.

use std::collections::BTreeMap;
use std::path::Path;

use bollard::container::LogOutput;
use bollard::errors::Error as DaemonError;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use futures_util::{StreamExt as _, TryStreamExt as _};
use nutkin_core::jobs::{LIST, listed};
use nutkin_shell::{Error, Kind};
use tar::Header;

use super::session::DockerSession;
use super::{failure, status, store};

/// Bytes after which nobody looks further: the daemon gives a folder only with all that is in it.
const MOST: u64 = 256 << 20;

/// Bytes of a header, and what all entries of an archive are a multiple of.
const BLOCK: usize = 512;

/// The newest whole checkpoint of a job below a directory of containers, with the seconds since 1970 at which it was complete.
/// `None`: there is none. A JobManager that runs and has a shell lists them; otherwise they are looked for in what the daemon packs.
///
/// # Errors
/// The daemon does not answer, or what it packs cannot be read.
pub async fn newest(
    session: &DockerSession,
    directory: &Path,
    job: &str,
) -> Result<Option<(String, u64)>, Error> {
    let job_managers = session.processes().await?.job_managers;
    let (Some(job_manager), Some(text)) = (job_managers.first(), directory.to_str()) else {
        return packed(session, directory, job).await;
    };
    // What a folder of one container lacks says nothing about the others.
    let is_shared =
        store::keeper(session).await?.is_some_and(|(_, data)| directory.starts_with(data));
    let listed =
        if is_shared { listed_by(session, &job_manager.id, text, &[job]).await } else { None };
    let Some(all) = listed else {
        return packed(session, directory, job).await;
    };
    let newest = all.get(job).and_then(BTreeMap::last_key_value);
    let Some((number, path)) = newest else { return Ok(None) };
    let metadata = directory.join(job).join(format!("chk-{number}/_metadata"));
    let time = written(session, &job_manager.id, &metadata).await?;
    Ok(Some((path.clone(), time)))
}

/// The complete checkpoints of jobs below a directory, as a program of the container lists them; `None`: it cannot.
pub(super) async fn listed_by(
    session: &DockerSession,
    container: &str,
    directory: &str,
    jobs: &[&str],
) -> Option<BTreeMap<String, BTreeMap<u64, String>>> {
    let words = ["sh", "-c", LIST, "sh", directory].into_iter().chain(jobs.iter().copied());
    let words = words.map(str::to_owned).collect();
    let printed = printed_by(session, container, words).await.ok()??;
    Some(listed(directory, &printed))
}

/// When a file of a container was written, in seconds since 1970. Its contents are not waited for.
async fn written(session: &DockerSession, container: &str, path: &Path) -> Result<u64, Error> {
    let path = path.display().to_string();
    let options = DownloadFromContainerOptionsBuilder::default().path(&path).build();
    let mut pieces = session.docker.download_from_container(container, Some(options));
    let mut header = Vec::new();
    while header.len() < BLOCK {
        let piece = pieces.try_next().await.map_err(|error| failure(&error))?;
        let unseen = || Error::new(Kind::Broken, format!("`{path}` cannot be read"));
        header.extend_from_slice(&piece.ok_or_else(unseen)?);
    }
    Ok(Header::from_byte_slice(&header[..BLOCK]).mtime()?)
}

/// What a command prints in a container; `None`: it fails.
async fn printed_by(
    session: &DockerSession,
    container: &str,
    words: Vec<String>,
) -> Result<Option<String>, DaemonError> {
    let options = CreateExecOptions {
        attach_stdout: Some(true),
        cmd: Some(words),
        ..CreateExecOptions::default()
    };
    let made = session.docker.create_exec(container, options).await?;
    let StartExecResults::Attached { mut output, .. } =
        session.docker.start_exec(&made.id, None).await?
    else {
        return Ok(None);
    };
    let mut printed = Vec::new();
    while let Some(part) = output.next().await {
        if let LogOutput::StdOut { message } = part? {
            printed.extend_from_slice(&message);
        }
    }
    let ended = session.docker.inspect_exec(&made.id).await?;
    let is_good = ended.exit_code == Some(0);
    Ok(is_good.then(|| String::from_utf8_lossy(&printed).into_owned()))
}

/// The same as [`newest`], out of all that the daemon packs of the job's folder.
///
/// # Errors
/// The directory is not on the session's volume, the daemon refuses, or there is too much to look through.
pub(super) async fn packed(
    session: &DockerSession,
    directory: &Path,
    job: &str,
) -> Result<Option<(String, u64)>, Error> {
    let unseen = |why: &str| Error::new(Kind::Broken, format!("`{}` {why}", directory.display()));
    let keeper = store::keeper(session).await?;
    let keeper = keeper.filter(|(_, data)| directory.starts_with(data));
    let (container, _) = keeper.ok_or_else(|| unseen("is not on the session's volume"))?;
    let path = directory.join(job).display().to_string();
    let options = DownloadFromContainerOptionsBuilder::default().path(&path).build();
    let mut pieces = session.docker.download_from_container(&container, Some(options));
    let mut listing = Listing::default();
    loop {
        match pieces.try_next().await {
            Ok(Some(piece)) => listing.take(&piece),
            Ok(None) => break,
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(failure(&error)),
        }
        if MOST < listing.seen {
            return Err(unseen("holds too much to look through"));
        }
    }
    let newest = listing.whole.into_iter().max();
    Ok(newest.map(|(number, time)| (format!("file:{path}/chk-{number}"), time)))
}

/// Reads an archive that comes in pieces for the checkpoints in it. Contents are passed over.
#[derive(Debug, Default)]
struct Listing {
    /// What is there of the next header.
    header: Vec<u8>,
    /// Bytes until then.
    left: u64,
    /// Bytes in all.
    seen: u64,
    /// Numbers of the checkpoints that are complete, and when they were.
    whole: Vec<(u64, u64)>,
}

impl Listing {
    fn take(&mut self, mut piece: &[u8]) {
        self.seen += piece.len() as u64;
        while !piece.is_empty() {
            let passed = usize::try_from(self.left).unwrap_or(usize::MAX).min(piece.len());
            self.left -= passed as u64;
            piece = &piece[passed..];
            let taken = (BLOCK - self.header.len()).min(piece.len());
            self.header.extend_from_slice(&piece[..taken]);
            piece = &piece[taken..];
            if self.header.len() == BLOCK {
                let header = Header::from_byte_slice(&self.header);
                let size = header.entry_size().unwrap_or_default();
                self.whole.extend(whole(header, size));
                self.left = size.next_multiple_of(BLOCK as u64);
                self.header.clear();
            }
        }
    }
}

/// The number and the time of a checkpoint whose metadata this is. They are written last: without them it is not complete
/// (`FsCheckpointMetadataOutputStream`).
fn whole(header: &Header, size: u64) -> Option<(u64, u64)> {
    let path = header.path().ok()?;
    if size == 0 || path.file_name()? != "_metadata" {
        return None;
    }
    let number = path.parent()?.file_name()?.to_str()?.strip_prefix("chk-")?.parse().ok()?;
    Some((number, header.mtime().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_in_an_archive_that_comes_in_pieces() {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, time, content) in [
            ("aa/chk-9/_metadata", 90, "x"),
            ("aa/shared/state", 95, &*"s".repeat(1300)),
            ("aa/chk-10/_metadata", 100, "x"),
            // What is not complete, and what is not a checkpoint.
            ("aa/chk-11/_metadata", 110, ""),
            ("aa/chk-12/state", 120, "x"),
            ("aa/notes/_metadata", 130, "x"),
        ] {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mtime(time);
            archive.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
        let archive = archive.into_inner().unwrap();
        for length in [1, 7, BLOCK - 1, BLOCK, BLOCK + 1, archive.len()] {
            let mut listing = Listing::default();
            archive.chunks(length).for_each(|piece| listing.take(piece));
            assert_eq!(listing.whole, [(9, 90), (10, 100)], "in pieces of {length}");
            assert_eq!(listing.seen, archive.len() as u64);
        }
    }
}
