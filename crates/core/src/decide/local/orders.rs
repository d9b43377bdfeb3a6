//! What the supervisor of a session is told: `launch.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::ports::Ports;
use crate::change::{self, Shape};
use crate::plan::process::{Process, Processes};
use crate::session::Session;
use nutkin_flink::digest;
use nutkin_flink::is_highly_available;
use nutkin_flink::process::Role;

/// Files that hold the options.
const CONFIGURATIONS: [&str; 2] = ["conf/config.yaml", "conf/flink-conf.yaml"];
/// The file of the ZooKeeper that Nutkin brings along.
const ZOOKEEPER_FILE: &str = "conf/zoo.cfg";
/// Hex digits of the digest of a file that is shown to people.
const SHOWN: usize = 8;

/// The supervisor's orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    /// Grows with every change; what the supervisor says it follows is compared with it.
    pub generation: u64,
    /// The session's token: every process of the session carries it.
    pub token: String,
    /// The Flink release.
    pub flink_version: String,
    /// REST addresses, one for each JobManager: `http://127.0.0.1:8081`.
    pub rest_urls: Vec<String>,
    /// The ports that the session holds, by what they are for. They stay the same for its whole life:
    /// a JobManager that comes back is looked for where it was.
    pub ports: Ports,
    /// All options as Flink gets them, secrets included, for the next decision to compare with.
    pub options: BTreeMap<String, String>,
    /// Digests of the files that the user brings (`logConfiguration`), by path, for the same purpose.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Whether the jobs of a JobManager that is lost go on from their checkpoints: only where nothing else brings them back.
    #[serde(default)]
    pub recovers: bool,
    /// What shall run.
    pub processes: Vec<Definition>,
}

/// One process that shall run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// `jobmanager`, `taskmanager-1`: unique in the session.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment, without Nutkin's own variables.
    pub environment: BTreeMap<String, String>,
    /// Its working directory.
    pub directory: PathBuf,
    /// Where stdout and stderr go.
    pub out: PathBuf,
    /// Where it writes its own log.
    #[serde(default)]
    pub log: PathBuf,
    /// Digest of the files it reads at start: another one means another process.
    pub inputs: String,
}

impl Definition {
    /// A short digest of everything in it.
    pub fn fingerprint(&self) -> String {
        digest::short(serde_json::to_string(self).unwrap_or_default())
    }

    /// What is compared.
    pub fn shape(&self) -> change::ProcessShape {
        change::ProcessShape {
            role: self.role,
            program: self.program.display().to_string(),
            arguments: self.arguments.clone(),
            environment: self.environment.clone(),
            inputs: self.inputs.clone(),
        }
    }
}

impl Launch {
    /// Orders for a planned session, and the files that its processes read.
    pub(super) fn new(
        session: &Session,
        planned: Processes,
        directory: &str,
        ports: Ports,
        token: String,
        generation: u64,
    ) -> (Self, BTreeMap<String, String>) {
        let Processes { files, processes, rest_urls, options, open: _ } = planned;
        let inputs = Inputs { options: &options, files: &files };
        let digests = inputs.file_digests();
        let processes =
            processes.into_iter().map(|one| inputs.definition(one, directory)).collect();
        let launch = Self {
            generation,
            token,
            flink_version: session.flink.to_string(),
            rest_urls,
            ports,
            options,
            files: digests,
            recovers: session.recovers(),
            processes,
        };
        (launch, files)
    }

    /// What another start or change of the session has differently.
    pub fn identity(&self) -> (&str, u64) {
        (&self.token, self.generation)
    }

    /// Number of processes of a role.
    pub fn count(&self, role: Role) -> u32 {
        let count = self.processes.iter().filter(|one| one.role == role).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// What a change can be seen in.
    pub(super) fn shape(&self) -> Shape {
        let configuration = self.options.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        Shape {
            flink_version: self.flink_version.clone(),
            job_managers: self.count(Role::JobManager),
            task_managers: self.count(Role::TaskManager),
            options: self.options.clone(),
            high_availability: is_highly_available(&configuration),
            files: self.files.clone(),
            processes: self.processes.iter().map(|one| (one.name.clone(), one.shape())).collect(),
        }
    }

    /// A process that lives keeps its orders where the new ones differ in nothing that matters: it must not be
    /// restarted because this command comes from another terminal, or because there are class data archives by now.
    pub(super) fn keep_what_serves(&mut self, old: &Self, lives: impl Fn(&str) -> bool) {
        for definition in &mut self.processes {
            let before = old.processes.iter().find(|one| one.name == definition.name);
            if let Some(before) = before
                && lives(&before.name)
                && before.shape().serves_for(&definition.shape())
            {
                definition.clone_from(before);
            }
        }
        // The same orders again are not new ones: nobody need follow them a second time.
        if (Self { generation: old.generation, ..self.clone() }) == *old {
            self.generation = old.generation;
        }
    }
}

/// What processes read at their start.
#[derive(Debug, Clone, Copy)]
struct Inputs<'a> {
    options: &'a BTreeMap<String, String>,
    files: &'a BTreeMap<String, String>,
}

impl Inputs<'_> {
    /// The planned process as an order.
    fn definition(&self, planned: Process, directory: &str) -> Definition {
        let below = |path: &str| PathBuf::from(directory).join(path);
        Definition {
            name: planned.name,
            role: planned.role,
            program: planned.program.into(),
            arguments: planned.arguments,
            environment: planned.environment,
            directory: directory.into(),
            out: below(&planned.out),
            log: below(&planned.log),
            inputs: self.digest(planned.role),
        }
    }

    /// A digest of what one role reads: a change of anything else does not restart it.
    fn digest(&self, role: Role) -> String {
        let mut hash = Sha256::new();
        for (key, value) in self.options {
            let (job_manager, task_manager) = change::readers(key);
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
        digest::short_of(&hash.finalize())
    }

    /// Digests of the files that are not made of options.
    fn file_digests(&self) -> BTreeMap<String, String> {
        let made = |name: &str| CONFIGURATIONS.contains(&name) || name == ZOOKEEPER_FILE;
        let brought = self.files.iter().filter(|(name, _)| !made(name));
        let shown = |text: &str| digest::short(text).chars().take(SHOWN).collect();
        brought.map(|(name, text)| (name.clone(), shown(text))).collect()
    }
}
