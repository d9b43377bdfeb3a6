//! `nutkin init --from`: hand-written files as one session file, with what was found cured.
//!
//! The session file takes what a `FlinkDeployment` has a place for. What Nutkin makes itself (the Services of
//! a JobManager, its address, the mounted configuration) is left out and told; all other objects lie beside.

mod beside;
mod compose;
mod defaults;
pub mod difference;
mod directory;
mod entry;
mod images;
mod keep;
mod logging;
mod notes;
mod options;
mod own;
mod pods;
mod ports;
mod profiles;
mod refuse;
mod renamed;
mod resources;
mod roles;
mod scripts;
mod select;
mod services;
mod shape;
mod storage;
mod unclear;
mod vanish;
mod volumes;
mod workers;
mod write;

use serde_json::{Value, json};

use super::codes::Rule;
use super::finding::Place;
use super::kubernetes::{Object, Workload, last_line};
use super::node::Walk;
use super::silence;
use super::source::{File, Input};
use super::system::{self, HighAvailability, System, World};
use nutkin_core::spec;
use nutkin_flink::FlinkVersion;
use nutkin_flink::{Argument, Location, Problem};
use shape::Shape;
use write::{Content, write};

/// What to make of the files.
#[derive(Debug, Clone, Default)]
pub struct AdoptionRequest {
    /// The session's name; without one, that of the files.
    pub name: Option<String>,
    /// The Flink release, where the files do not say it.
    pub flink: Option<FlinkVersion>,
    /// Keep what was found, as far as a session file can hold it.
    pub as_is: bool,
    /// The directory in which the command runs, from the root on: paths of the files begin there. `None`: nobody knows.
    pub directory: Option<String>,
}

/// A session file made of other files.
#[derive(Debug, Clone, PartialEq)]
pub struct Adoption {
    /// The session's name.
    pub name: String,
    /// The session file, with comments.
    pub text: String,
    /// Objects that have no place in it.
    pub beside: Vec<Value>,
    /// What became of each part of the files, by file and line.
    pub placed: Vec<PlacedPart>,
    /// What was found and is not there any more.
    pub cures: Vec<Cure>,
    /// What is left to the user, in sentences.
    pub notes: Vec<String>,
}

/// Where a part of the files went.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlacedPart {
    /// Where it stood.
    pub location: Location,
    /// What it is: a key, a field, an object.
    pub what: String,
    /// Where it is now, or why it is nowhere.
    pub to: String,
}

/// A defect that the session file does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cure {
    /// The code of `nutkin check`.
    pub rule: &'static Rule,
    /// Where it stood.
    pub location: Location,
    /// What was done about it.
    pub message: String,
}

/// Collects while the file is made.
struct Maker<'a> {
    files: &'a [File],
    as_is: bool,
    placed: Vec<PlacedPart>,
    cures: Vec<Cure>,
}

impl<'a> Maker<'a> {
    fn new(world: &'a World, request: &AdoptionRequest) -> Self {
        let (placed, cures) = (Vec::new(), Vec::new());
        Self { files: &world.files, as_is: request.as_is, placed, cures }
    }

    fn location(&self, place: Place) -> Location {
        let place = place.home(self.files);
        Location {
            file: self.files[place.file].name.clone(),
            line: Some(place.line),
            column: Some(place.column),
        }
    }

    /// Whether somebody has written at this object that a defect is meant to be, and why.
    fn allows(&self, code: &str, object: &Object) -> bool {
        let lines = object.place().line..=last_line(&object.node);
        let silences = silence::read(self.files);
        silences.iter().any(|one| one.allows(code, object.file, lines.clone()))
    }

    fn put(&mut self, place: Place, what: impl Into<String>, to: impl Into<String>) {
        let location = self.location(place);
        self.placed.push(PlacedPart { location, what: what.into(), to: to.into() });
    }

    fn cure(&mut self, code: &str, place: Place, message: impl Into<String>) {
        if let Some(rule) = super::codes::find(code) {
            let location = self.location(place);
            self.cures.push(Cure { rule, location, message: message.into() });
        }
    }
}

/// The sessions of the files, without applications beside the only one: these stay what they are, unless they are in its place.
fn without_applications<'a>(world: &World, mut systems: Vec<System<'a>>) -> Vec<System<'a>> {
    let is_application = |system: &System<'_>| match system.session {
        Some(session) => session.node.at("spec/job").is_some(),
        None => system.application().is_some(),
    };
    let is_alternative = |system: &System<'_>| !system.alternatives.is_empty();
    let sessions = systems.iter().filter(|system| !is_application(system)).count();
    if sessions == 1 && !systems.iter().any(is_alternative) && world.overlays().next().is_none() {
        systems.retain(|system| !is_application(system));
    }
    systems
}

/// Reads the files as a session file is made of them: without services that only start with a profile.
fn read(inputs: &[Input]) -> World {
    let mut world = World::read(inputs.iter().map(File::new).collect());
    profiles::leave(&mut world);
    world
}

/// Makes a session file of other files.
///
/// # Errors
/// The files describe no session or several, one that no session file can be, or what would be written is nothing that
/// `render` and `up` take.
pub fn adopt(inputs: &[Input], request: &AdoptionRequest) -> Result<Adoption, Vec<Problem>> {
    let world = read(inputs);
    if let Some(adoption) = own::adopt(&world, request) {
        return Ok(adoption);
    }
    let systems = system::group(&world, request.flink);
    let systems = without_applications(&world, systems);
    let runs = |system: &&System<'_>| !system.workloads.is_empty() || system.boot.is_some();
    let with_pods: Vec<&System<'_>> = systems.iter().filter(runs).collect();
    let system = match (&with_pods[..], &systems[..]) {
        ([one], _) => *one,
        ([], [one]) if one.session.is_some() || !one.texts.is_empty() => one,
        ([], [] | [_]) => return Err(vec![unclear::nothing(&world)]),
        (several, all) => {
            let titles: Vec<String> = if several.is_empty() {
                all.iter().map(|system| system.title.clone()).collect()
            } else {
                several.iter().map(|system| unclear::title(&world, system, several)).collect()
            };
            let message = format!("the files describe several sessions: {}", titles.join(", "));
            let mut files = several.iter().flat_map(|system| &system.workloads).map(Workload::file);
            let first = files.next();
            let hint = if 1 < world.overlays().count() {
                "name the directory of one overlay: what it is made of is read as well"
            } else if first.is_some() && files.all(|file| Some(file) == first) {
                "put the services or objects of one of them into a file of their own, and name it"
            } else {
                "name the files of one of them"
            };
            return Err(vec![Problem::argument(Argument::From, message).hint(hint)]);
        }
    };
    if let Some(problem) = unclear::of(&world, system) {
        return Err(vec![problem]);
    }
    let mut adoption = match system.session {
        Some(session) => keep::keep(&world, system, session, request),
        None if system.is_of_compose() => compose::make(&world, system, request),
        None => make(&world, system, request),
    }?;
    if !request.as_is {
        if system.is_of_compose() {
            let told = refuse::lost(&adoption, inputs, request)?;
            adoption.notes.extend(told);
        }
        let is_on_kubernetes = !world.objects.is_empty() && !system.is_of_compose();
        refuse::left(&adoption, inputs, request, is_on_kubernetes)?;
    }
    Ok(adoption)
}

fn make(
    world: &World,
    system: &System<'_>,
    request: &AdoptionRequest,
) -> Result<Adoption, Vec<Problem>> {
    let mut maker = Maker::new(world, request);
    let refused = refuse::of(system, &maker);
    if !refused.is_empty() {
        return Err(refused);
    }
    let name = request.name.clone().unwrap_or_else(|| name_of(system));
    if let Some(service) = services::taken(system, &name) {
        let message = format!(
            "{} has the name of a Service of the session `{name}`, and other ports",
            service.title()
        );
        let problem = Problem::argument(Argument::From, message)
            .hint("give the session another name: `nutkin init NAME --from ...`");
        return Err(vec![problem.at(maker.location(service.place()))]);
    }
    let version = system.release();
    let shape = Shape::of(system);
    let mut options = options::of(system, version, &mut maker);
    for (key, value) in shape.options() {
        let origin = system.workloads.first().map(Workload::title).unwrap_or_default();
        options.push(key, value, origin);
    }
    let host = system.workloads.iter().find(|workload| refuse::is_on_host(workload));
    if let Some(workload) = host.filter(|_| pods::has_host_network(system))
        && system.settings.get(pods::HOST_NETWORK).is_none()
    {
        options.push(pods::HOST_NETWORK, "true", maker.origin(workload.object.place()));
    }
    if let Some((directory, place)) = directory::option(system) {
        options.push("kubernetes.flink.conf.dir", &directory, maker.origin(place));
    }
    if let Some((key, directory, place)) = volumes::other_artifacts(system, version) {
        options.lines.retain(|line| line.key != key);
        options.push(key, directory, maker.origin(place));
    }
    if let Some((entry, place)) = entry::own(system)
        && system.settings.get("kubernetes.entry.path").is_none()
    {
        options.push("kubernetes.entry.path", &entry, maker.origin(place));
    }
    // OpenShift gives pods of each project users of their own, and refuses others.
    let is_of_openshift =
        |object: &&Object| object.group().is_some_and(|group| group.ends_with("openshift.io"));
    let of_openshift = world.objects.iter().find(is_of_openshift).map(Object::place);
    let without_user = system.workloads.iter().find_map(pods::without_user);
    if let Some(place) = without_user.or(of_openshift)
        && system.settings.get(pods::USER).is_none()
    {
        options.push(pods::USER, "none", maker.origin(place));
    }
    let job_manager = system.job_managers().next().copied();
    let task_manager = system.task_managers().find(|w| w.role != super::kubernetes::Role::Both);

    let mut spec = serde_json::Map::new();
    spec.insert("flinkVersion".to_owned(), version.operator_name().into());
    let main = job_manager.as_ref().or(system.workloads.first());
    if let Some((patch, origin)) =
        system.boot.as_ref().and_then(|boot| images::release_of(boot, version, &maker))
    {
        options.push("nutkin.flink.version", &patch, origin);
    }
    if let Some(mode) = shape.mode() {
        spec.insert("mode".to_owned(), mode.into());
    }
    if let Some(main) = main {
        if let Some(image) = images::image_of(main, version, &mut options, &mut maker) {
            spec.insert("image".to_owned(), image.into());
        }
        let policy = main.container.text_of("imagePullPolicy");
        if let Some(policy) = policy.filter(|p| matches!(*p, "Always" | "IfNotPresent" | "Never")) {
            spec.insert("imagePullPolicy".to_owned(), policy.into());
        }
        if let Some(account) = main.service_account() {
            maker.put(account.place(main.file()), "serviceAccountName", "spec.serviceAccount");
            spec.insert("serviceAccount".to_owned(), account.text().unwrap_or_default().into());
        }
    }
    let log = logging::of(system, &mut maker);
    let (job_managers, task_managers) = shape::replicas(system, shape, &mut maker);
    if let (Shape::One, Some(main)) = (shape, main) {
        if let Some(template) = pods::template(system, main, &name, "spec.podTemplate", &mut maker)
        {
            spec.insert("podTemplate".to_owned(), template);
        }
        options.claims(main, &mut maker);
    }
    let workers = workers::of(world, system);
    for (role, workload, replicas) in [
        ("jobManager", job_manager.as_ref(), job_managers),
        ("taskManager", task_manager.or(main.filter(|_| shape == Shape::One)), task_managers),
    ] {
        let mut side = serde_json::Map::new();
        let process = match role {
            "jobManager" => options.job_manager.clone(),
            _ => options.task_manager.clone(),
        };
        if let Some(workload) = workload {
            side.insert("replicas".to_owned(), replicas.into());
            maker.put(workload.object.place(), workload.title(), format!("spec.{role}"));
            resources::of(system, workload, role, process, &mut side, &mut maker);
            if let Some((key, factor, place)) = resources::headroom(system, workload, role) {
                options.push(&key, &factor, maker.origin(place));
                maker.put(place, "memory", format!("spec.flinkConfiguration, `{key}`"));
            }
        } else if let Some(memory) = process {
            side.insert("resource".to_owned(), json!({ "memory": memory }));
        }
        if let Some(workload) = workload.filter(|_| shape != Shape::One) {
            let field = format!("spec.{role}.podTemplate");
            if let Some(template) = pods::template(system, workload, &name, &field, &mut maker)
                && shape != Shape::Native
            {
                side.insert("podTemplate".to_owned(), template);
            }
            options.claims(workload, &mut maker);
        }
        if let Some(template) = workers.as_ref().filter(|_| role == "taskManager") {
            let field = format!("spec.{role}.podTemplate");
            maker.put(template.object.place(), template.object.title(), &field);
            side.insert("podTemplate".to_owned(), template.template.clone());
        }
        if !side.is_empty() {
            spec.insert(role.to_owned(), Value::Object(side));
        }
    }
    let beside = {
        let spec = Value::Object(spec.clone());
        beside::beside(world, system, (&name, &spec), &mut options, &mut maker)
    };
    if !request.as_is {
        vanish::tell(system, &mut maker);
    }
    // A client puts its session where its options say, wherever it runs itself.
    let chosen = system.settings.value("kubernetes.namespace");
    let chosen = chosen.unwrap_or_else(|| "default".to_owned());
    let content = Content {
        name: &name,
        namespace: if system.boot.is_some() { Some(&chosen) } else { system.namespace() },
        spec: &spec,
        options: &options.lines,
        log,
    };
    let text = write(content, &maker)?;
    let all = options::all(system, version);
    refuse::judge(&text, &name, shape != Shape::Files, |key| {
        all.get(key).map(|setting| maker.location(setting.place))
    })?;
    maker.placed.sort();
    let mut notes = notes::of(world, system, &name, request);
    notes.extend(renamed::notes(system, &beside, &name));
    Ok(Adoption { name, text, beside, placed: maker.placed, cures: maker.cures, notes })
}

/// What API server and operator write into an object, which nobody says again.
const WRITTEN: &[&str] = &[
    "status",
    "metadata/managedFields",
    "metadata/resourceVersion",
    "metadata/uid",
    "metadata/creationTimestamp",
    "metadata/generation",
    "metadata/finalizers",
    "metadata/selfLink",
    "metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
    "metadata/annotations/deployment.kubernetes.io~1revision",
];

/// The cluster-id, otherwise the name of the JobManager's workload without what every such name has.
fn name_of(system: &System<'_>) -> String {
    let id = system.settings.value("kubernetes.cluster-id");
    let workload = system.job_managers().next().or(system.workloads.first());
    let short = workload.map(|w| {
        let name = w.object.name.as_str();
        let cut =
            ["-jobmanager", "-job-manager", "-jm"].iter().find_map(|end| name.strip_suffix(end));
        cut.unwrap_or(name).to_owned()
    });
    let names = [id, short].into_iter().flatten();
    names
        .into_iter()
        .find(|name| spec::is_name(name))
        .unwrap_or_else(|| spec::DEFAULT_NAME.to_owned())
}

/// Whether Kubernetes keeps the leader, for parts that ask only this.
fn uses_kubernetes(system: &System<'_>) -> bool {
    matches!(system.high_availability(), Some((HighAvailability::Kubernetes, _)))
}

#[cfg(test)]
pub(super) use refuse::created;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
