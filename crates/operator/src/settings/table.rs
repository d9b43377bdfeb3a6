//! Every option of FKO 1.16 (`kubernetes_operator_config_configuration`): 80, of which a resource may have 35. `docs/operator-options.md`
//! is made from this table.

use super::{OperatorOption, OptionHolds, OptionScope, OptionUse};

const fn resource(
    key: &'static str,
    holds: OptionHolds,
    default: Option<&'static str>,
    does: OptionUse,
) -> OperatorOption {
    OperatorOption { key, holds, default, scope: OptionScope::Resource, does }
}

const fn operator(
    key: &'static str,
    holds: OptionHolds,
    default: Option<&'static str>,
    does: OptionUse,
) -> OperatorOption {
    OperatorOption { key, holds, default, scope: OptionScope::Operator, does }
}

use OptionHolds::{Bool, Duration, Map, Number, Schedule, Text, Texts, Whole, Words};
use OptionUse::{Honoured, Later, No};

/// Why nothing of FKO's autoscaler is here.
const AUTOSCALER: OptionUse = No("Nutkin has no autoscaler");
/// What ends with an application means nothing for a session.
const APPLICATION: OptionUse = No("for application clusters, which are left alone");
/// FKO waits in threads; here nothing waits.
const THREADS: OptionUse =
    No("there are no threads to bound: each resource is looked at when something of it changes");
/// Texts of exceptions of Java.
const EXCEPTION: OptionUse =
    No("there are no Java exceptions: `status.error` has one sentence and what helps");
/// Snapshots as resources are not made yet.
const SNAPSHOTS: OptionUse =
    No("`FlinkStateSnapshot` resources are not kept yet; snapshots are in the status of their job");
/// Rules that no code reads yet.
const CHECKPOINT_AGE: OptionUse = No(
    "a change with `last-state` goes on from the last checkpoint, however old; use `savepoint` where that is too old",
);

/// All options, in order of their keys.
pub const OPTIONS: &[OperatorOption] = &[
    resource(
        "checkpoint.trigger.grace-period",
        Duration,
        Some("1 min"),
        No(
            "a checkpoint that was asked for has the time that Flink gives it (`execution.checkpointing.timeout`)",
        ),
    ),
    resource(
        "checkpoint.type",
        Words(&["FULL", "INCREMENTAL", "UNKNOWN"]),
        Some("FULL"),
        No("a checkpoint is of the type that the job has"),
    ),
    resource("cluster.health-check.checkpoint-progress.enabled", Bool, Some("true"), APPLICATION),
    resource("cluster.health-check.checkpoint-progress.window", Duration, None, APPLICATION),
    resource("cluster.health-check.enabled", Bool, Some("false"), APPLICATION),
    resource("cluster.health-check.restarts.threshold", Whole, Some("64"), APPLICATION),
    resource("cluster.health-check.restarts.window", Duration, Some("2 min"), APPLICATION),
    operator("cluster.resource-view.refresh-interval", Duration, Some("-1 min"), AUTOSCALER),
    operator(
        "config.cache.size",
        Whole,
        Some("1000"),
        No("there is no cache of configurations to bound"),
    ),
    operator(
        "config.cache.timeout",
        Duration,
        Some("10 min"),
        No("there is no cache of configurations to empty"),
    ),
    resource(
        "deployment.readiness.timeout",
        Duration,
        Some("5 min"),
        Later("how long a changed session may take to be ready before it is taken back"),
    ),
    resource(
        "deployment.rollback.enabled",
        Bool,
        Some("false"),
        Later("whether a change that does not get ready is taken back"),
    ),
    operator(
        "dynamic.config.check.interval",
        Duration,
        Some("5 min"),
        No("the options are read when the operator starts"),
    ),
    operator(
        "dynamic.config.enabled",
        Bool,
        Some("true"),
        Later("whether a change of the ConfigMap counts without a restart"),
    ),
    operator(
        "dynamic.namespaces.enabled",
        Bool,
        Some("false"),
        Later("whether a change of the watched namespaces counts without a restart"),
    ),
    operator(
        "events.exceptions.limit-per-reconciliation",
        Whole,
        Some("10"),
        Later("how many exceptions of a job become events at a time"),
    ),
    operator(
        "events.exceptions.stacktrace-lines",
        Whole,
        Some("5"),
        Later("how many lines of a stack trace are in an event"),
    ),
    operator(
        "exception.field.max.length",
        Whole,
        Some("2048"),
        Later("how many characters `status.error` has"),
    ),
    resource(
        "exception.label.mapper",
        Map,
        Some(""),
        No("expressions of Java over exceptions of Java; `nutkin why` names causes"),
    ),
    operator("exception.stacktrace.enabled", Bool, Some("false"), EXCEPTION),
    operator("exception.stacktrace.max.length", Whole, Some("2048"), EXCEPTION),
    operator("exception.throwable.list.max.count", Whole, Some("2"), EXCEPTION),
    operator(
        "flink.client.cancel.timeout",
        Duration,
        Some("1 min"),
        Later("how long a job may take to cancel before that is said"),
    ),
    operator(
        "flink.client.timeout",
        Duration,
        Some("10 s"),
        Later("how long an answer of Flink's REST API may take"),
    ),
    operator(
        "health.canary.resource.timeout",
        Duration,
        Some("1 min"),
        Later(
            "how long a canary may go without being looked at before the operator says that it is not well",
        ),
    ),
    operator(
        "health.probe.enabled",
        Bool,
        Some("true"),
        Honoured("whether the operator answers on its health port"),
    ),
    operator("health.probe.port", Whole, Some("8085"), Honoured("the health port")),
    operator("ingress.manage", Bool, Some("true"), Later("whether Ingresses are made")),
    resource(
        "jm-deployment-recovery.enabled",
        Bool,
        Some("true"),
        No("a JobManager Deployment that is gone is always made again"),
    ),
    resource("jm-deployment.shutdown-ttl", Duration, Some("1 d"), APPLICATION),
    resource(
        "jm-deployment.startup.probe.enabled",
        Bool,
        Some("true"),
        No("JobManagers have the probes of Nutkin's own plan"),
    ),
    resource(
        "job.drain-on-savepoint-deletion",
        Bool,
        Some("false"),
        Later("whether a job that is deleted with a savepoint is drained"),
    ),
    resource(
        "job.restart.failed",
        Bool,
        Some("false"),
        Honoured("whether a job that has failed is submitted again"),
    ),
    resource(
        "job.savepoint-on-deletion",
        Bool,
        Some("false"),
        Honoured("whether a job that is deleted is stopped with a savepoint"),
    ),
    operator(
        "job.submission.timeout",
        Duration,
        Some("10 min"),
        Later("how long the main method of a job may take"),
    ),
    resource(
        "job.upgrade.ignore-pending-savepoint",
        Bool,
        Some("false"),
        No("a savepoint that is under way is waited for: it is what the job goes on from"),
    ),
    resource(
        "job.upgrade.inplace-scaling.enabled",
        Bool,
        Some("true"),
        No("a job whose parallelism changes is stopped and resumed"),
    ),
    resource(
        "job.upgrade.last-state-fallback.enabled",
        Bool,
        Some("true"),
        Honoured("whether a job goes on from its last checkpoint where no savepoint can be taken"),
    ),
    resource(
        "job.upgrade.last-state.job-cancel.enabled",
        Bool,
        Some("false"),
        No("FKO ignores it for session jobs as well, which are always canceled"),
    ),
    resource("job.upgrade.last-state.max.allowed.checkpoint.age", Duration, None, CHECKPOINT_AGE),
    operator("label.selector", Text, None, Honoured("labels of the resources that are looked at")),
    operator(
        "leader-election.enabled",
        Bool,
        Some("false"),
        No(
            "a Lease always decides which replica is active, unless `--no-lease` says that there is only one",
        ),
    ),
    operator(
        "leader-election.lease-duration",
        Duration,
        Some("15 s"),
        Honoured("how long a replica that says nothing stays active"),
    ),
    operator(
        "leader-election.lease-name",
        Text,
        None,
        Honoured("name of the Lease; `flink-operator-lease` by default"),
    ),
    operator(
        "leader-election.renew-deadline",
        Duration,
        Some("10 s"),
        Honoured("when an active replica that cannot renew the Lease stops writing"),
    ),
    operator(
        "leader-election.retry-period",
        Duration,
        Some("2 s"),
        Honoured("how often the Lease is looked at"),
    ),
    operator(
        "observer.progress-check.interval",
        Duration,
        Some("10 s"),
        No("what is under way is looked at every second, and at each change of its pods"),
    ),
    operator(
        "observer.rest-ready.delay",
        Duration,
        Some("10 s"),
        No("REST is asked, and a session is ready when it answers"),
    ),
    resource(
        "periodic.checkpoint.interval",
        Schedule,
        None,
        Later("when checkpoints are taken: a duration or a cron expression"),
    ),
    resource(
        "periodic.savepoint.interval",
        Schedule,
        None,
        Later("when savepoints are taken: a duration or a cron expression"),
    ),
    resource(
        "plugins.listeners.<listener-name>.class",
        Text,
        None,
        No("a Java class; watch the events, the status and the logs instead"),
    ),
    resource(
        "pod-template.merge-arrays-by-name",
        Bool,
        Some("false"),
        No("lists of pod templates are always merged by name"),
    ),
    operator(
        "rate-limiter.limit",
        Whole,
        Some("5"),
        No("several changes at once are one look, so that nothing has to be held back"),
    ),
    operator(
        "rate-limiter.refresh-period",
        Duration,
        Some("15 s"),
        No("several changes at once are one look, so that nothing has to be held back"),
    ),
    operator(
        "reconcile.interval",
        Duration,
        Some("1 min"),
        Later("how often a resource is looked at where nothing changes"),
    ),
    operator("reconcile.parallelism", Whole, Some("50"), THREADS),
    operator(
        "resource.cleanup.timeout",
        Duration,
        Some("5 min"),
        No("the end of a session is waited for as long as it takes, and blocks no other one"),
    ),
    operator(
        "resource.deletion.propagation",
        Words(&["Orphan", "Background", "Foreground"]),
        Some("Foreground"),
        No("always in the foreground: a session is gone when its pods are"),
    ),
    operator(
        "retry.initial.interval",
        Duration,
        Some("5 s"),
        Later("when something that failed is tried again the first time"),
    ),
    operator(
        "retry.interval.multiplier",
        Number,
        Some("1.5"),
        Later("how much longer each further wait is"),
    ),
    operator(
        "retry.max.attempts",
        Whole,
        Some("15"),
        No("tried again for as long as the resource is there, at most each reconcile interval"),
    ),
    operator(
        "retry.max.interval",
        Duration,
        None,
        Later("the longest wait before something is tried again"),
    ),
    resource(
        "savepoint.cleanup.enabled",
        Bool,
        Some("true"),
        Later("whether old periodic savepoints are forgotten"),
    ),
    resource(
        "savepoint.dispose-on-delete",
        Bool,
        Some("false"),
        Later("whether the files of forgotten savepoints are deleted"),
    ),
    resource(
        "savepoint.format.type",
        Words(&["CANONICAL", "NATIVE"]),
        Some("CANONICAL"),
        Later("format of savepoints; by default that of the release, NATIVE on Flink 2.x"),
    ),
    resource(
        "savepoint.history.max.age",
        Duration,
        Some("1 d"),
        Later("how old periodic savepoints become"),
    ),
    operator(
        "savepoint.history.max.age.threshold",
        Duration,
        None,
        No("there is no bound above what a resource says of its own savepoints"),
    ),
    resource(
        "savepoint.history.max.count",
        Whole,
        Some("10"),
        Later("how many periodic savepoints stay"),
    ),
    operator(
        "savepoint.history.max.count.threshold",
        Whole,
        None,
        No("there is no bound above what a resource says of its own savepoints"),
    ),
    resource(
        "savepoint.trigger.grace-period",
        Duration,
        Some("1 min"),
        No(
            "a savepoint that was asked for has the time that Flink gives it (`execution.checkpointing.timeout`)",
        ),
    ),
    resource(
        "session.deletion.block-on-session-jobs",
        Bool,
        Some("true"),
        Honoured("whether a deleted session waits until its session jobs are deleted"),
    ),
    resource(
        "session.deletion.block-on-unmanaged-jobs",
        Bool,
        Some("true"),
        Honoured("whether a deleted session waits until jobs that have no resource have ended"),
    ),
    resource("snapshot.resource.enabled", Bool, Some("true"), SNAPSHOTS),
    operator(
        "startup.stop-on-informer-error",
        Bool,
        Some("true"),
        No("what cannot be watched is tried again, and said"),
    ),
    operator(
        "termination.timeout",
        Duration,
        Some("10 s"),
        No("nothing is cut that another start does not continue"),
    ),
    operator(
        "user.artifacts.allowed-schemes",
        Texts,
        Some("https"),
        Honoured("schemes of `jarURI`"),
    ),
    operator(
        "user.artifacts.base.dir",
        Text,
        Some("/opt/flink/artifacts"),
        No("a jar goes through memory from where it is to the session"),
    ),
    operator(
        "user.artifacts.disallow-restricted-hosts",
        Bool,
        Some("true"),
        Honoured("whether jars from hosts of private networks are refused"),
    ),
    resource("user.artifacts.http.header", Map, None, Later("headers of the request for a jar")),
    operator(
        "watched.namespaces",
        Text,
        Some("JOSDK_ALL_NAMESPACES"),
        Honoured("namespaces that are looked at, separated by commas; all by default"),
    ),
];
