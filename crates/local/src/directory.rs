//! The directory of one local session: its files, its lock, and how they are written so that a reader
//! or a crash never sees half of one.
//!
//! ```text
//! <state>/sessions/<name>/
//!   lock             held (flock) while a command changes the session
//!   record.json      SessionRecord: its ledger
//!   secrets.json     values of options and arguments that the ledger only names
//!   ledger.lock      held (flock) while these two are written
//!   origin.json      the session file that it was made from, if any (Origin)
//!   launch.json      what the supervisor shall keep running (Launch); readable by the owner only
//!   processes.json   what it keeps running (Running)
//!   conf/ log/ tmp/ run/
//!   run/supervisor.lock   held by the supervisor as long as it lives
//!   run/supervisor.out    what it has to say
//! ```

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use nutkin_core::{Remedy, spec};
use nutkin_shell::files::document::{self, StateError};
use nutkin_shell::files::fault::with_hint;
use nutkin_shell::files::{At, FileError};
use nutkin_shell::{Environment, Error, Kind};

/// Between two tries for a lock that somebody else holds: short against the second that an `up` holds it.
const LOCK_POLL: Duration = Duration::from_millis(20);

/// Bytes below which a disk counts as full: two JVMs write about half of it into their logs before they serve.
const ROOM: u64 = 1 << 20;

/// Where [`SessionDirectory::origin`] is written.
const ORIGIN: &str = "origin.json";

/// Where one session keeps its files. The directory need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDirectory {
    path: PathBuf,
    name: String,
}

/// Where a session comes from.
#[derive(Serialize, Deserialize)]
struct Origin {
    /// Its session file, as an absolute path.
    file: PathBuf,
}

/// A lock on a session. Dropped, it is free.
#[derive(Debug)]
pub struct SessionLock {
    _file: File,
}

impl SessionDirectory {
    /// The directory of a session of this user.
    ///
    /// # Errors
    /// A name that could not be one directory.
    pub fn of(environment: &Environment, name: &str) -> Result<Self, Error> {
        if !spec::is_name(name) {
            let message = format!("`{name}` cannot be the name of a session");
            return Err(Error::new(Kind::Invalid, message)
                .hint("names consist of a-z, 0-9 and -, and begin with a letter"));
        }
        // The same session must have the same path from every working directory: tokens end in it.
        let root = environment.directory.join(environment.state_directory());
        Ok(Self { path: root.join("sessions").join(name), name: name.to_owned() })
    }

    /// What `XDG_STATE_HOME` says where this is the directory of a user's session.
    pub(super) fn state_home(&self) -> Option<&Path> {
        let sessions = self.path.parent().filter(|all| all.ends_with("nutkin/sessions"))?;
        sessions.parent()?.parent()
    }

    /// A directory by its path, as the supervisor is given it.
    pub fn at(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { path, name }
    }

    /// All sessions of this user, by name.
    ///
    /// # Errors
    /// The directory of the sessions cannot be read. That it is missing is not an error.
    pub fn all(environment: &Environment) -> Result<Vec<Self>, Error> {
        let root = environment.directory.join(environment.state_directory()).join("sessions");
        let entries = match fs::read_dir(&root) {
            Ok(entries) => entries,
            // A file in its place has no sessions either; an `up` will say what is wrong with it.
            Err(error)
                if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory]
                    .contains(&error.kind()) =>
            {
                return Ok(Vec::new());
            }
            Err(source) => return Err(unreadable(&root, source)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| unreadable(&root, source))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(|source| unreadable(&root, source))?;
            if kind.is_dir() && spec::is_name(&name) {
                let directory = Self { path: entry.path(), name };
                // A directory with nothing but a lock is what a `down` leaves to those that wait for it.
                if directory.exists() {
                    found.push(directory);
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Ports of all other sessions of this user, by number, with the names of the sessions.
    pub fn ports_of_others(&self) -> BTreeMap<u16, String> {
        /// As much of a launch as is needed here, so that one of another release can be read.
        #[derive(serde::Deserialize)]
        struct Launch {
            #[serde(default)]
            ports: BTreeMap<String, u16>,
        }
        let mut ports = BTreeMap::new();
        let siblings = self.path.parent().and_then(|all| fs::read_dir(all).ok());
        for entry in siblings.into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let other = Self { path: entry.path(), name };
            if other.name == self.name || !spec::is_name(&other.name) {
                continue;
            }
            if let Ok(launch) = document::read_json::<Launch>(&other.launch()) {
                ports.extend(launch.ports.into_values().map(|port| (port, other.name.clone())));
            }
        }
        ports
    }

    /// Takes the lock under which ports are given to sessions of this user.
    ///
    /// # Errors
    /// The system refused, or the lock was not free within `limit`.
    pub async fn lock_ports(&self, limit: Duration) -> io::Result<SessionLock> {
        let parent = self.path.parent().unwrap_or(&self.path);
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        let path = parent.join(".ports.lock");
        let start = Instant::now();
        loop {
            if let Some(file) = try_flock(&path)? {
                return Ok(SessionLock { _file: file });
            }
            if limit < start.elapsed() {
                return Err(io::Error::other(format!(
                    "`{}` is still locked by another process",
                    path.display()
                )));
            }
            tokio::time::sleep(LOCK_POLL).await;
        }
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// That the disk of the directory is full, in a sentence: then logs end in the middle, and what the supervisor notes stays old.
    /// `None`: it is not, or the system does not say it.
    pub fn lacks_room(&self) -> Option<String> {
        let disk = rustix::fs::statvfs(&self.path).ok()?;
        let left = disk.f_bavail.saturating_mul(disk.f_frsize);
        (left < ROOM).then(|| {
            let (path, left) = (self.path.display(), left >> 10);
            format!("the disk of `{path}` is full: {left} KiB are left")
        })
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or directory inside.
    pub fn join(&self, part: &str) -> PathBuf {
        self.path.join(part)
    }

    /// Where Flink keeps what outlives the session: savepoints and the like.
    pub fn data(&self) -> PathBuf {
        let root = self.path.parent().and_then(Path::parent).unwrap_or(&self.path);
        root.join("data").join(&self.name)
    }

    /// `record.json`.
    pub fn record(&self) -> PathBuf {
        self.join("record.json")
    }

    /// `secrets.json`.
    pub fn secrets(&self) -> PathBuf {
        self.join("secrets.json")
    }

    /// `launch.json`.
    pub fn launch(&self) -> PathBuf {
        self.join("launch.json")
    }

    /// `processes.json`.
    pub fn processes(&self) -> PathBuf {
        self.join("processes.json")
    }

    /// The session file that the last change was made by; `None` where there was none, or it is not known.
    pub fn origin(&self) -> Option<PathBuf> {
        document::read_json::<Origin>(&self.join(ORIGIN)).ok().map(|origin| origin.file)
    }

    /// Notes that, unless the session has been ended in the meantime.
    ///
    /// # Errors
    /// The system refused.
    pub fn set_origin(&self, file: Option<PathBuf>) -> io::Result<()> {
        let path = self.join(ORIGIN);
        ignore_missing(match file {
            Some(file) => document::write_json(&path, &Origin { file }),
            None => fs::remove_file(path),
        })
    }

    /// `conf/`: `FLINK_CONF_DIR`.
    pub fn conf(&self) -> PathBuf {
        self.join("conf")
    }

    /// `log/`: `FLINK_LOG_DIR`.
    pub fn log(&self) -> PathBuf {
        self.join("log")
    }

    /// `tmp/`: what Flink spills, gone with the session.
    pub fn tmp(&self) -> PathBuf {
        self.join("tmp")
    }

    /// `run/supervisor.lock`.
    pub fn supervisor_lock(&self) -> PathBuf {
        self.join("run/supervisor.lock")
    }

    /// `run/supervisor.out`.
    pub fn supervisor_out(&self) -> PathBuf {
        self.join("run/supervisor.out")
    }

    /// Whether a session is here, whole or damaged.
    pub fn exists(&self) -> bool {
        self.record().exists() || self.launch().exists() || self.processes().exists()
    }

    /// Makes the directory and its parts, for the owner alone: configuration holds passwords.
    ///
    /// # Errors
    /// The system refused.
    pub fn create(&self) -> Result<(), FileError> {
        for part in ["", "conf", "log", "tmp", "jars", "run"] {
            let path = self.join(part);
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
            made.at("make the directory", &path)?;
        }
        Ok(())
    }

    /// Takes the session's lock, or returns `None` when somebody holds it.
    ///
    /// # Errors
    /// The system refused.
    pub fn try_lock(&self) -> io::Result<Option<SessionLock>> {
        let path = self.join("lock");
        loop {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
            let file = match try_flock(&path) {
                // `down` removed the directory between the two calls.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other?,
            };
            let Some(file) = file else { return Ok(None) };
            // Whoever held it before may have removed the file: a lock on that one locks nobody out.
            let held = file.metadata()?;
            match fs::metadata(&path) {
                Ok(there) if there.ino() == held.ino() && there.dev() == held.dev() => {
                    return Ok(Some(SessionLock { _file: file }));
                }
                _ => {}
            }
        }
    }

    /// Takes the session's lock; calls `waiting` once if that takes a while.
    ///
    /// # Errors
    /// The system refused, or the lock was not free within `limit` (exit code 4).
    pub async fn lock(
        &self,
        limit: Duration,
        waiting: impl FnOnce(),
    ) -> Result<SessionLock, Error> {
        let cannot = |error: io::Error| {
            cannot(FileError { action: "lock", path: self.path.clone(), source: error })
        };
        if let Some(lock) = self.try_lock().map_err(cannot)? {
            return Ok(lock);
        }
        waiting();
        let start = Instant::now();
        while start.elapsed() < limit {
            tokio::time::sleep(LOCK_POLL).await;
            if let Some(lock) = self.try_lock().map_err(cannot)? {
                return Ok(lock);
            }
        }
        let message = format!("timed out: another command still holds session `{}`", self.name);
        Err(Error::new(Kind::TimedOut, message)
            .hint(format!("to see which process: fuser -v {}", self.join("lock").display())))
    }

    /// Removes the directory if it holds nothing but the lock.
    ///
    /// # Errors
    /// The system refused.
    pub fn remove_bare(&self) -> io::Result<()> {
        let mut entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        if entries.all(|entry| entry.file_name() == "lock") {
            ignore_missing(fs::remove_dir_all(&self.path))?;
        }
        Ok(())
    }

    /// Whether the session was ended and its ledger was kept.
    pub fn has_ended(&self) -> bool {
        self.record().exists() && !self.launch().exists() && !self.processes().exists()
    }

    /// Removes the session's files but its ledger. The lock is kept until the directory itself goes.
    ///
    /// # Errors
    /// The system refused.
    pub fn remove(&self, keep_logs: bool) -> io::Result<()> {
        for file in [self.launch(), self.processes(), self.join(ORIGIN)] {
            ignore_missing(fs::remove_file(file))?;
        }
        for part in ["conf", "tmp", "run", "jars"] {
            ignore_missing(fs::remove_dir_all(self.join(part)))?;
        }
        if keep_logs {
            return Ok(());
        }
        ignore_missing(fs::remove_dir_all(self.log()))?;
        if self.record().exists() {
            return Ok(());
        }
        ignore_missing(fs::remove_dir_all(&self.path))
    }
}

/// A session whose state cannot be read.
pub fn damaged(directory: &SessionDirectory, error: StateError) -> Error {
    let name = directory.name();
    let context = format!("the state of session `{name}` is damaged");
    Error::from(anyhow::Error::new(error).context(context))
        .hint(Remedy::Down { name: name.to_owned() })
}

/// A failure, with what to do when the disk of the sessions takes nothing.
pub fn cannot(error: FileError) -> Error {
    use io::ErrorKind::{
        FileTooLarge, NotADirectory, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
        StorageFull,
    };
    let hint = match error.source.kind() {
        StorageFull | QuotaExceeded => {
            "free some space (`df -h`), or set XDG_STATE_HOME to a larger disk"
        }
        FileTooLarge => "the limit for file sizes is too low here: see `ulimit -f`",
        PermissionDenied | ReadOnlyFilesystem | NotADirectory | NotFound => {
            "sessions are kept below $XDG_STATE_HOME/nutkin, otherwise ~/.local/state/nutkin: set XDG_STATE_HOME to a \
             directory that can be written"
        }
        _ => return Error::from(anyhow::Error::new(error)),
    };
    Error::from(anyhow::Error::new(error)).hint(hint)
}

/// Opens a file and locks it, without waiting. `None`: somebody else holds it.
///
/// # Errors
/// The system refused.
pub fn try_flock(path: &Path) -> io::Result<Option<File>> {
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether somebody holds a lock. A missing file is not held.
pub fn is_locked(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return false };
    flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    with_hint(FileError { action: "read", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(temporary: &tempfile::TempDir) -> SessionDirectory {
        SessionDirectory::at(temporary.path().join("s"))
    }

    #[test]
    fn names() {
        for good in ["default", "a", "a-1", "word-count"] {
            assert!(spec::is_name(good), "{good}");
        }
        for bad in ["", "-a", "a-", "1a", "A", "a/b", "..", "a.b", &"a".repeat(64)] {
            assert!(!spec::is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_full_disk_is_said() {
        // A file system that has no room at all.
        let full = SessionDirectory::at(PathBuf::from("/proc"));
        assert_eq!(full.lacks_room().unwrap(), "the disk of `/proc` is full: 0 KiB are left");
        // The control.
        let temporary = tempfile::tempdir().unwrap();
        assert_eq!(SessionDirectory::at(temporary.path().to_owned()).lacks_room(), None);
    }

    #[tokio::test]
    async fn one_lock_at_a_time() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = directory(&temporary);
        let held = directory.try_lock().unwrap();
        assert!(held.is_some());
        assert!(directory.try_lock().unwrap().is_none());
        assert!(is_locked(&directory.join("lock")));
        let mut told = false;
        let failure = directory.lock(Duration::from_millis(30), || told = true).await.unwrap_err();
        assert!(told);
        assert_eq!(failure.kind, Kind::TimedOut);
        drop(held);
        // A process that another test forks at this moment holds a copy of the lock until it runs.
        assert!(directory.lock(Duration::from_secs(5), || ()).await.is_ok());
        assert!(directory.lock(Duration::from_secs(5), || ()).await.is_ok());
    }

    #[test]
    fn a_lock_on_a_removed_directory_is_not_taken_for_one() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = directory(&temporary);
        let old = directory.try_lock().unwrap().unwrap();
        directory.remove(false).unwrap();
        let new = directory.try_lock().unwrap();
        assert!(new.is_some(), "the directory is a new one");
        assert!(directory.try_lock().unwrap().is_none());
        drop(old);
        assert!(directory.try_lock().unwrap().is_none(), "the old lock frees nothing");
    }

    #[test]
    fn damage_is_said_with_the_way_out() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = directory(&temporary);
        directory.create().unwrap();
        fs::write(directory.launch(), "{").unwrap();
        let failure = crate::connect(&directory).unwrap_err();
        let name = directory.name();
        assert_eq!(failure.error.to_string(), format!("the state of session `{name}` is damaged"));
        assert_eq!(failure.hints, [Remedy::Down { name: name.to_owned() }]);
    }
}
