//! Brings a session on a Docker daemon to what the user wants.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bollard::query_parameters::CreateImageOptionsBuilder;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use nutkin_container::image::User;
use nutkin_core::change::{self, Change, Difference, Effect, Shape};
use nutkin_core::plan::docker::{self, Containers, Probe as Look, Steps, Surroundings, steps};
use nutkin_core::session::Session;
use nutkin_flink::options::is_sensitive;
use nutkin_flink::process::Role;
use serde_json::json;

use super::session::{Container, DockerSession, flink, options};
use super::{end, failure, lock, make, message, status, view};
use nutkin_fetch::extras;
use nutkin_flink::counted;
use nutkin_rest::{Overview, Probe, RunningJob};
use nutkin_rest::{Ready, Waited};
use nutkin_shell::Purpose;
use nutkin_shell::files::digest::sha256_of_file;
use nutkin_shell::{Context, Error, Kind};
use nutkin_shell::{Harm, Wish};

/// Between two looks while a session starts.
const POLL: Duration = Duration::from_millis(200);
/// Lines of a dead container that are shown: the exception and its cause fit.
const SHOWN_LINES: usize = 15;

/// An image, as far as it matters.
#[derive(Debug, Clone)]
struct Image {
    name: String,
    flink_home: String,
    probe: Look,
    owner: User,
}

/// What was decided before anything is done.
#[derive(Debug)]
pub struct Decision {
    /// The session.
    pub session: DockerSession,
    /// What shall be.
    pub wanted: Containers,
    /// What is.
    pub seen: Vec<Container>,
    /// What to do.
    pub steps: Steps,
    /// The difference, for people.
    pub change: Change,
    /// What it does to jobs.
    pub effect: Effect,
    /// Jobs that run; `None` when nobody answers.
    pub jobs: Option<Vec<RunningJob>>,
    image: Image,
    extras: Vec<(String, PathBuf)>,
    /// Whether this very call made the volume: then nothing on it is worth keeping when the session never comes up.
    made_volume: bool,
    /// IDs of the containers that this call made.
    made: Vec<String>,
}

/// Plans the session and compares it with what runs. Pulls the image where it is missing and touches nothing else.
///
/// # Errors
/// Bad input (2); no daemon, no image.
pub async fn decide(wish: Wish<'_>, context: &Context<'_>) -> Result<Decision, Error> {
    let Wish { session: wanted, purpose, .. } = wish;
    let session = DockerSession::of(&wanted.name, context).await?;
    let image = image(&session, wanted, purpose, context).await?;
    let extras = extras::files(wanted, purpose, context).await?;
    let around = surroundings(&image, &extras)?;
    let planned = docker::plan(wanted, &around).map_err(Error::input)?;
    let seen = session.containers().await?;
    let plain: Vec<_> = seen.iter().map(|one| one.seen.clone()).collect();
    let steps = steps(&planned, &plain);
    let (mut change, mut effect, mut jobs) = (Change::default(), Effect::None, Some(Vec::new()));
    if !seen.is_empty() {
        let old = shape(&seen, &planned.shape);
        change = change::compare(&old, &planned.shape, is_sensitive);
        let ends = |role| steps.ends(role, &plain);
        if ends(Role::JobManager) || ends(Role::ZooKeeper) {
            let is_recovered = old.high_availability && planned.shape.high_availability;
            effect = if is_recovered { Effect::Restart } else { Effect::Loss };
        } else if ends(Role::TaskManager) {
            effect = Effect::Restart;
        }
        let runs = |one: &Container| one.seen.role == Some(Role::JobManager) && one.seen.runs;
        if seen.iter().any(runs) {
            jobs = Probe::new(&session.rest_urls(&seen))?.running_jobs().await;
        }
    }
    Ok(Decision {
        session,
        wanted: planned,
        seen,
        steps,
        change,
        effect,
        jobs,
        image,
        extras,
        made_volume: false,
        made: Vec::new(),
    })
}

/// Plans without a daemon, for `render`: as if the image were ours, or the official one by its name.
///
/// # Errors
/// Bad input (2).
pub async fn render(wanted: &Session, context: &Context<'_>) -> Result<serde_json::Value, Error> {
    let name = wanted.image.clone().unwrap_or_else(|| own_image(wanted));
    let image = assumed(name);
    let extras = extras::files(wanted, Purpose::Look, context).await?;
    let around = surroundings(&image, &extras)?;
    let planned = docker::plan(wanted, &around).map_err(Error::input)?;
    let mounted: Vec<(String, String)> =
        extras.iter().map(|(path, source)| (path.clone(), source.display().to_string())).collect();
    Ok(docker::compose(&planned, &around.flink_home, &mounted))
}

/// An image that nobody looked into.
fn assumed(name: String) -> Image {
    Image {
        flink_home: nutkin_flink::official::FLINK_HOME.to_owned(),
        probe: if official(&name) { Look::Bash } else { Look::Nutkin },
        owner: User::default(),
        name,
    }
}

/// The official image is `flink`, wherever it is mirrored to.
fn official(name: &str) -> bool {
    let name = name.split('@').next().unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split(':').next() == Some("flink") && !name.starts_with("nutkin/")
}

/// What `nutkin image build` calls the image of a release.
fn own_image(wanted: &Session) -> String {
    format!("nutkin/flink:{}", wanted.flink)
}

fn surroundings(image: &Image, extras: &[(String, PathBuf)]) -> Result<Surroundings, Error> {
    let mut digests = BTreeMap::new();
    for (path, source) in extras {
        if !source.exists() {
            // To look, nothing is fetched.
            digests.insert(path.clone(), "not fetched".to_owned());
            continue;
        }
        for entry in walkdir::WalkDir::new(source).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file() {
                let below = entry.path().strip_prefix(source).unwrap_or(entry.path());
                let name = format!("{path}/{}", below.display());
                let digest = sha256_of_file(entry.path())?[..16].to_owned();
                digests.insert(name.trim_end_matches('/').to_owned(), digest);
            }
        }
    }
    Ok(Surroundings {
        image: image.name.clone(),
        flink_home: image.flink_home.clone(),
        probe: image.probe,
        extras: digests,
    })
}

/// The image of the session: the one that is named, else our own where the daemon has it, else the official one.
async fn image(
    session: &DockerSession,
    wanted: &Session,
    purpose: Purpose,
    context: &Context<'_>,
) -> Result<Image, Error> {
    let policy = wanted.image_pull_policy.as_deref().unwrap_or("IfNotPresent");
    let own = own_image(wanted);
    let name = match &wanted.image {
        Some(name) => name.clone(),
        None if session.docker.inspect_image(&own).await.is_ok() => own.clone(),
        None => format!("flink:{}", wanted.flink),
    };
    let mut inspected = session.docker.inspect_image(&name).await;
    let is_missing = matches!(&inspected, Err(error) if status(error) == Some(404));
    if is_missing && purpose == Purpose::Look {
        let message = format!("the daemon has no image `{name}`: assumed is one like the official");
        context.events.warn(&message);
        return Ok(assumed(name));
    }
    if purpose == Purpose::Act && ((is_missing && policy != "Never") || policy == "Always") {
        context.events.say(&format!("Pulling {name}"));
        let options = CreateImageOptionsBuilder::default().from_image(&name).build();
        let pulled = session.docker.create_image(Some(options), None, None);
        if let Err(error) = pulled.try_for_each(|_| std::future::ready(Ok(()))).await {
            let message = format!("the image `{name}` cannot be pulled: {}", message(&error));
            return Err(missing(message, wanted));
        }
        inspected = session.docker.inspect_image(&name).await;
    }
    let found = match inspected {
        Err(error) if status(&error) == Some(404) => {
            return Err(missing(format!("the daemon has no image `{name}`"), wanted));
        }
        other => other.map_err(|error| failure(&error))?,
    };
    let config = found.config.unwrap_or_default();
    let variables = config.env.unwrap_or_default();
    let home = variables.iter().find_map(|one| one.strip_prefix("FLINK_HOME="));
    let is_ours = config.labels.is_some_and(|labels| labels.contains_key(docker::FLINK));
    let user = config.user.unwrap_or_default();
    let (uid, gid) = user.split_once(':').unwrap_or((&user, &user));
    // The official image starts as root and becomes `flink`.
    let owner = match (uid.parse(), gid.parse()) {
        (Ok(uid), Ok(gid)) if uid != 0 => User { uid, gid },
        _ => User::default(),
    };
    Ok(Image {
        name,
        flink_home: home.unwrap_or(nutkin_flink::official::FLINK_HOME).to_owned(),
        probe: if is_ours { Look::Nutkin } else { Look::Bash },
        owner,
    })
}

fn missing(message: String, wanted: &Session) -> Error {
    let flink = wanted.flink;
    let tag = wanted.image.as_ref().map(|image| format!(" -t {image}")).unwrap_or_default();
    Error::new(Kind::Broken, message)
        .hint(format!(
            "`nutkin image build --flink {flink}{tag} --load` makes one of this machine's parts"
        ))
        .hint("or name another one: `spec.image` of the session file")
}

/// The session as its labels tell it.
fn shape(seen: &[Container], new: &Shape) -> Shape {
    let count = |role| seen.iter().filter(|one| one.seen.role == Some(role)).count();
    let number = |role| u32::try_from(count(role)).unwrap_or(u32::MAX);
    let options = options(seen, Role::JobManager).unwrap_or_default();
    let configuration = options.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    Shape {
        flink_version: flink(seen).map(|flink| flink.to_string()).unwrap_or_default(),
        job_managers: number(Role::JobManager),
        task_managers: number(Role::TaskManager),
        high_availability: nutkin_flink::is_highly_available(&configuration),
        options,
        // Changed files are seen in the containers' hashes.
        files: new.files.clone(),
        processes: BTreeMap::new(),
    }
}

impl Decision {
    /// Whether everything is as it should be and runs.
    pub fn is_done(&self) -> bool {
        self.steps.is_empty()
    }

    /// The change in lines, then what is made anew and what that does to jobs.
    pub fn lines(&self) -> Vec<String> {
        let name = &self.session.name;
        if self.seen.is_empty() {
            return vec![format!("+ session `{name}`: {}", self.summary())];
        }
        if self.is_done() {
            return vec![format!("session `{name}`: no change")];
        }
        let mut lines: Vec<String> = self.change.differences.iter().map(Difference::line).collect();
        let Steps { remove, replace, create, start } = &self.steps;
        for (word, names) in
            [("removes", remove), ("replaces", replace), ("creates", create), ("starts", start)]
        {
            if !names.is_empty() {
                lines.push(format!("{word} {}", names.join(", ")));
            }
        }
        let jobs = match &self.jobs {
            None => "jobs that may run".to_owned(),
            Some(jobs) if jobs.is_empty() => return lines,
            Some(jobs) => format!("{} running jobs", jobs.len()),
        };
        lines.push(match self.effect {
            Effect::None => format!("{jobs} go on untouched"),
            Effect::Restart => format!("{jobs} fail over to their last checkpoint"),
            Effect::Loss => format!("{jobs} are LOST: there is no high availability"),
        });
        lines
    }

    /// The document of `plan -o json`.
    pub fn document(&self) -> serde_json::Value {
        let differences = self.change.differences.iter();
        let differences =
            differences.map(|one| json!({"what": one.what, "old": one.old, "new": one.new}));
        let replaced = |role: Role| {
            let of_role = |name: &&String| {
                self.seen.iter().any(|one| one.seen.name == **name && one.seen.role == Some(role))
            };
            self.steps.replace.iter().any(|name| of_role(&name))
        };
        json!({
            "name": self.session.name,
            "platform": "docker",
            "new": self.seen.is_empty(),
            "changes": !self.is_done(),
            "differences": differences.collect::<Vec<_>>(),
            "restarts": {
                "jobManagers": replaced(Role::JobManager),
                "taskManagers": replaced(Role::TaskManager),
            },
            "runningJobs": self.jobs.as_ref().map(Vec::len),
            "jobsLost": self.effect == Effect::Loss && self.has_jobs(),
        })
    }

    /// Whether jobs run, as far as is known.
    fn has_jobs(&self) -> bool {
        self.jobs.as_ref().is_none_or(|jobs| !jobs.is_empty())
    }

    /// What the user has to agree to.
    pub fn harm(&self) -> Harm {
        match self.effect {
            Effect::None => Harm::None,
            Effect::Loss if self.has_jobs() => Harm::Loss,
            _ if self.has_jobs() => Harm::Change,
            _ => Harm::None,
        }
    }

    /// `Flink 1.20.5, 1 JobManager, 2 TaskManagers`.
    pub fn summary(&self) -> String {
        let Shape { flink_version, job_managers, task_managers, .. } = &self.wanted.shape;
        format!(
            "Flink {flink_version}, {}, {}",
            counted(*job_managers, "JobManager"),
            counted(*task_managers, "TaskManager")
        )
    }

    /// Does it.
    ///
    /// # Errors
    /// The daemon refuses. What a new session had until then is removed.
    pub async fn carry_out(&mut self, context: &Context<'_>) -> Result<(), Error> {
        let _lock = lock::take(&self.session, context).await?;
        lock::still_so(&self.session, &self.seen).await?;
        let done = self.follow(context).await;
        if done.is_err() && self.seen.is_empty() {
            self.undo().await?;
        }
        done
    }

    async fn follow(&mut self, context: &Context<'_>) -> Result<(), Error> {
        let Containers { network, volume, data, containers, .. } = &self.wanted;
        let session = &self.session;
        self.made_volume = make::surroundings(session, network, volume).await?;
        let Steps { remove, replace, create, start } = &self.steps;
        for name in remove.iter().chain(replace) {
            context.events.say(&format!("Ending {name}"));
            make::end(session, name).await?;
        }
        let archives = self.archives()?;
        for one in containers {
            if create.contains(&one.name) || replace.contains(&one.name) {
                let body = make::body(one, network, volume, data);
                make::make(session, &one.name, body, &archives, &mut self.made).await?;
            } else if start.contains(&one.name) {
                make::start(session, &one.name).await?;
            }
        }
        Ok(())
    }

    /// Ends what this call made. Where another machine's command made containers of the session at the same moment, they
    /// stay, with the network and the volume that they use.
    async fn undo(&self) -> Result<(), Error> {
        for id in self.made.iter().rev() {
            make::end(&self.session, id).await?;
        }
        if !self.session.containers().await?.is_empty() {
            return Ok(());
        }
        let volume = self.made_volume.then(|| self.wanted.volume.clone());
        end::all(&self.session, &self.wanted.network, volume.as_slice()).await.map(drop)
    }

    /// Configuration, jars and the owner of the volume, for each container.
    fn archives(&self) -> Result<Vec<(String, Bytes)>, Error> {
        let mut archive = make::Archive::new(self.image.owner);
        archive.directory("conf")?;
        for (name, text) in &self.wanted.files {
            archive.text(&format!("conf/{name}"), text)?;
        }
        // A volume at a place that the image lacks would be root's.
        archive.directory("data")?;
        for (path, source) in &self.extras {
            if let Some((folder, _)) = path.rsplit_once('/')
                && folder != "lib"
                && folder != "plugins"
            {
                archive.directory(folder)?;
            }
            archive.copy(path, source)?;
        }
        Ok(vec![(self.image.flink_home.clone(), archive.finish()?)])
    }

    /// Waits until the session answers and has its slots.
    ///
    /// # Errors
    /// A container died before: its last lines are in the error.
    pub async fn wait(
        &self,
        timeout: Duration,
        mut progress: impl FnMut(&str),
    ) -> Result<Waited, Error> {
        let wanted = self.wanted.shape.task_managers;
        let slots = self.wanted.shape.options.get("taskmanager.numberOfTaskSlots");
        let slots: u32 = slots.and_then(|slots| slots.trim().parse().ok()).unwrap_or(1);
        let started = Instant::now();
        let mut last: Option<Overview> = None;
        loop {
            let containers = self.session.containers().await?;
            self.died(&containers).await?;
            let probe = Probe::new(&self.session.rest_urls(&containers))?;
            if let Some((overview, url)) = probe.overview().await {
                if wanted <= overview.taskmanagers && slots * wanted <= overview.slots_total {
                    return Ok(Waited::Ready(Ready { overview, url: url.to_owned() }));
                }
                let seen = overview.taskmanagers;
                progress(&format!("{seen} of {} registered", counted(wanted, "TaskManager")));
                last = Some(overview);
            } else {
                progress("waiting for the JobManager to answer");
            }
            if timeout < started.elapsed() {
                return Ok(Waited::TimedOut(last.map_or_else(
                    || "no JobManager answers".to_owned(),
                    |overview| {
                        format!("{} registered", counted(overview.taskmanagers, "TaskManager"))
                    },
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// A container that ended, or that the daemon starts again and again.
    async fn died(&self, containers: &[Container]) -> Result<(), Error> {
        for one in containers {
            let is_dead = !one.seen.runs && !one.status.is_empty() && one.status != "Created";
            if !is_dead {
                continue;
            }
            let lines = view::last_lines(&self.session, &one.seen.name, SHOWN_LINES).await;
            let message =
                format!("{} did not start: {}\n{}", one.seen.alias, one.status, lines.join("\n"));
            return Err(Error::new(Kind::Broken, message.trim_end().to_owned())
                .hint(format!("`docker logs {}` shows all of it", one.seen.name)));
        }
        Ok(())
    }

    /// Ends a new session that never came up.
    ///
    /// # Errors
    /// Something could not be ended.
    pub async fn give_up(&self, failure: Error, context: &Context<'_>) -> Result<Error, Error> {
        if !self.seen.is_empty() {
            return Ok(failure);
        }
        let _lock = lock::take(&self.session, context).await?;
        self.undo().await?;
        Ok(failure.hint(format!("session `{}` was ended again", self.session.name)))
    }
}
