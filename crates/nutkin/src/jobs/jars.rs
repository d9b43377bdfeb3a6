//! Jars that were submitted, kept by content: a job that is moved or recovered needs the one that ran, whatever has become
//! of the file since.

mod folder;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use nutkin_core::gc::{Leftover, LeftoverKind};
use nutkin_core::jars::{JarStore, UPLOADS, directory_of_claim};
use nutkin_core::jobs::Hindrance;
use nutkin_core::ledger::{Bringer, JobRecord};
use nutkin_fetch::artifacts::Fetcher;
use nutkin_fetch::bucket::Bucket;
use nutkin_flink::Configuration;
use nutkin_flink::artifact::Artifact;
use nutkin_rest::Client;
use nutkin_shell::files::digest::sha256_of_file;
use nutkin_shell::{Context, Environment};

use super::asked;
use super::within::Within;
use super::{Jar, JarError};
use folder::Folder;

/// Most bytes of all jars on this machine: fifty jars that hold all their libraries.
const LIMIT: u64 = 4 << 30;

/// Jars where a session keeps them, and those on this machine.
#[derive(Debug, Clone)]
pub struct Jars<'e> {
    store: JarStore,
    machine: Folder,
    environment: &'e Environment,
}

/// A jar that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptJar {
    /// Its SHA-256.
    pub digest: String,
    /// The name of its file.
    pub name: String,
    /// How large it is, where that is known.
    pub bytes: Option<u64>,
}

/// Where the jar of a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundJar {
    /// In this file.
    File(PathBuf),
    /// On the claim of the session, where its JobManagers have it: by its SHA-256.
    Uploaded(String),
}

impl<'e> Jars<'e> {
    /// Those of this machine.
    pub fn of(environment: &'e Environment) -> Self {
        let root = environment.state_directory().join("jars");
        let machine = Folder { root, limit: Some(LIMIT) };
        Self { store: JarStore::Machine, machine, environment }
    }

    /// Those of a session with these options, and those of this machine. What is not a store is refused where the session is
    /// planned.
    pub fn of_session(options: &Configuration, environment: &'e Environment) -> Self {
        let store = JarStore::of(options).unwrap_or(JarStore::Machine);
        Self { store, ..Self::of(environment) }
    }

    /// Keeps a jar that is about to be submitted. That it cannot be kept is told: the job runs all the same. `client`: of the
    /// session, where the jar is not uploaded anyway.
    pub async fn keep(&self, jar: &Jar, client: Option<&Client>, context: &Context<'_>) {
        let kept = match (&self.store, client) {
            (JarStore::Claim, Some(client)) => {
                jar.bring(client).await.map(drop).map_err(io::Error::other)
            }
            // The upload keeps it.
            (JarStore::Claim, None) => Ok(()),
            _ => self.write(jar).await,
        };
        if let Err(error) = kept {
            let path = jar.path.display();
            context.events.warn(&format!(
                "`{path}` is not kept ({error}): a move of its job will look for it where it is"
            ));
        }
    }

    async fn write(&self, jar: &Jar) -> io::Result<()> {
        let folder = match &self.store {
            JarStore::Machine => self.machine.clone(),
            JarStore::Directory(path) => own_folder(path),
            JarStore::Claim => return Ok(()),
            JarStore::Bucket(address) => {
                let bucket = Bucket::of(address, self.environment)?;
                return bucket.keep(&jar.path, &jar.digest).await;
            }
        };
        let jar = jar.clone();
        let done = tokio::task::spawn_blocking(move || folder.write(&jar)).await;
        done.map_err(io::Error::from).flatten()
    }

    /// The jar with this SHA-256, if it is kept where it can be read.
    async fn find(&self, digest: &str, context: &Context<'_>) -> Option<PathBuf> {
        if let JarStore::Directory(path) = &self.store
            && let Some(path) = own_folder(path).find(digest)
        {
            match read_whole(&path, digest).await {
                Ok(true) => return Some(path),
                // The directory is the user's: what is in it stays.
                Ok(false) => {
                    context.events.warn(&format!("{}, and is not used", is_another(&path)));
                }
                Err(error) => context.events.warn(&unread(&path, &error)),
            }
        }
        if let Some(path) = self.machine.find(digest) {
            let removed = match read_whole(&path, digest).await {
                Ok(true) => return Some(path),
                // Where it is, the whole one cannot be kept.
                Ok(false) => {
                    let (machine, digest) = (self.machine.clone(), digest.to_owned());
                    let remove = move || machine.remove(&digest);
                    tokio::task::spawn_blocking(remove).await.map_err(io::Error::from).flatten()
                }
                // It may be the whole one.
                Err(error) => {
                    context.events.warn(&unread(&path, &error));
                    return None;
                }
            };
            let what = is_another(&path);
            match removed {
                Ok(Some(whole)) => return Some(whole),
                Ok(None) => context.events.warn(&format!("{what}, and is removed")),
                Err(error) => {
                    context.events.warn(&format!("{what}, and cannot be removed: {error}"));
                    return None;
                }
            }
        }
        let JarStore::Bucket(address) = &self.store else { return None };
        match self.fetched(address, digest).await {
            Ok(found) => found,
            Err(error) => {
                context.events.warn(&format!("`{address}` cannot be asked for a jar: {error}"));
                None
            }
        }
    }

    /// The jar with this SHA-256, if it is kept anywhere. `options`: of the session that is wanted; `client`: of the session,
    /// where it answers.
    pub async fn kept(
        &self,
        digest: &str,
        client: Option<&Client>,
        options: &Configuration,
        context: &Context<'_>,
    ) -> Option<FoundJar> {
        if digest.is_empty() {
            return None;
        }
        if let Some(path) = self.find(digest, context).await {
            return Some(FoundJar::File(path));
        }
        let is_uploaded = self.is_uploaded(digest, options, client?).await;
        is_uploaded.then(|| FoundJar::Uploaded(digest.to_owned()))
    }

    /// Brings a jar from an object store to this machine.
    async fn fetched(&self, address: &str, digest: &str) -> io::Result<Option<PathBuf>> {
        let bucket = Bucket::of(address, self.environment)?;
        let staging = self.machine.staging()?;
        if bucket.fetch(digest, staging.path()).await?.is_none() {
            return Ok(None);
        }
        self.machine.settle(&staging, digest)?;
        self.machine.used(digest)?;
        Ok(self.machine.find(digest))
    }

    /// Whether the session keeps uploads, and has this jar. `client`: of its JobManagers as they are now, which may be those
    /// from before `options` were wanted.
    async fn is_uploaded(&self, digest: &str, options: &Configuration, client: &Client) -> bool {
        if self.store != JarStore::Claim {
            return false;
        }
        let asked = async {
            let now = asked::options(client).await.ok()?.text(UPLOADS)?;
            (now == directory_of_claim(options)).then_some(())?;
            client.find_jar_of(digest).await.ok()?
        };
        asked.await.is_some()
    }

    /// All that are kept on this machine.
    pub fn all(&self) -> Vec<Leftover> {
        let of = |entry: folder::Entry| Leftover {
            session: None,
            what: LeftoverKind::Jar(entry.digest),
            bytes: entry.bytes,
            path: entry.path.display().to_string(),
            mentions: BTreeSet::new(),
        };
        self.machine.all().into_iter().map(of).collect()
    }

    /// What is kept where the session keeps its jars, and can be listed.
    ///
    /// # Errors
    /// An object store refuses.
    pub async fn listed(&self) -> io::Result<Vec<KeptJar>> {
        let folder = match &self.store {
            JarStore::Machine => self.machine.clone(),
            JarStore::Directory(path) => own_folder(path),
            JarStore::Claim => return Ok(Vec::new()),
            JarStore::Bucket(address) => {
                let all = Bucket::of(address, self.environment)?.all().await?;
                let of = |jar: nutkin_fetch::bucket::StoredJar| KeptJar {
                    digest: jar.digest,
                    name: jar.name,
                    bytes: Some(jar.bytes),
                };
                return Ok(all.into_iter().map(of).collect());
            }
        };
        let of = |entry: folder::Entry| KeptJar {
            name: folder.find(&entry.digest).and_then(|path| name_of(&path)).unwrap_or_default(),
            digest: entry.digest,
            bytes: Some(entry.bytes),
        };
        Ok(folder.all().into_iter().map(of).collect())
    }
}

/// A directory of the user's, which may be for several machines: nothing in it goes by itself.
fn own_folder(path: &str) -> Folder {
    Folder { root: PathBuf::from(path), limit: None }
}

fn is_another(path: &Path) -> String {
    format!("`{}` is another file than its name says", path.display())
}

fn unread(path: &Path, error: &io::Error) -> String {
    format!("`{}` cannot be read ({error}), and is not used", path.display())
}

/// Whether a file is the one with this SHA-256.
///
/// # Errors
/// It cannot be read.
async fn read_whole(path: &Path, digest: &str) -> io::Result<bool> {
    let (path, digest) = (path.to_owned(), digest.to_owned());
    let same = move || sha256_of_file(&path).map(|found| found == digest);
    tokio::task::spawn_blocking(same).await.map_err(io::Error::from).flatten()
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// The jar that ran as this job: the one that the user has named for it, the kept one, or the file that it was, if that is
/// still the same. `None`: it needs no jar. `client`: of the session, where it answers.
///
/// # Errors
/// It is nowhere.
pub async fn located(
    name: &str,
    record: &JobRecord,
    client: Option<&Client>,
    within: Within<'_>,
) -> Result<Option<FoundJar>, Hindrance> {
    let Within { base, given, context, .. } = within;
    let of_id = record.id.as_ref().and_then(|id| given.get(id));
    if let Some(path) = given.get(name).or(of_id) {
        return Ok(Some(FoundJar::File(context.environment.directory.join(path))));
    }
    let Some(uri) = &record.jar else {
        let is_of_file = record.origin == Bringer::File;
        return if is_of_file { Ok(None) } else { Err(Hindrance::NoJar) };
    };
    let digest = record.jar_digest.as_deref().unwrap_or_default();
    let options = &within.session.configuration;
    let jars = Jars::of_session(options, context.environment);
    if let Some(found) = jars.kept(digest, client, options, context).await {
        return Ok(Some(found));
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
        Ok(jar) if jar.digest == digest => Ok(Some(FoundJar::File(path))),
        Ok(_) | Err(JarError::Unreadable(..)) => Err(Hindrance::JarGone(uri.clone())),
        // A program in Python has its file in the place of a jar.
        Err(JarError::NoJar(..)) => Err(Hindrance::NoJar),
    }
}

#[cfg(test)]
mod tests {
    use nutkin_shell::Silent;
    use nutkin_shell::files::digest::sha256_of;
    use nutkin_testkit::scenario::{Answer, Backend, Reply, Request, Server};

    use super::*;

    const JAR: &str = "content of a jar";

    /// An object store that has one jar.
    struct Store;

    impl Backend for Store {
        fn reply(&mut self, request: &Request) -> Reply {
            let time = "2026-01-01T00:00:00.000Z";
            let (key, size) = (format!("jars/{}/count.jar", sha256_of(JAR.as_bytes())), JAR.len());
            let list = format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>{key}</Key>\
                 <LastModified>{time}</LastModified><Size>{size}</Size><ETag>x</ETag></Contents></ListBucketResult>"
            );
            let is_object = request.path.ends_with("count.jar");
            let answer = Answer::text(200, if is_object { JAR } else { &list });
            let answer = answer.header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT");
            Reply::Now(answer.header("ETag", "\"x\""))
        }
    }

    #[tokio::test]
    async fn a_damaged_copy_of_a_jar_of_an_object_store_is_fetched_again() {
        for (copy, is_fetched) in [("damaged", true), (JAR, false)] {
            let server = Server::start(Store);
            let temporary = tempfile::tempdir().unwrap();
            let variables = [
                ("XDG_STATE_HOME", temporary.path().to_str().unwrap()),
                ("AWS_ENDPOINT", server.url()),
                ("AWS_ALLOW_HTTP", "true"),
                ("AWS_REGION", "x"),
                ("AWS_ACCESS_KEY_ID", "x"),
                ("AWS_SECRET_ACCESS_KEY", "x"),
            ];
            let environment = Environment::of_test(&variables, temporary.path().to_owned());
            let store = JarStore::Bucket("s3://bucket/jars".to_owned());
            let jars = Jars { store, ..Jars::of(&environment) };
            let digest = sha256_of(JAR.as_bytes());
            let kept = jars.machine.root.join(&digest).join("count.jar");
            std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
            std::fs::write(&kept, copy).unwrap();
            let events = Silent::sink();
            let context = Context { events: &events, environment: &environment };
            assert_eq!(jars.find(&digest, &context).await.as_ref(), Some(&kept), "{copy}");
            assert_eq!(std::fs::read_to_string(&kept).unwrap(), JAR);
            assert_eq!(!server.seen().is_empty(), is_fetched, "{copy}");
        }
    }

    #[tokio::test]
    async fn a_damaged_copy_of_the_users_stays() {
        let temporary = tempfile::tempdir().unwrap();
        let variables = [("XDG_STATE_HOME", temporary.path().to_str().unwrap())];
        let environment = Environment::of_test(&variables, temporary.path().to_owned());
        let own = temporary.path().join("own");
        let store = JarStore::Directory(own.display().to_string());
        let jars = Jars { store, ..Jars::of(&environment) };
        let digest = sha256_of(JAR.as_bytes());
        let kept = own.join(&digest).join("count.jar");
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        let events = Silent::sink();
        let context = Context { events: &events, environment: &environment };
        for (copy, found) in [("damaged", None), (JAR, Some(&kept))] {
            std::fs::write(&kept, copy).unwrap();
            assert_eq!(jars.find(&digest, &context).await.as_ref(), found, "{copy}");
            assert_eq!(std::fs::read_to_string(&kept).unwrap(), copy);
        }
    }
}
