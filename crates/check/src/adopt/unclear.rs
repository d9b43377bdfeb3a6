//! Files of which no session file is made, because they would become another system.

use super::workers;
use crate::embedded::{self, Embedded, Origin};
use crate::image::CONF;
use crate::kubernetes::{Mount, Object, Workload};
use crate::node::Walk;
use crate::passed_over;
use crate::path;
use crate::settings;
use crate::source::FileKind;
use crate::system::{System, World};
use crate::template;
use nutkin_flink::options::is_sensitive;
use nutkin_flink::{Argument, Problem};

/// Why no session file is made of a session, if there is a reason.
pub(super) fn of(world: &World, system: &System<'_>) -> Option<Problem> {
    let reasons = [
        broken(world),
        patched(world),
        open(world, system),
        twice(world),
        application(world, system),
        boot(world, system),
        absent(system),
        template(world, system),
        lost(world, system),
        unknown(world, system),
        misspelt(world, system),
    ];
    reasons.into_iter().flatten().next()
}

/// Why the files give no session file: they describe no session, or have to be rendered first.
pub(super) fn nothing(world: &World) -> Problem {
    let message = "the files describe no session of Flink";
    let problem = Problem::argument(Argument::From, message);
    if let Some((place, broken)) = world.broken.first() {
        let message =
            format!("{}:{}: {}", world.files[place.file].name, place.line, broken.message);
        return Problem::argument(Argument::From, message).hint("fix the line");
    }
    match passed_over::remedy(world) {
        Some(skipped) => problem.hint(skipped.to_string()),
        None => problem.hint(
            "name the Kubernetes files, the Compose file, or the directory with flink-conf.yaml",
        ),
    }
}

/// A file that could not be read to its end: what is in the rest may be a part of the session.
fn broken(world: &World) -> Option<Problem> {
    let (place, broken) = world.broken.first()?;
    let place = place.home(&world.files);
    let name = &world.files[place.file].name;
    let message = format!("{name}:{}: {}", place.line, broken.message);
    Some(Problem::argument(Argument::From, message).hint("fix the line, or leave the file out"))
}

/// How a session is called among others: with its file, where two have one title.
pub(super) fn title(world: &World, system: &System<'_>, all: &[&System<'_>]) -> String {
    let title = &system.title;
    let file = system.workloads.first().map(|workload| &world.files[workload.file()].name);
    match file.filter(|_| 1 < all.iter().filter(|other| other.title == *title).count()) {
        Some(file) => format!("{title} ({file})"),
        None => title.clone(),
    }
}

/// What a client that deploys a session reads from elsewhere, or does not read at all.
fn boot(world: &World, system: &System<'_>) -> Option<Problem> {
    let boot = system.boot.as_ref()?;
    if let Some((word, place)) = settings::of_boot(boot).1.filter(|(word, _)| !is_sensitive(word)) {
        let place = place.home(&world.files);
        let file = &world.files[place.file].name;
        let message = format!(
            "{file}:{}: kubernetes-session.sh stops reading its options at `{word}`: what follows is not in force",
            place.line
        );
        let hint = "write each option as `-Dkey=value`, or remove what has no effect today";
        return Some(Problem::argument(Argument::From, message).hint(hint));
    }
    let setting = system
        .settings
        .effective()
        .find(|one| one.key.starts_with("kubernetes.pod-template-file"))?;
    let message = format!("{} reads `{}`, a file of its own container", boot.title(), setting.key);
    let hint =
        "leave the option out, and write the template as `spec.podTemplate` into the session file";
    Some(Problem::argument(Argument::From, message).hint(hint))
}

fn at(world: &World, object: &Object) -> String {
    let home = object.place().home(&world.files);
    format!("{}:{}", world.files[home.file].name, home.line)
}

/// Kustomizations of which nobody here knows what they apply.
fn patched(world: &World) -> Option<Problem> {
    if let Some((place, reason)) = world.applied.refused.first() {
        let file = &world.files[place.file].name;
        let message = format!("{file}:{}: Kustomize stops here: {reason}", place.line);
        return Some(Problem::argument(Argument::From, message));
    }
    let (place, field) = world.applied.unread.first()?;
    let file = &world.files[place.file];
    let directory = path::here(file.directory());
    let message = format!("{} changes the objects by `{field}`", file.name);
    let hint = format!(
        "render what is applied, `kubectl kustomize {directory} > all.yaml`, and name all.yaml"
    );
    Some(Problem::argument(Argument::From, message).hint(hint))
}

/// Pods with the session's configuration of which nobody can tell what they run: the session would be without them.
fn unknown(world: &World, system: &System<'_>) -> Option<Problem> {
    let is_configuration =
        |index: usize| system.texts.iter().any(|text| text.origin == Origin::ConfigMap(index));
    let object = world.objects.iter().filter(|object| object.compose.is_none()).find(|object| {
        let mounts =
            Workload::unknown(object).map(|workload| workload.mounts()).unwrap_or_default();
        let maps = mounts.iter().filter(|mount| mount.path.starts_with(CONF));
        let mut maps = maps.flat_map(Mount::config_maps);
        maps.any(|(map, _)| world.index_of("ConfigMap", map, object).is_some_and(is_configuration))
    })?;
    let message = format!(
        "{} ({}) has the configuration of the session, and its words do not say what it runs",
        object.title(),
        at(world, object)
    );
    let hint = "give the container the words of Flink's entrypoint, `jobmanager` or `taskmanager`, or leave its file out";
    Some(Problem::argument(Argument::From, message).hint(hint))
}

/// An object that runs Flink as a workload does, and whose kind is not one.
fn misspelt(world: &World, system: &System<'_>) -> Option<Problem> {
    let of = system.workloads.first().filter(|_| !system.is_of_compose())?.object;
    let others = world.objects.iter().filter(|object| {
        object.compose.is_none() && object.shares_namespace(of) && Workload::of(object).is_none()
    });
    let runs_flink = |object: &&Object| {
        let containers = object.node.at("spec/template/spec").map(|pod| pod.items_of("containers"));
        containers.into_iter().flatten().any(Workload::runs_process)
    };
    let object = others.into_iter().find(runs_flink)?;
    let message = format!(
        "{} ({}) runs a process of Flink, and its kind is not one that is looked at here",
        object.title(),
        at(world, object)
    );
    let hint = "correct its kind, or leave its file out";
    Some(Problem::argument(Argument::From, message).hint(hint))
}

/// A ConfigMap over the image's configuration that is not there: the session would be without all of it.
fn absent(system: &System<'_>) -> Option<Problem> {
    let mut workloads = system.workloads.iter();
    let (workload, map) =
        workloads.find_map(|workload| Some((workload, system.absent_map(workload)?)))?;
    let message = format!(
        "the configuration of {} is in ConfigMap {map}, which is not among the files, or there are several",
        workload.title()
    );
    Some(without_map(map, message))
}

/// A native JobManager whose template of TaskManagers' pods is not among the files.
fn template(world: &World, system: &System<'_>) -> Option<Problem> {
    let (workload, map) = workers::mounting(system)?;
    if workers::of(world, system).is_some() {
        return None;
    }
    let message = format!(
        "the template of the TaskManagers' pods of {} is `{}` of ConfigMap {map}, which is not among the files",
        workload.title(),
        workers::FILE
    );
    Some(without_map(map, message))
}

/// A ConfigMap of the cluster is missing among the files.
fn without_map(map: &str, message: String) -> Problem {
    let hint = format!(
        "`kubectl get configmap {map} -o yaml > {map}.yaml` prints it; name that file as well"
    );
    Problem::argument(Argument::From, message).hint(hint)
}

/// A key of a ConfigMap that a volume shows as Flink's configuration and that is not there, and no other text of options.
fn lost(world: &World, system: &System<'_>) -> Option<Problem> {
    let (workload, map, key) = system.workloads.iter().find_map(|workload| {
        if system.texts_of(workload).any(Embedded::is_options_of_map) {
            return None;
        }
        let mounts = workload.mounts().into_iter();
        let mut shown =
            mounts.filter(|mount| mount.path.starts_with(CONF)).flat_map(|mount| mount.mapped());
        let (name, key, _) =
            shown.find(|(_, _, file)| embedded::of_name(file).is_some_and(FileKind::is_options))?;
        let map = world.named("ConfigMap", name, workload.object)?;
        let has = |part: &str| map.node.get(part).is_some_and(|data| data.get(key).is_some());
        (!has("data") && !has("binaryData")).then_some((workload, map, key))
    })?;
    let message = format!(
        "{} ({}) has no key `{key}`, from which {} has its configuration",
        map.title(),
        at(world, map),
        workload.title()
    );
    Some(Problem::argument(Argument::From, message).hint("give the key that name"))
}

/// A parameter of a template that has no value, or a variable that something else fills in.
fn open(world: &World, system: &System<'_>) -> Option<Problem> {
    let objects = system.workloads.iter().chain(&system.boot).map(|workload| workload.object);
    // Variables of Compose are told by where their values come from.
    let mut objects = objects.filter(|object| object.compose.is_none());
    let (object, name) = objects.find_map(|one| Some((one, template::open_in(&one.node)?)))?;
    // As YAML or JSON writes it.
    let plain = world.files[object.file].text.replace(['"', ' '], "");
    let is_template = plain.contains("kind:Template");
    let file = &world.files[object.file].name;
    let (what, how) = if is_template {
        let how = format!("oc process --local -f {file} -p {name}=VALUE -o yaml > all.yaml");
        ("the template's parameter", how)
    } else {
        ("the variable", format!("envsubst < {file} > all.yaml"))
    };
    let message = format!("{file}: {what} `{name}` has no value");
    let hint = format!("render it first: `{how}`, and name all.yaml");
    Some(Problem::argument(Argument::From, message).hint(hint))
}

/// Two objects of one kind and name that are not the same.
fn twice(world: &World) -> Option<Problem> {
    let (first, second) = world.names.repeated().find_map(|indices| {
        let mut pairs =
            indices.windows(2).map(|two| (&world.objects[two[0]], &world.objects[two[1]]));
        pairs.find(|(one, two)| one.is_twin(two) && one.node.to_json() != two.node.to_json())
    })?;
    let places = format!("{} and {}", at(world, first), at(world, second));
    let message = format!("the files hold two alternatives of {}: {places}", first.title());
    let hint = match world.overlays().next().map(|file| path::here(file.directory())) {
        Some(directory) => {
            format!(
                "render what is applied, for example `kubectl kustomize {directory} > all.yaml`, and name all.yaml"
            )
        }
        None => "name the files of one of them".to_owned(),
    };
    Some(Problem::argument(Argument::From, message).hint(hint))
}

/// A JobManager that runs one job. That of a session file is refused by its field.
fn application(world: &World, system: &System<'_>) -> Option<Problem> {
    let (object, _) = system.application().filter(|_| system.session.is_none())?;
    let message = format!(
        "{} ({}) is an application cluster: Nutkin runs sessions",
        object.title(),
        at(world, object)
    );
    let hint = "start a session, and write the job as a `FlinkSessionJob` with its class, jar and arguments";
    Some(Problem::argument(Argument::From, message).hint(hint))
}
