//! Where our objects differ from the operator's on purpose. Each name is in `docs/standalone.md` with its reason.

/// Which side has what the other has not, or has otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Only our object has it.
    More,
    /// Only the operator's object has it.
    Less,
    /// Both have it, with different values.
    Other,
}

use Side::{Less, More, Other};

/// Name, side, and the beginning and the middle of a place. A place is `Kind/NAME path/to/the/field`, `NAME` being
/// the session's.
pub(crate) const DIFFERENCES: &[(&str, Side, &str, &str)] = &[
    ("marks", More, "", "/nutkin.dev/"),
    ("operator-marks", Less, "", "/flinkdeployment.flink.apache.org/"),
    ("operator-marks", Less, "ConfigMap/", "/kubernetes.jobmanager.annotations"),
    ("owner", Less, "", " metadata/ownerReferences/FlinkDeployment/"),
    ("owner", More, "Deployment/NAME-taskmanager", " metadata/ownerReferences/Deployment/"),
    ("owner", Less, "ConfigMap/", "/kubernetes.jobmanager.owner.reference"),
    ("probes", More, "Deployment/", "/readinessProbe/"),
    ("probes", More, "Deployment/", "/livenessProbe/"),
    ("probes", More, "Deployment/NAME-taskmanager", "/startupProbe/"),
    ("probes", More, "Deployment/NAME ", "/startupProbe/tcpSocket/"),
    ("probes", Less, "Deployment/NAME ", "/startupProbe/"),
    ("probes", Other, "Deployment/NAME ", "/startupProbe/failureThreshold"),
    ("user", More, "Deployment/", "/securityContext/"),
    ("pod-names", More, "Deployment/NAME-taskmanager", "/env/"),
    ("pod-names", More, "Deployment/NAME-taskmanager", "/args/1"),
    ("early-addresses", More, "Service/NAME ", " spec/publishNotReadyAddresses"),
    ("find-again", More, "ConfigMap/", "/cluster.registration.error-delay"),
    ("logging", More, "Deployment/", "/volumes/flink-config-volume/configMap/items/log4j-"),
    ("logging", More, "ConfigMap/", " data/log4j-console.properties"),
    ("one-job-manager", Other, "Deployment/NAME ", " spec/strategy/type"),
    ("one-job-manager", Less, "Deployment/NAME ", " spec/strategy/rollingUpdate/"),
    ("no-missing-slots", Other, "Deployment/NAME-taskmanager", " spec/strategy/rollingUpdate/"),
    ("job-life-cycle", Less, "ConfigMap/", "/web.cancel.enable"),
    ("operator-only", Less, "ConfigMap/", "/$internal.flink.version"),
    ("operator-only", Less, "ConfigMap/", "/kubernetes.pod-template-file.jobmanager"),
    ("operator-only", Less, "ConfigMap/", "/kubernetes.internal.cluster-mode"),
    ("operator-only", Less, "ConfigMap/", "/kubernetes.internal.taskmanager.replicas"),
    ("defaults", Less, "ConfigMap/", "/kubernetes.jobmanager.replicas"),
    ("defaults", Less, "ConfigMap/", "/kubernetes.rest-service.exposed.type"),
    ("defaults", More, "Deployment/", " spec/template/spec/hostNetwork"),
];

/// What the API server puts into the operator's objects: the end of a place, and the value.
const DEFAULTS: &[(&str, &str)] = &[
    ("/progressDeadlineSeconds", "600"),
    ("/revisionHistoryLimit", "10"),
    ("/deployment.kubernetes.io/revision", "1"),
    ("/protocol", "TCP"),
    ("/scheme", "HTTP"),
    ("/successThreshold", "1"),
    ("/timeoutSeconds", "1"),
    ("/periodSeconds", "10"),
    ("/failureThreshold", "3"),
    ("/terminationMessagePath", "/dev/termination-log"),
    ("/terminationMessagePolicy", "File"),
    ("/restartPolicy", "Always"),
    ("/schedulerName", "default-scheduler"),
    ("/terminationGracePeriodSeconds", "30"),
    ("/configMap/defaultMode", "420"),
    ("/internalTrafficPolicy", "Cluster"),
    ("/ipFamilies/0", "IPv4"),
    ("/ipFamilyPolicy", "SingleStack"),
    ("/sessionAffinity", "None"),
    ("/strategy/rollingUpdate/maxSurge", "25%"),
    ("/strategy/rollingUpdate/maxUnavailable", "25%"),
    ("/strategy/type", "RollingUpdate"),
    ("Service/NAME spec/type", "ClusterIP"),
    ("Service/NAME spec/clusterIPs/0", "None"),
];

/// Whether the API server, not the operator, put this there.
pub(crate) fn is_default(place: &str, value: &str) -> bool {
    let is_drawn = place.starts_with("Service/NAME-rest spec/clusterIP");
    is_drawn || DEFAULTS.iter().any(|(end, default)| place.ends_with(end) && value == *default)
}

/// The difference on purpose that explains one.
pub(crate) fn explain(side: Side, place: &str) -> Option<&'static str> {
    let fits = |(_, of, start, middle): &&(&str, Side, &str, &str)| {
        *of == side && place.starts_with(start) && place.contains(middle)
    };
    DIFFERENCES.iter().find(fits).map(|(name, ..)| *name)
}
