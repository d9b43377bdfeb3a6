//! A session, validated: the single input of every planner.

use std::borrow::Cow;
use std::collections::BTreeMap;

use nutkin_flink::dialect::Dialect;
use nutkin_flink::{Configuration, FlinkVersion, Problem, options};

/// The option that has jobs go on from their checkpoints when their JobManager is lost.
const RECOVER: &str = "nutkin.jobs.recover";

/// Who creates TaskManagers on Kubernetes: Flink itself, or a workload of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Flink's ResourceManager asks Kubernetes for pods.
    Native,
    /// TaskManagers are a Deployment or StatefulSet.
    Standalone,
}

/// What the user wants to run, with all defaults and precedence applied. Made by `spec` only;
/// has no serialisation of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The session's name: `metadata.name`, on Kubernetes the cluster-id.
    pub name: String,
    /// `metadata.namespace`, where given.
    pub namespace: Option<String>,
    /// The Flink release.
    pub flink: FlinkVersion,
    /// `spec.mode`, where given.
    pub mode: Option<Mode>,
    /// `metadata.labels`: written on every object of the session.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`: the same.
    pub annotations: BTreeMap<String, String>,
    /// All options, precedence applied, each with its origin.
    pub configuration: Configuration,
    /// The Flink configuration directory that the session comes from, where it comes from one.
    pub conf_dir: Option<ConfDir>,
    /// `spec.logConfiguration`: file name to text.
    pub log_configuration: BTreeMap<String, String>,
    /// The JobManager side.
    pub job_manager: RoleSpec,
    /// The TaskManager side.
    pub task_manager: RoleSpec,
    /// `spec.image`.
    pub image: Option<String>,
    /// `spec.imagePullPolicy`.
    pub image_pull_policy: Option<String>,
    /// `spec.serviceAccount`.
    pub service_account: Option<String>,
    /// `spec.podTemplate`, as the user wrote it.
    pub pod_template: Option<serde_json::Value>,
    /// `spec.ingress`, as the user wrote it.
    pub ingress: Option<serde_json::Value>,
    /// `spec.restartNonce`.
    pub restart_nonce: Option<i64>,
    /// When somebody asked for a restart of its processes, in RFC 3339: what runs and was not started for that restarts.
    /// `None`, which every file and ledger says: nothing restarts for it, whatever was asked for before.
    pub restarted: Option<String>,
    /// The `FlinkSessionJob`s of the file that belong to this session.
    pub jobs: Vec<SessionJob>,
    /// The `FlinkStateSnapshot`s of the file.
    pub snapshots: Vec<SnapshotDocument>,
}

impl Session {
    /// Number of JobManagers as processes: what the user says, otherwise two with high availability, so that there is
    /// somebody to take over. (Kubernetes restarts a lost one by itself: there one is enough.)
    pub fn job_managers(&self) -> u32 {
        let standby = nutkin_flink::is_highly_available(&self.configuration);
        self.job_manager.replicas.unwrap_or(if standby { 2 } else { 1 })
    }

    /// The same session with another number of TaskManagers: what `scale` wants.
    #[must_use]
    pub fn scaled(mut self, task_managers: u32) -> Self {
        self.task_manager.replicas = Some(task_managers);
        self
    }

    /// The same session with other processes: what `restart` wants. `time`: now, in RFC 3339.
    #[must_use]
    pub fn restarted(mut self, time: String) -> Self {
        self.restarted = Some(time);
        self
    }

    /// The same session with each value in the words of `old` where these say the same: `1600m` and `1677721600b` do not
    /// differ. `old`: options of a session that runs.
    pub fn in_words_of<'s>(&'s self, old: &BTreeMap<String, String>) -> Cow<'s, Self> {
        let mut session = Cow::Borrowed(self);
        for (key, entry) in self.configuration.iter() {
            let new = entry.value.to_string();
            let same = old.get(key).filter(|before| {
                **before != new && options::is_same(key, before, &new, self.flink)
            });
            if let Some(before) = same {
                let origin = entry.origin.clone();
                session.to_mut().configuration.set(key, before.as_str(), origin);
            }
        }
        session
    }

    /// Whether its jobs go on from their checkpoints when its JobManager is lost: unless the user says otherwise, and only where
    /// high availability does not bring them back.
    pub fn recovers(&self) -> bool {
        let said = self.configuration.text(RECOVER);
        let is_off = said.is_some_and(|text| text.trim().eq_ignore_ascii_case("false"));
        !is_off && !nutkin_flink::is_highly_available(&self.configuration)
    }

    /// Whether Nutkin brings a ZooKeeper along: high availability with ZooKeeper is wanted and none is named.
    pub fn needs_zookeeper(&self) -> bool {
        let kind = nutkin_flink::high_availability(&self.configuration);
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case("zookeeper"))
            && !self.configuration.contains("high-availability.zookeeper.quorum")
    }
}

/// A Flink configuration directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfDir {
    /// Its path, as the user named it.
    pub path: String,
    /// Which file was loaded from it. The session's processes get one in the same dialect.
    pub dialect: Dialect,
}

/// One side of a session. Memory and CPU are options of the configuration by now.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleSpec {
    /// Number of processes or pods, where said.
    pub replicas: Option<u32>,
    /// Pod template of this role.
    pub pod_template: Option<serde_json::Value>,
    /// `resource.ephemeralStorage`: disk that its pods ask for and may use.
    pub ephemeral_storage: Option<String>,
}

/// A `FlinkSessionJob`.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionJob {
    /// `metadata.name`.
    pub name: String,
    /// `spec.job.jarURI`.
    pub jar_uri: Option<String>,
    /// `spec.job.entryClass`.
    pub entry_class: Option<String>,
    /// `spec.job.args`.
    pub args: Vec<String>,
    /// `spec.job.parallelism`.
    pub parallelism: Option<u32>,
    /// `spec.job.state`: whether it shall run. Default true.
    pub running: bool,
    /// `spec.job.upgradeMode`.
    pub upgrade_mode: UpgradeMode,
    /// `spec.job.initialSavepointPath`.
    pub initial_savepoint_path: Option<String>,
    /// `spec.job.allowNonRestoredState`.
    pub allow_non_restored_state: bool,
    /// `spec.job.savepointTriggerNonce`.
    pub savepoint_trigger_nonce: Option<i64>,
    /// `spec.job.checkpointTriggerNonce`.
    pub checkpoint_trigger_nonce: Option<i64>,
    /// `spec.job.savepointRedeployNonce`.
    pub savepoint_redeploy_nonce: Option<i64>,
    /// `spec.restartNonce`.
    pub restart_nonce: Option<i64>,
    /// `spec.flinkConfiguration` of the job.
    pub configuration: Configuration,
}

impl SessionJob {
    /// What is wrong with a job whatever was done for it before.
    ///
    /// As the operator does, a job without a jar is taken when the session's class path has its main class.
    pub fn problem(&self) -> Option<Problem> {
        (self.jar_uri.is_none() && self.entry_class.is_none()).then(|| {
            let message = format!("job `{}` names neither a jar nor a main class", self.name);
            Problem::new("spec.job.jarURI", message).hint(
                "name the jar, or in spec.job.entryClass a class that the session has in its lib",
            )
        })
    }
}

/// How a changed job gets from its old to its new form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpgradeMode {
    /// Cancel, start empty. The Java operator's default.
    #[default]
    Stateless,
    /// Stop with a savepoint, start from it.
    Savepoint,
    /// Cancel, start from the last checkpoint.
    LastState,
}

/// A `FlinkStateSnapshot`: a savepoint or checkpoint that is wanted once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotDocument {
    /// `metadata.name`.
    pub name: String,
    /// `spec.jobReference.name`; `None`: it is of no job of the file, and there already.
    pub job: Option<String>,
    /// What is taken.
    pub what: WantedSnapshot,
    /// `spec.backoffLimit`: how often it is tried again. `None`: without an end, as the Java operator does (-1).
    pub backoff_limit: Option<u32>,
}

/// What a `FlinkStateSnapshot` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedSnapshot {
    /// `spec.checkpoint`.
    Checkpoint,
    /// `spec.savepoint`.
    Savepoint {
        /// `path`: the directory to write it to, or the savepoint that is there already.
        path: Option<String>,
        /// `formatType`, where it says one.
        format: Option<String>,
        /// `alreadyExists`: nothing is taken.
        exists: bool,
        /// `disposeOnDelete`: whether it is deleted with its document. Of a savepoint that is there already only where
        /// the file says so.
        disposes: bool,
    },
}
