//! Why a line is otherwise: a table of what Nutkin does for every session, of cures, and of what it drops knowingly.

use super::LineDifference;
use crate::adopt::shape::Shape;
use crate::adopt::{Adoption, PlacedPart};
use crate::adopt::{ports, resources, storage};
use crate::embedded::Origin;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::system::System;
use nutkin_flink::process;

/// What reasons ask.
pub(super) struct Context<'a> {
    pub(super) system: &'a System<'a>,
    pub(super) adoption: &'a Adoption,
}

/// Which side has the line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Only the session's.
    New,
    /// Only the files'.
    Gone,
    /// Both, with different values.
    Other,
    Any,
}

use When::{Any, Gone, New, Other};

/// Objects of workloads, by what they are called.
const PODS: &str = "JobManager|TaskManager|JobManager and TaskManager";

/// One reason: for which objects and paths (`*` is any text, `|` separates choices), when, under which condition.
struct Reason(&'static str, &'static str, When, Test, &'static str);

/// When a reason holds.
enum Test {
    Always,
    /// The cure with this code was applied.
    Cure(&'static str),
    /// The value was this before.
    Was(&'static str),
    If(fn(&LineDifference, &Context<'_>) -> bool),
}

use Test::{Always, Cure, If, Was};

const LABELS: &str = "labels by which a session finds what is its own";
const WRITTEN: &str = "the default, written out";
const SIZED: &str = "the container has what Flink's process takes by the options";
const NAMED: &str = "named after the session";
const PROBES: &str =
    "a process that hangs is started again, and gets no request before it can answer";
const USER: &str = "Flink's user, who must be able to write to volumes";
const FIXED: &str = "a fixed port, so that containers and Services can name it";
const FIELDS: &str = "a field of the session file, which Flink reads as an option";

#[rustfmt::skip]
const TABLE: &[Reason] = &[
    // Names and marks, of all objects.
    Reason("*", "metadata.namespace", New, Always, "the namespace, written out"),
    Reason("Service *", "metadata.namespace", Other, If(|_, c| is_cured("NK0405", c)), "cured: the namespace of the pods"),
    Reason("*", "metadata.annotations.nutkin.dev/*", New, Always, "notes of Nutkin, for later changes"),
    Reason("*", "metadata.labels.*", Any, If(is_made), LABELS),
    Reason(PODS, "metadata.name", Other, Always, NAMED),
    Reason(PODS, "metadata.annotations.*", Gone, Always, "left out: an annotation of the workload, not of its pods; `metadata.annotations` holds some for all objects"),
    Reason(PODS, "spec.selector.matchLabels.*", Any, Always, LABELS),
    Reason(PODS, "spec.template.metadata.labels.app|spec.template.metadata.labels.component|spec.template.metadata.labels.type", Any, Always, LABELS),
    Reason(PODS, "spec.template.metadata.annotations.nutkin.dev/*", New, Always, "a changed option restarts what reads it"),
    // What called the pods and ports of the files, and now calls those of the session.
    Reason("*", "*.matchLabels.app|*.matchLabels.type|*.matchLabels.component|*.matchExpressions[*", Any, Always, LABELS),
    Reason("*", "*.port|*.targetPort", Any, If(is_followed), "the names that Flink gives its ports"),
    Reason("Ingress *", "*.backend.*", Any, Always, "leads to the Services of the session, by number"),
    // The workload.
    Reason(PODS, "apiVersion", Other, Always, "the version that every Kubernetes has"),
    Reason(PODS, "kind", Other, If(|d, _| d.is.as_deref() == Some("Deployment")), "a Deployment, which keeps as many pods as are asked for"),
    Reason(PODS, "kind", Other, If(|d, c| d.was.as_deref() == Some("Deployment") && Shape::of(c.system) == Shape::TwoStatefulSets), "both roles are StatefulSets, where one of them is"),
    Reason(PODS, "spec.replicas", Other, Cure("NK0204"), "cured: one JobManager without high availability"),
    Reason(PODS, "spec.replicas", New, Always, WRITTEN),
    Reason("JobManager", "spec.strategy.*", Any, If(|_, c| c.system.high_availability().is_none()), "without high availability one JobManager must be gone before the next one starts"),
    Reason(PODS, "spec.strategy.*", Any, Always, "new pods start beside the old ones"),
    Reason(PODS, "spec.triggers*", Gone, Always, "left out: `nutkin up` replaces pods after a change"),
    Reason(PODS, "spec.podManagementPolicy", Any, Always, "all pods start at once"),
    Reason(PODS, "spec.serviceName", Any, Always, NAMED),
    Reason(PODS, "spec.revisionHistoryLimit|spec.minReadySeconds|spec.progressDeadlineSeconds|spec.updateStrategy.*", Gone, Always, "left out: the session file has no place for it"),
    Reason(PODS, "spec.volumeClaimTemplates*.apiVersion|spec.volumeClaimTemplates*.kind", Any, Always, WRITTEN),
    Reason(PODS, "spec.volumeClaimTemplates*.metadata.labels.*", New, Always, LABELS),
    // The pod.
    Reason(PODS, "spec.template.spec.serviceAccount*", Other, Cure("NK0302"), "cured: TaskManagers run under the ServiceAccount as well"),
    Reason(PODS, "spec.template.spec.serviceAccount*", New, Always, "one ServiceAccount for all pods"),
    Reason(PODS, "spec.template.spec.restartPolicy", Gone, Was("Always"), WRITTEN),
    Reason(PODS, "spec.template.spec.hostNetwork|spec.template.spec.dnsPolicy", New, Always, WRITTEN),
    Reason(PODS, "spec.template.spec.terminationGracePeriodSeconds", Gone, Cure("NK0603"), "cured: Flink has time to end"),
    Reason(PODS, "spec.template.spec.securityContext.fsGroup", New, Cure("NK0209"), "cured: Flink's user can write to volumes"),
    Reason(PODS, "spec.template.spec.securityContext.runAs*|spec.template.spec.securityContext.fsGroup", New, Always, USER),
    // The container.
    Reason(PODS, "*.containers[main].name", Other, Always, "the name that Flink gives its container"),
    Reason(PODS, "*.containers[main].image", Any, Cure("NK0701"), "cured: a tag that stays"),
    Reason(PODS, "*.containers[main].image", Any, Cure("NK0704"), "cured: an image of a Flink that Nutkin knows"),
    Reason("TaskManager", "*.containers[main].image", Other, Cure("NK0702"), "cured: one Flink for all pods"),
    Reason(PODS, "*.containers[main].imagePullPolicy", New, Always, WRITTEN),
    Reason(PODS, "*.containers[main].command", New, Always, "the entrypoint of the image, written out"),
    Reason(PODS, "*.containers[main].command|*.containers[main].args", Any, If(starts_flink), "the entrypoint starts the role; options are in the configuration"),
    Reason(PODS, "*.containers[main].command|*.containers[main].args", Any, Always, "left out: the entrypoint of Flink's image starts the role; what else the command did belongs in an init container"),
    Reason(PODS, "*.containers[main].startupProbe.*|*.containers[main].readinessProbe.*|*.containers[main].livenessProbe.*", New, If(is_stray), "cured: the probe is at the container"),
    Reason(PODS, "*.containers[main].startupProbe.*|*.containers[main].readinessProbe.*|*.containers[main].livenessProbe.*", New, Always, PROBES),
    Reason(PODS, "*.containers[main].resources.*.cpu", New, Cure("NK0505"), "cured: what a pod asks for and may use where the files say nothing"),
    Reason(PODS, "*.containers[main].resources.requests.cpu", New, Always, "one CPU for a JobManager, one for each slot of a TaskManager, unless `resource.cpu` says otherwise"),
    Reason(PODS, "*.containers[main].resources.limits.cpu", New, Always, "the request is the limit as well, unless `resources.limits.cpu` says otherwise"),
    Reason(PODS, "*.containers[main].resources.limits.cpu", Other, If(|_, c| !has_factors(c)), "this Flink knows one amount for request and limit"),
    Reason(PODS, "*.containers[main].resources.*.memory", Any, Always, SIZED),
    Reason("JobManager and TaskManager", "*.containers[main].resources.*", Any, Always, "one pod for both roles has the larger amounts"),
    Reason(PODS, "*.containers[main].ports[*].*", Other, Always, "the names that Flink gives its ports"),
    Reason(PODS, "*.containers[main].ports[*].*", New, Always, "all ports of the role"),
    Reason(PODS, "*.containers[main].ports[*].*", Gone, If(is_queryable), "cured: queryable state is off"),
    Reason(PODS, "*.containers[main].ports[*].*", Gone, If(is_own_port), "not a port of this role, or one with another name"),
    Reason(PODS, "*.containers[main].ports[*].protocol", Gone, Was("TCP"), WRITTEN),
    Reason(PODS, "*.containers[main].env[_POD_IP_ADDRESS]*|*.containers[main].env[POD_NAME]*|*.containers[main].env[JOB_MANAGER_HOSTS]*", New, Always, "the pod's own address and name, for the options that need them"),
    Reason(PODS, "*.containers[main].env[FLINK_CONF_DIR]*", Gone, Always, "the configuration is where the image looks for it"),
    Reason(PODS, "*.containers[main].env[JOB_MANAGER_HEAP_MB]*|*.containers[main].env[TASK_MANAGER_HEAP_MB]*", Gone, Cure("NK0506"), "cured: `resource.memory` sizes all parts"),
    Reason(PODS, "*.containers[main].env[FLINK_PROPERTIES]*|*.containers[main].env[JOB_MANAGER_RPC_ADDRESS]*|*.containers[main].env[TASK_MANAGER_NUMBER_OF_TASK_SLOTS]*|*.containers[main].env[POD_IP]*", Gone, Always, "the options of the session file say it"),
    // Volumes.
    Reason(PODS, "*.volumeMounts[/opt/flink/artifacts].*|*.volumes[user-artifacts-volume].*", New, Always, "where Flink puts jars that it fetched"),
    Reason(PODS, "*.volumeMounts[/opt/flink/conf].*|*.volumes[flink-config-volume].*", Any, Always, "the configuration is made of the session file"),
    Reason(PODS, "*.volumes[files-*", New, Always, "a name that no volume of a session's own has"),
    Reason(PODS, "*.volumeMounts[*].name", Other, If(|d, _| d.is.as_deref().is_some_and(|is| is.starts_with("files-"))), "a name that no volume of a session's own has"),
    Reason(PODS, "*.volumeMounts[*].*", Any, If(is_configuration), "the configuration is made of the session file"),
    Reason(PODS, "*.volumes[*].*", Gone, If(is_configuration), "the configuration is made of the session file"),
    Reason(PODS, "*.volumes[*].*Probe.*", Gone, Cure("NK0004"), "cured: the probe is at the container"),
    Reason(PODS, "*.volumes[*].hostPath.*", Gone, Cure("NK0604"), "cured: a directory of the pod's own"),
    Reason(PODS, "*.volumes[*|*.volumeMounts[*", Any, If(is_shared), "cured: a claim that all pods share"),
    Reason(PODS, "*.volumeMounts[*].*", New, If(is_claim), "what the StatefulSet claims"),
    // Options.
    Reason("options", "kubernetes.*", New, Always, FIELDS),
    Reason("options", "nutkin.*", New, Always, "what Nutkin has to know beside the options of Flink"),
    Reason("options", "execution.target", New, Always, "Flink's client finds the session by it"),
    Reason("options", "kubernetes.cluster-id|high-availability.cluster-id", Any, Always, NAMED),
    Reason("options", "kubernetes.namespace", Gone, If(|_, c| c.system.boot.is_some()), "the namespace of the session"),
    Reason("options", "kubernetes.namespace", Other, Cure("NK0202"), "cured: the namespace of the pods"),
    Reason("options", "jobmanager.rpc.address", Any, Always, "the address of the session's own Service"),
    Reason("options", "jobmanager.rpc.port|taskmanager.rpc.port|blob.server.port|rest.port|rest.bind-port|high-availability.jobmanager.port", New, Always, FIXED),
    Reason("options", "jobmanager.rpc.port", Other, Always, "with high availability JobManagers listen on `high-availability.jobmanager.port`"),
    Reason("options", "rest.bind-address|jobmanager.bind-host|taskmanager.bind-host|taskmanager.host", Gone, Always, "pods listen at all of their addresses, each under its own name"),
    Reason("options", "rest.address|rest.bind-address|jobmanager.bind-host|taskmanager.bind-host", New, Always, "pods answer the other pods"),
    Reason("options", "jobmanager.memory.process.size|taskmanager.memory.process.size", New, Always, FIELDS),
    Reason("options", "kubernetes.hostnetwork.enabled", New, Always, "the pods' hostNetwork, as an option"),
    Reason("options", "rest.bind-address|jobmanager.bind-host|taskmanager.bind-host|taskmanager.host", Gone, Always, "each pod answers at its own address"),
    Reason("options", "scheduler-mode|jobmanager.scheduler", Any, Cure("NK0509"), "cured: reactive mode is for applications"),
    Reason("options", "execution.checkpointing.externalized-checkpoint-retention", New, Always, "without high availability jobs go on from their checkpoints"),
    Reason("options", "jobmanager.archive.fs.dir", New, Always, "without high availability jobs that had ended are told from jobs that were lost"),
    Reason("options", "cluster.registration.error-delay", New, Always, "TaskManagers find a JobManager soon after it has started"),
    Reason("options", "env.java.opts.all", Any, If(opens_modules), "what opens Java's modules, as in the configuration that Flink ships"),
    Reason("options", "queryable-state.*|query.server.port", Gone, Cure("NK0410"), "cured: queryable state is off"),
    Reason("options", "*", Gone, If(|d, c| is_cured_there("NK0102", d, c)), "cured: this Flink has no such option"),
    Reason("options", "jobmanager.heap.*|taskmanager.heap.*", Gone, Cure("NK0506"), "cured: `resource.memory` sizes all parts"),
    // Logging.
    Reason("log4j*|logback*", "*", Any, Cure("NK0801"), "cured: a level that Log4j knows"),
    Reason("log4j*|logback*", "*", New, If(|_, c| !has_logging(c)), "Flink's own logging, since the files have none"),
    // Session files of an operator.
    Reason("*", "status.*|metadata.managedFields*|metadata.resourceVersion|metadata.uid|metadata.creationTimestamp|metadata.generation|metadata.finalizers|metadata.selfLink|metadata.annotations.kubectl.kubernetes.io/last-applied-configuration|metadata.annotations.deployment.kubernetes.io/revision", Gone, Always, "written by the cluster"),
    Reason("FlinkDeployment *|FlinkSessionJob *", "*", Any, If(is_patched), "cured"),
    Reason("options", "*", Any, If(is_patched), "cured"),
    // Other objects.
    Reason("*", "", Gone, If(|d, c| c.system.boot.is_some_and(|boot| boot.title() == d.object)), "`nutkin up` deploys the session"),
    Reason("ConfigMap *", "data.*", New, If(is_configuration_map), "kept for whatever else reads it"),
    Reason("Service *", "", Gone, If(is_query_service), "cured: queryable state is off"),
    Reason("Service *", "", Gone, If(|d, c| selected(d, c).is_some()), "the Services of the session do the same"),
    Reason("Service *", "", New, Always, "the address of the JobManager, and REST"),
    Reason("Service *", "spec.type", Any, If(|d, _| d.is.as_deref() == Some("ClusterIP") && d.was.is_none()), WRITTEN),
    Reason("Service *", "spec.type|spec.ports[*].nodePort|spec.loadBalancer*|spec.externalTrafficPolicy", Any, Cure("NK0901"), "cured: REST is reached inside the cluster only"),
    Reason("Service *", "spec.selector.*", Any, Always, LABELS),
    Reason("Service *", "spec.ports[*].name", Any, Always, "the names that Flink gives its ports"),
    Reason("Service *", "spec.ports[*].targetPort", Any, Always, WRITTEN),
    Reason("Service *", "spec.clusterIP|spec.publishNotReadyAddresses", New, Always, "names of pods lead to them before they are ready"),
    Reason("Service *", "spec.sessionAffinity", New, Always, "each client stays with one JobManager, which has its uploaded jars"),
    Reason("Service *", "spec.ports[*].*", Any, If(|d, c| selected(d, c).is_some()), "the ports of the session's own Service"),
    Reason("ConfigMap *", "", Gone, If(is_configuration_map), "spec.flinkConfiguration and spec.logConfiguration hold it"),
    Reason("ConfigMap flink-config-*|ConfigMap pod-template-*", "", New, Always, "made of spec.flinkConfiguration and spec.logConfiguration"),
    Reason("ConfigMap flink-config-*|ConfigMap pod-template-*", "*", Any, Always, "made of spec.flinkConfiguration and spec.logConfiguration"),
    Reason("PersistentVolumeClaim flink-state", "", New, Always, "cured: a claim that all pods share"),
    Reason("Role *", "rules*.verbs", Other, Cure("NK0304"), "cured: verbs that Flink uses"),
    Reason("ClusterRoleBinding *", "", Gone, Cure("NK0306"), "cured: a Role on configmaps is enough"),
    Reason("Kustomization *", "", Gone, Always, "it only lists the files of the objects"),
    Reason("Job *", "", Gone, If(is_boot), "`nutkin up` starts the session"),
    Reason("Role *|RoleBinding *|ServiceAccount *", "", New, Always, "permissions for high availability"),
    Reason("*", "spec.selector.*|spec.podSelector.*|spec.scaleTargetRef.*|spec.targetRef.*", Any, Always, LABELS),
];

/// The first reason that holds.
pub(super) fn why(one: &LineDifference, context: &Context<'_>) -> Option<String> {
    let when = match (&one.was, &one.is) {
        (None, _) => New,
        (_, None) => Gone,
        _ => Other,
    };
    let holds = |Reason(object, path, at, test, _): &&Reason| {
        (*at == Any || *at == when)
            && matches(object, &one.object)
            && matches(path, &one.path)
            && match test {
                Always => true,
                Cure(code) => is_cured(code, context),
                Was(value) => one.was.as_deref() == Some(*value),
                If(test) => test(one, context),
            }
    };
    TABLE.iter().find(holds).map(|Reason(.., why)| (*why).to_owned())
}

fn matches(patterns: &str, text: &str) -> bool {
    patterns.split('|').any(|pattern| matches_one(pattern, text))
}

/// `*` stands for any text.
fn matches_one(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn is_cured(code: &str, context: &Context<'_>) -> bool {
    context.adoption.cures.iter().any(|cure| cure.rule.code == code)
}

/// Whether the cure describes just this option.
fn is_cured_there(code: &str, one: &LineDifference, context: &Context<'_>) -> bool {
    let cures = context.adoption.cures.iter().filter(|cure| cure.rule.code == code);
    cures.into_iter().any(|cure| cure.message.contains(&format!("`{}`", one.path)))
}

/// Whether a cure describes the line itself.
fn is_patched(one: &LineDifference, context: &Context<'_>) -> bool {
    let last = one.path.rsplit('.').next().unwrap_or(&one.path);
    let is_told = |text: &str| text.contains(&one.path) || text.contains(&format!("{last}:"));
    context.system.session.is_some()
        && context.adoption.cures.iter().any(|cure| is_told(&cure.message))
}

/// Whether flags differ only in those that open modules.
fn opens_modules(one: &LineDifference, _: &Context<'_>) -> bool {
    let own = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        process::beside_module_flags(text).unwrap_or_else(|| text.trim().to_owned())
    };
    own(&one.was) == own(&one.is)
}

/// Whether the object is one that the session file makes.
fn is_made(one: &LineDifference, _: &Context<'_>) -> bool {
    let kinds = ["JobManager", "TaskManager", "Service ", "ConfigMap "];
    kinds.iter().any(|kind| one.object.starts_with(kind))
}

/// Whether the words only start a role, with options and an address.
fn starts_flink(one: &LineDifference, _: &Context<'_>) -> bool {
    const WORDS: &[&str] = &[
        "jobmanager",
        "taskmanager",
        "cluster",
        "ha",
        "start-foreground",
        "/docker-entrypoint.sh",
        "docker-entrypoint.sh",
        "jobmanager.sh",
        "taskmanager.sh",
        "-D",
    ];
    let is_known = |word: &str| {
        WORDS.iter().any(|known| word == *known || word.ends_with(&format!("/{known}")))
            || word.starts_with("-D")
            || word.starts_with("$(")
            || word.contains('=')
    };
    one.was.as_deref().is_none_or(|was| was.split(' ').all(is_known))
}

/// Whether the probe stood at a volume.
fn is_stray(one: &LineDifference, context: &Context<'_>) -> bool {
    is_cured("NK0004", context) && !one.path.contains("startupProbe")
}

fn port_of(one: &LineDifference) -> Option<i64> {
    one.path.rsplit_once("ports[")?.1.split(']').next()?.parse().ok()
}

fn is_queryable(one: &LineDifference, context: &Context<'_>) -> bool {
    let port = context.system.settings.port("queryable-state.proxy.ports").unwrap_or(6125);
    port_of(one) == Some(port)
}

fn is_own_port(one: &LineDifference, context: &Context<'_>) -> bool {
    let keys = [
        "rest.port",
        "rest.bind-port",
        "jobmanager.rpc.port",
        "blob.server.port",
        "taskmanager.rpc.port",
    ];
    let defaults = [8081, 8081, 6123, 6124, 6122];
    let mut own = keys
        .iter()
        .zip(defaults)
        .map(|(key, default)| context.system.settings.port(key).unwrap_or(default));
    own.any(|port| Some(port) == port_of(one))
}

/// Whether it is about the volume with the configuration that was taken over.
fn is_configuration(one: &LineDifference, context: &Context<'_>) -> bool {
    let texts = &context.system.texts;
    context.system.workloads.iter().flat_map(Workload::mounts).any(|mount| {
        let name = mount.node.text_of("name").unwrap_or_default();
        let is_there = one.path.contains(&format!(".volumes[{name}]"))
            || one.path.contains(&format!(".volumeMounts[{}]", mount.path));
        let is_taken = mount.config_map().is_some_and(|map| {
            texts.iter().any(|text| {
                matches!(text.origin, Origin::ConfigMap(index)
                    if context.system.world.objects[index].name == map)
            })
        });
        is_there && (is_taken || mount.path == "/opt/flink/conf")
    })
}

/// Whether the ConfigMap was taken over.
fn is_configuration_map(one: &LineDifference, context: &Context<'_>) -> bool {
    context.system.texts.iter().any(|text| {
        matches!(text.origin, Origin::ConfigMap(index)
            if context.system.world.objects[index].title() == one.object)
    })
}

/// Whether a port is called by its name in the session where it was called by its name in the files.
fn is_followed(one: &LineDifference, context: &Context<'_>) -> bool {
    context.system.workloads.iter().any(|workload| {
        let names = ports::names(context.system, workload);
        let known = |was: &String| names.get(was);
        match (&one.was, &one.is) {
            (Some(was), Some(is)) => known(was).is_some_and(|new| new == is),
            (Some(was), None) => known(was).is_some(),
            (None, Some(is)) => names.values().any(|new| new == is),
            (None, None) => false,
        }
    })
}

/// Whether a volume or mount is of the claim for state that all pods share, or made place for it.
fn is_shared(one: &LineDifference, context: &Context<'_>) -> bool {
    if !is_cured("NK0201", context) && !is_cured("NK0208", context) {
        return false;
    }
    let inside = |list: &str| {
        let (_, rest) = one.path.split_once(list)?;
        rest.split_once(']').map(|(name, _)| name)
    };
    let is_directory = |path: &str| storage::is_directory(context.system, path);
    let made_place = |volume: &str| {
        let mut mounts = context.system.workloads.iter().flat_map(Workload::mounts);
        mounts.any(|mount| mount.node.text_of("name") == Some(volume) && is_directory(mount.path))
    };
    inside(".volumeMounts[").is_some_and(is_directory)
        || inside(".volumes[").is_some_and(|name| name == storage::SHARED || made_place(name))
}

/// Whether it is what deploys the session.
fn is_boot(one: &LineDifference, context: &Context<'_>) -> bool {
    context.system.boot.as_ref().is_some_and(|boot| boot.object.title() == one.object)
}

/// Whether the mount is that of a claim of each pod.
fn is_claim(one: &LineDifference, context: &Context<'_>) -> bool {
    context.adoption.text.contains("nutkin.claim.") && one.path.contains(".volumeMounts[")
}

fn has_logging(context: &Context<'_>) -> bool {
    use crate::source::FileKind::{Log4j, Logback};
    context.system.texts.iter().any(|text| matches!(text.kind, Log4j | Logback))
}

fn has_factors(context: &Context<'_>) -> bool {
    Shape::of(context.system) != Shape::Native || resources::has_factors(context.system)
}

/// Whether a Service of the files leads to pods of the session, and to which role.
fn selected(one: &LineDifference, context: &Context<'_>) -> Option<bool> {
    let mut services = context.system.world.of_kind("Service");
    let service = services.find(|service| service.title() == one.object)?;
    let selector = service.node.at("spec/selector")?.entries();
    let workload = context.system.workloads.iter().find(|w| w.is_selected(selector))?;
    Some(workload.role.is_job_manager() || Shape::of(context.system) == Shape::One)
}

fn is_query_service(one: &LineDifference, context: &Context<'_>) -> bool {
    selected(one, context) == Some(false) && is_cured("NK0410", context)
}

/// Why an option is not in the session file as it was in the files.
pub(super) fn of_containers(placed: &[PlacedPart], key: &str) -> Option<String> {
    if key.starts_with("nutkin.") || key.starts_with("containerized.") {
        return Some("how a session on Docker says what the Compose file says".to_owned());
    }
    let part = placed.iter().find(|part| part.what == key && part.to.starts_with("nowhere"))?;
    Some(part.to.clone())
}
