//! What Flink Kubernetes Operator says of a resource that it refuses. People search logs for these sentences and tests assert them, so
//! they are the contract, double blanks included: the CRDs, the admission policy, the loop and `nutkin check` all take them from here.
//!
//! Source: `DefaultValidator` of 1.16.

/// Where the name of a deployment goes in is between these two.
pub const NAME: [&str; 2] = [
    "The FlinkDeployment name: ",
    " is invalid, must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123'), and the length must be no more than 45 characters.",
];
/// A pattern that such a name matches as a whole.
pub const NAME_PATTERN: &str = "^[a-z]([-a-z0-9]{0,43}[a-z0-9])?$";
/// There is no `flinkVersion`.
pub const NO_VERSION: &str = "Flink Version must be defined.";
/// Around the version.
pub const UNSUPPORTED_VERSION: [&str; 2] =
    ["Flink version ", " is not supported by this operator version"];
/// Before the key.
pub const FORBIDDEN_KEY: &str = "Forbidden Flink config key: ";
/// Keys that the resource itself decides.
pub const FORBIDDEN_KEYS: [&str; 3] =
    ["kubernetes.namespace", "kubernetes.cluster-id", "high-availability.cluster-id"];
/// Rollback without high availability.
pub const ROLLBACK: &str = "HA must be enabled for rollback support.";
/// The health check without recovery.
pub const HEALTH_CHECK: &str = "Deployment recovery (kubernetes.operator.jm-deployment-recovery.enabled) must be enabled for job health check (kubernetes.operator.cluster.health-check.enabled) support.";
/// Around the key of `logConfiguration`.
pub const LOG_KEY: [&str; 2] = [
    "Invalid log config key: ",
    ". Allowed keys are [log4j-console.properties, logback-console.xml]",
];
/// Files that `logConfiguration` may hold.
pub const LOG_KEYS: [&str; 2] = ["log4j-console.properties", "logback-console.xml"];
/// An ingress without its address.
pub const INGRESS: &str = "Ingress template must be defined";
/// Who asks for the memory of a role is before this, as `JobManager`; its field is the second one.
pub const NO_JOB_MANAGER_MEMORY: &str = "JobManager resource memory must be defined using `spec.jobManager.resource.memory` or `spec.jobManager.resources.requests.memory`";
/// The same of TaskManagers.
pub const NO_TASK_MANAGER_MEMORY: &str = "TaskManager resource memory must be defined using `spec.taskManager.resource.memory` or `spec.taskManager.resources.requests.memory`";
/// Fewer JobManagers than one.
pub const JOB_MANAGERS: &str = "JobManager replicas should not be configured less than one.";
/// Fewer TaskManagers than one.
pub const TASK_MANAGERS: &str = "TaskManager replicas should not be configured less than one.";
/// Several JobManagers of which nobody could lead.
pub const STANDBY: &str = "High availability should be enabled when starting standby JobManagers.";
/// A job without subtasks.
pub const PARALLELISM: &str = "Job parallelism must be larger than 0";
/// No place for checkpoints.
pub const CHECKPOINT_DIRECTORY: &str = "Checkpoint directory[execution.checkpointing.dir] must be defined for last-state and savepoint upgrade modes";
/// No place for the savepoint of an upgrade.
pub const SAVEPOINT_UPGRADE: &str = "Job could not be upgraded with savepoint while config key[execution.checkpointing.savepoint-dir] is not set";
/// No place for a savepoint that is asked for.
pub const SAVEPOINT_NONCE: &str = "Savepoint could not be manually triggered for the running job while config key[execution.checkpointing.savepoint-dir] is not set";
/// No place for savepoints by the clock.
pub const PERIODIC_SAVEPOINTS: &str = "Periodic savepoints cannot be enabled when config key[execution.checkpointing.savepoint-dir] is not set";
/// No place for the savepoint that is taken where the last checkpoint is too old.
pub const CHECKPOINT_AGE: &str = "In order to use max-checkpoint age functionality config key[execution.checkpointing.savepoint-dir] must be set to allow triggering savepoint upgrades.";
/// A job that shall start again from a savepoint that is not named.
pub const REDEPLOY: &str = "InitialSavepointPath must not be empty for savepoint redeployment";
/// `spec.job` comes.
pub const TO_JOB: &str = "Cannot switch from session to job cluster";
/// `spec.job` goes.
pub const TO_SESSION: &str = "Cannot switch from job to session cluster";
/// `mode` changes.
pub const TO_STANDALONE: &str =
    "Cannot switch from native kubernetes to standalone kubernetes cluster";
/// `mode` changes back.
pub const TO_NATIVE: &str = "Cannot switch from standalone kubernetes to native kubernetes cluster";
/// A job goes to another session.
pub const OTHER_DEPLOYMENT: &str = "The deploymentName can't be changed";
/// The session that was looked up has another name.
pub const OTHER_CLUSTER: &str =
    "The session job's cluster id is not match with the session cluster";
/// A session job without a job.
pub const NO_JOB: &str = "The job spec should not be empty";
/// The session is an application.
pub const APPLICATION: &str = "Can not submit session job to application cluster";
/// A jar that is only a path.
pub const NO_SCHEME: &str = "jarURI must include a scheme";
/// Around the scheme, the schemes that are allowed, and the key that allows more.
pub const SCHEME: [&str; 4] = [
    "jarURI scheme '",
    "' is not in the allowlist ",
    ". Configure '",
    "' to extend the allowlist.",
];
/// A web address without a host.
pub const NO_HOST: &str = "jarURI must include a host for http/https schemes";
/// Around a host that nobody knows.
pub const UNKNOWN_HOST: [&str; 2] = ["jarURI host '", "' cannot be resolved"];
/// Around a host of a network that is not open.
pub const RESTRICTED_HOST: [&str; 2] = ["jarURI host '", "' resolves to a restricted address"];
/// There is no `serviceAccount`.
pub const SERVICE_ACCOUNT: &str = "spec.serviceAccount must be defined. If you use helm, its value should be the same with the name of jobServiceAccount.";
/// A snapshot of both sorts, or of neither.
pub const SNAPSHOT_SORT: &str =
    "Exactly one of checkpoint or savepoint configurations has to be set.";
/// A snapshot of nothing.
pub const NO_REFERENCE: &str = "Job reference must be supplied for this snapshot";
/// Around namespace and name of a job that is not there.
pub const NO_TARGET: [&str; 3] = ["Target for snapshot ", "/", " was not found"];
/// The options that a refusal names.
pub const ALLOWED_SCHEMES_KEY: &str = "kubernetes.operator.user.artifacts.allowed-schemes";
