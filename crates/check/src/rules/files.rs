//! Files that cannot be read as they were meant.

pub(in crate::rules) mod alike;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::rules;
use super::schema;
use crate::finding::{Findings, Patch, Place};
use crate::kubernetes::Object;
use crate::node::{Walk, key_place};
use crate::silence::Silence;
use crate::system::{System, World};
use nutkin_core::spec;
use nutkin_flink::yaml::{Node, NodeKind};

rules! {
    SYNTAX "NK0001" Error "this is not YAML"
        happens "kubectl and Docker Compose refuse the whole file, and nothing in it is created. `check` did not look at what follows the fault either."
        cure "Look at the indentation and the colons of this line and the one above. Tabs cannot indent in YAML.";
    MISSING_SEPARATOR "NK0002" Error "two objects without `---` between them"
        happens "To YAML this is one object with keys that appear twice. kubectl takes the last of them, so that only the second object is created, and says nothing of the first. Newer versions refuse the file."
        cure "Put a line `---` between the two.";
    DUPLICATE_KEY "NK0003" Error "a key appears twice in one map"
        happens "Kubernetes takes the last one and drops the first without a word; with strict validation, the default of kubectl since 1.27, it refuses the object."
        cure "Remove one of the two.";
    STRAY_FIELD "NK0004" Error "a field in a place where Kubernetes does not know it"
        happens "With strict validation, the default of kubectl since 1.27, the object is refused. Older versions create it without the field: a probe in the wrong place never runs, a pull policy in the wrong place never counts."
        cure "Move it, with its indentation, to where it belongs, or remove it.";
    SESSION_FILE "NK0005" Error "the session file has a problem"
        happens "`nutkin up` does not start the session, and the Flink Kubernetes Operator refuses it or leaves the field out."
        cure "Fix the field; `docs/fields.md` lists all of them.";
    BARE_SILENCE "NK0006" Warning "a code is silenced without a reason"
        happens "The finding is shown all the same: in a year nobody knows whether it still may be silent."
        cure "Write `# nutkin: allow CODE because REASON`.";
    LOOK_ALIKE "NK0007" Error "a character only looks like the one that is meant"
        happens "The name differs from what it looks like: the file is not found, the option does not exist. YAML that is indented with such spaces is refused. Such characters come from text that was copied from a web page or a chat."
        cure "Type the word or the spaces again by hand; an editor can replace all of them at once.";
    APPLICATION "NK0008" Note "an application cluster, which is not a session"
        happens "Nothing is wrong with it. Its JobManager runs one job and ends with it. `nutkin up`, `plan` and `render` refuse it, and `nutkin init --from` makes no session file of it: Nutkin runs sessions."
        cure "To move it to a session, write a `FlinkSessionJob` with the class, the jar and the arguments of the job.";
    ALTERNATIVES "NK0009" Warning "alternatives of which only one can be there"
        happens "Of two objects of one kind and name the one that is applied last replaces the other. Of two JobManagers with one configuration TaskManagers find one or the other. `check` looked at each alternative by itself."
        cure "Keep alternatives in directories of their own, apply one of them, and name its files.";
    KUSTOMIZE "NK0010" Error "Kustomize stops at this"
        happens "`kubectl apply -k` and `kubectl kustomize` end with an error, and nothing is applied. `check` looked at what is left."
        cure "Correct the path, the name or the patch; `kubectl kustomize DIRECTORY` shows what comes out.";
}

pub(super) fn check(world: &World, silences: &[Silence], out: &mut Findings<'_>) {
    for (place, problem) in &world.broken {
        out.add(&SYNTAX, *place, problem.message.clone());
    }
    let mut above = None;
    for object in world.written() {
        missing_separator(above, object, out);
        duplicate_keys(object, &object.node, out);
        stray_fields(object, out);
        above = Some(object);
    }
    for (place, reason) in &world.applied.refused {
        out.add(&KUSTOMIZE, *place, reason.clone());
    }
    session_files(world, out);
    twins(world, out);
    for silence in silences.iter().filter(|silence| silence.reason.is_empty()) {
        let message = format!("`{}` is silenced here, and nobody says why", silence.code);
        out.add(&BARE_SILENCE, silence.place, message);
    }
    alike::check(world, out);
}

fn missing_separator(above: Option<&Object>, object: &Object, out: &mut Findings<'_>) {
    let Some(cut) = object.cut else { return };
    let above = above.filter(|above| above.file == object.file);
    let message = match above {
        Some(above) => format!(
            "{} begins here, and nothing separates it from {} above",
            object.title(),
            above.title()
        ),
        None => format!("{} begins here without `---` above it", object.title()),
    };
    out.add(&MISSING_SEPARATOR, cut, message).patch =
        Some(Patch { line: cut.line, remove: Vec::new(), insert: vec!["---".to_owned()] });
}

fn duplicate_keys(object: &Object, node: &Node, out: &mut Findings<'_>) {
    match &node.kind {
        NodeKind::Map(entries) => {
            let mut lines: BTreeMap<&str, u32> = BTreeMap::new();
            for (key, value) in entries {
                match lines.entry(&key.name) {
                    Entry::Vacant(free) => {
                        free.insert(key.line);
                    }
                    Entry::Occupied(first) => {
                        let message = format!(
                            "`{}` appears a second time; this one counts, and the one on line {} does not",
                            key.name,
                            first.get()
                        );
                        out.add(&DUPLICATE_KEY, key_place(key, object.file), message);
                    }
                }
                duplicate_keys(object, value, out);
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| duplicate_keys(object, item, out)),
        _ => {}
    }
}

fn stray_fields(object: &Object, out: &mut Findings<'_>) {
    for stray in schema::strays(object) {
        let message = format!("`{}` is not a field of {}", stray.key, stray.host);
        let finding = out.add(&STRAY_FIELD, stray.place, message);
        if let Some(home) = stray.home {
            finding.cure = Some(format!("Move `{}` to {home}.", stray.key));
        }
    }
}

/// What the reader of session files says of each session and each job, whatever lies beside them: other objects, other
/// sessions and jobs of sessions elsewhere are fine for this command.
fn session_files(world: &World, out: &mut Findings<'_>) {
    let mut sessions: BTreeMap<usize, Vec<&Object>> = BTreeMap::new();
    for session in world.of_kind("FlinkDeployment").filter(|o| o.is_of_operator(&o.kind)) {
        sessions.entry(session.file).or_default().push(session);
    }
    for object in &world.objects {
        let is_session = object.is_of_operator("FlinkDeployment");
        if !is_session && !object.is_of_operator("FlinkSessionJob") {
            continue;
        }
        if object.is_canary() {
            continue;
        }
        let is_application = is_session && object.node.at("spec/job").is_some();
        let file = &world.files[object.file];
        let problems = spec::problems_of(&object.node, &file.name);
        for problem in problems {
            let is_of_job = problem.path == "spec.job" || problem.path.starts_with("spec.job.");
            if is_application && is_of_job {
                continue;
            }
            let location = problem.location.as_ref();
            let line = location.and_then(|at| at.line).unwrap_or(object.node.line);
            let column = location.and_then(|at| at.column).unwrap_or(object.node.column);
            let place = Place { file: object.file, line: line.clamp(1, file.count()), column };
            let message = if problem.path.is_empty() {
                problem.message
            } else {
                format!("`{}`: {}", problem.path, problem.message)
            };
            out.add(&SESSION_FILE, place, message).cure =
                problem.hint.as_ref().map(|hint| hint.plain());
        }
        if is_session {
            other_id(object, out);
        }
        if let (Some([session]), false) =
            (sessions.get(&object.file).map(Vec::as_slice), is_session)
        {
            strange_owner(world, object, session, out);
        }
        if !is_session {
            other_namespace(world, object, out);
        }
    }
}

/// Options that the operator refuses, because the object says it (`DefaultValidator`: "Forbidden Flink config key"), where
/// the object says something else.
fn other_id(session: &Object, out: &mut Findings<'_>) {
    let Some(options) = session.node.at("spec/flinkConfiguration") else { return };
    let namespace = session.namespace.as_deref();
    for (key, own) in [
        ("kubernetes.cluster-id", Some(session.name.as_str())),
        ("kubernetes.namespace", namespace),
    ] {
        let node = options.get(key).or_else(|| options.at(&key.replace('.', "/")));
        let Some((node, own)) = node.zip(own) else { continue };
        if let Some(text) = node.text().filter(|text| *text != own && !text.contains('$')) {
            let message = format!("`{key}` is `{text}`, and the object says `{own}`");
            out.add(&SESSION_FILE, node.place(session.file), message).cure = Some(
                "Take the option out: the name and the namespace of the object count.".to_owned(),
            );
        }
    }
}

/// A job of a session that is in the same directory, and in another namespace.
fn other_namespace(world: &World, job: &Object, out: &mut Findings<'_>) {
    let name = job.node.at("spec/deploymentName").and_then(Walk::text).unwrap_or_default();
    let mut sessions = world.all_named("FlinkDeployment", name).peekable();
    let directory = |object: &Object| world.files[object.file].directory();
    let Some(first) = sessions.peek().copied() else { return };
    if sessions.any(|one| one.shares_namespace(job) || directory(one) != directory(job)) {
        return;
    }
    let namespace = |object: &Object| object.namespace.clone().unwrap_or_default();
    let message = format!(
        "the job is in namespace `{}`, and its session `{name}` in `{}`: the operator looks in that of the job",
        namespace(job),
        namespace(first)
    );
    let finding = out.add(&SESSION_FILE, job.place_of("metadata/namespace"), message);
    finding.cure = Some("Give both the same namespace.".to_owned());
}

/// A job beside the only session of its file, for a session that is nowhere.
fn strange_owner(world: &World, job: &Object, session: &Object, out: &mut Findings<'_>) {
    let Some(owner) = job.node.at("spec/deploymentName") else { return };
    let name = owner.text().unwrap_or_default();
    if world.names.all("FlinkDeployment", name).is_empty() {
        let message = format!(
            "`spec.deploymentName`: the job belongs to session `{name}`; that of this file is `{}`",
            session.name
        );
        out.add(&SESSION_FILE, owner.place(job.file), message);
    }
}

/// Directory, group and namespace.
type Around<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// Objects of one kind and name in one file or directory. What lies in another directory is another system.
fn twins(world: &World, out: &mut Findings<'_>) {
    for indices in world.names.repeated() {
        let mut places: BTreeMap<Around<'_>, Vec<&Object>> = BTreeMap::new();
        for object in indices.iter().map(|index| &world.objects[*index]) {
            let directory = world.files[object.file].directory();
            let place = (directory, object.group(), object.namespace.as_deref());
            places.entry(place).or_default().push(object);
        }
        for twins in places.into_values() {
            let [first, rest @ ..] = &twins[..] else { continue };
            let Some(other) = rest.first().filter(|_| !first.name.is_empty()) else { continue };
            if first.group().is_none()
                || rest.len() == 1 && first.node.to_json() == other.node.to_json()
            {
                continue;
            }
            let home = first.place().home(&world.files);
            let file = &world.files[home.file].name;
            let mut message = format!("{} is also in {file}:{}", first.title(), home.line);
            if 1 < rest.len() {
                message.push_str(&format!("; {} more are of this name", rest.len() - 1));
            }
            out.add(&ALTERNATIVES, other.place(), message);
        }
    }
}

/// What runs one job, and JobManagers of which only one can be there.
pub(super) fn of_system(system: &System<'_>, out: &mut Findings<'_>) {
    if let Some((object, place)) = system.application() {
        let message = format!("{} runs one job, and ends with it", object.title());
        out.add(&APPLICATION, place, message);
    }
    let Some(master) = system.job_managers().next().map(|workload| workload.object) else { return };
    let directory = |object: &Object| out.files[object.file].directory();
    let mut others = system.alternatives.iter().filter(|other| {
        // One finding for each pair, at the second of them; twins have been told.
        (other.file, other.node.line) < (master.file, master.node.line)
            && directory(other) == directory(master)
            && !other.is_twin(master)
    });
    if let Some(other) = others.next() {
        let home = other.place().home(out.files);
        let file = &out.files[home.file].name;
        let message = format!(
            "{} takes the place of {} ({file}:{})",
            master.title(),
            other.title(),
            home.line
        );
        out.add(&ALTERNATIVES, master.place(), message);
    }
}
