//! What the planner must know of this machine, observed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nutkin_core::plan::process::{self, Machine, Process};
use nutkin_core::session::Session;
use sha2::{Digest, Sha256};

use super::directory::SessionDirectory;
use super::launch::{Definition, Role};
use super::ports::{Ports, rest_name};
use nutkin_fetch::dist::Distribution;
use nutkin_fetch::extras::Extras;
use nutkin_shell::Environment;
use nutkin_shell::token::hex;

/// Variables that the JVMs inherit. Everything else of the user's shell stays out: a session must not
/// depend on the terminal from which it was started, nor keep its secrets.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "HADOOP_CLASSPATH",
    "HADOOP_CONF_DIR",
    "YARN_CONF_DIR",
    "HBASE_CONF_DIR",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "GOOGLE_APPLICATION_CREDENTIALS",
];

/// Files that hold the options.
const CONFIGURATIONS: [&str; 2] = ["conf/config.yaml", "conf/flink-conf.yaml"];
/// The file of the ZooKeeper that Nutkin brings along.
const ZOOKEEPER_FILE: &str = "conf/zoo.cfg";

/// Puts together what the planner needs.
pub fn observe(
    session: &Session,
    directory: &SessionDirectory,
    ports: &Ports,
    distribution: &Distribution,
    extras: Extras,
    java: (PathBuf, u8),
    environment: &Environment,
) -> Machine {
    let job_managers = session.job_managers();
    let inherited: BTreeMap<String, String> = INHERITED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), environment.text(name)?.to_owned())))
        .collect();
    Machine {
        flink_home: distribution.home.display().to_string(),
        lib: distribution.jars(),
        extra_libs: extras.libs,
        plugins: extras.plugins.display().to_string(),
        plugin_jars: extras.plugin_jars,
        java_home: java.0.display().to_string(),
        java_major: java.1,
        directory: directory.path().display().to_string(),
        data: directory.data().display().to_string(),
        rest_ports: (1..=job_managers).filter_map(|i| ports.get(&rest_name(i)).copied()).collect(),
        rpc_port: ports.get("rpc").copied().unwrap_or_default(),
        zookeeper_port: ports.get("zookeeper").copied(),
        archives: process::Archives::default(),
        environment: inherited,
    }
}

/// The planned process as an order for the supervisor.
pub fn definition(planned: Process, directory: &SessionDirectory, plan: &Inputs<'_>) -> Definition {
    let role = planned.role;
    Definition {
        name: planned.name,
        role,
        program: planned.program.into(),
        arguments: planned.arguments,
        environment: planned.environment,
        directory: directory.path().to_owned(),
        out: directory.join(&planned.out),
        log: directory.join(&planned.log),
        inputs: plan.digest(role),
    }
}

/// What processes read at their start.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// All options.
    pub options: &'a BTreeMap<String, String>,
    /// All files.
    pub files: &'a BTreeMap<String, String>,
}

impl Inputs<'_> {
    /// A digest of what one role reads: a change of anything else does not restart it.
    fn digest(&self, role: Role) -> String {
        let mut hash = Sha256::new();
        for (key, value) in self.options {
            let (job_manager, task_manager) = nutkin_core::change::readers(key);
            let reads = match role {
                Role::JobManager => job_manager,
                Role::TaskManager => task_manager,
                Role::ZooKeeper => false,
            };
            if reads {
                hash.update(format!("{key}\0{value}\0"));
            }
        }
        for (name, text) in self.files {
            let is_zookeeper = name == ZOOKEEPER_FILE;
            if !CONFIGURATIONS.contains(&name.as_str()) && is_zookeeper == (role == Role::ZooKeeper)
            {
                hash.update(format!("{name}\0{text}\0"));
            }
        }
        hex(&hash.finalize()[..8])
    }

    /// Digests of the files that are not made of options.
    pub fn file_digests(&self) -> BTreeMap<String, String> {
        let made = |name: &str| CONFIGURATIONS.contains(&name) || name == ZOOKEEPER_FILE;
        let brought = self.files.iter().filter(|(name, _)| !made(name));
        let digest = |text: &str| hex(&Sha256::digest(text.as_bytes())[..4]);
        brought.map(|(name, text)| (name.clone(), digest(text))).collect()
    }
}
