//! The ledger of a session on this machine: `record.json` and, where there are any, `secrets.json`, both for the owner
//! alone. They are compared and written under a lock of their own, which is held for no longer than that.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::time::{Duration, Instant};

use nutkin_core::ledger::{Sealed, Secrets, Stored, Version};

use nutkin_shell::files::document::{self, write_private};
use nutkin_shell::files::{At as _, Digest};
use nutkin_shell::ledger::{Saving, Store};
use nutkin_shell::{Error, Kind};

use super::directory::{self, SessionDirectory, try_flock};

/// How long the lock may be held by others: each holds it while two small files are written.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two tries for it.
const POLL: Duration = Duration::from_millis(5);

impl Store for SessionDirectory {
    fn session(&self) -> &str {
        self.name()
    }

    async fn load(&self) -> Result<Stored, Error> {
        // The document first: what it names is there from before it was written.
        let Some(document) = read(self)? else { return Ok(Stored::default()) };
        let version = version(&document);
        Ok(Stored { document: Some(document), secrets: secrets(self), version })
    }

    async fn save(&self, sealed: &Sealed, expected: &Version) -> Result<Saving, Error> {
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(self.path());
        made.at("make the directory", self.path()).map_err(directory::cannot)?;
        let _lock = lock(self).await?;
        let now = read(self)?.as_deref().map(version).unwrap_or_default();
        if now != *expected {
            return Ok(Saving::Changed);
        }
        let write = |path: &std::path::Path, text: &[u8]| {
            write_private(path, text).at("write", path).map_err(directory::cannot)
        };
        let path = self.secrets();
        if sealed.secrets.is_empty() {
            write(&self.record(), sealed.document.as_bytes())?;
            remove(&path)?;
        } else {
            let both = secrets(self).with(&sealed.secrets);
            write(&path, &serde_json::to_vec(&both)?)?;
            write(&self.record(), sealed.document.as_bytes())?;
            if both != sealed.secrets {
                write(&path, &serde_json::to_vec(&sealed.secrets)?)?;
            }
        }
        Ok(Saving::Saved(version(&sealed.document)))
    }

    async fn remove(&self, expected: &Version) -> Result<(), Error> {
        if !self.path().exists() {
            return Ok(());
        }
        let _lock = lock(self).await?;
        let now = read(self)?.as_deref().map(version).unwrap_or_default();
        if now != *expected {
            return Ok(());
        }
        remove(&self.record())?;
        remove(&self.secrets())?;
        if self.exists() || self.log().exists() {
            return Ok(());
        }
        // What an end has left to those that wait for the locks.
        match fs::remove_dir_all(self.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => Ok(other?),
        }
    }
}

fn read(directory: &SessionDirectory) -> Result<Option<String>, Error> {
    let path = directory.record();
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
            Ok(None)
        }
        Err(error) => {
            Err(directory::damaged(directory, document::StateError::Unreadable(path, error)))
        }
    }
}

/// What lies beside the document. That it cannot be read is seen in what it is needed for.
fn secrets(directory: &SessionDirectory) -> Secrets {
    document::read_json(&directory.secrets()).unwrap_or_default()
}

fn version(document: &str) -> Version {
    let mut digest = Digest::sha256();
    digest.update(document.as_bytes());
    Version(Some(digest.finish()))
}

fn remove(path: &std::path::Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

async fn lock(directory: &SessionDirectory) -> Result<fs::File, Error> {
    let path = directory.join("ledger.lock");
    let start = Instant::now();
    loop {
        if let Some(file) = try_flock(&path).at("lock", &path).map_err(directory::cannot)? {
            return Ok(file);
        }
        if PATIENCE < start.elapsed() {
            let message =
                format!("timed out: another command holds the ledger of `{}`", directory.name());
            return Err(Error::new(Kind::TimedOut, message)
                .hint(format!("to see which process: `fuser -v {}`", path.display())));
        }
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use nutkin_core::ledger::{JobRecord, Wanted};
    use nutkin_shell::ledger;

    use super::*;

    fn directory() -> (tempfile::TempDir, SessionDirectory) {
        let temporary = tempfile::tempdir().unwrap();
        let directory = SessionDirectory::at(temporary.path().join("s"));
        (temporary, directory)
    }

    #[tokio::test]
    async fn what_is_saved_is_loaded_and_secrets_lie_beside() {
        let (_temporary, directory) = directory();
        assert!(ledger::load(&directory).await.unwrap().is_new());
        let wanted = |secret: &str| {
            let options = [("s3.secret-key".to_owned(), secret.to_owned())];
            Some(Wanted { options: options.into(), ..Wanted::default() })
        };
        ledger::update(&directory, |ledger| ledger.wanted = wanted("hunter2")).await.unwrap();
        for path in [directory.record(), directory.secrets()] {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
        assert!(!fs::read_to_string(directory.record()).unwrap().contains("hunter2"));
        let opened = ledger::load(&directory).await.unwrap();
        assert_eq!(opened.ledger.wanted, wanted("hunter2"));
        assert_eq!(opened.damage(), Vec::<String>::new());

        ledger::update(&directory, |ledger| ledger.wanted = wanted("other")).await.unwrap();
        assert!(!fs::read_to_string(directory.secrets()).unwrap().contains("hunter2"));
        ledger::update(&directory, |ledger| ledger.wanted = None).await.unwrap();
        assert!(!directory.secrets().exists(), "nothing beside it where nothing is secret");
        let none = Version(None);
        Store::remove(&directory, &none).await.unwrap();
        let now = ledger::load(&directory).await.unwrap().version;
        assert_ne!(now, none, "what somebody else wrote is not removed");
        Store::remove(&directory, &now).await.unwrap();
        Store::remove(&directory, &now).await.unwrap();
        assert!(!directory.path().exists());
    }

    #[tokio::test]
    async fn crowds_lose_nothing() {
        let (_temporary, directory) = directory();
        let with_job = |number: u64| {
            let directory = directory.clone();
            async move {
                ledger::update(&directory, |ledger| {
                    let job = JobRecord { generation: number, ..JobRecord::default() };
                    ledger.jobs.insert(number.to_string(), job);
                })
                .await
                .unwrap();
            }
        };
        // Each loads before any has saved.
        tokio::join!(with_job(0), with_job(1), with_job(2), with_job(3));
        let opened = ledger::load(&directory).await.unwrap();
        assert_eq!((opened.ledger.jobs.len(), opened.ledger.version), (4, 4));
    }

    #[tokio::test]
    async fn a_record_of_before_the_ledger_is_carried_over() {
        let (_temporary, directory) = directory();
        fs::create_dir_all(directory.path()).unwrap();
        let old = "{\"apiVersion\": \"nutkin/v1\", \"kind\": \"SessionRecord\", \"name\": \"s\", \"jobs\": \
                   {\"a\": {\"generation\": 2, \"digest\": \"d\", \"lastSavepoint\": \"file:/s\"}}}";
        fs::write(directory.record(), old).unwrap();
        let opened = ledger::update(&directory, |ledger| ledger.wanted = Some(Wanted::default()));
        let opened = opened.await.unwrap();
        assert_eq!(opened.ledger.jobs["a"].last_savepoint.as_deref(), Some("file:/s"));
        assert_eq!(opened.ledger.version, 1);
    }

    #[tokio::test]
    async fn damage_is_said() {
        let (_temporary, directory) = directory();
        ledger::update(&directory, |ledger| {
            let options = [("a.password".to_owned(), "x".to_owned())];
            ledger.wanted = Some(Wanted { options: options.into(), ..Wanted::default() });
        })
        .await
        .unwrap();
        fs::remove_file(directory.secrets()).unwrap();
        let opened = ledger::load(&directory).await.unwrap();
        let expected =
            "values that lay beside the ledger of session `s` are lost: wanted.options.a.password";
        assert_eq!(opened.damage(), [expected]);
        fs::write(directory.record(), "{").unwrap();
        let opened = ledger::load(&directory).await.unwrap();
        assert!(opened.damage()[0].contains("the whole document"));
    }
}
