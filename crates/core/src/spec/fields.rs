//! Every field of the two kinds: what it is, and what it does on each platform. `docs/fields.md` is made from
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
}

const fn field(path: &'static str, kind: Type, local: &'static str) -> Field {
    Field { path, kind, local }
}

/// What has a meaning on Kubernetes only. `up` on this machine reads and keeps it.
const KUBERNETES: &str = "no effect: for Kubernetes only";

/// Processes of one machine are not bound to a number of its processors.
const CPU: &str = "no effect: the processes share this machine's processors";

/// Fields of a `FlinkDeployment`.
pub const DEPLOYMENT: &[Field] = &[
    field("apiVersion", Type::Text, "must be flink.apache.org/v1beta1"),
    field("kind", Type::Text, "says which kind the document is"),
    field("metadata.name", Type::Text, "name of the session"),
    field("metadata.namespace", Type::Text, KUBERNETES),
    field("metadata.labels", Type::TextMap, KUBERNETES),
    field("metadata.annotations", Type::TextMap, KUBERNETES),
    field("spec.flinkVersion", Type::Text, "release line: its newest patch release known here"),
    field("spec.flinkConfiguration", Type::Options, "options of all processes"),
    field("spec.image", Type::Text, KUBERNETES),
    field("spec.imagePullPolicy", Type::OneOf(&["Always", "IfNotPresent", "Never"]), KUBERNETES),
    field("spec.serviceAccount", Type::Text, KUBERNETES),
    field("spec.mode", Type::OneOf(&["native", "standalone"]), KUBERNETES),
    field("spec.ingress", Type::Any, KUBERNETES),
    field("spec.podTemplate", Type::Any, KUBERNETES),
    field("spec.restartNonce", Type::Whole(i64::MIN), "another number restarts all processes"),
    field("spec.logConfiguration", Type::TextMap, "log4j or logback file of all processes"),
    field(
        "spec.jobManager.replicas",
        Type::Whole(1),
        "number of JobManagers; 2 and more need high availability",
    ),
    field("spec.jobManager.resource.memory", Type::Memory, "jobmanager.memory.process.size"),
    field("spec.jobManager.resource.cpu", Type::Number, CPU),
    field("spec.jobManager.resource.ephemeralStorage", Type::Text, KUBERNETES),
    field(
        "spec.jobManager.resources.requests.memory",
        Type::Memory,
        "jobmanager.memory.process.size, before `resource`",
    ),
    field("spec.jobManager.resources.requests.cpu", Type::Any, KUBERNETES),
    field(
        "spec.jobManager.resources.limits.memory",
        Type::Memory,
        "jobmanager.memory.process.size where nothing else says it",
    ),
    field("spec.jobManager.resources.limits.cpu", Type::Any, KUBERNETES),
    field("spec.jobManager.podTemplate", Type::Any, KUBERNETES),
    field("spec.taskManager.replicas", Type::Whole(1), "number of TaskManagers"),
    field("spec.taskManager.resource.memory", Type::Memory, "taskmanager.memory.process.size"),
    field("spec.taskManager.resource.cpu", Type::Number, CPU),
    field("spec.taskManager.resource.ephemeralStorage", Type::Text, KUBERNETES),
    field(
        "spec.taskManager.resources.requests.memory",
        Type::Memory,
        "taskmanager.memory.process.size, before `resource`",
    ),
    field("spec.taskManager.resources.requests.cpu", Type::Any, KUBERNETES),
    field(
        "spec.taskManager.resources.limits.memory",
        Type::Memory,
        "taskmanager.memory.process.size where nothing else says it",
    ),
    field("spec.taskManager.resources.limits.cpu", Type::Any, KUBERNETES),
    field("spec.taskManager.podTemplate", Type::Any, KUBERNETES),
    field(
        "spec.job",
        Type::Refused(
            "this is an application cluster: Nutkin runs sessions; write the job as a `FlinkSessionJob` of its own",
        ),
        "refused",
    ),
    field("status", Type::Any, "ignored: written by an operator"),
];

/// Fields of a `FlinkSessionJob`.
pub const SESSION_JOB: &[Field] = &[
    field("apiVersion", Type::Text, "must be flink.apache.org/v1beta1"),
    field("kind", Type::Text, "says which kind the document is"),
    field("metadata.name", Type::Text, "name of the job; its job ID is made from it"),
    field("metadata.namespace", Type::Text, KUBERNETES),
    field("metadata.labels", Type::TextMap, KUBERNETES),
    field("metadata.annotations", Type::TextMap, KUBERNETES),
    field("spec.deploymentName", Type::Text, "the session's name"),
    field("spec.restartNonce", Type::Whole(i64::MIN), "another number submits the job again"),
    field("spec.flinkConfiguration", Type::Options, "options of the job"),
    field(
        "spec.job.jarURI",
        Type::Text,
        "the jar: a path, https:// or mvn:; without one the session has the class",
    ),
    field("spec.job.entryClass", Type::Text, "the main class"),
    field("spec.job.args", Type::Texts, "arguments of main()"),
    field("spec.job.parallelism", Type::Whole(1), "parallelism of the job"),
    field(
        "spec.job.state",
        Type::OneOf(&["running", "suspended"]),
        "whether the job shall run; stopped as upgradeMode says, resumed from there",
    ),
    field(
        "spec.job.upgradeMode",
        Type::OneOf(&["stateless", "savepoint", "last-state"]),
        "how a changed job goes on",
    ),
    field("spec.job.initialSavepointPath", Type::Text, "savepoint of the first start"),
    field("spec.job.allowNonRestoredState", Type::Bool, "state without an operator is dropped"),
    field(
        "spec.job.savepointTriggerNonce",
        Type::Whole(i64::MIN),
        "another number takes a savepoint",
    ),
    field(
        "spec.job.checkpointTriggerNonce",
        Type::Whole(i64::MIN),
        "another number takes a checkpoint (Flink 1.17 and later)",
    ),
    field(
        "spec.job.savepointRedeployNonce",
        Type::Whole(i64::MIN),
        "another number starts the job again from initialSavepointPath",
    ),
    field("status", Type::Any, "ignored: written by an operator"),
];
