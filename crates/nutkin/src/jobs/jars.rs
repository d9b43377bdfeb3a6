//! Jars that were submitted, kept by content on this machine: a job that is moved needs the one that ran, whatever has
//! become of the file since.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nutkin_core::gc::{Leftover, LeftoverKind};
use nutkin_core::jobs::Hindrance;
use nutkin_core::ledger::{Bringer, JobRecord};
use nutkin_fetch::artifacts::Fetcher;
use nutkin_flink::artifact::Artifact;
use nutkin_shell::{Context, Environment};

use super::{Jar, JarError};

/// Most bytes of all of them: fifty jars that hold all their libraries. Those that were submitted longest ago go first.
const LIMIT: u64 = 4 << 30;

/// The directory of kept jars: `<SHA-256>/<file name>`.
#[derive(Debug, Clone)]
pub struct Jars {
    root: PathBuf,
    limit: u64,
}

impl Jars {
    /// That of this machine.
    pub fn of(environment: &Environment) -> Self {
        Self { root: environment.state_directory().join("jars"), limit: LIMIT }
    }

    /// Keeps a jar that is about to be submitted. That it cannot be kept is told: the job runs all the same.
    pub async fn keep(&self, jar: &Jar, context: &Context<'_>) {
        let (jars, kept) = (self.clone(), jar.clone());
        let done = tokio::task::spawn_blocking(move || jars.write(&kept)).await;
        if let Err(error) = done.map_err(io::Error::from).flatten() {
            let path = jar.path.display();
            context.events.warn(&format!(
                "`{path}` is not kept ({error}): a move of its job will look for it where it is"
            ));
        }
    }

    /// The jar with this SHA-256, if it is kept.
    pub fn find(&self, digest: &str) -> Option<PathBuf> {
        let entries = fs::read_dir(self.root.join(digest)).ok()?;
        entries.flatten().map(|entry| entry.path()).find(|path| path.is_file())
    }

    /// All that are kept.
    pub fn all(&self) -> Vec<Leftover> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let mut all: Vec<Leftover> = entries
            .filter_map(|entry| {
                let digest = entry.file_name().to_str()?.to_owned();
                let path = entry.path();
                // What begins with a dot is being written.
                (!digest.starts_with('.') && path.is_dir()).then(|| Leftover {
                    session: None,
                    what: LeftoverKind::Jar(digest),
                    bytes: size(&path),
                    path: path.display().to_string(),
                    mentions: BTreeSet::new(),
                })
            })
            .collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all
    }

    fn write(&self, jar: &Jar) -> io::Result<()> {
        if fs::metadata(&jar.path)?.len() > self.limit {
            return Err(io::Error::other("it is larger than all that is kept"));
        }
        let folder = self.root.join(&jar.digest);
        if self.find(&jar.digest).is_none() {
            fs::create_dir_all(&self.root)?;
            // Whole or not at all: what begins with a dot is nobody's jar.
            let staging = tempfile::Builder::new().prefix(".new-").tempdir_in(&self.root)?;
            let name = jar.path.file_name().unwrap_or("job.jar".as_ref());
            fs::copy(&jar.path, staging.path().join(name))?;
            match fs::rename(staging.path(), &folder) {
                Ok(()) => {}
                // Another command was faster.
                Err(_) if folder.is_dir() => {}
                Err(error) => return Err(error),
            }
        }
        // The jars that are used are the last to go.
        fs::File::open(&folder)?.set_modified(SystemTime::now())?;
        self.shrink(&jar.digest)
    }

    /// Removes what was used longest ago, until the rest is small enough. `but` stays.
    fn shrink(&self, but: &str) -> io::Result<()> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.root)?.flatten() {
            let used = entry.metadata()?.modified()?;
            all.push((used, size(&entry.path()), entry.path()));
        }
        all.sort();
        let mut total: u64 = all.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in all {
            if total <= self.limit {
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

/// The jar that ran as this job: the one that the user has named for it, the kept one, or the file that it was, if that is
/// still the same. `None`: it needs no jar.
///
/// # Errors
/// It is nowhere.
pub async fn located(
    name: &str,
    record: &JobRecord,
    base: &Path,
    given: &BTreeMap<String, PathBuf>,
    context: &Context<'_>,
) -> Result<Option<PathBuf>, Hindrance> {
    let of_id = record.id.as_ref().and_then(|id| given.get(id));
    if let Some(path) = given.get(name).or(of_id) {
        return Ok(Some(context.environment.directory.join(path)));
    }
    let Some(uri) = &record.jar else {
        let is_of_file = record.origin == Bringer::File;
        return if is_of_file { Ok(None) } else { Err(Hindrance::NoJar) };
    };
    let digest = record.jar_digest.as_deref().unwrap_or_default();
    if let Some(path) = Jars::of(context.environment).find(digest) {
        return Ok(Some(path));
    }
    let path = match uri.parse::<Artifact>() {
        Ok(Artifact::Path(path)) => base.join(path),
        // Fetched again: what is there by now may be another one, which its digest tells.
        Ok(Artifact::Url { .. } | Artifact::Maven(_)) => {
            let fetcher = Fetcher { events: context.events, environment: context.environment };
            let found = fetcher.fetch(uri, base).await;
            found.map_err(|_| Hindrance::JarGone(uri.clone()))?
        }
        Err(_) => return Err(Hindrance::JarGone(uri.clone())),
    };
    match Jar::read(&path).await {
        Ok(jar) if jar.digest == digest => Ok(Some(path)),
        Ok(_) | Err(JarError::Unreadable(..)) => Err(Hindrance::JarGone(uri.clone())),
        // A program in Python has its file in the place of a jar.
        Err(JarError::NoJar(..)) => Err(Hindrance::NoJar),
    }
}

fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A jar of so many bytes.
    fn jar(folder: &Path, name: &str, size: usize) -> Jar {
        let path = folder.join(format!("{name}.jar"));
        fs::write(&path, vec![0; size]).unwrap();
        Jar { path, upload_name: String::new(), digest: format!("digest-{name}"), main_class: None }
    }

    #[test]
    fn kept_by_content_and_no_more_than_so_much() {
        let temporary = tempfile::tempdir().unwrap();
        let jars = Jars { root: temporary.path().join("jars"), limit: 100 };
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
    }
}
