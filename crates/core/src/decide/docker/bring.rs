//! Bringing a session to what the user wants.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    Extras, FoundContainer, Image, Make, Observation, Step, Thing, Within, assumed, ports, ready,
};
use crate::change::{self, Difference, Effect, Shape};
use crate::decide::{self, About, Again, Change, Condition, Decision, Harm, Restarts, fates, harm};
use crate::plan::docker::{self, Container, Containers, DaemonImage, Steps, steps};
use crate::plan::network;
use crate::remedy::{Deed, Remark};
use crate::selection::Platform;
use crate::session::Session;
use crate::words::{advice, waits as words};
use nutkin_flink::Problem;
use nutkin_flink::is_highly_available;
use nutkin_flink::options::is_sensitive;
use nutkin_flink::process::Role;

/// The images that a session may be made of, the first that the daemon has: the one that is named, otherwise what
/// `nutkin image build` calls the image of the release, otherwise the official one.
pub fn images(session: &Session) -> Vec<String> {
    match &session.image {
        Some(name) => vec![name.clone()],
        None => {
            vec![format!("nutkin/flink:{}", session.flink), format!("flink:{}", session.flink)]
        }
    }
}

/// The image of a session.
#[derive(Debug)]
struct Chosen {
    name: String,
    image: Image,
    is_missing: bool,
}

fn choose(session: &Session, seen: &Observation) -> Chosen {
    for (name, image) in &seen.images {
        if let Some(image) = image {
            return Chosen { name: name.clone(), image: image.clone(), is_missing: false };
        }
    }
    let name = images(session).pop().unwrap_or_default();
    Chosen { image: assumed(&name), name, is_missing: true }
}

/// A session as containers, as far as is known before anything was fetched or pulled.
#[derive(Debug)]
pub(super) struct Planned {
    containers: Containers,
    chosen: Chosen,
    /// Jars and plugins that are not on this machine yet.
    absent: Vec<String>,
    extras: Vec<String>,
    /// What is to be said of the port.
    said: Option<String>,
}

/// Plans without a daemon, for `render`: with an image that nobody looked into.
///
/// # Errors
/// All that is wrong.
pub fn planned(
    session: &Session,
    extras: BTreeMap<String, String>,
) -> Result<(Containers, String), Vec<Problem>> {
    let name = images(session).swap_remove(0);
    let Image { flink_home, probe, .. } = assumed(&name);
    let around = DaemonImage { image: name, flink_home, probe, extras, port: None };
    Ok((docker::plan(session, &around)?, around.flink_home))
}

fn plan(session: &Session, seen: &Observation) -> Result<Planned, Vec<Problem>> {
    let chosen = choose(session, seen);
    let first = seen.first(Role::TaskManager).or_else(|| seen.first(Role::JobManager));
    let made_with = first.and_then(FoundContainer::files).unwrap_or_default();
    let mut absent = Vec::new();
    let extras: BTreeMap<String, String> = match &seen.extras {
        Extras::Named(all) => {
            let digest = |(path, digest): (&String, &Option<String>)| {
                let known = digest.clone().unwrap_or_else(|| {
                    absent.push(path.clone());
                    // Most likely what the containers have: whether that is so is seen once it is fetched.
                    made_with.get(path).cloned().unwrap_or_else(|| NOT_FETCHED.to_owned())
                });
                (path.clone(), known)
            };
            all.iter().map(digest).collect()
        }
        Extras::Kept => {
            let paths = first.map(FoundContainer::extras).unwrap_or_default();
            let digest = |path: String| {
                let known = made_with.get(&path).cloned().unwrap_or_default();
                (path, known)
            };
            paths.into_iter().map(digest).collect()
        }
    };
    let paths = extras.keys().cloned().collect();
    let options = first.and_then(|one| serde_json::from_str(one.labels.get(docker::OPTIONS)?).ok());
    let in_words = options.as_ref().map(|options| session.in_words_of(options));
    let session = in_words.as_deref().unwrap_or(session);
    let (port, said) = ports::choose(session, seen).unzip();
    let around = DaemonImage {
        image: chosen.name.clone(),
        flink_home: chosen.image.flink_home.clone(),
        probe: chosen.image.probe,
        extras,
        port,
    };
    let containers = docker::plan(session, &around)?;
    Ok(Planned { containers, chosen, absent, extras: paths, said: said.flatten() })
}

/// What stands for the digest of what is not on this machine yet.
const NOT_FETCHED: &str = "not fetched";

/// What to do for a session.
pub(super) fn decide(
    session: &Session,
    seen: &Observation,
) -> Result<Decision<Step>, Vec<Problem>> {
    let planned = plan(session, seen)?;
    let wanted = &planned.containers;
    let plain = seen.plain();
    let mut todo = steps(wanted, &plain);
    // What this run started and what has ended since is broken: that is told, and not started again and again.
    todo.start.retain(|name| !is_started(name, seen));
    todo.remove.retain(|name| !is_retired(name, seen));
    if session.restarted.is_some() {
        todo.restart = restarted(wanted, &todo, seen);
    }
    if let Some(problem) = ports::refused(wanted, &todo, seen) {
        return Err(vec![problem]);
    }
    let is_new = seen.containers.is_empty();
    let (mut differences, mut effect, mut not_recovered) = (Vec::new(), Effect::None, None);
    if !is_new {
        let old = shape(&seen.containers, &wanted.shape);
        // What nothing is made again for is not a difference to what runs.
        if !todo.is_empty() {
            differences = change::compare(&old, &wanted.shape, is_sensitive).differences;
            differences.extend(ports::moved(wanted, &todo, seen));
            differences.extend(unexplained(&differences, &todo, seen));
        }
        let is_available = old.high_availability && wanted.shape.high_availability;
        let (before, after) = (&old.flink_version, &wanted.shape.flink_version);
        not_recovered = decide::not_recovered(is_available, before, after);
        effect = effect_of(&todo, seen, is_available && not_recovered.is_none());
    }
    let (steps, conditions, again) = match first_of_all(session, &planned, &todo) {
        first if !first.is_empty() => (first, Vec::new(), Again::Look),
        _ if todo.is_empty() && !seen.is_saved => (save(&planned, seen), Vec::new(), Again::Look),
        _ if todo.is_empty() => {
            let (conditions, again) = ready::look(wanted, seen);
            let serves = conditions.iter().all(|one| one.kind != "Stalled") && again == Again::Done;
            (if serves { end_retired(seen) } else { Vec::new() }, conditions, again)
        }
        _ => (carry_out(&planned, &todo, seen)?, vec![reconciling()], Again::Look),
    };
    // Containers without jobs are nobody's loss.
    let touches = !todo.remove.is_empty() || !todo.replace.is_empty() || !todo.restart.is_empty();
    let harm = match effect {
        Effect::None => Harm::None,
        effect => harm(touches && !seen.jobs.are_none(), effect, &seen.jobs),
    };
    let restarted = || todo.replace.iter().chain(&todo.restart);
    let restarts = |role| restarted().any(|name| has_role(name, role, seen));
    let shape = &wanted.shape;
    Ok(Decision {
        about: About {
            platform: Platform::Docker,
            name: session.name.clone(),
            namespace: None,
            flink_version: shape.flink_version.clone(),
            job_managers: shape.job_managers,
            task_managers: Some(shape.task_managers),
        },
        change: Change {
            is_new,
            differences,
            parts: if is_new { Vec::new() } else { parts(&todo) },
            restarts: Restarts {
                job_managers: restarts(Role::JobManager),
                task_managers: restarts(Role::TaskManager),
                zookeeper: restarts(Role::ZooKeeper),
            },
            effect,
            not_recovered,
            remarks: remarks(&planned),
            ..Change::default()
        },
        jobs: fates(effect, &seen.jobs),
        harm,
        steps,
        conditions,
        assumptions: assumptions(&planned),
        again,
    })
}

/// The running Flink processes that stay and that this run has not started.
fn restarted(wanted: &Containers, todo: &Steps, seen: &Observation) -> Vec<String> {
    let stays = |name: &String| !todo.remove.contains(name) && !todo.replace.contains(name);
    let runs =
        |name: &String| seen.containers.iter().any(|one| one.seen.name == *name && one.seen.runs);
    let flink = wanted.containers.iter().filter(|one| one.role != Role::ZooKeeper);
    let names = flink.map(|one| one.name.clone());
    names.filter(|name| stays(name) && runs(name) && !is_started(name, seen)).collect()
}

/// Whether a container was stopped by this run for a new one, which does not serve yet.
fn is_retired(name: &str, seen: &Observation) -> bool {
    let mut of_name = seen.containers.iter().filter(|one| one.seen.name == name);
    of_name.any(|one| seen.mine.retired.contains(&one.id))
}

/// The new ones serve.
fn end_retired(seen: &Observation) -> Vec<Step> {
    let retired = seen.containers.iter().filter(|one| seen.mine.retired.contains(&one.id));
    retired.map(|one| Step::End { name: one.seen.name.clone(), id: one.id.clone() }).collect()
}

fn is_started(name: &str, seen: &Observation) -> bool {
    let mut of_name = seen.containers.iter().filter(|one| one.seen.name == name);
    of_name.any(|one| seen.mine.started.contains(&one.id))
}

fn has_role(name: &str, role: Role, seen: &Observation) -> bool {
    seen.containers.iter().any(|one| one.seen.name == name && one.seen.role == Some(role))
}

/// The session as its labels tell it.
fn shape(seen: &[FoundContainer], new: &Shape) -> Shape {
    let count = |role| seen.iter().filter(|one| one.seen.role == Some(role)).count();
    let number = |role| u32::try_from(count(role)).unwrap_or(u32::MAX);
    let label = |key: &str| seen.iter().find_map(|one| one.labels.get(key)).cloned();
    let options = options(seen, new);
    let configuration = options.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Shape {
        flink_version: label(docker::FLINK).unwrap_or_default(),
        job_managers: number(Role::JobManager),
        task_managers: number(Role::TaskManager),
        high_availability: is_highly_available(&configuration),
        options,
        // Releases before this label tell a change of files by the containers' hashes alone.
        files: seen.iter().find_map(FoundContainer::files).unwrap_or_else(|| new.files.clone()),
        processes: BTreeMap::new(),
    }
}

/// Each option as the containers have it that read it. A container whose options are not read by it stays when they
/// change, with the label that it has.
fn options(seen: &[FoundContainer], new: &Shape) -> BTreeMap<String, String> {
    let of = |role| -> Option<BTreeMap<String, String>> {
        let one = seen.iter().find(|one| one.seen.role == Some(role))?;
        serde_json::from_str(one.labels.get(docker::OPTIONS)?).ok()
    };
    let job_managers = of(Role::JobManager);
    let task_managers = of(Role::TaskManager);
    let common = job_managers.as_ref().or(task_managers.as_ref()).cloned().unwrap_or_default();
    // Without a TaskManager there is nothing that would have other options than the new one.
    let only = task_managers.unwrap_or_else(|| new.options.clone());
    let is_common = |key: &str| change::readers(key).0;
    let mut options = common;
    options.retain(|key, _| is_common(key));
    options.extend(only.into_iter().filter(|(key, _)| !is_common(key)));
    options
}

/// A reason for containers that are replaced where no option, field or file tells one. For one that was never started it
/// is known: a command was cut off while it made it.
fn unexplained(told: &[Difference], todo: &Steps, seen: &Observation) -> Option<Difference> {
    let is_explained = !told.is_empty() || todo.replace.is_empty();
    let roles = [Role::JobManager, Role::TaskManager, Role::ZooKeeper].into_iter();
    let is_whole = |name: &String| {
        !seen.containers.iter().any(|one| one.seen.name == *name && one.seen.hash.is_empty())
    };
    let role = roles.filter(|_| !is_explained).find(|role| {
        todo.replace.iter().any(|name| is_whole(name) && has_role(name, *role, seen))
    })?;
    let what = format!("what a {} is made of", docker::role_name(role));
    Some(Difference { what, old: None, new: None })
}

/// What the end of containers does to jobs.
fn effect_of(todo: &Steps, seen: &Observation, is_recovered: bool) -> Effect {
    let plain = seen.plain();
    if todo.ends(Role::JobManager, &plain) || todo.ends(Role::ZooKeeper, &plain) {
        return if is_recovered { Effect::Restart } else { Effect::Loss };
    }
    if todo.ends(Role::TaskManager, &plain) { Effect::Restart } else { Effect::None }
}

/// What becomes of containers, in words.
fn parts(todo: &Steps) -> Vec<String> {
    let Steps { remove, replace, create, start, restart } = todo;
    let all = [
        ("removes", remove),
        ("replaces", replace),
        ("creates", create),
        ("starts", start),
        ("restarts", restart),
    ];
    all.into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(word, names)| format!("{word} {}", names.join(", ")))
        .collect()
}

/// What has to be here before it is known what to do.
fn first_of_all(session: &Session, planned: &Planned, todo: &Steps) -> Vec<Step> {
    let Planned { chosen, absent, .. } = planned;
    let mut first = Vec::new();
    if !absent.is_empty() {
        first.push(Step::Fetch { paths: absent.clone() });
    }
    let policy = session.image_pull_policy.as_deref().unwrap_or("IfNotPresent");
    let makes = !todo.create.is_empty() || !todo.replace.is_empty();
    let image = chosen.name.clone();
    match policy {
        _ if !makes => {}
        "Never" if chosen.is_missing => first.push(Step::Need { image }),
        "Never" => {}
        "Always" if !chosen.image.is_fresh => first.push(Step::Pull { image }),
        _ if chosen.is_missing => first.push(Step::Pull { image }),
        _ => {}
    }
    first
}

/// What should be known beside the change.
fn remarks(planned: &Planned) -> Vec<Remark> {
    let unused = &planned.containers.unused;
    let unused = (!unused.is_empty()).then(|| advice::unused_on_docker(unused));
    let published = planned.containers.containers.iter().find_map(|one| one.published.as_ref());
    let options = planned.containers.shape.options.iter();
    let configuration = options.map(|(key, value)| (key.clone(), value.clone())).collect();
    let open = published.and_then(|one| network::published(&one.address, &configuration));
    planned.said.iter().cloned().chain(unused).chain(open).map(Into::into).collect()
}

/// What was taken for true until it is looked at.
fn assumptions(planned: &Planned) -> Vec<String> {
    let mut all = Vec::new();
    if planned.chosen.is_missing {
        let name = &planned.chosen.name;
        all.push(words::assumed_image(name));
    }
    if !planned.absent.is_empty() {
        let paths = planned.absent.join(", ");
        all.push(words::assumed_files(&paths));
    }
    all
}

fn reconciling() -> Condition {
    Condition {
        kind: "Reconciling",
        status: Some(true),
        reason: "Changing",
        message: words::CONTAINERS.to_owned(),
    }
}

/// The ledger says what is wanted before anything is done for it: then a command that is cut off can be completed
/// without its file.
fn save(planned: &Planned, seen: &Observation) -> Vec<Step> {
    let mut steps = Vec::new();
    if seen.volume == Thing::Absent {
        steps.push(Step::MakeVolume { name: planned.containers.volume.clone() });
    }
    if !seen.is_saved {
        steps.push(Step::SaveLedger);
    }
    steps
}

/// Everything that is to be done on the daemon. Those that others wait for come first.
fn carry_out(
    planned: &Planned,
    todo: &Steps,
    seen: &Observation,
) -> Result<Vec<Step>, Vec<Problem>> {
    let Containers { network, volume, data, containers, files, .. } = &planned.containers;
    let found = |name: &String| seen.containers.iter().find(|one| one.seen.name == *name);
    let id = |name: &String| found(name).map(|one| one.id.clone()).unwrap_or_default();
    let runs = |name: &&String| found(name).is_some_and(|one| one.seen.runs);
    let within = Arc::new(Within {
        network: network.clone(),
        volume: volume.clone(),
        data: data.clone(),
        flink_home: planned.chosen.image.flink_home.clone(),
        owner: planned.chosen.image.owner,
        starts_as_root: planned.chosen.image.starts_as_root,
        files: files.clone(),
        extras: planned.extras.clone(),
        like: like(planned, todo, seen)?,
    });
    let is_made =
        |one: &&Container| todo.create.contains(&one.name) || todo.replace.contains(&one.name);
    let make =
        |one: &Container| Box::new(Make { container: one.clone(), within: Arc::clone(&within) });
    let (living, dead): (Vec<_>, Vec<_>) = todo.remove.iter().chain(&todo.replace).partition(runs);
    let makes = containers.iter().any(|one| is_made(&one));
    // What runs is kept until the new ones do, and whatever can be refused is asked for before it is stopped.
    let keeps = makes && !living.is_empty();
    let mut steps = Vec::new();
    if seen.network == Thing::Absent {
        steps.push(Step::MakeNetwork { name: network.clone() });
    }
    let mut saved = save(planned, seen);
    if keeps {
        let ledger = saved.iter().position(|step| *step == Step::SaveLedger);
        let ledger = ledger.map(|index| saved.remove(index));
        steps.append(&mut saved);
        steps.extend(dead.iter().map(|name| Step::End { name: (*name).clone(), id: id(name) }));
        steps.extend(containers.iter().filter(is_made).map(|one| Step::Prepare(make(one))));
        steps.extend(ledger);
        steps
            .extend(living.iter().map(|name| Step::Retire { name: (*name).clone(), id: id(name) }));
    } else {
        steps.append(&mut saved);
        let ended = todo.remove.iter().chain(&todo.replace);
        steps.extend(ended.map(|name| Step::End { name: name.clone(), id: id(name) }));
    }
    for one in containers {
        let name = &one.name;
        if is_made(&one) {
            steps.push(if keeps {
                Step::Promote { name: name.clone() }
            } else {
                Step::Make(make(one))
            });
        } else if todo.start.contains(name) {
            steps.push(Step::Start { name: name.clone(), id: id(name) });
        } else if todo.restart.contains(name) {
            steps.push(Step::Restart { name: name.clone(), id: id(name) });
        }
    }
    Ok(steps)
}

/// The container from which new ones get jars and plugins that are on no machine of ours: one that stays.
fn like(
    planned: &Planned,
    todo: &Steps,
    seen: &Observation,
) -> Result<Option<String>, Vec<Problem>> {
    let makes = !todo.create.is_empty() || !todo.replace.is_empty();
    if seen.extras != Extras::Kept || planned.extras.is_empty() || !makes {
        return Ok(None);
    }
    let stays = |one: &&FoundContainer| {
        let name = &one.seen.name;
        !todo.remove.contains(name) && !todo.replace.contains(name) && one.files().is_some()
    };
    let one = seen.containers.iter().find(stays).map(|one| one.seen.name.clone());
    one.map(Some).ok_or_else(|| {
        let jars = planned.extras.join(", ");
        let message = format!("no container that stays has the jars of the session: {jars}");
        vec![Problem::new("", message).hint(Deed::up().does("with the session file brings them"))]
    })
}
