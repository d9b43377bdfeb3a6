//! The processes that Flink's scripts can start, by the names that the scripts give them.

use nutkin_flink::process;

/// What kind of memory calculation a process needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizing {
    /// The JobManager's.
    JobManager,
    /// The TaskManager's.
    TaskManager,
    /// Flags come in `FLINK_TM_JVM_MEM_OPTS`, options on the command line.
    Given,
    /// None: the JVM's own defaults, or `zookeeper.heap.mb`.
    None,
}

/// One kind of process. The names are those of `flink-console.sh` and `flink-daemon.sh`: they are part of the
/// names of log files and PID files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// A JobManager of a session.
    StandaloneSession,
    /// A JobManager with one application in it.
    StandaloneJob,
    /// A TaskManager.
    TaskExecutor,
    /// The history server.
    HistoryServer,
    /// A ZooKeeper peer.
    ZooKeeper,
    /// A JobManager of a native Kubernetes session.
    KubernetesSession,
    /// A JobManager of a native Kubernetes application.
    KubernetesApplication,
    /// A TaskManager that Flink asked Kubernetes for.
    KubernetesTaskManager,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::StandaloneSession,
        Self::StandaloneJob,
        Self::TaskExecutor,
        Self::HistoryServer,
        Self::ZooKeeper,
        Self::KubernetesSession,
        Self::KubernetesApplication,
        Self::KubernetesTaskManager,
    ];

    /// The name in log files, PID files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StandaloneSession => "standalonesession",
            Self::StandaloneJob => "standalonejob",
            Self::TaskExecutor => "taskexecutor",
            Self::HistoryServer => "historyserver",
            Self::ZooKeeper => "zookeeper",
            Self::KubernetesSession => "kubernetes-session",
            Self::KubernetesApplication => "kubernetes-application",
            Self::KubernetesTaskManager => "kubernetes-taskmanager",
        }
    }

    /// The main class.
    pub const fn class(self) -> &'static str {
        match self {
            Self::StandaloneSession => process::SESSION_CLASS,
            Self::StandaloneJob => {
                "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint"
            }
            Self::TaskExecutor => process::TASK_MANAGER_CLASS,
            Self::HistoryServer => "org.apache.flink.runtime.webmonitor.history.HistoryServer",
            Self::ZooKeeper => process::ZOOKEEPER_CLASS,
            Self::KubernetesSession => {
                "org.apache.flink.kubernetes.entrypoint.KubernetesSessionClusterEntrypoint"
            }
            Self::KubernetesApplication => {
                "org.apache.flink.kubernetes.entrypoint.KubernetesApplicationClusterEntrypoint"
            }
            Self::KubernetesTaskManager => {
                "org.apache.flink.kubernetes.taskmanager.KubernetesTaskExecutorRunner"
            }
        }
    }

    /// The end of `env.java.opts.*`, and which variable stands for that option.
    pub const fn java_options(self) -> (&'static str, &'static str) {
        match self {
            Self::StandaloneSession
            | Self::StandaloneJob
            | Self::KubernetesSession
            | Self::KubernetesApplication => ("jobmanager", "FLINK_ENV_JAVA_OPTS_JM"),
            Self::TaskExecutor | Self::KubernetesTaskManager => {
                ("taskmanager", "FLINK_ENV_JAVA_OPTS_TM")
            }
            Self::HistoryServer => ("historyserver", "FLINK_ENV_JAVA_OPTS_HS"),
            Self::ZooKeeper => ("zookeeper", "FLINK_ENV_JAVA_OPTS_ZK"),
        }
    }

    /// Whose memory it has.
    pub const fn sizing(self) -> Sizing {
        match self {
            Self::StandaloneSession
            | Self::StandaloneJob
            | Self::KubernetesSession
            | Self::KubernetesApplication => Sizing::JobManager,
            Self::TaskExecutor => Sizing::TaskManager,
            Self::KubernetesTaskManager => Sizing::Given,
            Self::HistoryServer | Self::ZooKeeper => Sizing::None,
        }
    }

    /// Whether Flink's native mode on Kubernetes starts it: its configuration is the mounted one, which the
    /// JobManager hands on to its TaskManagers.
    pub const fn is_native(self) -> bool {
        matches!(
            self,
            Self::KubernetesSession | Self::KubernetesApplication | Self::KubernetesTaskManager
        )
    }

    /// Whether the main class takes `-D key=value`. The history server and ZooKeeper read files only.
    pub const fn takes_options(self) -> bool {
        !matches!(self, Self::HistoryServer | Self::ZooKeeper)
    }
}
