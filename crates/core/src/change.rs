//! What a new `up` changes in a session that runs, what restarts for it, and what that does to jobs.

use std::collections::BTreeMap;

/// A session as it was started or shall be, reduced to what a change can be seen in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// The Flink release.
    pub flink_version: String,
    /// Number of JobManagers.
    pub job_managers: u32,
    /// Number of TaskManagers.
    pub task_managers: u32,
    /// All options.
    pub options: BTreeMap<String, String>,
    /// Whether a lost JobManager's jobs are recovered.
    pub high_availability: bool,
}

/// One difference. Values of sensitive options are masked by who made the shapes' `sensitive`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Option key, or `flinkVersion`, `jobManager.replicas`, `taskManager.replicas`.
    pub what: String,
    /// The value there is; `None`: not set.
    pub old: Option<String>,
    /// The value there will be; `None`: no longer set.
    pub new: Option<String>,
}

/// What an `up` would do to a session that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// All differences, fields first, then options in order.
    pub differences: Vec<Difference>,
    /// All JobManagers restart.
    pub restarts_job_managers: bool,
    /// All TaskManagers restart.
    pub restarts_task_managers: bool,
    /// TaskManagers that are added (positive) or ended (negative).
    pub task_managers: i64,
}

/// What a change does to jobs that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing.
    None,
    /// Jobs fail over: they go on from their last checkpoint, if they have one.
    Restart,
    /// Jobs are lost.
    Loss,
}

impl Change {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// What it does to jobs that run, given whether high availability holds before and after.
    pub fn effect(&self, old: &Shape, new: &Shape) -> Effect {
        if self.restarts_job_managers {
            // Jobs are recovered only from what the old session wrote and the new one looks at.
            return if old.high_availability && new.high_availability {
                Effect::Restart
            } else {
                Effect::Loss
            };
        }
        if self.restarts_task_managers || self.task_managers < 0 {
            Effect::Restart
        } else {
            Effect::None
        }
    }
}

/// Compares two shapes. `sensitive` says whose values are not shown.
///
/// Flink reads its configuration once, at the start of each process: an option of one role restarts that
/// role, every other one both.
pub fn compare(old: &Shape, new: &Shape, sensitive: impl Fn(&str) -> bool) -> Change {
    let mut change = Change {
        task_managers: i64::from(new.task_managers) - i64::from(old.task_managers),
        ..Change::default()
    };
    let mut field = |what: &str, old: String, new: String| {
        let differs = old != new;
        if differs {
            let (old, new) = (Some(old), Some(new));
            change.differences.push(Difference { what: what.to_owned(), old, new });
        }
        differs
    };
    let version = field("flinkVersion", old.flink_version.clone(), new.flink_version.clone());
    field("jobManager.replicas", old.job_managers.to_string(), new.job_managers.to_string());
    field("taskManager.replicas", old.task_managers.to_string(), new.task_managers.to_string());
    change.restarts_job_managers = version;
    change.restarts_task_managers = version;
    let mut keys: Vec<_> = old.options.keys().chain(new.options.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (before, after) = (old.options.get(key), new.options.get(key));
        if before == after {
            continue;
        }
        let shown = |value: Option<&String>| {
            value.map(|text| if sensitive(key) { "******".to_owned() } else { text.clone() })
        };
        change.differences.push(Difference {
            what: key.clone(),
            old: shown(before),
            new: shown(after),
        });
        let (job_managers, task_managers) = readers(key);
        change.restarts_job_managers |= job_managers;
        change.restarts_task_managers |= task_managers;
    }
    change
}

/// Whether JobManagers and TaskManagers read an option.
pub fn readers(key: &str) -> (bool, bool) {
    // `jobmanager.rpc.*` is how TaskManagers find the JobManager.
    let job_manager_only = ["jobmanager.memory.", "jobmanager.execution.", "rest.", "web."];
    if job_manager_only.iter().any(|prefix| key.starts_with(prefix)) {
        return (true, false);
    }
    // The number of slots is also read by the JobManager's slot manager.
    if key.starts_with("taskmanager.") && key != "taskmanager.numberOfTaskSlots" {
        return (false, true);
    }
    (true, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(task_managers: u32, options: &[(&str, &str)]) -> Shape {
        Shape {
            flink_version: "1.20.5".to_owned(),
            job_managers: 1,
            task_managers,
            options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            high_availability: false,
        }
    }

    #[track_caller]
    fn check(
        old: &Shape,
        new: &Shape,
        differences: &[&str],
        restarts: (bool, bool),
        effect: Effect,
    ) {
        let change = compare(old, new, |key| key.contains("password"));
        let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let found: Vec<_> = change
            .differences
            .iter()
            .map(|one| format!("{}: {} -> {}", one.what, show(&one.old), show(&one.new)))
            .collect();
        assert_eq!(found, differences);
        assert_eq!((change.restarts_job_managers, change.restarts_task_managers), restarts);
        assert_eq!(change.effect(old, new), effect);
        assert_eq!(change.is_empty(), old == new);
    }

    #[test]
    fn changes() {
        let old = shape(1, &[("a.b", "1"), ("rest.x", "1")]);
        check(&old, &old, &[], (false, false), Effect::None);
        check(
            &old,
            &shape(2, &[("a.b", "1"), ("rest.x", "1")]),
            &["taskManager.replicas: 1 -> 2"],
            (false, false),
            Effect::None,
        );
        check(
            &shape(2, &[]),
            &shape(1, &[]),
            &["taskManager.replicas: 2 -> 1"],
            (false, false),
            Effect::Restart,
        );
        check(
            &old,
            &shape(1, &[("a.b", "1"), ("taskmanager.y", "2"), ("rest.x", "1")]),
            &["taskmanager.y: - -> 2"],
            (false, true),
            Effect::Restart,
        );
        check(
            &old,
            &shape(1, &[("a.b", "1"), ("rest.x", "2")]),
            &["rest.x: 1 -> 2"],
            (true, false),
            Effect::Loss,
        );
        check(&old, &shape(1, &[("rest.x", "1")]), &["a.b: 1 -> -"], (true, true), Effect::Loss);
    }

    #[test]
    fn secrets_are_not_shown() {
        let old = shape(1, &[("s3.password", "old")]);
        let new = shape(1, &[("s3.password", "new")]);
        check(&old, &new, &["s3.password: ****** -> ******"], (true, true), Effect::Loss);
    }

    #[test]
    fn with_high_availability_jobs_go_on() {
        let mut old = shape(1, &[]);
        let mut new = shape(1, &[("a", "1")]);
        (old.high_availability, new.high_availability) = (true, true);
        check(&old, &new, &["a: - -> 1"], (true, true), Effect::Restart);
        new.high_availability = false;
        check(&old, &new, &["a: - -> 1"], (true, true), Effect::Loss);
    }
}
