//! Options of the Flink Kubernetes Operator in a session file: taken, and what they do here is said.

use crate::Configuration;

/// Where the Java operator's options stand.
const PREFIX: &str = "kubernetes.operator.";

/// Those that Nutkin obeys when it brings the jobs of a file; see `jobs::policy`, and takes snapshots of them; see
/// `snapshots::policy`.
const OBEYED: &[&str] = &[
    "kubernetes.operator.job.restart.failed",
    "kubernetes.operator.job.upgrade.last-state-fallback.enabled",
    "kubernetes.operator.periodic.checkpoint.interval",
    "kubernetes.operator.periodic.savepoint.interval",
    "kubernetes.operator.savepoint.cleanup.enabled",
    "kubernetes.operator.savepoint.dispose-on-delete",
    "kubernetes.operator.savepoint.format.type",
    "kubernetes.operator.savepoint.history.max.age",
    "kubernetes.operator.savepoint.history.max.count",
];

/// One sentence on the options that are for the operator alone; `None` when there are none.
pub fn note_on_operator(configuration: &Configuration) -> Option<String> {
    let keys = configuration.iter().map(|(key, _)| key);
    let mut ignored: Vec<String> = keys
        .filter(|key| key.starts_with(PREFIX) && !OBEYED.contains(key))
        .map(|key| format!("`{key}`"))
        .collect();
    ignored.sort();
    (!ignored.is_empty())
        .then(|| format!("for the Java operator only, without effect here: {}", ignored.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FlinkVersion;

    #[track_caller]
    fn check(keys: &[&str], expected: Option<&str>) {
        let configuration: Configuration = keys.iter().map(|key| (*key, "true")).collect();
        assert_eq!(note_on_operator(&configuration).as_deref(), expected);
        // Never an unknown option, nor one with a wrong value.
        let findings = crate::options::check(&configuration, FlinkVersion::DEFAULT);
        assert_eq!(findings, []);
    }

    #[test]
    fn what_is_for_the_operator_alone_is_said() {
        check(&[], None);
        check(OBEYED, None);
        check(
            &[
                "kubernetes.operator.reconcile.interval",
                "kubernetes.operator.job.restart.failed",
                "kubernetes.operator.made-up",
            ],
            Some(
                "for the Java operator only, without effect here: `kubernetes.operator.made-up`, \
                 `kubernetes.operator.reconcile.interval`",
            ),
        );
    }
}
