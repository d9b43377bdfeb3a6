//! Nutkin's own options. New ones go here and nowhere else: `explain`, `docs/options.md` and the check of a
//! session file all read this list.

/// Where an option has an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OptionPlatform {
    /// Processes on this machine.
    Local,
    /// Containers.
    Docker,
    /// Kubernetes.
    Kubernetes,
}

impl OptionPlatform {
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
    pub platforms: &'static [OptionPlatform],
    /// What it is for.
    pub text: &'static str,
    /// A value that makes sense.
    pub example: &'static str,
}

const KUBERNETES: &[OptionPlatform] = &[OptionPlatform::Kubernetes];

const EVERYWHERE: &[OptionPlatform] =
    &[OptionPlatform::Local, OptionPlatform::Docker, OptionPlatform::Kubernetes];

/// All of them, in order of the keys.
pub const OWN: &[OwnOption] = &[
    OwnOption {
        key: "nutkin.claim.<name>.access-mode",
        type_name: "String",
        default: Some("ReadWriteOnce"),
        platforms: KUBERNETES,
        text: "Who may mount a claim that is made: ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod",
        example: "ReadWriteMany",
    },
    OwnOption {
        key: "nutkin.claim.<name>.path",
        type_name: "String",
        default: None,
        platforms: KUBERNETES,
        text: "Where pods mount the PersistentVolumeClaim of this name",
        example: "/opt/flink/flink-web-upload",
    },
    OwnOption {
        key: "nutkin.claim.<name>.per-pod",
        type_name: "Boolean",
        default: Some("false"),
        platforms: KUBERNETES,
        text: "Whether each pod of a StatefulSet gets a claim of its own",
        example: "true",
    },
    OwnOption {
        key: "nutkin.claim.<name>.role",
        type_name: "enum:jobmanager|taskmanager|all",
        default: Some("all"),
        platforms: KUBERNETES,
        text: "Whose pods mount the claim",
        example: "jobmanager",
    },
    OwnOption {
        key: "nutkin.claim.<name>.size",
        type_name: "String",
        default: None,
        platforms: KUBERNETES,
        text: "How much room to ask for; without it the claim must be there already. A claim that is made outlives the session",
        example: "5Gi",
    },
    OwnOption {
        key: "nutkin.claim.<name>.storage-class",
        type_name: "String",
        default: None,
        platforms: KUBERNETES,
        text: "Storage class of a claim that is made; without it the default one of the cluster",
        example: "nfs",
    },
    OwnOption {
        key: "nutkin.docker.hardened",
        type_name: "Boolean",
        default: Some("true"),
        platforms: &[OptionPlatform::Docker],
        text: "Whether containers run without capabilities and cannot gain privileges (`no-new-privileges`). Containers of an image that starts as root keep what its entrypoint needs to become another user",
        example: "false",
    },
    OwnOption {
        key: "nutkin.docker.publish",
        type_name: "String",
        default: Some("127.0.0.1:8081"),
        platforms: &[OptionPlatform::Docker],
        text: "Where the REST API is published on the daemon's host: a port, then on 127.0.0.1, or an address and a port; 0 is any free port. A second JobManager takes the port above. Unless this is set, a session takes the next free port where 8081 is taken",
        example: "0.0.0.0:9999",
    },
    OwnOption {
        key: "nutkin.flink.version",
        type_name: "String",
        default: None,
        platforms: EVERYWHERE,
        text: "The exact Flink release, where `flinkVersion` of the session file names only the line",
        example: "1.20.5",
    },
    OwnOption {
        key: "nutkin.jars.store",
        type_name: "String",
        default: None,
        platforms: EVERYWHERE,
        text: "Where jars that were submitted are kept, for moves and recoveries of their jobs: the absolute path of a directory, for all machines that mount it, or `claim`: on Kubernetes JobManagers keep what is uploaded on a claim of 2Gi, which is made and outlives them, or on one of yours where `web.upload.dir` lies. Or an object store, s3://BUCKET/PREFIX, gs:// or abfs://, with credentials from the environment of whoever submits. Without it they are kept on the machine that submits them",
        example: "claim",
    },
    OwnOption {
        key: "nutkin.java.check",
        type_name: "enum:warn|strict",
        default: Some("warn"),
        platforms: &[OptionPlatform::Local],
        text: "Whether a Java that Flink does not support but that works draws a warning or is refused",
        example: "strict",
    },
    OwnOption {
        key: "nutkin.jobs.recover",
        type_name: "Boolean",
        default: Some("true"),
        platforms: EVERYWHERE,
        text: "Whether jobs go on from their newest checkpoints when the JobManager of a session without high availability is lost",
        example: "false",
    },
    OwnOption {
        key: "nutkin.libs",
        type_name: "List<String>",
        default: None,
        platforms: &[OptionPlatform::Local, OptionPlatform::Docker],
        text: "Further jars for the class path of all processes: paths, relative to the session file, or https URLs",
        example: "libs/mysql.jar;https://repo.example.com/udf.jar",
    },
    OwnOption {
        key: "nutkin.network-policy",
        type_name: "Boolean",
        default: Some("false"),
        platforms: KUBERNETES,
        text: "Whether NetworkPolicies close all ports to pods outside the session, but REST and what `nutkin.service.<name>.ports` leads to beside rpc and blob; standalone mode",
        example: "true",
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
        platforms: &[OptionPlatform::Local, OptionPlatform::Docker],
        text: "Plugins of Flink, each with a class loader of its own: jars or directories, or https URLs",
        example: "plugins/flink-s3-fs-presto-1.20.5.jar",
    },
    OwnOption {
        key: "nutkin.pod-disruption-budget",
        type_name: "Boolean",
        default: Some("false"),
        platforms: KUBERNETES,
        text: "Whether PodDisruptionBudgets limit how many pods a drained node takes at once; standalone mode",
        example: "true",
    },
    OwnOption {
        key: "nutkin.rbac.create",
        type_name: "Boolean",
        default: Some("false"),
        platforms: &[OptionPlatform::Kubernetes],
        text: "Whether service account, role and role binding are made along with the session",
        example: "true",
    },
    OwnOption {
        key: "nutkin.rest.node-port",
        type_name: "Integer",
        default: None,
        platforms: KUBERNETES,
        text: "The port of all nodes that leads to REST, where kubernetes.rest-service.exposed.type is NodePort; standalone mode",
        example: "30081",
    },
    OwnOption {
        key: "nutkin.security-context",
        type_name: "enum:flink|none",
        default: Some("flink"),
        platforms: KUBERNETES,
        text: "Whether pods of standalone mode run as user, group and file system group 9999 of Flink images, or as the template and the cluster say",
        example: "none",
    },
    OwnOption {
        key: "nutkin.service.<name>.ports",
        type_name: "List<String>",
        default: None,
        platforms: KUBERNETES,
        text: "Ports of a further Service: rest, rpc, blob, query-state or numbers, with a node port behind a colon",
        example: "rest:30082",
    },
    OwnOption {
        key: "nutkin.service.<name>.role",
        type_name: "enum:jobmanager|taskmanager",
        default: Some("jobmanager"),
        platforms: KUBERNETES,
        text: "Whose pods a further Service leads to",
        example: "taskmanager",
    },
    OwnOption {
        key: "nutkin.service.<name>.type",
        type_name: "enum:ClusterIP|NodePort|LoadBalancer",
        default: Some("ClusterIP"),
        platforms: KUBERNETES,
        text: "Type of a further Service, which existing clients may know by its name",
        example: "NodePort",
    },
    OwnOption {
        key: "nutkin.snapshots.checkpoint-interval",
        type_name: "String",
        default: None,
        platforms: EVERYWHERE,
        text: "How often `nutkin watch` and `nutkin up` take a checkpoint of each job: a duration or a cron expression of Quartz. Also as `kubernetes.operator.periodic.checkpoint.interval`, and in the options of a job",
        example: "6 h",
    },
    OwnOption {
        key: "nutkin.snapshots.max-age",
        type_name: "Duration",
        default: Some("1 d"),
        platforms: EVERYWHERE,
        text: "How old periodic savepoints become, counted up to the last but one; the newest two of a job stay, and files outside of this machine and its Docker daemon. Also as `kubernetes.operator.savepoint.history.max.age`",
        example: "7 d",
    },
    OwnOption {
        key: "nutkin.snapshots.max-count",
        type_name: "Integer",
        default: Some("10"),
        platforms: EVERYWHERE,
        text: "How many periodic savepoints of a job stay; with the operator's interval the others are only forgotten. Also as `kubernetes.operator.savepoint.history.max.count`",
        example: "3",
    },
    OwnOption {
        key: "nutkin.snapshots.savepoint-interval",
        type_name: "String",
        default: None,
        platforms: EVERYWHERE,
        text: "How often `nutkin watch` and `nutkin up` take a savepoint of each job: a duration or a cron expression of Quartz. Also as `kubernetes.operator.periodic.savepoint.interval`, and in the options of a job",
        example: "0 0 3 * * ?",
    },
    OwnOption {
        key: "nutkin.standalone.stateful-sets",
        type_name: "Integer",
        default: Some("2"),
        platforms: KUBERNETES,
        text: "Number of StatefulSets: one for each role, or 1 for both, whose first pods are JobManagers",
        example: "1",
    },
    OwnOption {
        key: "nutkin.standalone.workload",
        type_name: "enum:deployment|statefulset",
        default: Some("deployment"),
        platforms: &[OptionPlatform::Kubernetes],
        text: "The workload that holds the TaskManagers of a session in standalone mode",
        example: "statefulset",
    },
    OwnOption {
        key: "nutkin.upgrade.max-unavailable",
        type_name: "Integer",
        default: Some("1"),
        platforms: &[OptionPlatform::Kubernetes],
        text: "How many TaskManagers may be replaced at the same time when a standalone session changes",
        example: "2",
    },
];

/// Families of options, whose keys hold a name of the user's.
const FAMILIES: [&str; 2] = ["nutkin.claim.", "nutkin.service."];

/// The option of this key, or of its family.
pub(super) fn find(key: &str) -> Option<&'static OwnOption> {
    let family = FAMILIES.into_iter().find_map(|family| {
        let (_, setting) = key.strip_prefix(family)?.rsplit_once('.')?;
        Some(format!("{family}<name>.{setting}"))
    });
    let key = family.as_deref().unwrap_or(key);
    let index = OWN.binary_search_by(|own| own.key.cmp(key)).ok()?;
    OWN.get(index)
}
