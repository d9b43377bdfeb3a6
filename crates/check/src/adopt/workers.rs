//! The template by which a native JobManager makes the pods of its TaskManagers: a ConfigMap that its own pods mount
//! (`PodTemplateMountDecorator`, `Constants.POD_TEMPLATE_CONFIG_MAP_PREFIX`; 1.13 to 2.3).

use serde_json::Value;

use crate::kubernetes::{Object, Workload};
use crate::node::Walk;
use crate::system::{System, World};
use nutkin_flink::{Argument, Problem, yaml};

/// The volume with the template (`Constants.POD_TEMPLATE_VOLUME`).
const VOLUME: &str = "pod-template-volume";

/// The key of the template (`Constants.TASK_MANAGER_POD_TEMPLATE_FILE_NAME`).
const FILE: &str = "taskmanager-pod-template.yaml";

/// A template, and the ConfigMap that holds it.
pub(super) struct Template<'a> {
    pub(super) object: &'a Object,
    pub(super) text: Value,
}

/// The template, if the files hold it.
pub(super) fn of<'a>(world: &'a World, system: &System<'_>) -> Option<Template<'a>> {
    let workload = mounting(system)?;
    let object = world.named("ConfigMap", map_of(workload)?, workload.object)?;
    let text = object.node.get("data")?.text_of(FILE)?;
    let (documents, _) = yaml::documents(text, &object.name);
    let mut text = documents.first()?.to_json();
    if let Value::Object(fields) = &mut text {
        fields.retain(|key, _| key != "apiVersion" && key != "kind");
    }
    Some(Template { object, text })
}

/// Why no session file is made: the template is not among the files.
pub(super) fn absent(world: &World, system: &System<'_>) -> Option<Problem> {
    let workload = mounting(system)?;
    if of(world, system).is_some() {
        return None;
    }
    let map = map_of(workload)?;
    let message = format!(
        "the template of the TaskManagers' pods of {} is `{FILE}` of ConfigMap {map}, which is not among the files",
        workload.title()
    );
    let hint = format!(
        "`kubectl get configmap {map} -o yaml > {map}.yaml` prints it; name that file as well"
    );
    Some(Problem::argument(Argument::From, message).hint(hint))
}

/// The native JobManager whose pods mount a template.
fn mounting<'a, 's>(system: &'s System<'a>) -> Option<&'s Workload<'a>> {
    system.job_managers().find(|workload| workload.is_native() && map_of(workload).is_some())
}

/// The ConfigMap with the template.
fn map_of<'a>(workload: &Workload<'a>) -> Option<&'a str> {
    let mounts = workload.mounts();
    mounts.iter().find(|mount| mount.node.text_of("name") == Some(VOLUME))?.config_map()
}
