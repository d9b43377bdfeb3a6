//! A directory of jars by content: `<SHA-256>/<file name>`.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::Jar;
use nutkin_shell::files::digest::sha256_of_file;

/// Mode of the directory of a jar that several users read.
const SHARED: u32 = 0o755;

/// Such a directory.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    /// Most bytes of all jars: those that were used longest ago go first.
    pub(super) limit: Option<u64>,
}

/// A jar in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) digest: String,
    /// Its own directory.
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

impl Folder {
    /// The jar with this SHA-256, if it is there.
    pub(super) fn find(&self, digest: &str) -> Option<PathBuf> {
        let entries = fs::read_dir(self.root.join(digest)).ok()?;
        entries.flatten().map(|entry| entry.path()).find(|path| path.is_file())
    }

    /// All that are there, in order of their digests.
    pub(super) fn all(&self) -> Vec<Entry> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let mut all: Vec<Entry> = entries
            .filter_map(|entry| {
                let digest = entry.file_name().to_str()?.to_owned();
                let path = entry.path();
                // What begins with a dot is being written.
                let is_whole = !digest.starts_with('.') && path.is_dir();
                is_whole.then(|| Entry { digest, bytes: size(&path), path })
            })
            .collect();
        all.sort_by(|a, b| a.digest.cmp(&b.digest));
        all
    }

    /// Puts a jar there, unless it is, and removes what is too much.
    pub(super) fn write(&self, jar: &Jar) -> io::Result<()> {
        let size = fs::metadata(&jar.path)?.len();
        if self.limit.is_some_and(|limit| limit < size) {
            return Err(io::Error::other("it is larger than all that is kept"));
        }
        if self.find(&jar.digest).is_none() {
            let staging = self.staging()?;
            let name = jar.path.file_name().unwrap_or("job.jar".as_ref());
            let copy = staging.path().join(name);
            fs::copy(&jar.path, &copy)?;
            // A power failure leaves all of it, or nothing that is called by its digest.
            fs::File::open(&copy)?.sync_all()?;
            self.settle(&staging, &jar.digest)?;
        }
        self.used(&jar.digest)
    }

    /// A directory in which a jar becomes whole: what begins with a dot is nobody's jar.
    pub(super) fn staging(&self) -> io::Result<tempfile::TempDir> {
        fs::create_dir_all(&self.root)?;
        tempfile::Builder::new().prefix(".new-").tempdir_in(&self.root)
    }

    /// Makes a whole jar one that is kept.
    pub(super) fn settle(&self, staging: &tempfile::TempDir, digest: &str) -> io::Result<()> {
        let folder = self.root.join(digest);
        if self.limit.is_none() {
            // A temporary directory is its maker's alone; this one is for all who mount it.
            fs::set_permissions(staging.path(), fs::Permissions::from_mode(SHARED))?;
        }
        match fs::rename(staging.path(), &folder) {
            // Another command was faster.
            Err(_) if folder.is_dir() => Ok(()),
            settled => settled,
        }
    }

    /// Removes a jar that is not whole, so that it can be kept anew: at once, as it would be found half gone. Gives the whole one where
    /// another command has put it there meanwhile, or where it lies beside something else; then nothing is removed.
    pub(super) fn remove(&self, digest: &str) -> io::Result<Option<PathBuf>> {
        let away = self.staging()?;
        let (folder, damaged) = (self.root.join(digest), away.path().join("damaged"));
        fs::rename(&folder, &damaged)?;
        for entry in fs::read_dir(&damaged)? {
            let file = entry?.path();
            if file.is_file() && sha256_of_file(&file)? == digest {
                fs::rename(&damaged, &folder)?;
                return Ok(file.file_name().map(|name| folder.join(name)));
            }
        }
        away.close()?;
        Ok(None)
    }

    /// Has a jar be the last one to go.
    pub(super) fn used(&self, digest: &str) -> io::Result<()> {
        // Where nothing goes, its maker may be somebody else.
        if self.limit.is_none() {
            return Ok(());
        }
        fs::File::open(self.root.join(digest))?.set_modified(SystemTime::now())?;
        self.shrink(digest)
    }

    /// Removes what was used longest ago, until the rest is small enough. `but` stays.
    fn shrink(&self, but: &str) -> io::Result<()> {
        let Some(limit) = self.limit else { return Ok(()) };
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.root)?.flatten() {
            let used = entry.metadata()?.modified()?;
            all.push((used, size(&entry.path()), entry.path()));
        }
        all.sort();
        let mut total: u64 = all.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in all {
            if total <= limit {
                break;
            }
            if !path.ends_with(but) {
                fs::remove_dir_all(&path)?;
                total -= size;
            }
        }
        Ok(())
    }
}

fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

#[cfg(test)]
mod tests {
    use nutkin_shell::files::digest::sha256_of;

    use super::*;

    /// A jar of so many bytes.
    fn jar(folder: &Path, name: &str, size: usize) -> Jar {
        let path = folder.join(format!("{name}.jar"));
        fs::write(&path, vec![0; size]).unwrap();
        Jar { path, upload_name: String::new(), digest: format!("digest-{name}"), main_class: None }
    }

    #[test]
    fn only_what_is_not_whole_is_removed() {
        #[track_caller]
        fn check(files: &[&str], whole: Option<&str>) {
            let temporary = tempfile::tempdir().unwrap();
            let jars = Folder { root: temporary.path().to_owned(), limit: None };
            let digest = sha256_of(b"whole");
            let folder = jars.root.join(&digest);
            fs::create_dir(&folder).unwrap();
            for content in files {
                fs::write(folder.join(format!("{content}.jar")), content).unwrap();
            }
            let whole = whole.map(|name| folder.join(format!("{name}.jar")));
            assert_eq!(jars.remove(&digest).unwrap(), whole);
            assert_eq!(folder.exists(), whole.is_some());
        }
        check(&["damaged"], None);
        check(&["damaged", "whole"], Some("whole"));
        check(&["whole"], Some("whole"));
    }

    #[test]
    fn kept_by_content_and_no_more_than_so_much() {
        let temporary = tempfile::tempdir().unwrap();
        let jars = Folder { root: temporary.path().join("jars"), limit: Some(100) };
        let [a, b, c] = ["a", "b", "c"].map(|name| jar(temporary.path(), name, 40));
        for one in [&a, &b] {
            jars.write(one).unwrap();
        }
        let kept = jars.find(&a.digest).expect("the jar is kept");
        assert_eq!(kept.file_name(), a.path.file_name());
        // The file may go.
        fs::remove_file(&a.path).unwrap();
        assert_eq!(fs::read(kept).unwrap().len(), 40);
        let old = SystemTime::now() - std::time::Duration::from_mins(1);
        let folder = fs::File::open(jars.root.join(&b.digest)).unwrap();
        folder.set_modified(old).unwrap();
        jars.write(&c).unwrap();
        let there = [&a, &b, &c].map(|one| jars.find(&one.digest).is_some());
        assert_eq!(there, [true, false, true], "what was used longest ago went");
        let large = jar(temporary.path(), "large", 101);
        assert!(jars.write(&large).is_err());
        assert_eq!(jars.find(&large.digest), None);
        // A directory of the user's has no limit.
        let own = Folder { limit: None, ..jars };
        own.write(&large).unwrap();
        let mode = fs::metadata(own.root.join(&large.digest)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, SHARED, "other users of the directory read it");
        let digests: Vec<String> = own.all().into_iter().map(|entry| entry.digest).collect();
        assert_eq!(digests, ["digest-a", "digest-c", "digest-large"]);
    }
}
