//! Every field of the three kinds: what it is, and what it does on each platform. `docs/fields.md` is made from
//! this table.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text; in YAML a number or a bare `yes` must be quoted, as for the API server.
    Text,
    /// A whole number from this one on.
    Whole(i64),
    /// A number with or without a point.
    Number,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A map of texts.
    TextMap,
    /// Flink options, flat or nested.
    Options,
    /// Memory in Flink's or Kubernetes' notation.
    Memory,
    /// Anything; handed on as it is.
    Any,
    /// Not taken, for this reason.
    Refused(&'static str),
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its path: `spec.jobManager.replicas`.
    pub path: &'static str,
    /// What it holds.
    pub kind: Type,
    /// What it does on this machine.
    pub local: &'static str,
    /// What it does on Kubernetes.
    pub kubernetes: &'static str,
}

impl Field {
    /// What it does on Kubernetes, also where that is the same as on this machine.
    pub fn on_kubernetes(&self) -> &'static str {
        if self.kubernetes == SAME { self.local } else { self.kubernetes }
    }

    /// Whether it is read and dropped: the cluster or an operator writes it, and nobody else.
    pub fn is_ignored(&self) -> bool {
        self.local.starts_with(IGNORED)
    }
}

/// How it is told that a field is read and dropped.
const IGNORED: &str = "ignored: ";

/// What a cluster writes into the metadata of an object: `kubectl get -o yaml` prints it.
const fn written(path: &'static str) -> Field {
    field(path, Type::Any, "ignored: written by the cluster", SAME)
}

const fn field(
    path: &'static str,
    kind: Type,
    local: &'static str,
    kubernetes: &'static str,
) -> Field {
    Field { path, kind, local, kubernetes }
}

/// What does the same everywhere.
const SAME: &str = "the same";

/// What has a meaning on Kubernetes only. `up` on this machine reads and keeps it.
const KUBERNETES: &str = "no effect: for Kubernetes only";

/// Docker takes of it what has a meaning for a container.
const TEMPLATE: &str = "no effect on this machine; on Docker: `env` and volumes (`hostPath`, `persistentVolumeClaim`, `emptyDir`) of the main container, and `hostAliases`";

/// Processes of one machine are not bound to a number of its processors.
const CPU: &str = "no effect: the processes share this machine's processors";

/// What is read and means nothing.
const NOTHING: &str = "no effect";

/// A table of these fields, and of those that nobody but the cluster and an operator writes.
macro_rules! with_written {
    ($($field:expr),* $(,)?) => {
        &[
            $($field,)*
            written("metadata.creationTimestamp"),
            written("metadata.finalizers"),
            written("metadata.generation"),
            written("metadata.managedFields"),
            written("metadata.resourceVersion"),
            written("metadata.selfLink"),
            written("metadata.uid"),
            field("status", Type::Any, "ignored: written by an operator", SAME),
        ]
    };
}

/// Fields of a `FlinkDeployment`.
pub const DEPLOYMENT: &[Field] = with_written![
    field("apiVersion", Type::Text, "must be flink.apache.org/v1beta1", SAME),
    field("kind", Type::Text, "says which kind the document is", SAME),
    field(
        "metadata.name",
        Type::Text,
        "name of the session",
        "cluster-id: name of the Deployment, part of all other names",
    ),
    field("metadata.namespace", Type::Text, KUBERNETES, "namespace of all objects"),
    field("metadata.labels", Type::TextMap, KUBERNETES, "on every object, not on pods"),
    field("metadata.annotations", Type::TextMap, KUBERNETES, "on every object, not on pods"),
    field(
        "spec.flinkVersion",
        Type::Text,
        "release line: its newest patch release known here",
        SAME,
    ),
    field("spec.flinkConfiguration", Type::Options, "options of all processes", SAME),
    field("spec.image", Type::Text, KUBERNETES, "kubernetes.container.image.ref"),
    field(
        "spec.imagePullPolicy",
        Type::OneOf(&["Always", "IfNotPresent", "Never"]),
        KUBERNETES,
        "kubernetes.container.image.pull-policy",
    ),
    field("spec.serviceAccount", Type::Text, KUBERNETES, "kubernetes.service-account"),
    field(
        "spec.mode",
        Type::OneOf(&["native", "standalone"]),
        KUBERNETES,
        "who makes TaskManagers: native (Flink, the default) or standalone",
    ),
    field("spec.ingress", Type::Any, KUBERNETES, "an Ingress in front of the REST Service"),
    field("spec.podTemplate", Type::Any, TEMPLATE, "template of all pods"),
    field(
        "spec.restartNonce",
        Type::Whole(i64::MIN),
        "another number restarts all processes",
        "annotation of the JobManager's pods: another number restarts them",
    ),
    field(
        "spec.logConfiguration",
        Type::TextMap,
        "log4j or logback file of all processes",
        "files of the ConfigMap `flink-config-<name>`",
    ),
    field(
        "spec.jobManager.replicas",
        Type::Whole(1),
        "number of JobManagers; 2 and more need high availability",
        "kubernetes.jobmanager.replicas; 2 and more need high availability and Flink 1.17",
    ),
    field("spec.jobManager.resource.memory", Type::Memory, "jobmanager.memory.process.size", SAME),
    field("spec.jobManager.resource.cpu", Type::Number, CPU, "kubernetes.jobmanager.cpu.amount"),
    field(
        "spec.jobManager.resource.ephemeralStorage",
        Type::Text,
        KUBERNETES,
        "requests and limits of the main container",
    ),
    field(
        "spec.jobManager.resources.requests.memory",
        Type::Memory,
        "jobmanager.memory.process.size, before `resource`",
        SAME,
    ),
    field(
        "spec.jobManager.resources.requests.cpu",
        Type::Any,
        KUBERNETES,
        "kubernetes.jobmanager.cpu.amount, before `resource`",
    ),
    field(
        "spec.jobManager.resources.limits.memory",
        Type::Memory,
        "jobmanager.memory.process.size where nothing else says it",
        "kubernetes.jobmanager.memory.limit-factor",
    ),
    field(
        "spec.jobManager.resources.limits.cpu",
        Type::Any,
        KUBERNETES,
        "kubernetes.jobmanager.cpu.limit-factor",
    ),
    field(
        "spec.jobManager.podTemplate",
        Type::Any,
        TEMPLATE,
        "template of JobManager pods, over the common one",
    ),
    field(
        "spec.taskManager.replicas",
        Type::Whole(1),
        "number of TaskManagers",
        "standalone: number of TaskManager pods; native: no effect, Flink starts them as jobs need them",
    ),
    field(
        "spec.taskManager.resource.memory",
        Type::Memory,
        "taskmanager.memory.process.size",
        SAME,
    ),
    field("spec.taskManager.resource.cpu", Type::Number, CPU, "kubernetes.taskmanager.cpu.amount"),
    field(
        "spec.taskManager.resource.ephemeralStorage",
        Type::Text,
        KUBERNETES,
        "requests and limits of the main container",
    ),
    field(
        "spec.taskManager.resources.requests.memory",
        Type::Memory,
        "taskmanager.memory.process.size, before `resource`",
        SAME,
    ),
    field(
        "spec.taskManager.resources.requests.cpu",
        Type::Any,
        KUBERNETES,
        "kubernetes.taskmanager.cpu.amount, before `resource`",
    ),
    field(
        "spec.taskManager.resources.limits.memory",
        Type::Memory,
        "taskmanager.memory.process.size where nothing else says it",
        "kubernetes.taskmanager.memory.limit-factor",
    ),
    field(
        "spec.taskManager.resources.limits.cpu",
        Type::Any,
        KUBERNETES,
        "kubernetes.taskmanager.cpu.limit-factor",
    ),
    field(
        "spec.taskManager.podTemplate",
        Type::Any,
        TEMPLATE,
        "template of TaskManager pods, over the common one",
    ),
    field(
        "spec.job",
        Type::Refused(
            "this is an application cluster: Nutkin runs sessions; write the job as a `FlinkSessionJob` of its own",
        ),
        "refused",
        SAME,
    ),
];

/// Fields of a `FlinkSessionJob`.
pub const SESSION_JOB: &[Field] = with_written![
    field("apiVersion", Type::Text, "must be flink.apache.org/v1beta1", SAME),
    field("kind", Type::Text, "says which kind the document is", SAME),
    field("metadata.name", Type::Text, "name of the job; its job ID is made from it", SAME),
    field("metadata.namespace", Type::Text, NOTHING, SAME),
    field("metadata.labels", Type::TextMap, NOTHING, SAME),
    field("metadata.annotations", Type::TextMap, NOTHING, SAME),
    field("spec.deploymentName", Type::Text, "the session's name", SAME),
    field("spec.restartNonce", Type::Whole(i64::MIN), "another number submits the job again", SAME),
    field("spec.flinkConfiguration", Type::Options, "options of the job", SAME),
    field(
        "spec.job.jarURI",
        Type::Text,
        "the jar: a path, https:// or mvn:; without one the session has the class",
        SAME,
    ),
    field("spec.job.entryClass", Type::Text, "the main class", SAME),
    field("spec.job.args", Type::Texts, "arguments of main()", SAME),
    field("spec.job.parallelism", Type::Whole(1), "parallelism of the job", SAME),
    field(
        "spec.job.state",
        Type::OneOf(&["running", "suspended"]),
        "whether the job shall run; stopped as upgradeMode says, resumed from there",
        SAME,
    ),
    field(
        "spec.job.upgradeMode",
        Type::OneOf(&["stateless", "savepoint", "last-state"]),
        "how a changed job goes on",
        SAME,
    ),
    field("spec.job.initialSavepointPath", Type::Text, "savepoint of the first start", SAME),
    field(
        "spec.job.allowNonRestoredState",
        Type::Bool,
        "state without an operator is dropped",
        SAME,
    ),
    field(
        "spec.job.savepointTriggerNonce",
        Type::Whole(i64::MIN),
        "another number takes a savepoint",
        SAME,
    ),
    field(
        "spec.job.checkpointTriggerNonce",
        Type::Whole(i64::MIN),
        "another number takes a checkpoint (Flink 1.17 and later)",
        SAME,
    ),
    field(
        "spec.job.savepointRedeployNonce",
        Type::Whole(i64::MIN),
        "another number starts the job again from initialSavepointPath",
        SAME,
    ),
];

/// Fields of a `FlinkStateSnapshot`.
pub const STATE_SNAPSHOT: &[Field] = with_written![
    field("apiVersion", Type::Text, "must be flink.apache.org/v1beta1", SAME),
    field("kind", Type::Text, "says which kind the document is", SAME),
    field("metadata.name", Type::Text, "name of the snapshot in the ledger", SAME),
    field("metadata.namespace", Type::Text, NOTHING, SAME),
    field("metadata.labels", Type::TextMap, NOTHING, SAME),
    field("metadata.annotations", Type::TextMap, NOTHING, SAME),
    field(
        "spec.backoffLimit",
        Type::Whole(-1),
        "how often a snapshot that fails is tried again; -1, the default: without an end",
        SAME,
    ),
    field(
        "spec.jobReference.kind",
        Type::OneOf(&["FlinkSessionJob", "FlinkDeployment"]),
        "must be FlinkSessionJob, which is the default",
        SAME,
    ),
    field("spec.jobReference.name", Type::Text, "the job of the file that it is taken of", SAME),
    field(
        "spec.checkpoint",
        Type::Any,
        "takes a checkpoint: `checkpoint: {}` (Flink 1.17 and later)",
        SAME,
    ),
    field(
        "spec.savepoint.path",
        Type::Text,
        "directory of the savepoint, the session's by default; with alreadyExists the savepoint itself",
        SAME,
    ),
    field(
        "spec.savepoint.formatType",
        Type::OneOf(&["CANONICAL", "NATIVE", "UNKNOWN"]),
        "format of the savepoint; by default that of the release, NATIVE on Flink 2.x",
        SAME,
    ),
    field(
        "spec.savepoint.disposeOnDelete",
        Type::Bool,
        "whether the savepoint is deleted when its document is taken out of the file; true by default, with alreadyExists false",
        SAME,
    ),
    field(
        "spec.savepoint.alreadyExists",
        Type::Bool,
        "the savepoint is at `path` already: nothing is taken",
        SAME,
    ),
];
