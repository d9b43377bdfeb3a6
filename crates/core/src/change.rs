//! What a new `up` changes in a session that runs, what restarts for it, and what that does to jobs.

mod parts;
mod processes;

use std::collections::BTreeMap;

pub use parts::{Object, ObjectAction};
pub use processes::{ProcessShape, is_secret_variable, lasting};

use crate::words::change as words;
use nutkin_flink::process::Role;
use nutkin_flink::{FlinkVersion, options};

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
    /// Digests of the files that the user brings, by path: those of `logConfiguration`.
    pub files: BTreeMap<String, String>,
    /// All processes by name.
    pub processes: BTreeMap<String, ProcessShape>,
}

/// One difference. Values of sensitive options are masked by who made the shapes' `sensitive`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Option key, or `flinkVersion`, `jobManager.replicas`, `taskManager.replicas`, the path of a file, `java`,
    /// `environment NAME`, `JobManager arguments`.
    pub what: String,
    /// The value there is; `None`: not set.
    pub old: Option<String>,
    /// The value there will be; `None`: no longer set.
    pub new: Option<String>,
}

impl Difference {
    /// `~ key: old -> new`, `+ key: new`, `- key: old`; `~ key` where neither value is to be shown.
    pub fn line(&self) -> String {
        let what = &self.what;
        match (&self.old, &self.new) {
            (None, Some(new)) => format!("+ {what}: {new}"),
            (Some(old), None) => format!("- {what}: {old}"),
            (None, None) => format!("~ {what}"),
            (Some(old), Some(new)) => format!("~ {what}: {old} -> {new}"),
        }
    }
}

/// What an `up` would do to a session that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessChange {
    /// All differences, fields first, then options in order.
    pub differences: Vec<Difference>,
    /// All JobManagers restart.
    pub restarts_job_managers: bool,
    /// All TaskManagers restart.
    pub restarts_task_managers: bool,
    /// The ZooKeeper that Nutkin brings along restarts, or ends.
    pub restarts_zookeeper: bool,
    /// TaskManagers that are added (positive) or ended (negative).
    pub task_managers: i64,
}

/// What a change does to jobs that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Effect {
    /// Nothing.
    #[default]
    None,
    /// Jobs fail over: they go on from their last checkpoint, if they have one.
    Restart,
    /// Jobs are lost.
    Loss,
}

/// Whether what high availability keeps of one release brings jobs back in another one: only within a release line. What is
/// kept of a job are Java objects of Flink's own (`JobGraph` to 1.20, `ExecutionPlan` from 2.0: `DefaultJobGraphStore`), and a
/// JobManager of another line that cannot read them starts without the job. A release that is not known counts as the same.
pub fn is_recovered_in(old: &str, new: &str) -> bool {
    let line =
        |text: &str| text.parse().ok().map(|version: FlinkVersion| (version.major, version.minor));
    match (line(old), line(new)) {
        (Some(old), Some(new)) => old == new,
        _ => true,
    }
}

impl ProcessChange {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// What it does to jobs that run, given whether high availability holds before and after.
    pub fn effect(&self, old: &Shape, new: &Shape) -> Effect {
        if self.restarts_job_managers {
            // Jobs are recovered only from what the old session wrote and the new one looks at.
            let is_available = old.high_availability && new.high_availability;
            let is_recovered =
                is_available && is_recovered_in(&old.flink_version, &new.flink_version);
            return if is_recovered { Effect::Restart } else { Effect::Loss };
        }
        // JobManagers without their ZooKeeper suspend their jobs, and recover them when it is back.
        if self.restarts_task_managers || self.restarts_zookeeper || self.task_managers < 0 {
            Effect::Restart
        } else {
            Effect::None
        }
    }
}

/// Compares two shapes. `sensitive` says whose values are not shown.
///
/// A process restarts when anything differs that it is started with or reads at its start: then the supervisor
/// replaces it. What is shown are causes: an argument that follows from a changed option is not told again.
pub fn compare(old: &Shape, new: &Shape, sensitive: impl Fn(&str) -> bool) -> ProcessChange {
    let mut change = ProcessChange {
        task_managers: i64::from(new.task_managers) - i64::from(old.task_managers),
        ..ProcessChange::default()
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
    let mut explained =
        Explained { job_managers: version, task_managers: version, release: version };
    let mut keys: Vec<_> = old.options.keys().chain(new.options.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (before, after) = (old.options.get(key), new.options.get(key));
        if before == after || version && is_renamed(key, [&old.options, &new.options]) {
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
        explained.add(readers(key));
    }
    let mut paths: Vec<_> = old.files.keys().chain(new.files.keys()).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let (before, after) = (old.files.get(path), new.files.get(path));
        if before != after {
            let shown = |digest: Option<&String>| digest.map(|digest| words::content(digest));
            let (old, new) = (shown(before), shown(after));
            change.differences.push(Difference { what: path.clone(), old, new });
            explained.add((true, true));
        }
    }
    processes::compare(old, new, &explained, sensitive, &mut change);
    change
}

/// Whether one of the two releases calls the option otherwise, and its value is the same.
fn is_renamed(key: &str, [old, new]: [&BTreeMap<String, String>; 2]) -> bool {
    let is_in = |(has, others): (&BTreeMap<String, String>, &BTreeMap<String, String>)| {
        let Some(value) = has.get(key).filter(|_| !others.contains_key(key)) else { return false };
        let is_it = |one: &String| one != key && newest(one) == newest(key);
        let mut all = others.iter().filter(|(one, _)| !has.contains_key(*one));
        all.any(|(one, other)| is_it(one) && other == value)
    };
    [(old, new), (new, old)].into_iter().any(is_in)
}

/// What the newest release that knows an option calls it.
fn newest(key: &str) -> &str {
    options::newest_spelling(key).unwrap_or(key)
}

/// Roles whose processes differ for a reason that was told.
#[derive(Debug, Default)]
struct Explained {
    job_managers: bool,
    task_managers: bool,
    /// Another release: its own directory, and its own ZooKeeper.
    release: bool,
}

impl Explained {
    fn add(&mut self, (job_managers, task_managers): (bool, bool)) {
        self.job_managers |= job_managers;
        self.task_managers |= task_managers;
    }

    fn has(&self, role: Role) -> bool {
        match role {
            Role::JobManager => self.job_managers,
            Role::TaskManager => self.task_managers,
            Role::ZooKeeper => self.release,
        }
    }
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

    /// A session whose processes read what [`readers`] says.
    fn shape(task_managers: u32, options: &[(&str, &str)]) -> Shape {
        let options: BTreeMap<String, String> =
            options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let process = |role| {
            let reads = |key: &str| match role {
                Role::JobManager => readers(key).0,
                _ => readers(key).1,
            };
            let inputs = options.iter().filter(|(key, _)| reads(key));
            ProcessShape {
                role,
                program: "/java/bin/java".to_owned(),
                arguments: ["-Xmx1g", "-classpath", "/flink/a.jar:/flink/b.jar", "Main"]
                    .map(str::to_owned)
                    .to_vec(),
                environment: BTreeMap::new(),
                inputs: inputs.map(|(key, value)| format!("{key}={value};")).collect(),
            }
        };
        let mut processes = BTreeMap::from([("jobmanager".to_owned(), process(Role::JobManager))]);
        for index in 1..=task_managers {
            processes.insert(format!("taskmanager-{index}"), process(Role::TaskManager));
        }
        Shape {
            flink_version: "1.20.5".to_owned(),
            job_managers: 1,
            task_managers,
            options,
            high_availability: false,
            files: BTreeMap::new(),
            processes,
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
    fn the_directory_of_another_release_is_not_told() {
        let of = |version: &str| {
            let role = Role::ZooKeeper;
            let home = format!("/dist/flink-{version}");
            let process = ProcessShape {
                role,
                program: "java".to_owned(),
                arguments: vec!["-classpath".to_owned(), format!("{home}/lib/a.jar")],
                environment: BTreeMap::from([("FLINK_HOME".to_owned(), home)]),
                inputs: String::new(),
            };
            let processes = BTreeMap::from([("zookeeper".to_owned(), process)]);
            Shape { flink_version: version.to_owned(), processes, ..Shape::default() }
        };
        let lines = |old: &Shape, new: &Shape| -> Vec<String> {
            let change = compare(old, new, |_| false);
            assert!(change.restarts_zookeeper);
            change.differences.iter().map(|one| one.what.clone()).collect()
        };
        let (old, new) = (of("1.20.5"), of("2.3.0"));
        assert_eq!(lines(&old, &new), ["flinkVersion"]);
        // The control: somebody has moved the same release.
        let moved = Shape { flink_version: "1.20.5".to_owned(), ..new };
        assert_eq!(lines(&old, &moved), ["environment FLINK_HOME", "ZooKeeper arguments"]);
    }

    #[test]
    fn an_option_that_another_release_calls_otherwise_is_no_change() {
        let of = |version: &str, key: &str, value: &str| Shape {
            flink_version: version.to_owned(),
            ..shape(1, &[(key, value)])
        };
        let old = of("1.20.5", "state.checkpoints.dir", "file:///c");
        let new = of("2.3.0", "execution.checkpointing.dir", "file:///c");
        let version = "flinkVersion: 1.20.5 -> 2.3.0";
        check(&old, &new, &[version], (true, true), Effect::Loss);
        // The controls: another value, and the same release.
        let elsewhere = of("2.3.0", "execution.checkpointing.dir", "file:///d");
        let both = [
            version,
            "execution.checkpointing.dir: - -> file:///d",
            "state.checkpoints.dir: file:///c -> -",
        ];
        check(&old, &elsewhere, &both, (true, true), Effect::Loss);
        let same = of("1.20.5", "execution.checkpointing.dir", "file:///c");
        let keys = [
            "execution.checkpointing.dir: - -> file:///c",
            "state.checkpoints.dir: file:///c -> -",
        ];
        check(&old, &same, &keys, (true, true), Effect::Loss);
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

    #[test]
    fn high_availability_brings_no_job_into_another_release_line() {
        #[track_caller]
        fn check_release(old: &str, new: &str, effect: Effect) {
            let release = |version: &str| Shape {
                flink_version: version.to_owned(),
                high_availability: true,
                ..shape(1, &[])
            };
            let alter = |mut shape: Shape| {
                for process in shape.processes.values_mut() {
                    process.program = format!("/{}/java", shape.flink_version);
                }
                shape
            };
            let (old, new) = (alter(release(old)), alter(release(new)));
            let change = compare(&old, &new, |_| false);
            assert_eq!(change.effect(&old, &new), effect);
        }
        check_release("1.20.5", "2.3.0", Effect::Loss);
        check_release("1.19.3", "1.20.5", Effect::Loss);
        // The control: a patch release, and a release that is not known.
        check_release("1.20.4", "1.20.5", Effect::Restart);
        check_release("", "1.20.5", Effect::Restart);
    }

    /// One change to a session of one TaskManager.
    #[track_caller]
    fn check_one(
        alter: impl Fn(&mut Shape),
        differences: &[&str],
        restarts: (bool, bool),
        effect: Effect,
    ) {
        let old = shape(1, &[]);
        let mut new = old.clone();
        alter(&mut new);
        check(&old, &new, differences, restarts, effect);
    }

    fn each(shape: &mut Shape, alter: impl Fn(&mut ProcessShape)) {
        shape.processes.values_mut().for_each(alter);
    }

    #[test]
    fn a_file_of_the_user() {
        check_one(
            |new| {
                new.files.insert("conf/log4j.properties".to_owned(), "1234".to_owned());
                each(new, |one| one.inputs.push('x'));
            },
            &["conf/log4j.properties: - -> content 1234"],
            (true, true),
            Effect::Loss,
        );
    }

    #[test]
    fn another_java() {
        check_one(
            |new| each(new, |one| one.program = "/other/bin/java".to_owned()),
            &["java: /java/bin/java -> /other/bin/java"],
            (true, true),
            Effect::Loss,
        );
    }

    #[test]
    fn a_jar_and_a_flag_of_one_role() {
        check_one(
            |new| {
                let one = new.processes.get_mut("taskmanager-1").unwrap();
                one.arguments[0] = "-Dpassword=x".to_owned();
                one.arguments[2] = "/flink/a.jar:/flink/c.jar".to_owned();
            },
            &["TaskManager arguments: -Xmx1g /flink/b.jar -> -Dpassword=****** /flink/c.jar"],
            (false, true),
            Effect::Restart,
        );
    }

    #[test]
    fn arguments_that_follow_from_an_option_are_not_told() {
        check_one(
            |new| {
                *new = shape(1, &[("taskmanager.x", "1")]);
                new.processes.get_mut("taskmanager-1").unwrap().arguments[0].push('0');
            },
            &["taskmanager.x: - -> 1"],
            (false, true),
            Effect::Restart,
        );
    }

    #[test]
    fn variables() {
        let set = |name: &'static str| {
            move |new: &mut Shape| {
                each(new, |one| _ = one.environment.insert(name.to_owned(), "1".to_owned()));
            }
        };
        let (both, loss) = ((true, true), Effect::Loss);
        check_one(set("HADOOP_CONF_DIR"), &["environment HADOOP_CONF_DIR: - -> 1"], both, loss);
        let secret = "environment AWS_SECRET_ACCESS_KEY: - -> ******";
        check_one(set("AWS_SECRET_ACCESS_KEY"), &[secret], both, loss);
    }

    #[test]
    fn what_is_incidental_is_no_change() {
        let old = shape(1, &[]);
        let mut new = old.clone();
        each(&mut new, |one| {
            one.environment.insert("PATH".to_owned(), "/elsewhere".to_owned());
            one.arguments.insert(0, "-XX:SharedArchiveFile=/a.jsa".to_owned());
            one.arguments.insert(1, "-Xshare:auto".to_owned());
        });
        let change = compare(&old, &new, |_| false);
        assert_eq!(change, ProcessChange::default());
    }

    #[test]
    fn a_job_manager_of_another_name_and_a_zookeeper_that_goes() {
        let mut old = shape(1, &[]);
        let mut new = old.clone();
        (old.high_availability, new.high_availability) = (true, true);
        let process = new.processes.remove("jobmanager").unwrap();
        old.processes.insert(
            "zookeeper".to_owned(),
            ProcessShape { role: Role::ZooKeeper, ..process.clone() },
        );
        new.processes.insert("jobmanager-1".to_owned(), process);
        new.job_managers = 2;
        let change = compare(&old, &new, |_| false);
        assert!(change.restarts_job_managers && change.restarts_zookeeper);
        assert!(!change.restarts_task_managers);
        assert_eq!(change.effect(&old, &new), Effect::Restart);
    }
}
