//! Nutkin's own options. New ones go here and nowhere else: `explain`, `docs/options.md` and the check of a
//! session file all read this list.

/// Where an option has an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// Processes on this machine.
    Local,
    /// Containers.
    Docker,
    /// Kubernetes.
    Kubernetes,
}

impl Platform {
    /// As `--on` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Docker => "docker",
            Self::Kubernetes => "kubernetes",
        }
    }
}

/// One of Nutkin's options.
#[derive(Debug, PartialEq, Eq)]
pub struct OwnOption {
    /// Begins with `nutkin.`.
    pub key: &'static str,
    /// In the words of Flink's table.
    pub type_name: &'static str,
    /// As text; `None` where there is none.
    pub default: Option<&'static str>,
    /// Where it has an effect.
    pub platforms: &'static [Platform],
    /// What it is for.
    pub text: &'static str,
    /// A value that makes sense.
    pub example: &'static str,
}

const EVERYWHERE: &[Platform] = &[Platform::Local, Platform::Docker, Platform::Kubernetes];

/// All of them, in order of the keys.
pub const OWN: &[OwnOption] = &[
    OwnOption {
        key: "nutkin.flink.version",
        type_name: "String",
        default: None,
        platforms: EVERYWHERE,
        text: "The exact Flink release, where `flinkVersion` of the session file names only the line",
        example: "1.20.5",
    },
    OwnOption {
        key: "nutkin.java.check",
        type_name: "enum:warn|strict",
        default: Some("warn"),
        platforms: &[Platform::Local],
        text: "Whether a Java that Flink does not support but that works draws a warning or is refused",
        example: "strict",
    },
    OwnOption {
        key: "nutkin.libs",
        type_name: "List<String>",
        default: None,
        platforms: &[Platform::Local],
        text: "Further jars for the class path of all processes: paths, relative to the session file, or https URLs",
        example: "libs/mysql.jar;https://repo.example.com/udf.jar",
    },
    OwnOption {
        key: "nutkin.platform",
        type_name: "enum:local|docker|kubernetes",
        default: None,
        platforms: EVERYWHERE,
        text: "Where the session runs unless `--on` or NUTKIN_PLATFORM says otherwise",
        example: "local",
    },
    OwnOption {
        key: "nutkin.plugins",
        type_name: "List<String>",
        default: None,
        platforms: &[Platform::Local],
        text: "Plugins of Flink, each with a class loader of its own: jars or directories, or https URLs",
        example: "plugins/flink-s3-fs-presto-1.20.5.jar",
    },
    OwnOption {
        key: "nutkin.rbac.create",
        type_name: "Boolean",
        default: Some("true"),
        platforms: &[Platform::Kubernetes],
        text: "Whether service account, role and role binding are made along with the session",
        example: "false",
    },
    OwnOption {
        key: "nutkin.standalone.workload",
        type_name: "enum:deployment|statefulset",
        default: Some("deployment"),
        platforms: &[Platform::Kubernetes],
        text: "The workload that holds the TaskManagers of a session in standalone mode",
        example: "statefulset",
    },
    OwnOption {
        key: "nutkin.upgrade.max-unavailable",
        type_name: "Integer",
        default: Some("1"),
        platforms: &[Platform::Kubernetes],
        text: "How many TaskManagers may be replaced at the same time when a standalone session changes",
        example: "2",
    },
];

/// The option of exactly this key.
pub(super) fn find(key: &str) -> Option<&'static OwnOption> {
    let index = OWN.binary_search_by(|own| own.key.cmp(key)).ok()?;
    OWN.get(index)
}
