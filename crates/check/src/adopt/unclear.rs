//! Files of which no session file is made, because they would become another system.

use crate::kubernetes::Object;
use crate::system::{System, World};
use crate::template;
use nutkin_flink::{Argument, Problem};

/// Why no session file is made of a session, if there is a reason.
pub(super) fn of(world: &World, system: &System<'_>) -> Option<Problem> {
    open(world, system).or_else(|| twice(world)).or_else(|| application(world, system))
}

fn at(world: &World, object: &Object) -> String {
    format!("{}:{}", world.files[object.file].name, object.node.line)
}

/// A parameter of a template that has no value.
fn open(world: &World, system: &System<'_>) -> Option<Problem> {
    let mut objects = system.workloads.iter().chain(&system.boot).map(|workload| workload.object);
    let (object, name) = objects.find_map(|one| Some((one, template::open_in(&one.node)?)))?;
    let file = &world.files[object.file].name;
    let message = format!("{file}: the template's parameter `{name}` has no value");
    let hint = format!(
        "render it first: `oc process --local -f {file} -p {name}=VALUE -o yaml > all.yaml`, and name all.yaml"
    );
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
    let overlay = world.objects.iter().find(|object| object.kind == "Kustomization");
    let hint = match overlay.map(|object| world.files[object.file].directory()) {
        Some(directory) => {
            let directory = if directory.is_empty() { "." } else { directory };
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
