//! One configuration for all pods, made of what the files tell each role: a session has no other.

use std::collections::{BTreeMap, BTreeSet};

use super::scripts;
use crate::finding::Place;
use crate::kubernetes::{Role, Workload};
use crate::settings::{Setting, Settings, arguments};
use crate::system::{System, World};
use nutkin_flink::units::MemorySize;
use nutkin_flink::{FlinkVersion, Value, options, process};

/// What the roles are told, together.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// In the order in which later ones win.
    pub(super) settings: Settings,
    /// Settings without effect, and where each went.
    pub(super) dropped: Vec<(Setting, String)>,
    /// What no configuration of both roles can say.
    pub(super) conflicts: Vec<Conflict>,
}

/// An option that one role has and the other one does not have like that.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) hint: String,
}

/// Who asks for an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    JobManager,
    TaskManager,
    /// Both, and what JobManagers have goes to TaskManagers with each job.
    Job,
    Both,
}

/// Beginnings of options that one role alone asks for (`JobManagerOptions`, `TaskManagerOptions`, `RestOptions`, `WebOptions`,
/// `ResourceManagerOptions` and others of Flink 1.13 to 2.3), the more exact ones first.
const READERS: &[(&str, Reader)] = &[
    ("taskmanager.", Reader::TaskManager),
    ("env.java.opts.taskmanager", Reader::TaskManager),
    ("containerized.taskmanager.", Reader::TaskManager),
    ("process.taskmanager.", Reader::TaskManager),
    ("kubernetes.taskmanager.", Reader::TaskManager),
    ("metrics.scope.tm", Reader::TaskManager),
    ("metrics.scope.task", Reader::TaskManager),
    ("metrics.scope.operator", Reader::TaskManager),
    ("queryable-state.", Reader::TaskManager),
    ("jobmanager.", Reader::JobManager),
    ("env.java.opts.jobmanager", Reader::JobManager),
    ("containerized.master.", Reader::JobManager),
    ("process.jobmanager.", Reader::JobManager),
    ("kubernetes.jobmanager.", Reader::JobManager),
    ("metrics.scope.jm", Reader::JobManager),
    ("rest.", Reader::JobManager),
    ("web.", Reader::JobManager),
    ("jobstore.", Reader::JobManager),
    ("blob.server.port", Reader::JobManager),
    ("slotmanager.", Reader::JobManager),
    ("resourcemanager.", Reader::JobManager),
    ("slot.", Reader::JobManager),
    ("cluster.evenly-spread-out-slots", Reader::JobManager),
    ("scheduler-mode", Reader::JobManager),
    ("historyserver.", Reader::JobManager),
    ("state.", Reader::Job),
    ("execution.", Reader::Job),
    ("pipeline.", Reader::Job),
    ("table.", Reader::Job),
    ("restart-strategy", Reader::Job),
    ("parallelism.default", Reader::Job),
];

/// Options of jobs that are settled before a TaskManager hears of the job, by what clients and JobManagers have.
const OF_CLIENTS: &[&str] = &[
    "parallelism.default",
    "restart-strategy",
    "table.",
    "execution.checkpointing.interval",
    "execution.checkpointing.min-pause",
    "execution.checkpointing.mode",
    "execution.checkpointing.timeout",
];

fn is_of_client(key: &str) -> bool {
    OF_CLIENTS.iter().any(|prefix| key.starts_with(prefix))
}

/// What Nutkin sets itself for every session on Kubernetes.
pub(super) const OWN: &[&str] =
    &["jobmanager.rpc.address", "kubernetes.cluster-id", "kubernetes.namespace"];

/// Addresses of one machine or one pod, which no pod of a session gets (`steps::flink_conf`).
pub(super) const ADDRESSES: &[&str] =
    &["rest.bind-address", "jobmanager.bind-host", "taskmanager.bind-host", "taskmanager.host"];

/// Whether an option is left out of every session, because its value is made for each of them, or for each pod.
fn is_dropped(key: &str) -> bool {
    OWN.contains(&key) || ADDRESSES.contains(&key)
}

/// What Nutkin sets for every pod, whatever the files say.
const FOR_EVERY_POD: &[&str] = &["taskmanager.resource-id"];

/// Spellings of the JVM's flags for all processes; each role has an option of its own beside it.
const FLAGS: [&str; 2] = ["env.java.opts.all", "env.java.opts"];

fn reader(key: &str) -> Reader {
    let found = READERS.iter().find(|(prefix, _)| key.starts_with(prefix));
    found.map_or(Reader::Both, |(_, reader)| *reader)
}

/// Puts together what the files say, what scripts write into them, then the arguments that stand for options.
pub(super) fn merge(system: &System<'_>, version: FlinkVersion) -> Merged {
    let mut merged = Merged::default();
    let of_role = |role: Role| system.workloads.iter().find(|workload| workload.role == role);
    let roles = (of_role(Role::JobManager), of_role(Role::TaskManager));
    if let (Some(master), Some(worker)) = roles {
        let [mut master, mut worker] = [master, worker].map(|workload| Told {
            role: workload.role,
            title: workload.title(),
            settings: told(system, workload, version, &mut merged),
        });
        split_flags(&mut master, &mut worker, &mut merged);
        both(&master, &worker, version, &mut merged);
        return merged;
    }
    merged.settings = system.settings.of_files();
    merged.settings.extend(scripts::settings(system, version));
    for workload in &system.workloads {
        merged.settings.extend(arguments(workload));
    }
    if let Some(workload) = system.workloads.first().filter(|_| !system.is_of_compose()) {
        let all = std::mem::take(&mut merged.settings);
        merged.settings = closed(system.world, workload, all, &mut merged);
    }
    merged
}

/// What one role is told.
struct Told {
    role: Role,
    title: String,
    settings: Settings,
}

impl Told {
    /// What counts for an option under its current spelling.
    fn effective(&self, version: FlinkVersion) -> BTreeMap<String, &Setting> {
        let mut found: BTreeMap<String, &Setting> = BTreeMap::new();
        for setting in self.settings.effective() {
            let key = options::canonical(&setting.key, version);
            let is_current = key == setting.key;
            match found.get(&*key) {
                Some(_) if !is_current => {}
                _ => {
                    found.insert(key.into_owned(), setting);
                }
            }
        }
        found
    }
}

fn told(
    system: &System<'_>,
    workload: &Workload<'_>,
    version: FlinkVersion,
    merged: &mut Merged,
) -> Settings {
    let mut all = system.files_of(workload).of_files();
    all.extend(scripts::settings(system, version));
    all.extend(arguments(workload));
    closed(system.world, workload, all, merged)
}

/// The settings with the values of the container's variables. What only the container knows cannot be written.
fn closed(world: &World, workload: &Workload<'_>, all: Settings, merged: &mut Merged) -> Settings {
    let mut made = Settings::default();
    for mut setting in all.list {
        if !is_filled_in(&setting) {
            made.push(setting);
            continue;
        }
        match filled(world, workload, &setting.text()) {
            Some(text) => {
                setting.value = Value::Text(text);
                made.push(setting);
            }
            None if is_dropped(&setting.key) || FOR_EVERY_POD.contains(&setting.key.as_str()) => {
                let to = "nowhere: each pod has its own".to_owned();
                merged.dropped.push((setting, to));
            }
            None => merged.conflicts.push(Conflict {
                place: setting.place,
                message: format!(
                    "`{}` of {} is `{}`, which only its container knows",
                    setting.key,
                    workload.title(),
                    shown(&setting)
                ),
                hint: "write the value itself".to_owned(),
            }),
        }
    }
    made
}

fn shown(setting: &Setting) -> String {
    if options::is_sensitive(&setting.key) { options::HIDDEN.to_owned() } else { setting.text() }
}

/// Whether Kubernetes or a shell puts values in: not into files that are mounted, where a `$` is what it is.
fn is_filled_in(setting: &Setting) -> bool {
    let is_told = setting.dialect.is_none() || setting.text().contains("$(");
    is_told && setting.is_open()
}

/// A text with the literal values of the container's variables for `$(NAME)`, `${NAME}` and `$NAME`. `None` where one of
/// them is not written in the files.
fn filled(world: &World, workload: &Workload<'_>, text: &str) -> Option<String> {
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        made.push_str(before);
        let (name, behind) = match after.chars().next() {
            Some('(') => after[1..].split_once(')')?,
            Some('{') => after[1..].split_once('}')?,
            Some(c) if c == '_' || c.is_ascii_alphabetic() => {
                let is_letter = |c: char| c == '_' || c.is_ascii_alphanumeric();
                after.split_at(after.find(|c| !is_letter(c)).unwrap_or(after.len()))
            }
            _ => {
                made.push('$');
                rest = after;
                continue;
            }
        };
        let (value, _) = world.variable(workload, name)?.ok()?;
        if value.contains('$') {
            return None;
        }
        made.push_str(value);
        rest = behind;
    }
    made.push_str(rest);
    Some(made)
}

/// Where the roles have other flags for all processes, each gets them as its own.
fn split_flags(master: &mut Told, worker: &mut Told, merged: &mut Merged) {
    let of = |told: &Told| FLAGS.iter().find_map(|key| told.settings.exact(key)).cloned();
    let plain = |flags: &Option<Setting>| {
        let text = flags.as_ref().map(Setting::text).unwrap_or_default();
        process::beside_module_flags(&text).unwrap_or(text).trim().to_owned()
    };
    let (ours, theirs) = (of(master), of(worker));
    if plain(&ours) == plain(&theirs) {
        return;
    }
    for (told, flags, own) in
        [(master, ours, "env.java.opts.jobmanager"), (worker, theirs, "env.java.opts.taskmanager")]
    {
        let Some(flags) = flags else { continue };
        let beside = told.settings.exact(own).map(Setting::text).unwrap_or_default();
        let text = plain(&Some(flags.clone()));
        let text = format!("{text} {beside}").trim().to_owned();
        let all = std::mem::take(&mut told.settings);
        let is_gone = |one: &Setting| FLAGS.contains(&one.key.as_str()) || one.key == own;
        told.settings.extend(all.list.into_iter().filter(|one| !is_gone(one)));
        merged.dropped.push((flags.clone(), format!("spec.flinkConfiguration, `{own}`")));
        if !text.is_empty() {
            let value = Value::Text(text);
            told.settings.push(Setting { key: own.to_owned(), value, ..flags });
        }
    }
}

/// Decides for each option whose word counts.
fn both(master: &Told, worker: &Told, version: FlinkVersion, merged: &mut Merged) {
    let (ours, theirs) = (master.effective(version), worker.effective(version));
    let mut without: [BTreeSet<String>; 2] = Default::default();
    let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    for key in keys {
        if is_dropped(key) {
            continue;
        }
        let (our, their) = (ours.get(key).copied(), theirs.get(key).copied());
        if let (Some(our), Some(their)) = (our, their)
            && is_same(&our.text(), &their.text())
        {
            continue;
        }
        let mut drop = |index: usize, of: &Told, setting: Option<&Setting>, reader: &str| {
            without[index].insert(key.clone());
            if let Some(setting) = setting {
                let to = format!("nowhere: {} does not ask for it, {reader} do", of.role.name());
                merged.dropped.push((setting.clone(), to));
            }
        };
        match (reader(key), our, their) {
            (Reader::JobManager, _, their) => drop(1, worker, their, "JobManagers"),
            (Reader::TaskManager, our, _) => drop(0, master, our, "TaskManagers"),
            (Reader::Job, Some(_), None) => {}
            (Reader::Job, None, their) if is_of_client(key) => {
                drop(1, worker, their, "clients and JobManagers");
            }
            (_, Some(our), Some(their)) => {
                merged.conflicts.push(differ(our, master, their, worker));
            }
            (_, Some(one), None) if matters(one, key, version) => {
                merged.conflicts.push(alone(one, master, worker));
            }
            (_, None, Some(one)) if matters(one, key, version) => {
                merged.conflicts.push(alone(one, worker, master));
            }
            _ => {}
        }
    }
    let mut known: BTreeSet<(Place, String)> = BTreeSet::new();
    for (told, without) in [(master, &without[0]), (worker, &without[1])] {
        for setting in &told.settings.list {
            let key = options::canonical(&setting.key, version);
            if !without.contains(&*key) && known.insert((setting.place, setting.key.clone())) {
                merged.settings.push(setting.clone());
            }
        }
    }
}

/// Whether an option that one role alone has changes anything where the other one gets it as well: Flink knows it, and it
/// is not its default.
fn matters(setting: &Setting, key: &str, version: FlinkVersion) -> bool {
    let Some(info) = options::find(key) else { return false };
    let is_default = |default: &str| is_same(default, &setting.text());
    info.at(version).is_some_and(|facts| !facts.default.is_some_and(is_default))
}

/// Whether two texts say the same.
fn is_same(one: &str, other: &str) -> bool {
    let size = |text: &str| text.parse::<MemorySize>().ok().map(MemorySize::bytes);
    let has_unit = |text: &str| text.ends_with(|c: char| c.is_ascii_alphabetic());
    one.trim() == other.trim()
        || has_unit(one) && has_unit(other) && size(one).is_some() && size(one) == size(other)
}

fn differ(one: &Setting, of: &Told, other: &Setting, of_other: &Told) -> Conflict {
    let message = format!(
        "`{}` is `{}` for {} and `{}` for {}, and a session has one configuration for both",
        one.key,
        shown(one),
        of.title,
        shown(other),
        of_other.title
    );
    let hint = "give both one value, or an option that only one of them reads".to_owned();
    Conflict { place: other.place, message, hint }
}

fn alone(setting: &Setting, of: &Told, other: &Told) -> Conflict {
    let message = format!(
        "`{}` is set for {} and not for {}, and a session has one configuration for both",
        setting.key, of.title, other.title
    );
    let hint = "set it for both, or for neither".to_owned();
    Conflict { place: setting.place, message, hint }
}
