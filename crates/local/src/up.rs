//! Brings a session on this machine to what the user wants.

use nutkin_shell::files::document;
use std::collections::BTreeMap;
use std::time::Duration;

use nutkin_core::change::{self, Change, Difference, Effect, Shape};
use nutkin_core::plan::process::{self, Processes};
use nutkin_core::session::Session;
use nutkin_flink::is_highly_available;
use nutkin_flink::options;
use serde_json::json;

use super::directory::{self, SessionDirectory};
use super::launch::{Launch, new_token};
use super::machine::{self, Inputs};
use super::ports::{self, Held, Ports};
use super::suffering;
use super::{control, launch};
use nutkin_fetch::dist::class_data::{self, Java};
use nutkin_fetch::extras;
use nutkin_flink::counted;
use nutkin_rest::Jobs;
use nutkin_shell::Context;
use nutkin_shell::files::{At, FileError};
use nutkin_shell::{Error, Kind};
use nutkin_shell::{Harm, Purpose};

/// How long an `up` waits for another command that works on the same session: longer than any of them
/// holds the lock, which is only while files are written and orders given.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// How often a decision is made again because another command was faster. Each time another one has finished,
/// so that only a crowd of them needs more than two.
const ATTEMPTS: usize = 10;

/// What was decided before anything is done.
#[derive(Debug)]
pub struct Decision {
    /// What the user wants.
    pub session: Session,
    /// Where the session lives.
    pub directory: SessionDirectory,
    /// The orders of the last `up`, if the session exists.
    pub old: Option<Launch>,
    /// What shall run.
    pub new: Launch,
    /// Files to write.
    pub files: BTreeMap<String, String>,
    /// The difference; empty for a new session and for one that is as it should be.
    pub change: Change,
    /// What the change does to jobs.
    pub effect: Effect,
    /// Its jobs.
    pub jobs: Jobs,
    /// Whether anything of the session lives.
    pub runs: bool,
    /// What is not on this machine and was assumed, with what `up` would do about it.
    pub assumptions: Vec<String>,
}

/// Plans the session and compares it with what runs. Touches no session.
///
/// # Errors
/// Bad input (exit 2), a damaged state directory, no Flink or Java.
pub async fn decide(
    session: &Session,
    purpose: Purpose,
    context: &Context<'_>,
) -> Result<Decision, Error> {
    let directory = SessionDirectory::of(context.environment, &session.name)?;
    let old = match document::read_json::<Launch>(&directory.launch()) {
        Ok(launch) => Some(launch),
        // Its orders are gone, and what they were about is not: another port would be a second session beside it.
        Err(error @ document::StateError::Missing(_)) if !living(&directory).is_empty() => {
            return Err(directory::damaged(&directory, error));
        }
        Err(document::StateError::Missing(_)) => None,
        Err(error) => return Err(directory::damaged(&directory, error)),
    };
    let living = living(&directory);
    let held = Held {
        own: old.as_ref().map_or_else(Ports::new, |old| old.ports.clone()),
        runs: !living.is_empty(),
        others: directory.ports_of_others(),
    };
    let job_managers = session.job_managers();
    let zookeeper = session.needs_zookeeper();
    let say = |line: &str| context.events.say(line);
    let ports = ports::choose(&session.configuration, job_managers, zookeeper, &held, say)?;
    // First what costs nothing: a machine without Java need not download Flink to learn it.
    let java = nutkin_fetch::java::find(&session.configuration, session.flink, context);
    let java = java.map_err(|failure| match failure.kind {
        Kind::Broken => failure.hint("the option `env.java.home` names one for this session alone"),
        _ => failure,
    })?;
    let its = Java { home: &java.0, major: java.1 };
    let mut assumptions = Vec::new();
    let distribution = match purpose {
        Purpose::Act => nutkin_fetch::dist::ensure(session.flink, its, context).await?,
        Purpose::Look => {
            nutkin_fetch::dist::find(session.flink, context.environment)?.unwrap_or_else(|| {
                assumptions.push(format!(
                    "Flink {} is not installed: `up` installs it, from Apache's archive or else from PyPI; its \
                     jars are shown as lib/*",
                    session.flink
                ));
                nutkin_fetch::dist::assumed(session.flink, context.environment)
            })
        }
    };
    let is_assumed = !assumptions.is_empty();
    let archives = class_data::find(&distribution, its, context.environment);
    let extras = extras::bring(session, &distribution, purpose, context).await?;
    let fetches = |what: &String| format!("{what} is not on this machine: `up` fetches it");
    assumptions.extend(extras.absent.iter().map(fetches));
    let mut machine = machine::observe(
        session,
        &directory,
        &ports,
        &distribution,
        extras,
        java,
        context.environment,
    );
    machine.archives = archives;
    if is_assumed {
        // As Java writes all jars of a directory.
        machine.lib.insert(0, "*".to_owned());
    }
    let planned = process::plan(session, &machine).map_err(Error::input)?;
    let token = match &old {
        Some(old) => old.token.clone(),
        None => new_token(directory.path())?,
    };
    let generation = old.as_ref().map_or(1, |old| old.generation + 1);
    let (mut new, files) = orders(session, planned, &directory, ports, token, generation);
    if let Some(old) = &old {
        keep_what_serves(&mut new, old, &living);
        // The same orders again are not new ones: nobody need follow them a second time.
        if (Launch { generation: old.generation, ..new.clone() }) == *old {
            new.generation = old.generation;
        }
    }

    let mut change = Change::default();
    let mut effect = Effect::None;
    let mut jobs = Jobs::Known(Vec::new());
    if let Some(old) = &old {
        let (before, after) = (shape(old), shape(&new));
        change = change::compare(&before, &after, options::is_sensitive);
        effect = change.effect(&before, &after);
        jobs = if change.is_empty() {
            // Nobody suffers: one question is enough.
            suffering::look(old).await?
        } else {
            suffering::jobs(&directory, old).await?
        };
    }
    let runs = !living.is_empty();
    let session = session.clone();
    Ok(Decision { session, directory, old, new, files, change, effect, jobs, runs, assumptions })
}

fn orders(
    session: &Session,
    planned: Processes,
    directory: &SessionDirectory,
    ports: Ports,
    token: String,
    generation: u64,
) -> (Launch, BTreeMap<String, String>) {
    let Processes { files, processes, rest_urls, options } = planned;
    let inputs = Inputs { options: &options, files: &files };
    let digests = inputs.file_digests();
    let processes =
        processes.into_iter().map(|one| machine::definition(one, directory, &inputs)).collect();
    let flink_version = session.flink.to_string();
    let launch = Launch {
        generation,
        token,
        flink_version,
        rest_urls,
        ports,
        options,
        files: digests,
        processes,
        pattern: None,
    };
    (launch, files)
}

/// Names of the processes that live.
fn living(directory: &SessionDirectory) -> Vec<String> {
    let running = control::look(directory).running;
    let processes = running.into_iter().flat_map(|running| running.processes);
    processes.filter(|process| process.pid.is_some()).map(|process| process.name).collect()
}

/// A process that lives keeps its orders where the new ones differ in nothing that matters: it must not be
/// restarted because this `up` comes from another terminal, or because there are class data archives by now.
fn keep_what_serves(new: &mut Launch, old: &Launch, living: &[String]) {
    for definition in &mut new.processes {
        let before = old.processes.iter().find(|one| one.name == definition.name);
        if let Some(before) = before
            && living.contains(&before.name)
            && before.shape().serves_for(&definition.shape())
        {
            definition.clone_from(before);
        }
    }
}

/// What a change can be seen in.
fn shape(launch: &Launch) -> Shape {
    let count = |role| launch.processes.iter().filter(|one| one.role == role).count();
    let number = |role| u32::try_from(count(role)).unwrap_or(u32::MAX);
    let configuration = launch.options.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    Shape {
        flink_version: launch.flink_version.clone(),
        job_managers: number(launch::Role::JobManager),
        task_managers: number(launch::Role::TaskManager),
        options: launch.options.clone(),
        high_availability: is_highly_available(&configuration),
        files: launch.files.clone(),
        processes: launch.processes.iter().map(|one| (one.name.clone(), one.shape())).collect(),
    }
}

impl Decision {
    /// Whether everything is as it should be and runs.
    pub fn is_done(&self) -> bool {
        let seen = control::look(&self.directory);
        let Some((old, running)) = self.old.as_ref().zip(seen.running) else { return false };
        let lives =
            |name: &str| running.processes.iter().any(|one| one.name == name && one.pid.is_some());
        self.change.is_empty()
            && seen.supervisor
            && running.generation == old.generation
            && self.has_files()
            && self.new.processes.iter().all(|wanted| lives(&wanted.name))
    }

    /// The change in lines: `~ key: old -> new`, then what restarts and what that does to jobs.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.change.differences.iter().map(Difference::line).collect();
        let Change { restarts_job_managers, restarts_task_managers, .. } = self.change;
        let mut restarts = match (restarts_job_managers, restarts_task_managers) {
            (true, true) => "restarts all JobManagers and TaskManagers",
            (true, false) => "restarts all JobManagers",
            (false, true) => "restarts all TaskManagers",
            (false, false) => "restarts nothing",
        }
        .to_owned();
        if self.change.restarts_zookeeper {
            restarts.push_str("; restarts the ZooKeeper");
        }
        lines.push(restarts);
        if let Some(names) = self.jobs.names() {
            lines.push(match self.effect {
                Effect::None => format!("jobs that keep running: {names}"),
                Effect::Restart => format!("jobs that fail over to their last checkpoint: {names}"),
                Effect::Loss => {
                    format!("jobs that will be lost (no high availability): {names}")
                }
            });
        }
        lines
    }

    /// What `plan` says: the change, or that there is none, and what was assumed.
    pub fn plan(&self) -> Vec<String> {
        let mut lines = self.plan_of_session();
        lines.extend(self.assumptions.iter().cloned());
        lines
    }

    fn plan_of_session(&self) -> Vec<String> {
        let name = self.directory.name();
        if self.old.is_none() {
            return vec![format!("+ session `{name}`: {}", self.summary())];
        }
        if !self.change.is_empty() {
            return self.lines();
        }
        let state = if self.is_done() {
            "no change"
        } else {
            "some of its processes are not running: `up` starts them"
        };
        vec![format!("session `{name}`: {state}")]
    }

    /// The document of `plan -o json`.
    pub fn document(&self) -> serde_json::Value {
        let differences: Vec<_> = self
            .change
            .differences
            .iter()
            .map(|one| json!({"what": one.what, "old": one.old, "new": one.new}))
            .collect();
        json!({
            "name": self.directory.name(),
            "platform": "local",
            "new": self.old.is_none(),
            "changes": !self.is_done(),
            "differences": differences,
            "restarts": {
                "jobManagers": self.change.restarts_job_managers,
                "taskManagers": self.change.restarts_task_managers,
                "zookeeper": self.change.restarts_zookeeper,
            },
            "runningJobs": self.jobs.count(),
            "jobsLost": self.loses_jobs(),
            "assumptions": self.assumptions,
        })
    }

    /// What the user has to agree to: every change of what runs.
    pub fn harm(&self) -> Harm {
        if self.change.is_empty() || !self.runs {
            Harm::None
        } else if self.loses_jobs() {
            Harm::Loss
        } else {
            Harm::Change
        }
    }

    /// Whether jobs are lost, as far as is known.
    fn loses_jobs(&self) -> bool {
        self.effect == Effect::Loss && !self.jobs.are_none()
    }

    /// `Flink 1.20.5, 1 JobManager, 2 TaskManagers`.
    pub fn summary(&self) -> String {
        let count = |role, one| counted(self.count(role), one);
        format!(
            "Flink {}, {}, {}",
            self.new.flink_version,
            count(launch::Role::JobManager, "JobManager"),
            count(launch::Role::TaskManager, "TaskManager")
        )
    }

    /// Ends a new session that never came up: it is of no use; its logs are.
    ///
    /// # Errors
    /// Something could not be ended.
    pub async fn give_up(&self, failure: Error) -> Result<Error, Error> {
        if self.old.is_some() {
            return Ok(failure);
        }
        super::down::end_processes(&self.directory).await?;
        let name = self.directory.name();
        Ok(failure.hint(format!(
            "session `{name}` was ended again; `nutkin down {name}` removes its logs"
        )))
    }

    fn count(&self, role: launch::Role) -> usize {
        self.new.processes.iter().filter(|one| one.role == role).count()
    }

    /// Writes the files and gives the orders. Holds the session's lock only for that. What another command did
    /// since the decision is taken into account, where the user need not agree to anything else for it.
    ///
    /// # Errors
    /// Another command changed the session to something else, the lock is held too long, or the system refuses.
    pub async fn carry_out(&mut self, context: &Context<'_>) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            if self.try_to_carry_out(context).await? {
                return Ok(());
            }
            let fresh = decide(&self.session, Purpose::Act, context).await?;
            let is_agreed_to = fresh.change.is_empty()
                || fresh.change == self.change && fresh.effect <= self.effect;
            if !is_agreed_to {
                break;
            }
            *self = fresh;
            if self.is_done() {
                context.events.say("another command has done the same in the meantime");
                return Ok(());
            }
        }
        let name = self.directory.name();
        let message = format!("another command changed session `{name}` in the meantime");
        Err(Error::new(Kind::Broken, message)
            .hint("run the same command again: it starts from what is there now"))
    }

    /// Whether it was carried out: not when the session or the ports are no longer what the decision was made for.
    async fn try_to_carry_out(&self, context: &Context<'_>) -> Result<bool, Error> {
        let name = self.directory.name();
        let waiting = || context.events.say(&format!("another command works on `{name}`: waiting"));
        let _lock = self.directory.lock(LOCK_WAIT, waiting).await?;
        self.directory.create().map_err(directory::cannot)?;
        let now: Option<Launch> = document::read_json(&self.directory.launch()).ok();
        if now.as_ref().map(Launch::identity) != self.old.as_ref().map(Launch::identity) {
            return Ok(false);
        }
        // A session has its ports from the moment in which its orders can be read.
        let _ports = self.directory.lock_ports(LOCK_WAIT).at("lock", self.directory.path())?;
        let others = self.directory.ports_of_others();
        if self.new.ports.values().any(|port| others.contains_key(port)) {
            return Ok(false);
        }
        self.write_files().map_err(directory::cannot)?;
        let program = std::env::current_exe()?;
        let given = control::give_orders(&program, &self.directory, &self.new);
        given.at("write the orders of", self.directory.path()).map_err(directory::cannot)?;
        Ok(true)
    }

    fn write_files(&self) -> Result<(), FileError> {
        for (path, text) in &self.files {
            let path = self.directory.join(path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).at("make the directory", parent)?;
            }
            document::write_private(&path, text.as_bytes()).at("write", &path)?;
        }
        Ok(())
    }

    /// Whether the files are as this `up` would write them: somebody may have removed them.
    fn has_files(&self) -> bool {
        self.files.iter().all(|(path, text)| {
            std::fs::read(self.directory.join(path)).is_ok_and(|there| there == text.as_bytes())
        })
    }
}
