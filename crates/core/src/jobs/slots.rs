//! Whether a session has the slots that a job needs, said before the job waits for them.

use std::fmt;

use serde_json::Value;

use crate::Remedy;
use crate::words::{jobs as words, refusal};

/// How a session gets slots and how jobs take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Provision {
    /// Flink asks the platform for TaskManagers when a job needs them: native Kubernetes, YARN.
    pub on_demand: bool,
    /// The most slots that it asks for: `slotmanager.number-of-slots.max`.
    pub most: Option<u64>,
    /// The adaptive scheduler makes do with what is there.
    pub adaptive: bool,
}

impl Provision {
    /// What the options of a running JobManager say.
    ///
    /// `kubernetes-session` and `yarn-session` are targets that start TaskManagers themselves. The entry point of a native
    /// session is in an option of its own, which Flink's `KubernetesClusterDescriptor` sets.
    pub fn of(option: impl Fn(&str) -> Option<String>) -> Self {
        let is = |key: &str, values: &[&str]| {
            option(key).is_some_and(|value| values.contains(&value.trim().to_lowercase().as_str()))
        };
        let native = option("kubernetes.internal.jobmanager.entrypoint.class").is_some();
        Self {
            on_demand: native || is("execution.target", &["kubernetes-session", "yarn-session"]),
            most: option("slotmanager.number-of-slots.max")
                .and_then(|text| text.trim().parse().ok()),
            adaptive: is("jobmanager.scheduler", &["adaptive"])
                || is("scheduler-mode", &["reactive"]),
        }
    }
}

/// The slots of a session, as its overview counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slots {
    /// All.
    pub total: u64,
    /// Those that no job has.
    pub free: u64,
    /// TaskManagers that have registered.
    pub task_managers: u64,
}

/// The memory of TaskManagers, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What the largest may take (`taskmanager.memory.process.size`).
    pub each: u64,
    /// What the machine has on which it runs; the largest of several.
    pub machine: u64,
}

impl Memory {
    /// From the list of a session's TaskManagers (`TaskManagersInfo`); `None`: nothing is known of one.
    pub fn of(task_managers: &Value) -> Option<Self> {
        let all = task_managers["taskmanagers"].as_array()?;
        let most = |field: &str, key: &str| {
            all.iter().filter_map(|one| one[field][key].as_u64()).max().filter(|bytes| 0 < *bytes)
        };
        let each = most("memoryConfiguration", "totalProcessMemory")?;
        Some(Self { each, machine: most("hardware", "physicalMemory")? })
    }
}

/// Slots that a job wants and does not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortage {
    /// Slots that the job needs.
    pub needed: u64,
    /// What there is.
    pub slots: Slots,
    /// The most that the session would ever have, where it makes slots on demand.
    pub most: Option<u64>,
    /// The memory of its TaskManagers, where somebody has looked.
    pub memory: Option<Memory>,
}

/// How many slots a job with this plan needs at once, at least.
///
/// By default all operators share slots, so the widest one decides. A batch job runs one part after the other and needs
/// one (`PipelinedRegionSchedulingStrategy`). Groups of operators that do not share are not in the plan.
pub fn needed(plan: &Value) -> u64 {
    let nodes = plan["nodes"].as_array().into_iter().flatten();
    let widest = nodes.filter_map(|node| node["parallelism"].as_u64()).max().unwrap_or(0);
    if plan["type"] == "BATCH" { widest.min(1) } else { widest }
}

/// What is missing for a job that is about to be submitted, if anything is.
pub fn shortage(needed: u64, slots: Slots, provision: Provision) -> Option<Shortage> {
    let needed = if provision.adaptive { needed.min(1) } else { needed };
    let within_reach = match provision {
        Provision { on_demand: true, most: None, .. } => return None,
        Provision { on_demand: true, most: Some(most), .. } => {
            slots.free + most.saturating_sub(slots.total)
        }
        Provision { on_demand: false, .. } => slots.free,
    };
    let most = provision.most.filter(|_| provision.on_demand);
    (within_reach < needed).then_some(Shortage { needed, slots, most, memory: None })
}

impl Shortage {
    /// How many are missing.
    pub fn missing(&self) -> u64 {
        let more = self.most.map_or(0, |most| most.saturating_sub(self.slots.total));
        self.needed.saturating_sub(self.slots.free + more)
    }

    /// What to do about it, in the order in which it costs least.
    pub fn hints(&self) -> Vec<Remedy> {
        let mut hints = Vec::new();
        if self.needed <= self.slots.total.max(self.most.unwrap_or(0)) {
            hints.push(Remedy::SlotsAreHeld);
        }
        hints.push(match (self.most, self.task_managers()) {
            (Some(most), _) => words::most_slots(most).into(),
            (None, Some(task_managers)) => Remedy::Scale { task_managers },
            (None, None) => Remedy::TaskManagersMissing,
        });
        hints.extend(self.too_many().map(Remedy::from));
        if 1 < self.needed && 0 < self.reach() {
            hints.push(words::fits(self.reach()).into());
        }
        hints
    }

    /// That one machine is too small for the TaskManagers that would do.
    fn too_many(&self) -> Option<String> {
        let count = self.task_managers().filter(|_| self.most.is_none())?;
        let Memory { each, machine } = self.memory?;
        let all = each.saturating_mul(count);
        let fitting = machine.checked_div(each)?;
        (machine < all).then(|| refusal::too_many_task_managers(count, all, machine, fitting))
    }

    fn reach(&self) -> u64 {
        self.needed - self.missing()
    }

    /// How many TaskManagers of the same size would do.
    fn task_managers(&self) -> Option<u64> {
        let each = self.slots.total.checked_div(self.slots.task_managers)?;
        Some(self.slots.task_managers + self.missing().checked_next_multiple_of(each)? / each)
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, slots: Slots { total, free, .. }, .. } = *self;
        f.write_str(&words::shortage(needed, total, free, self.missing()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIXED: Provision = Provision { on_demand: false, most: None, adaptive: false };

    fn slots(task_managers: u64, total: u64, free: u64) -> Slots {
        Slots { total, free, task_managers }
    }

    #[test]
    fn the_widest_operator_decides() {
        #[track_caller]
        fn check(kind: &str, widths: &[u64], expected: u64) {
            let nodes: Vec<_> = widths.iter().map(|width| json!({"parallelism": width})).collect();
            assert_eq!(needed(&json!({"type": kind, "nodes": nodes})), expected);
        }
        check("STREAMING", &[1, 4, 2], 4);
        check("BATCH", &[1, 4, 2], 1);
        check("STREAMING", &[], 0);
        assert_eq!(needed(&json!({"nodes": [{"parallelism": 3}]})), 3);
        assert_eq!(needed(&Value::Null), 0);
    }

    #[test]
    fn what_is_missing_and_what_helps() {
        #[track_caller]
        fn check(needed: u64, slots: Slots, provision: Provision, expected: &[&str]) {
            let said = shortage(needed, slots, provision).map(|shortage| {
                let hints = shortage.hints().into_iter().map(|hint| match hint {
                    Remedy::Words(words) => words,
                    hint => format!("{hint:?}"),
                });
                std::iter::once(shortage.to_string()).chain(hints).collect::<Vec<_>>()
            });
            assert_eq!(said.unwrap_or_default(), expected);
        }
        check(2, slots(1, 2, 2), FIXED, &[]);
        check(
            1000,
            slots(2, 4, 4),
            FIXED,
            &[
                "the job needs 1000 slots; 4 of 4 are free, 996 are missing",
                "Scale { task_managers: 500 }",
                "a parallelism of at most 4 fits now",
            ],
        );
        check(
            3,
            slots(2, 4, 1),
            FIXED,
            &[
                "the job needs 3 slots; 1 of 4 is free, 2 are missing",
                "SlotsAreHeld",
                "Scale { task_managers: 3 }",
                "a parallelism of at most 1 fits now",
            ],
        );
        check(
            1,
            slots(0, 0, 0),
            FIXED,
            &["the job needs 1 slot; 0 of 0 are free, 1 is missing", "TaskManagersMissing"],
        );
        check(
            4,
            slots(0, 0, 0),
            FIXED,
            &["the job needs 4 slots; 0 of 0 are free, 4 are missing", "TaskManagersMissing"],
        );
        let adaptive = Provision { adaptive: true, ..FIXED };
        check(9, slots(1, 2, 1), adaptive, &[]);
        let native = Provision { on_demand: true, ..FIXED };
        check(1000, slots(0, 0, 0), native, &[]);
        let bounded = Provision { most: Some(8), ..native };
        check(8, slots(0, 0, 0), bounded, &[]);
        check(
            9,
            slots(1, 2, 1),
            bounded,
            &[
                "the job needs 9 slots; 1 of 2 is free, 2 are missing",
                "`slotmanager.number-of-slots.max` allows 8: raise it",
                "a parallelism of at most 7 fits now",
            ],
        );
    }

    #[test]
    fn what_task_managers_would_take() {
        #[track_caller]
        fn check(needed: u64, memory: Option<Memory>, expected: &[&str]) {
            let found = Shortage { memory, ..shortage(needed, slots(1, 2, 2), FIXED).unwrap() };
            let hints = found.hints().into_iter().filter_map(|hint| match hint {
                Remedy::Words(words) => Some(words),
                _ => None,
            });
            assert_eq!(hints.collect::<Vec<_>>(), expected);
        }
        let fits = "a parallelism of at most 2 fits now";
        let machine = Memory { each: 2 << 30, machine: 16 << 30 };
        let much = "500 TaskManagers may take 1000.0 GiB of memory, and the machine of the present ones has 16.0 GiB: \
                    8 TaskManagers of this size fit";
        check(1000, Some(machine), &[much, fits]);
        // The controls.
        check(16, Some(machine), &[fits]);
        check(1000, None, &[fits]);
    }

    #[test]
    fn memory_of_a_list_of_task_managers() {
        let one = |each: i64, machine: i64| json!({"memoryConfiguration": {"totalProcessMemory": each}, "hardware": {"physicalMemory": machine}});
        let of = |all: &[Value]| Memory::of(&json!({"taskmanagers": all}));
        assert_eq!(of(&[one(3, 9), one(4, 8)]), Some(Memory { each: 4, machine: 9 }));
        // Flink says so where it does not know it.
        assert_eq!(of(&[one(3, -1)]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn who_makes_slots() {
        #[track_caller]
        fn check(key: &str, value: &str, expected: Provision) {
            let of = |asked: &str| (asked == key).then(|| value.to_owned());
            assert_eq!(Provision::of(of), expected);
        }
        let native = Provision { on_demand: true, ..FIXED };
        check("execution.target", "kubernetes-session", native);
        check("kubernetes.internal.jobmanager.entrypoint.class", "a.B", native);
        check("execution.target", "remote", FIXED);
        check("slotmanager.number-of-slots.max", "4", Provision { most: Some(4), ..FIXED });
        let adaptive = Provision { adaptive: true, ..FIXED };
        check("jobmanager.scheduler", "Adaptive", adaptive);
        check("scheduler-mode", "REACTIVE", adaptive);
    }
}
