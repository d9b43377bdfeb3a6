//! What Flink does where the files are silent: a session file says it, because Nutkin's own defaults are others.

use crate::finding::Place;
use crate::image::{FLINK_CONF, SIZES};
use crate::kubernetes::{Workload, is_flink_image};
use crate::node::Walk;
use crate::settings::{Setting, Settings, has_variables_in_vain};
use crate::system::System;
use nutkin_flink::Value;

/// Slots of a TaskManager: Flink's default (`TaskManagerOptions.NUM_TASK_SLOTS`), and what the configuration says that
/// Flink ships.
const SLOTS: (&str, &str) = ("taskmanager.numberOfTaskSlots", "1");

/// The variable from which the entrypoint of Flink's image takes the slots.
pub(super) const SLOTS_VARIABLE: &str = "TASK_MANAGER_NUMBER_OF_TASK_SLOTS";

/// An option that nobody wrote.
pub(super) struct Unsaid {
    pub(super) setting: Setting,
    /// Who says it, for a comment.
    pub(super) origin: &'static str,
}

/// The options that count although the files do not name them. `said` are those that the files name.
pub(super) fn of(system: &System<'_>, said: &Settings) -> Vec<Unsaid> {
    let mut found = Vec::new();
    let mut add = |(key, value): (&str, &str), place: Place, origin: &'static str| {
        if said.get(key).is_none() {
            let setting = Setting {
                key: key.to_owned(),
                value: Value::Text(value.to_owned()),
                place,
                dialect: None,
                implied: true,
            };
            found.push(Unsaid { setting, origin });
        }
    };
    let of_variable = system.task_managers().find_map(|workload| {
        let is_in_vain = has_variables_in_vain(workload);
        system.world.variable(workload, SLOTS_VARIABLE).filter(|_| !is_in_vain)?.ok()
    });
    let mut all = system.workloads.iter().chain(&system.boot);
    let anywhere = all.next().map(|workload| workload.object.place());
    let anywhere = anywhere.or_else(|| system.texts.first().map(|text| text.start()));
    match (of_variable, anywhere) {
        (Some((slots, place)), _) => add((SLOTS.0, slots), place, SLOTS_VARIABLE),
        (None, Some(place)) => add(SLOTS, place, "Flink's default: the files do not say it"),
        (None, None) => {}
    }
    for (workload, size) in
        [(system.job_managers().next(), SIZES[0]), (system.task_managers().next(), SIZES[1])]
    {
        if let Some(workload) = workload.filter(|workload| has_configuration_of_image(workload))
            && !is_sized(said, size.0)
        {
            let place = workload.image().map(|image| image.place(workload.file()));
            let place = place.unwrap_or_else(|| workload.object.place());
            add(size, place, "the configuration of Flink's image");
        }
    }
    found
}

/// Whether the image is Flink's, nothing is mounted over its configuration, and no variable is there for an entrypoint that
/// sizes the heap.
fn has_configuration_of_image(workload: &Workload<'_>) -> bool {
    let image = workload.image().and_then(Walk::text).unwrap_or_default();
    is_flink_image(image)
        && workload.mount_of(FLINK_CONF).is_none()
        && workload.variable("FLINK_CONF_DIR").is_none()
        && !workload.is_native()
        && !workload
            .container
            .items_of("env")
            .iter()
            .any(|entry| entry.text_of("name").is_some_and(|name| name.contains("HEAP")))
}

/// Whether anything sizes the process whose size this is: beside it the image's size would be a second wish.
fn is_sized(said: &Settings, key: &str) -> bool {
    let role = key.split('.').next().unwrap_or(key);
    let (memory, heap) = (format!("{role}.memory."), format!("{role}.heap."));
    said.effective().any(|one| {
        one.key.starts_with(&heap)
            || one.key.starts_with(&memory) && one.key.rsplit('.').next() == Some("size")
    })
}
