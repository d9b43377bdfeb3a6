//! Looks at a session, its daemon and its image, side by side. Nothing is made or pulled for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use nutkin_container::image::ImageUser;
use nutkin_core::decide::docker::{
    Extras, FoundContainer, Image, Mine, Observation, Registered, Step, TakenPort, Thing, Within,
    images,
};
use nutkin_core::decide::{Decision, Ending, Goal, Jobs, docker};
use nutkin_core::ledger::Opened;
use nutkin_core::plan::docker::{FLINK, HealthCheck, SESSION, asked_ports};
use nutkin_core::session::Session;
use nutkin_fetch::extras;
use nutkin_flink::process::Role;
use nutkin_rest::Probe;
use nutkin_shell::files::FileLock;
use nutkin_shell::files::digest::sha256_of_file;
use nutkin_shell::{Context, Error, Purpose};

use super::session::{self, DockerSession};
use super::{failure, lock, status};

/// What one run of a driver is for.
#[derive(Debug, Clone)]
pub enum Aim {
    /// This session, with jars and plugins of this machine.
    Session(Box<Session>),
    /// The same session with another number of TaskManagers, which get the jars that the others have.
    Scaled(Box<Session>),
    /// Another number of TaskManagers of a session of which nothing is noted.
    Resized,
    /// No session.
    Gone(Ending),
}

/// Archives with the folders that they are for, and the surroundings that they were packed for.
type Packed = (Arc<Within>, Vec<(String, Bytes)>);

/// One run of a driver over a session: what it is for, and what it has done until now.
#[derive(Debug)]
pub struct Run {
    /// The session.
    pub session: DockerSession,
    pub(super) aim: Aim,
    /// Jars and plugins by path below Flink's home, where they are on this machine.
    pub(super) extras: Option<Vec<(String, PathBuf)>>,
    digests: Option<BTreeMap<String, Option<String>>>,
    images: Option<Vec<(String, Option<Image>)>>,
    /// Ports that programs of this machine had at the first look.
    busy: OnceLock<Vec<TakenPort>>,
    /// Images that this run has pulled.
    pub(super) pulled: BTreeSet<String>,
    pub(super) mine: Mine,
    /// Containers that were prepared: name and ID.
    pub(super) prepared: Vec<(String, String)>,
    /// Containers that were stopped for new ones: name and ID.
    pub(super) retired: Vec<(String, String)>,
    /// How the daemon keeps what containers print, once it was asked.
    pub(super) log_driver: Option<String>,
    /// The containers that the last decision is about, by name and hash.
    pub(super) marks: Vec<(String, String)>,
    pub(super) lock: Option<FileLock>,
    /// Whether the lock is kept from one look to the next.
    is_held: bool,
    /// What was packed last, for containers that share it.
    pub(super) packed: Option<Packed>,
    /// Who answered at the last look, and what.
    answer: Option<(nutkin_rest::Overview, String)>,
    /// The ledger as it is to be saved, and whether that is done.
    pub(super) ledger: Option<(Opened, bool)>,
    /// Whether steps are carried out without a word.
    pub(super) is_quiet: bool,
}

impl Run {
    /// A run that has done nothing yet.
    pub fn new(session: DockerSession, aim: Aim) -> Self {
        Self {
            session,
            aim,
            extras: None,
            digests: None,
            images: None,
            busy: OnceLock::new(),
            pulled: BTreeSet::new(),
            mine: Mine::default(),
            prepared: Vec::new(),
            retired: Vec::new(),
            log_driver: None,
            marks: Vec::new(),
            lock: None,
            is_held: false,
            packed: None,
            answer: None,
            ledger: None,
            is_quiet: false,
        }
    }

    /// What it is for, as core wants it.
    pub fn wanted(&self) -> Goal<'_> {
        match &self.aim {
            Aim::Session(session) | Aim::Scaled(session) => Goal::Session(session),
            Aim::Gone(ending) => Goal::Gone(*ending),
            Aim::Resized => Goal::Gone(Ending::default()),
        }
    }

    /// What a JobManager answered at the last look, and its address.
    pub fn answer(&self) -> Option<(nutkin_rest::Overview, String)> {
        self.answer.clone()
    }

    /// Keeps other commands from changing the session, from before the first look until [`Run::release`].
    ///
    /// # Errors
    /// The lock file cannot be made.
    pub async fn hold(&mut self, context: &Context<'_>) -> Result<(), Error> {
        self.lock = Some(lock::take(&self.session, context).await?);
        self.is_held = true;
        Ok(())
    }

    fn is_saved(&self) -> bool {
        self.ledger.as_ref().is_none_or(|(opened, is_saved)| *is_saved || !opened.is_changed())
    }

    /// What the ledger is to say before anything is done. Without this it is not touched.
    pub fn remember(&mut self, ledger: Opened) {
        self.ledger = Some((ledger, false));
    }

    /// Whether the ledger says what it is to say.
    pub fn has_remembered(&self) -> bool {
        self.ledger.is_some() && self.is_saved()
    }

    /// Lets other commands change the session.
    pub fn release(&mut self) {
        self.lock = None;
        self.is_held = false;
    }

    /// Forgets what a step has made outdated.
    pub(super) fn look_again(&mut self) {
        self.images = None;
        self.digests = None;
    }

    /// Looks at everything that a decision is made from. The session's lock ends here: it is held from the first step
    /// that touches the session to the next look.
    ///
    /// # Errors
    /// The daemon refuses, or a jar cannot be read.
    pub async fn observe(&mut self, context: &Context<'_>) -> Result<Observation, Error> {
        if !self.is_held {
            self.lock = None;
        }
        if self.images.is_none() {
            self.images = Some(self.look_at_images().await?);
        }
        if self.digests.is_none() {
            self.digests = Some(self.look_at_extras(context).await?);
        }
        self.answer = None;
        let session = &self.session;
        let asked = match self.wanted() {
            Goal::Session(wanted) => asked_ports(wanted),
            Goal::Gone(_) => Vec::new(),
        };
        let ((containers, taken), network, volume, volumes) = tokio::try_join!(
            session.survey(&self.busy, &asked),
            network(session),
            volume(session),
            session::volumes(session),
        )?;
        let urls = session.rest_urls(&containers);
        let runs = |one: &session::ListedContainer| {
            one.seen.role == Some(Role::JobManager) && one.seen.runs
        };
        let (mut jobs, mut overview) = (Jobs::Known(Vec::new()), None);
        if containers.iter().any(runs) {
            let probe = Probe::new(&urls)?;
            let (running, answered) = tokio::join!(probe.running_jobs(), probe.overview());
            jobs = running.map_or(Jobs::Unknown, |jobs| {
                Jobs::Known(jobs.into_iter().map(|job| (job.id, job.name)).collect())
            });
            overview = answered.map(|(overview, _)| Registered {
                task_managers: overview.taskmanagers,
                slots: overview.slots_total,
            });
            self.answer = answered.map(|(overview, url)| (overview, url.to_owned()));
        }
        self.marks = lock::marks(&containers);
        let extras = match self.aim {
            Aim::Session(_) => Extras::Named(self.digests.clone().unwrap_or_default()),
            Aim::Scaled(_) | Aim::Resized | Aim::Gone(_) => Extras::Kept,
        };
        Ok(Observation {
            session: session.name.clone(),
            images: self.images.clone().unwrap_or_default(),
            extras,
            containers: containers.into_iter().map(plain).collect(),
            network,
            volume,
            volumes,
            taken,
            jobs,
            overview,
            is_saved: self.is_saved(),
            mine: self.mine.clone(),
        })
    }

    /// Decides by what was seen.
    ///
    /// # Errors
    /// Bad input.
    pub fn decide(&self, seen: &Observation) -> Result<Decision<Step>, Error> {
        docker::decide(self.wanted(), seen).map_err(Error::input)
    }

    async fn look_at_images(&self) -> Result<Vec<(String, Option<Image>)>, Error> {
        let Goal::Session(wanted) = self.wanted() else { return Ok(Vec::new()) };
        let looks = images(wanted).into_iter().map(|name| async move {
            let found = self.image(&name).await?;
            Ok::<_, Error>((name, found))
        });
        futures_util::future::try_join_all(looks).await
    }

    async fn image(&self, name: &str) -> Result<Option<Image>, Error> {
        let found = match self.session.docker.inspect_image(name).await {
            Err(error) if status(&error) == Some(404) => return Ok(None),
            found => found.map_err(|error| failure(&error))?,
        };
        let config = found.config.unwrap_or_default();
        let variables = config.env.unwrap_or_default();
        let home = variables.iter().find_map(|one| one.strip_prefix("FLINK_HOME="));
        let is_ours = config.labels.is_some_and(|labels| labels.contains_key(FLINK));
        let user = config.user.unwrap_or_default();
        let (uid, gid) = user.split_once(':').unwrap_or((&user, &user));
        let starts_as_root = matches!(uid, "" | "0" | "root");
        // The official image starts as root and becomes `flink`.
        let owner = match (uid.parse(), gid.parse()) {
            (Ok(uid), Ok(gid)) if uid != 0 => (uid, gid),
            _ => (ImageUser::default().uid, ImageUser::default().gid),
        };
        Ok(Some(Image {
            flink_home: home.unwrap_or(nutkin_flink::official::FLINK_HOME).to_owned(),
            probe: if is_ours { HealthCheck::Nutkin } else { HealthCheck::Bash },
            owner,
            starts_as_root,
            is_fresh: self.pulled.contains(name),
        }))
    }

    async fn look_at_extras(
        &mut self,
        context: &Context<'_>,
    ) -> Result<BTreeMap<String, Option<String>>, Error> {
        let Aim::Session(wanted) = &self.aim else { return Ok(BTreeMap::new()) };
        let files = match self.extras.take() {
            Some(files) => files,
            None => extras::files(wanted, Purpose::Look, context).await?,
        };
        self.extras = Some(files.clone());
        digests(files).await
    }
}

/// Digests of jars and of the files of plugins; `None` for what is not on this machine yet. Whole files are read: that
/// is not done on the thread that answers everything else.
pub(super) async fn digests(
    files: Vec<(String, PathBuf)>,
) -> Result<BTreeMap<String, Option<String>>, Error> {
    if files.is_empty() {
        return Ok(BTreeMap::new());
    }
    let read = move || -> Result<BTreeMap<String, Option<String>>, Error> {
        let mut digests = BTreeMap::new();
        for (path, source) in &files {
            if !source.exists() {
                digests.insert(path.clone(), None);
                continue;
            }
            for entry in walkdir::WalkDir::new(source).sort_by_file_name() {
                let entry = entry?;
                if entry.file_type().is_file() {
                    let below = entry.path().strip_prefix(source).unwrap_or(entry.path());
                    let name = format!("{path}/{}", below.display());
                    let digest = sha256_of_file(entry.path())?[..16].to_owned();
                    digests.insert(name.trim_end_matches('/').to_owned(), Some(digest));
                }
            }
        }
        Ok(digests)
    };
    tokio::task::spawn_blocking(read).await?
}

fn plain(one: session::ListedContainer) -> FoundContainer {
    let session::ListedContainer { seen, id, status, labels, rest, .. } = one;
    FoundContainer { seen, id, status, labels, rest }
}

async fn network(session: &DockerSession) -> Result<Thing, Error> {
    let name = format!("nutkin-{}", session.name);
    match session.docker.inspect_network(&name, None).await {
        Err(error) if status(&error) == Some(404) => Ok(Thing::Absent),
        Err(error) => Err(failure(&error)),
        Ok(found) => {
            Ok(whose(found.labels.as_ref().and_then(|labels| labels.get(SESSION)), session))
        }
    }
}

async fn volume(session: &DockerSession) -> Result<Thing, Error> {
    match session.docker.inspect_volume(&session.volume()).await {
        Err(error) if status(&error) == Some(404) => Ok(Thing::Absent),
        Err(error) => Err(failure(&error)),
        Ok(found) => Ok(whose(found.labels.get(SESSION), session)),
    }
}

fn whose(label: Option<&String>, session: &DockerSession) -> Thing {
    if label == Some(&session.name) { Thing::Ours } else { Thing::Foreign }
}
