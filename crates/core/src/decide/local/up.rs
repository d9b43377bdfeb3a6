//! Bringing a session on this machine to what the user wants.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Give, Launch, Observation, Orders, Ports, Refusal, Step, Surroundings, ports, ready};
use crate::change::{self, Effect};
use crate::decide::{
    self, About, Again, Change, Condition, Decision, Jobs, RESTARTED, Restarts, fates, harm,
};
use crate::plan::process::{self, ProcessMemory};
use crate::selection::Platform;
use crate::session::Session;
use crate::words::{refusal, waits as words};
use nutkin_flink::options::is_sensitive;
use nutkin_flink::process::Role;
use nutkin_flink::{Problem, digest};

/// How long a living JobManager is asked before its jobs count as unknown: a loaded one answers within two
/// seconds, and one that has just started within a few more.
const PATIENCE: Duration = Duration::from_secs(6);

/// Between two questions.
const ASK: Duration = Duration::from_millis(100);

/// A session as orders and files, before it is compared with what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The orders.
    pub launch: Launch,
    /// Files to write: path below the session's directory, text.
    pub files: BTreeMap<String, String>,
    /// Ports that are others than one would expect, each in one line.
    pub said: Vec<String>,
    /// What is not on this machine and was assumed, with what `up` would do about it.
    pub assumptions: Vec<String>,
}

/// Plans a session as processes of this machine.
///
/// # Errors
/// As [`super::decide`].
pub fn plan(session: &Session, seen: &Observation) -> Result<Planned, Refusal> {
    let old = match &seen.orders {
        Orders::Given(launch) => Some(launch.as_ref()),
        Orders::Absent if !seen.runs() => None,
        Orders::Absent | Orders::Damaged => return Err(Refusal::Damaged),
    };
    let machine = seen.machine.as_ref().ok_or(Refusal::Unseen)?;
    let in_words = old.map(|old| session.in_words_of(&old.options));
    let session = in_words.as_deref().unwrap_or(session);
    let is_told = old.is_some_and(|old| seen.told == Some(old.generation));
    let none = Ports::new();
    let own = old.map_or(&none, |old| &old.ports);
    let (ports, mut said) = ports::choose(session, own, seen.runs() || is_told, &machine.ports)?;
    let around = machine.machine(session, seen, &ports);
    // Before any of the processes is planned: there may be a million of them.
    if let Some(needed) = process::memory(session, &around) {
        said.extend(too_much(&needed, machine.memory)?);
    }
    let mut planned = process::plan(session, &around)?;
    // Whoever wants no restart keeps what was restarted.
    let before = old.and_then(|old| old.options.get(RESTARTED));
    let restarted = session.restarted.as_ref().or(before).cloned();
    planned.options.extend(restarted.map(|time| (RESTARTED.to_owned(), time)));
    said.append(&mut planned.open);
    let token = old.map_or_else(|| machine.token.clone(), |old| old.token.clone());
    let generation = old.map_or(1, |old| old.generation + 1);
    let (mut launch, files) =
        Launch::new(session, planned, &seen.directory, ports, token, generation);
    if let Some(old) = old {
        launch.keep_what_serves(old, |name| seen.lives(name));
    }
    Ok(Planned { launch, files, said, assumptions: assumptions(session, machine) })
}

/// So many times the memory of a machine cannot be meant: a digit or a unit too many. Less is warned of, because Java takes
/// memory as it is used.
const ABSURD: u64 = 100;

/// What is said of processes that may take more memory than the machine has.
///
/// # Errors
/// They may take more than [`ABSURD`] times as much.
fn too_much(needed: &ProcessMemory, there: Option<u64>) -> Result<Option<String>, Vec<Problem>> {
    let all = needed.all();
    let Some(there) = there.filter(|there| *there < all) else { return Ok(None) };
    let text = refusal::too_much_memory(all, there, needed.fitting(there));
    if all / ABSURD < there { Ok(Some(text)) } else { Err(vec![Problem::new("", text)]) }
}

/// What to do for a session.
pub(super) fn decide(session: &Session, seen: &Observation) -> Result<Decision<Step>, Refusal> {
    let Planned { launch: new, files, said, assumptions } = plan(session, seen)?;
    let machine = seen.machine.as_ref().ok_or(Refusal::Unseen)?;
    let old = seen.orders.given();
    let is_told = old.is_some_and(|old| seen.told == Some(old.generation));
    let mut change = change::ProcessChange::default();
    let (mut effect, mut not_recovered) = (Effect::None, None);
    if let Some(old) = old {
        let (before, after) = (old.shape(), new.shape());
        change = change::compare(&before, &after, is_sensitive);
        effect = change.effect(&before, &after);
        let is_available = before.high_availability && after.high_availability;
        not_recovered =
            decide::not_recovered(is_available, &before.flink_version, &after.flink_version);
    }
    let is_new = old.is_none();
    let is_changed = is_new || !change.is_empty();
    let all_live = new.processes.iter().all(|wanted| seen.lives(&wanted.name));
    // Incidental differences alone are not a reason for new orders, unless something has to be started anyway.
    let is_new_to_what_starts = old != Some(&new) && !all_live && !is_told;
    // Nothing restarts for that.
    let is_supervised_otherwise = old.is_some_and(|old| old.recovers != new.recovers);
    let is_new_to_what_starts = is_new_to_what_starts || is_supervised_otherwise;
    let instead = || old.map(|old| (old.token.clone(), old.generation));
    let mut todo = if is_changed || is_new_to_what_starts || !has_files(&files, seen) {
        let give = Give { launch: new.clone(), files, instead: instead() };
        vec![Step::Give(Box::new(give)), Step::Supervise]
    } else if is_obeyed(old, seen, all_live) || is_told {
        Vec::new()
    } else {
        vec![Step::Supervise]
    };
    let is_open = !change.is_empty() && seen.jobs == Jobs::Unknown && seen.silent < PATIENCE;
    let completes = !is_changed && !todo.is_empty();
    if !seen.is_saved {
        todo.insert(0, Step::SaveLedger { instead: instead() });
    }
    let (steps, conditions, again) = match first_of_all(session, machine) {
        _ if is_open => {
            let reason = words::JOBS.to_owned();
            (Vec::new(), Vec::new(), Again::Wait { reason, after: ASK })
        }
        first if !todo.is_empty() && !first.is_empty() => (first, vec![reconciling()], Again::Look),
        _ if todo.is_empty() => {
            let (conditions, again) = ready::look(old.unwrap_or(&new), seen);
            (Vec::new(), conditions, again)
        }
        _ => (todo, vec![reconciling()], Again::Look),
    };
    Ok(Decision {
        about: About {
            platform: Platform::Local,
            name: session.name.clone(),
            namespace: None,
            flink_version: new.flink_version.clone(),
            job_managers: new.count(Role::JobManager),
            task_managers: Some(new.count(Role::TaskManager)),
        },
        harm: harm(seen.runs() && !change.is_empty(), effect, &seen.jobs),
        jobs: fates(effect, &seen.jobs),
        change: Change {
            is_new,
            restarts: Restarts {
                job_managers: change.restarts_job_managers,
                task_managers: change.restarts_task_managers,
                zookeeper: change.restarts_zookeeper,
            },
            differences: change.differences,
            effect,
            not_recovered,
            completes,
            remarks: said.into_iter().map(Into::into).collect(),
            ..Change::default()
        },
        steps,
        conditions,
        assumptions,
        again,
    })
}

/// Whether a supervisor follows the orders and everything lives.
fn is_obeyed(old: Option<&Launch>, seen: &Observation, all_live: bool) -> bool {
    seen.supervisor && all_live && seen.follows == old.map(|old| old.generation)
}

/// Whether the files are as this session would write them: somebody may have removed them.
fn has_files(files: &BTreeMap<String, String>, seen: &Observation) -> bool {
    files.iter().all(|(path, text)| seen.files.get(path) == Some(&digest::short(text)))
}

/// What has to be brought to this machine before anything else is known for sure.
fn first_of_all(session: &Session, machine: &Surroundings) -> Vec<Step> {
    let mut steps = Vec::new();
    if !machine.java.is_installed {
        steps.push(Step::InstallJava { major: machine.java.major });
    }
    if !machine.flink.is_installed {
        steps.push(Step::Install { flink: session.flink });
    }
    if !machine.extras.absent.is_empty() || !machine.extras.is_ready {
        steps.push(Step::Fetch { what: machine.extras.absent.clone() });
    }
    steps
}

fn assumptions(session: &Session, machine: &Surroundings) -> Vec<String> {
    let mut assumptions = Vec::new();
    if !machine.java.is_installed {
        assumptions.push(words::installs_java(machine.java.major));
    }
    if !machine.flink.is_installed {
        assumptions.push(words::installs(&session.flink.to_string()));
    }
    assumptions.extend(machine.extras.absent.iter().map(|what| words::fetches(what)));
    assumptions
}

fn reconciling() -> Condition {
    Condition {
        kind: "Reconciling",
        status: Some(true),
        reason: "ChangeUnderWay",
        message: words::CHANGING.to_owned(),
    }
}
