//! A session as containers of a Docker daemon: one network, one volume for what outlives containers, JobManagers,
//! TaskManagers and, for high availability, a ZooKeeper.
//!
//! Containers run the entry point of their image (`jobmanager`, `taskmanager`), ours or the official one: what
//! differs between the two is in [`DaemonImage`].

mod compose;
mod configuration;
mod reach;
mod steps;
mod template;

use std::collections::BTreeMap;

pub use compose::{
    HEALTH_SECONDS, LOG_LIMITS, START_SECONDS, TO_BECOME_ANOTHER, compose, protections,
};
pub use reach::{asked_ports, unreachable};
pub use steps::{SeenContainer, Steps, steps};
pub use template::{ContainerMount, MountSource};

use self::template::Template;
use crate::change::{Shape, readers};
use crate::jars;
use crate::session::Session;
use nutkin_flink::Problem;
use nutkin_flink::digest;
use nutkin_flink::is_highly_available;
use nutkin_flink::memory::{self, LegacyHeap, MemoryInput};
use nutkin_flink::options;
use nutkin_flink::process::Role;

/// Label of everything that belongs to a session: its name. What does not carry it is not ours.
pub const SESSION: &str = "nutkin.dev/session";
/// Label of containers: the name below the session, `jobmanager`.
pub const NAME: &str = "nutkin.dev/name";
/// Label of containers: `JobManager`, `TaskManager`, `ZooKeeper`.
pub const ROLE: &str = "nutkin.dev/role";
/// Label of containers: hash of all that they were made of.
pub const HASH: &str = "nutkin.dev/spec-hash";
/// Label of containers: the Flink release.
pub const FLINK: &str = "nutkin.dev/flink-version";
/// Label of containers: options as JSON, those that are secret as a digest.
pub const OPTIONS: &str = "nutkin.dev/options";

/// Label of containers: jars and plugins that the session adds, as a JSON list of paths below `FLINK_HOME`.
pub const EXTRAS: &str = "nutkin.dev/extras";

/// Label of containers: digests of the files that the user brings (logging, jars, plugins), as JSON by path.
pub const FILES: &str = "nutkin.dev/files";

/// Option: whether containers run without the privileges that Flink does not need.
const HARDENED: &str = "nutkin.docker.hardened";

/// Label of JobManagers: the port on which REST is published, where no option says it.
pub const PUBLISHED: &str = "nutkin.dev/published";

/// The name of a container that is made and does not run yet, while the old one of its name does.
pub fn next_name(name: &str) -> String {
    format!("{name}-next")
}

/// The name of a container that was stopped for a new one, until that one serves.
pub fn old_name(name: &str) -> String {
    format!("{name}-old")
}

/// Option: where REST is published.
pub const PUBLISH: &str = "nutkin.docker.publish";

/// Where REST is published unless told otherwise: whoever reaches it may run code.
pub const LOOPBACK: &str = "127.0.0.1";
/// Flink's REST port, inside and outside unless told otherwise.
pub const REST_PORT: u16 = 8081;
/// The port that TaskManagers take for RPC, so that their health can be seen.
pub const TASK_MANAGER_PORT: u16 = 6122;
/// ZooKeeper's.
pub const ZOOKEEPER_PORT: u16 = 2181;
/// Memory of the ZooKeeper container: twice the heap that it gets.
const ZOOKEEPER_MEMORY: u64 = 256 << 20;

/// What the shell found out about the daemon's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonImage {
    /// The image.
    pub image: String,
    /// Its `FLINK_HOME`.
    pub flink_home: String,
    /// How a container sees whether a port of its own answers.
    pub probe: HealthCheck,
    /// Jars and plugins that the user adds: path below `FLINK_HOME`, digest of the content.
    pub extras: BTreeMap<String, String>,
    /// The port on which REST is published unless an option says it; `None`: the usual one.
    pub port: Option<u16>,
}

/// How health is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthCheck {
    /// Our binary is in the image.
    Nutkin,
    /// The official image has bash, and no curl.
    Bash,
}

/// Everything that the session is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Containers {
    /// The session's name.
    pub session: String,
    /// Name of the network.
    pub network: String,
    /// Name of the volume.
    pub volume: String,
    /// Where the volume is mounted.
    pub data: String,
    /// Containers, those that others wait for first.
    pub containers: Vec<Container>,
    /// Files below `FLINK_HOME/conf` of all containers.
    pub files: BTreeMap<String, String>,
    /// What a change is seen in.
    pub shape: Shape,
    /// What of the session's pod templates has no effect here.
    pub unused: Vec<String>,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name for the daemon: `nutkin-<session>-jobmanager`.
    pub name: String,
    /// Its name for the other containers, and its hostname: `jobmanager`.
    pub alias: String,
    /// What it is for.
    pub role: Role,
    /// The image.
    pub image: String,
    /// Arguments of the image's entry point.
    pub command: Vec<String>,
    /// Variables.
    pub environment: BTreeMap<String, String>,
    /// Folders and files beside the session's volume.
    pub mounts: Vec<ContainerMount>,
    /// Addresses that it knows beside those of its network: name and address, which may be `host-gateway`.
    pub extra_hosts: Vec<(String, String)>,
    /// Bytes that it may use.
    pub memory: u64,
    /// Thousandths of a CPU; `None`: no limit.
    pub millicpus: Option<u64>,
    /// The command that tells whether it is healthy.
    pub health: Vec<String>,
    /// Where its REST port is published.
    pub published: Option<Published>,
    /// Whether it runs without the privileges that Flink does not need.
    pub hardened: bool,
    /// Hash of all that makes a difference to it.
    pub hash: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// An address of the daemon's host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The address.
    pub address: String,
    /// The port; 0: the daemon chooses.
    pub port: u16,
}

/// Plans the containers of a session.
///
/// # Errors
/// All that is wrong: memory that does not fit, values that a file cannot hold, an address that is none.
pub fn plan(session: &Session, around: &DaemonImage) -> Result<Containers, Vec<Problem>> {
    let data = format!("{}/data", around.flink_home);
    let zookeeper = session.needs_zookeeper();
    let configuration = configuration::effective(session, &data, zookeeper, around.probe);
    let mut problems: Vec<Problem> =
        jars::without_claims(&session.configuration).err().into_iter().collect();
    let input = MemoryInput {
        configuration: &configuration,
        version: session.flink,
        legacy: LegacyHeap::default(),
    };
    let mut keep = |problem: Problem| problems.push(problem);
    let job_memory = memory::job_manager(&input).map_err(&mut keep).map(|memory| memory.process());
    let task_memory =
        memory::task_manager(&input).map_err(&mut keep).map(|memory| memory.process());
    let published = session.configuration.text(PUBLISH);
    let by_default = || Published { port: around.port.unwrap_or(REST_PORT), ..default_published() };
    let published = published.as_deref().map_or_else(|| Ok(by_default()), read_published);
    let published = published.map_err(&mut keep);
    let job_template = template::read(session, &session.job_manager);
    let task_template = template::read(session, &session.task_manager);
    for found in [&job_template, &task_template] {
        if let Err(all) = found {
            all.iter().cloned().for_each(&mut keep);
        }
    }
    let job_cpus = cpus(session, "kubernetes.jobmanager.cpu.amount", &mut keep);
    let task_cpus = cpus(session, "kubernetes.taskmanager.cpu.amount", &mut keep);
    let (file_name, text) =
        crate::plan::process::configuration::file(&configuration, session.flink, &mut problems);
    let (Ok(job_memory), Ok(task_memory), Ok(published), Ok(job_template), Ok(task_template), true) =
        (job_memory, task_memory, published, job_template, task_template, problems.is_empty())
    else {
        problems.sort();
        problems.dedup();
        return Err(problems);
    };
    let mut unused = job_template.unused.clone();
    unused.extend(
        task_template.unused.iter().filter(|one| !job_template.unused.contains(one)).cloned(),
    );
    let mut files = session.log_configuration.clone();
    files.insert(file_name.to_owned(), text);
    if zookeeper {
        files.insert("zoo.cfg".to_owned(), configuration::zookeeper(&data));
    }
    let shape = shape(session, around, &configuration);
    let maker = Maker { session, around, shape: &shape };

    let mut containers = Vec::new();
    if zookeeper {
        containers.push(maker.zookeeper(&files["zoo.cfg"]));
    }
    let job_managers = session.job_managers();
    for index in 0..job_managers {
        let alias = match job_managers {
            1 => "jobmanager".to_owned(),
            _ => format!("jobmanager-{}", index + 1),
        };
        let offset = u16::try_from(index).unwrap_or_default();
        let port = if published.port == 0 { 0 } else { published.port.saturating_add(offset) };
        let published = Published { address: published.address.clone(), port };
        let size = (job_memory, job_cpus);
        containers.push(maker.job_manager(alias, size, published, &job_template));
    }
    for index in 1..=session.task_manager.replicas.unwrap_or(1) {
        containers.push(maker.task_manager(index, (task_memory, task_cpus), &task_template));
    }
    Ok(Containers {
        session: session.name.clone(),
        network: format!("nutkin-{}", session.name),
        volume: format!("nutkin-{}-data", session.name),
        data,
        containers,
        files,
        shape,
        unused,
    })
}

fn shape(
    session: &Session,
    around: &DaemonImage,
    configuration: &nutkin_flink::Configuration,
) -> Shape {
    let options = configuration.iter().map(|(key, entry)| {
        let text = entry.value.to_string();
        (key.to_owned(), if options::is_sensitive(key) { digest::short(&text) } else { text })
    });
    let mut options: BTreeMap<String, String> = options.collect();
    options.insert("image".to_owned(), around.image.clone());
    let files =
        session.log_configuration.iter().map(|(name, text)| (name.clone(), digest::short(text)));
    let mut files: BTreeMap<String, String> = files.collect();
    files.extend(around.extras.clone());
    Shape {
        flink_version: session.flink.to_string(),
        job_managers: session.job_managers(),
        task_managers: session.task_manager.replicas.unwrap_or(1),
        options,
        high_availability: is_highly_available(configuration),
        files,
        processes: BTreeMap::new(),
    }
}

struct Maker<'a> {
    session: &'a Session,
    around: &'a DaemonImage,
    shape: &'a Shape,
}

impl Maker<'_> {
    fn job_manager(
        &self,
        alias: String,
        (memory, millicpus): (u64, Option<u64>),
        published: Published,
        template: &Template,
    ) -> Container {
        // Both entry points write it into the configuration; each JobManager of several tells its own.
        let mut environment = template.environment.clone();
        environment.extend(self.variables("containerized.master.env."));
        environment.insert("JOB_MANAGER_RPC_ADDRESS".to_owned(), alias.clone());
        let mut container = self.container(alias, Role::JobManager, REST_PORT);
        if let Some(port) = self.around.port {
            container.labels.insert(PUBLISHED.to_owned(), port.to_string());
        }
        Container {
            command: vec!["jobmanager".to_owned()],
            environment,
            mounts: template.mounts.clone(),
            extra_hosts: template.extra_hosts.clone(),
            memory,
            millicpus,
            published: Some(published),
            ..container
        }
        .finished(self.shape, |key| readers(key).0)
    }

    fn task_manager(
        &self,
        index: u32,
        (memory, millicpus): (u64, Option<u64>),
        template: &Template,
    ) -> Container {
        let alias = format!("taskmanager-{index}");
        let job_manager = match self.shape.job_managers {
            1 => "jobmanager",
            _ => "jobmanager-1",
        };
        let mut environment = template.environment.clone();
        environment.extend(self.variables("containerized.taskmanager.env."));
        environment.insert("JOB_MANAGER_RPC_ADDRESS".to_owned(), job_manager.to_owned());
        // The entry point of 1.13 sets one slot unless told otherwise.
        if let Some(slots) = self.shape.options.get("taskmanager.numberOfTaskSlots") {
            environment.insert("TASK_MANAGER_NUMBER_OF_TASK_SLOTS".to_owned(), slots.clone());
        }
        let command = ["taskmanager".to_owned(), format!("-Dtaskmanager.resource-id={alias}")];
        Container {
            command: command.to_vec(),
            environment,
            mounts: template.mounts.clone(),
            extra_hosts: template.extra_hosts.clone(),
            memory,
            millicpus,
            ..self.container(alias, Role::TaskManager, TASK_MANAGER_PORT)
        }
        .finished(self.shape, |key| readers(key).1)
    }

    fn zookeeper(&self, file: &str) -> Container {
        let home = &self.around.flink_home;
        // Without a script: both entry points run what they do not know as it stands.
        let command = [
            "java",
            "-Xmx128m",
            "-classpath",
            &format!("{home}/lib/*"),
            "org.apache.flink.runtime.zookeeper.FlinkZooKeeperQuorumPeer",
            "--zkConfigFile",
            &format!("{home}/conf/zoo.cfg"),
            "--peerId",
            "1",
        ];
        let environment = BTreeMap::from([("NUTKIN_ZOO_CFG".to_owned(), digest::short(file))]);
        Container {
            command: command.map(str::to_owned).to_vec(),
            memory: ZOOKEEPER_MEMORY,
            environment,
            ..self.container("zookeeper".to_owned(), Role::ZooKeeper, ZOOKEEPER_PORT)
        }
        .finished(&Shape::default(), |_| false)
    }

    /// Variables that options give the containers of a role, by the prefix that Flink has for them on other clusters
    /// (`ResourceManagerOptions.CONTAINERIZED_MASTER_ENV_PREFIX` and its neighbour).
    fn variables(&self, prefix: &str) -> BTreeMap<String, String> {
        let all = self.session.configuration.iter().filter_map(|(key, entry)| {
            Some((key.strip_prefix(prefix)?.to_owned(), entry.value.to_string()))
        });
        all.collect()
    }

    fn container(&self, alias: String, role: Role, port: u16) -> Container {
        let health = match self.around.probe {
            HealthCheck::Nutkin => {
                vec!["nutkin".to_owned(), "probe".to_owned(), format!("127.0.0.1:{port}")]
            }
            HealthCheck::Bash => {
                let open = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
                vec!["bash".to_owned(), "-c".to_owned(), open]
            }
        };
        let labels = [
            (SESSION, self.session.name.clone()),
            (NAME, alias.clone()),
            (ROLE, role_name(role).to_owned()),
            (FLINK, self.session.flink.to_string()),
            (OPTIONS, serde_json::json!(self.shape.options).to_string()),
            (EXTRAS, serde_json::json!(self.around.extras.keys().collect::<Vec<_>>()).to_string()),
            (FILES, serde_json::json!(self.shape.files).to_string()),
        ];
        Container {
            name: format!("nutkin-{}-{alias}", self.session.name),
            alias,
            role,
            image: self.around.image.clone(),
            command: Vec::new(),
            environment: BTreeMap::new(),
            mounts: Vec::new(),
            extra_hosts: Vec::new(),
            memory: 0,
            millicpus: None,
            health,
            published: None,
            hardened: !self
                .session
                .configuration
                .text(HARDENED)
                .is_some_and(|text| text.trim().eq_ignore_ascii_case("false")),
            hash: String::new(),
            labels: labels.map(|(key, value)| (key.to_owned(), value)).into(),
        }
    }
}

impl Container {
    /// With the hash over what it is made of, and of the options that its process reads.
    fn finished(mut self, shape: &Shape, reads: impl Fn(&str) -> bool) -> Self {
        let options: BTreeMap<_, _> = shape.options.iter().filter(|(key, _)| reads(key)).collect();
        // Without its own name: all TaskManagers are alike, and one more is a copy of the first.
        let command: Vec<String> =
            self.command.iter().map(|word| word.replace(&self.alias, "")).collect();
        let mut made_of = serde_json::json!([
            self.image,
            command,
            self.environment,
            self.memory,
            self.millicpus,
            self.health,
            self.published.as_ref().map(|one| (&one.address, one.port)),
            options,
            shape.files,
        ]);
        if let (Some(made_of), false) = (made_of.as_array_mut(), self.hardened) {
            made_of.push(serde_json::json!("with all privileges"));
        }
        // Containers of older releases, which knew no mounts, keep their hash.
        if let (Some(made_of), false) = (made_of.as_array_mut(), self.mounts.is_empty()) {
            let mounts =
                self.mounts.iter().map(|one| (&one.target, one.source.name(), one.read_only));
            made_of.push(serde_json::json!(mounts.collect::<Vec<_>>()));
        }
        if let (Some(made_of), false) = (made_of.as_array_mut(), self.extra_hosts.is_empty()) {
            made_of.push(serde_json::json!(self.extra_hosts));
        }
        self.hash = digest::short(made_of.to_string());
        self.labels.insert(HASH.to_owned(), self.hash.clone());
        self
    }
}

/// A role as labels spell it.
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::JobManager => "JobManager",
        Role::TaskManager => "TaskManager",
        Role::ZooKeeper => "ZooKeeper",
    }
}

fn default_published() -> Published {
    Published { address: LOOPBACK.to_owned(), port: REST_PORT }
}

/// Reads `9999`, `127.0.0.1:9999`, `0.0.0.0:9999`, `[::1]:9999`.
fn read_published(text: &str) -> Result<Published, Problem> {
    let problem = || {
        Problem::new(PUBLISH, format!("`{text}` is neither a port nor an address with a port"))
            .hint("9999 publishes on 127.0.0.1; 0.0.0.0:9999 on all addresses, where anybody who reaches it can run code")
    };
    let (address, port) = match text.rsplit_once(':') {
        None => (LOOPBACK, text),
        Some((address, port)) => (address.trim_matches(['[', ']']), port),
    };
    let address: std::net::IpAddr = address.parse().map_err(|_| problem())?;
    let port = port.parse().map_err(|_| problem())?;
    Ok(Published { address: address.to_string(), port })
}

/// `spec.*.resource.cpu`, which is in the option that Flink has for it.
fn cpus(session: &Session, key: &str, keep: &mut impl FnMut(Problem)) -> Option<u64> {
    let text = session.configuration.text(key)?;
    match text.trim().parse::<f64>() {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of CPUs, in thousandths, is far below the bounds"
        )]
        Ok(cpus) if 0.0 < cpus && cpus < 1e6 => Some((cpus * 1000.0).round() as u64),
        _ => {
            keep(Problem::new(key, format!("`{text}` is not a number of CPUs")));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        #[track_caller]
        fn check(text: &str, expected: Option<(&str, u16)>) {
            let actual = read_published(text).ok().map(|one| (one.address, one.port));
            assert_eq!(
                actual,
                expected.map(|(address, port)| (address.to_owned(), port)),
                "{text}"
            );
        }
        check("9999", Some(("127.0.0.1", 9999)));
        check("0.0.0.0:9999", Some(("0.0.0.0", 9999)));
        check("[::1]:0", Some(("::1", 0)));
        check("example.com:1", None);
        check("70000", None);
        check("", None);
    }

    #[test]
    fn faults_that_all_processes_have_are_told_once() {
        let text = "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: a}\nspec:\n  \
            flinkVersion: v1_20\n  podTemplate: {spec: {containers: [{name: flink-main-container, volumeMounts: \
            [{name: a, mountPath: /a}, {name: b, mountPath: /b}]}]}}\n";
        let file = crate::spec::read(text, "session.yaml").unwrap();
        let inputs = crate::spec::Inputs { file: Some(file), ..Default::default() };
        let session = crate::spec::resolve(&inputs).unwrap();
        let around = DaemonImage {
            image: "flink".to_owned(),
            flink_home: "/opt/flink".to_owned(),
            probe: HealthCheck::Bash,
            extras: BTreeMap::new(),
            port: None,
        };
        let problems = plan(&session, &around).unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert_ne!(problems[0], problems[1]);
    }
}
