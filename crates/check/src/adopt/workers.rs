//! The template by which a native JobManager makes the pods of its TaskManagers: a ConfigMap that its own pods mount
//! (`PodTemplateMountDecorator`, `Constants.POD_TEMPLATE_CONFIG_MAP_PREFIX`; 1.13 to 2.3).

use serde_json::Value;

use crate::kubernetes::{Object, Workload};
use crate::node::Walk;
use crate::system::{System, World};
use nutkin_flink::yaml;

/// The volume with the template (`Constants.POD_TEMPLATE_VOLUME`).
const VOLUME: &str = "pod-template-volume";

/// The key of the template (`Constants.TASK_MANAGER_POD_TEMPLATE_FILE_NAME`).
pub(super) const FILE: &str = "taskmanager-pod-template.yaml";

/// A template, and the ConfigMap that holds it.
pub(super) struct Template<'a> {
    pub(super) object: &'a Object,
    pub(super) template: Value,
}

/// The template, if the files hold it.
pub(super) fn of<'a>(world: &'a World, system: &System<'_>) -> Option<Template<'a>> {
    let (workload, map) = mounting(system)?;
    let object = world.named("ConfigMap", map, workload.object)?;
    let template = read(object.node.get("data")?.text_of(FILE)?, &object.name)?;
    Some(Template { object, template })
}

/// A template as `podTemplate` of a session file has it: what it is goes without saying there. `map`: the ConfigMap that holds it.
pub(super) fn read(text: &str, map: &str) -> Option<Value> {
    let (documents, _) = yaml::documents(text, map);
    let mut template = documents.first()?.to_json();
    if let Value::Object(fields) = &mut template {
        fields.retain(|key, _| key != "apiVersion" && key != "kind");
    }
    Some(template)
}

/// The native JobManager whose pods mount a template, and the ConfigMap with that.
pub(super) fn mounting<'a, 's>(system: &'s System<'a>) -> Option<(&'s Workload<'a>, &'a str)> {
    let mut all = system.job_managers().filter(|workload| workload.is_native());
    all.find_map(|workload| {
        let mounts = workload.mounts();
        let mount = mounts.iter().find(|mount| mount.node.text_of("name") == Some(VOLUME))?;
        Some((workload, mount.config_map()?))
    })
}
