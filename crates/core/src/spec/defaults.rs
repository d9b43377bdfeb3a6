//! What a session gets when nobody says otherwise.

use nutkin_flink::memory::{self, LegacyHeap, MemoryInput};
use nutkin_flink::{Configuration, FlinkVersion, Origin};

/// Default key, value and reason.
const DEFAULTS: [(&str, &str, &str); 1] = [(
    "taskmanager.numberOfTaskSlots",
    "2",
    "one slot runs no job of two stages that cannot share it",
)];

/// Process sizes of the configuration that Flink ships: what its users know.
const SIZES: [(&str, &str, &str); 2] = [
    ("jobmanager.memory.process.size", "1600m", "the size in the configuration that Flink ships"),
    ("taskmanager.memory.process.size", "1728m", "the size in the configuration that Flink ships"),
];

/// Fills in what is not set.
pub(super) fn fill(configuration: &mut Configuration, version: FlinkVersion) {
    for (key, value, reason) in DEFAULTS {
        configuration.set_default(key, value, Origin::Default(reason));
    }
    // A size is added only where there is none of any kind: beside `flink.size` it would be a second wish.
    let input = MemoryInput { configuration, version, legacy: LegacyHeap::default() };
    let needs = [memory::job_manager_needs_size(&input), memory::task_manager_needs_size(&input)];
    for ((key, value, reason), needed) in SIZES.into_iter().zip(needs) {
        if needed {
            configuration.set_default(key, value, Origin::Default(reason));
        }
    }
}
