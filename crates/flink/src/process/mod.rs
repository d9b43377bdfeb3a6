//! Processes of Flink on any platform: what each is for, and the command line of its JVM.
//!
//! Source: `config.sh`, `flink-daemon.sh` and `flink-console.sh` of flink-dist 1.13 to 2.3.

mod class_path;
mod flags;
mod line;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use class_path::{class_path, is_dist};
pub use flags::{
    ARCHIVE_FLAGS, UserFlags, beside_module_flags, java_flags, module_flags, opens_modules, words,
};
pub use line::{Jvm, dynamic};

/// Main class of the JobManager of a session.
pub const SESSION_CLASS: &str =
    "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint";

/// Main class of a TaskManager.
pub const TASK_MANAGER_CLASS: &str = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner";

/// Main class of the ZooKeeper that Flink brings along.
pub const ZOOKEEPER_CLASS: &str = "org.apache.flink.runtime.zookeeper.FlinkZooKeeperQuorumPeer";

/// Old log files to keep: what the configuration that Flink ships says.
pub const LOG_FILES: &str = "10";

/// What a process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A JobManager.
    JobManager,
    /// A TaskManager.
    TaskManager,
    /// The ZooKeeper that Nutkin brings along.
    ZooKeeper,
}

impl Role {
    /// That of a process of this name, as plans name processes: `taskmanager-1`.
    pub fn of_name(name: &str) -> Self {
        match name {
            name if name.starts_with("taskmanager") => Self::TaskManager,
            name if name.starts_with("zookeeper") => Self::ZooKeeper,
            _ => Self::JobManager,
        }
    }

    /// The end of `env.java.opts.*` for it.
    pub const fn java_options(self) -> &'static str {
        match self {
            Self::JobManager => "jobmanager",
            Self::TaskManager => "taskmanager",
            Self::ZooKeeper => "zookeeper",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::JobManager => "JobManager",
            Self::TaskManager => "TaskManager",
            Self::ZooKeeper => "ZooKeeper",
        })
    }
}
