//! What the API server refuses in workloads, their Services and ConfigMaps: values of another type, names that appear twice, words
//! that are not of a list (`pkg/apis/core/validation/validation.go` of Kubernetes 1.32, types of `core/v1` and `apps/v1`).

mod beside;
mod notation;

use std::collections::BTreeSet;

use super::REFUSED_VALUE;
use crate::finding::{Findings, Place};
use crate::kubernetes::{Object, Workload};
use crate::node::Walk;
use crate::rules::schema::VOLUME;
use crate::secrets;
use crate::system::{System, World};
use notation::{is_label, is_open, is_quantity};
use nutkin_flink::yaml::{Key, Node, NodeKind};

pub(in crate::rules) use beside::of_world;

/// Fields that are whole numbers wherever they are in a workload.
const NUMBERS: &[&str] = &[
    "backoffLimit",
    "completions",
    "containerPort",
    "failureThreshold",
    "fsGroup",
    "hostPort",
    "initialDelaySeconds",
    "minReadySeconds",
    "nodePort",
    "parallelism",
    "periodSeconds",
    "progressDeadlineSeconds",
    "replicas",
    "revisionHistoryLimit",
    "runAsGroup",
    "runAsUser",
    "successThreshold",
    "terminationGracePeriodSeconds",
    "timeoutSeconds",
];

/// Fields that are true or false.
const SWITCHES: &[&str] = &[
    "allowPrivilegeEscalation",
    "automountServiceAccountToken",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "privileged",
    "publishNotReadyAddresses",
    "readOnly",
    "readOnlyRootFilesystem",
    "runAsNonRoot",
    "shareProcessNamespace",
];

/// Fields with the words that they may have.
const WORDS: &[(&str, &[&str])] = &[
    ("imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("podManagementPolicy", &["OrderedReady", "Parallel"]),
    ("protocol", &["TCP", "UDP", "SCTP"]),
    ("sessionAffinity", &["None", "ClientIP"]),
];

/// How the operator and Flink's client call the container of Flink (`Constants.MAIN_CONTAINER_NAME`).
pub(super) const MAIN: &str = "flink-main-container";

/// Maps with keys of the user's own.
const FREE: &[&str] = &[
    "annotations",
    "labels",
    "matchLabels",
    "nodeSelector",
    "options",
    "selector",
    "volumeAttributes",
    "env",
];

/// What asks whether a container is well.
const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// How a probe asks.
const HANDLERS: [&str; 4] = ["exec", "grpc", "httpGet", "tcpSocket"];

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in system.workloads.iter().chain(&system.boot) {
        if workload.object.compose.is_some() {
            return;
        }
        let mut refused = Refused { object: workload.object, out };
        refused.types(&workload.object.node);
        refused.workload(workload, system.world);
        let named = workload.mounts().into_iter().flat_map(|mount| mount.config_maps());
        let maps: BTreeSet<&str> = named.map(|(name, _)| name).collect();
        for map in maps
            .into_iter()
            .filter_map(|name| system.world.named("ConfigMap", name, workload.object))
        {
            Refused { object: map, out }.data();
        }
    }
    if let Some(session) = system.session {
        let mut refused = Refused { object: session, out };
        for pod in secrets::pods(session) {
            refused.types(pod);
            refused.pod(pod, false);
        }
        refused.templates();
    }
    for service in &system.selecting {
        let mut refused = Refused { object: service, out };
        refused.types(&service.node);
        refused.service();
    }
}

/// Whether another object among the files is the whole of one that lacks a field: this one is then a patch of it, also where no
/// kustomization among them says so.
fn is_part(object: &Object, field: &str, world: &World) -> bool {
    let mut others = world.all_named(&object.kind, &object.name);
    others.any(|other| !std::ptr::eq(other, object) && other.node.set(field).is_some())
}

/// One object, and what is said of it.
struct Refused<'a, 'f, 'o> {
    object: &'a Object,
    out: &'o mut Findings<'f>,
}

impl Refused<'_, '_, '_> {
    fn tell(&mut self, node: &Node, message: String) {
        let place = node.place(self.object.file);
        self.tell_at(place, message);
    }

    fn tell_at(&mut self, place: Place, message: String) {
        let message = format!("{message} ({})", self.object.title());
        self.out.add(&REFUSED_VALUE, place, message);
    }

    /// A text in the place of a number or of a truth value.
    fn tell_quoted(&mut self, node: &Node, message: &str) {
        let message = format!("{message} ({})", self.object.title());
        let finding = self.out.add(&REFUSED_VALUE, node.place(self.object.file), message);
        finding.cure = Some("Write the value without quotes.".to_owned());
    }

    /// Numbers, switches and words of a list, wherever they are.
    fn types(&mut self, node: &Node) {
        for (key, value) in node.entries() {
            let name = key.name.as_str();
            if FREE.contains(&name) {
                continue;
            }
            if let NodeKind::Text(text) = &value.kind
                && !is_open(text)
            {
                let is_switch =
                    SWITCHES.contains(&name) && matches!(text.as_str(), "true" | "false");
                let words = WORDS.iter().find(|(known, _)| *known == name).map(|(_, words)| *words);
                if NUMBERS.contains(&name) {
                    let message = format!("`{name}` is a whole number, and `{text}` is a text");
                    self.tell_quoted(value, &message);
                } else if is_switch {
                    let message =
                        format!("`{name}` is true or false without quotes, and this is a text");
                    self.tell_quoted(value, &message);
                } else if let Some(words) = words.filter(|words| !words.contains(&text.as_str())) {
                    self.tell(
                        value,
                        format!("`{name}` is not `{text}`, but one of {}", words.join(", ")),
                    );
                }
            }
            self.types(value);
        }
        node.items().iter().for_each(|item| self.types(item));
    }

    fn workload(&mut self, workload: &Workload<'_>, world: &World) {
        let object = self.object;
        let (pod, kind) = (workload.pod, object.kind.as_str());
        let has_image = workload.image().is_some();
        let has_selector = object.node.set("spec/selector").is_some();
        let has_labels = object.node.set("spec/template/metadata/labels").is_some();
        // Kinds of other versions need no selector.
        let is_of_apps = object.node.text_of("apiVersion") == Some("apps/v1");
        if is_of_apps
            && has_image
            && has_labels
            && !has_selector
            && !is_part(object, "spec/selector", world)
        {
            self.tell_at(object.place(), "`spec.selector` is missing".to_owned());
        }
        let policy = pod.get("restartPolicy");
        let text = policy.and_then(Walk::text).unwrap_or("Always");
        match kind {
            "Deployment" | "StatefulSet" | "DaemonSet" if text != "Always" && !is_open(text) => {
                if let Some(node) = policy {
                    self.tell(
                        node,
                        format!("`restartPolicy` of a {kind} is `Always`, not `{text}`"),
                    );
                }
            }
            "Job" if text == "Always" => {
                let place = policy.unwrap_or(pod).place(object.file);
                let message = "`restartPolicy` of a Job is `Never` or `OnFailure`, and `Always` where it is missing";
                self.tell_at(place, message.to_owned());
            }
            _ => {}
        }
        for path in
            ["metadata/labels", "spec/template/metadata/labels", "spec/selector/matchLabels"]
        {
            for (key, value) in object.node.at(path).map_or(&[][..], Walk::entries) {
                if let Some(text) = value.text().filter(|text| !is_open(text) && !is_label(text)) {
                    let message = format!(
                        "the label `{}` is `{text}`: labels have letters, digits, `-`, `_` and `.`, 63 at most",
                        key.name
                    );
                    self.tell(value, message);
                }
            }
        }
        self.pod(pod, has_selector || has_image && (has_labels || !is_of_apps));
    }

    /// `is_whole`: the object is not a patch or a template, which leave out what they do not change.
    fn pod(&mut self, pod: &Node, is_whole: bool) {
        let lists =
            || ["initContainers", "containers"].into_iter().flat_map(|list| pod.items_of(list));
        self.twice(lists(), "name", "two containers");
        self.twice(pod.items_of("volumes").iter(), "name", "two volumes");
        for volume in pod.items_of("volumes") {
            let is_set = |(_, value): &&(Key, Node)| !matches!(value.kind, NodeKind::Null);
            let kinds: Vec<&str> = volume
                .entries()
                .iter()
                .filter(is_set)
                .map(|(key, _)| key.name.as_str())
                .filter(|key| *key != "name" && VOLUME.fields.contains(key))
                .collect();
            if 1 < kinds.len() {
                let name = volume.text_of("name").unwrap_or_default();
                self.tell(
                    volume,
                    format!("the volume `{name}` is of several kinds: {}", kinds.join(", ")),
                );
            }
        }
        for container in lists() {
            self.container(container, is_whole);
        }
    }

    /// Containers of the pod templates of a session that nothing gives an image: the operator fills in that of its own container.
    fn templates(&mut self) {
        let object = self.object;
        let lists = ["initContainers", "containers"];
        let all = || {
            secrets::pods(object)
                .flat_map(|pod| lists.into_iter().flat_map(|list| pod.items_of(list)))
        };
        let given = all().filter(|one| one.set("image").is_some());
        let known: BTreeSet<&str> = given.filter_map(|one| one.text_of("name")).collect();
        // A patch leaves out what it does not change.
        if object.node.set("spec/flinkVersion").is_none() {
            return;
        }
        for container in all() {
            let name = container.text_of("name").unwrap_or_default();
            if name != MAIN && !is_open(name) && !known.contains(name) {
                let message = format!(
                    "the container `{name}` has no image; the one to which the session's belongs is called `{MAIN}`"
                );
                self.tell(container, message);
            }
        }
    }

    fn container(&mut self, container: &Node, is_whole: bool) {
        let name = container.text_of("name").unwrap_or_default();
        // OpenShift fills it in where a DeploymentConfig has triggers.
        let is_needed = is_whole && self.object.kind != "DeploymentConfig";
        if container.set("image").is_none() && is_needed {
            self.tell(container, format!("the container `{name}` has no image"));
        }
        self.twice(container.items_of("volumeMounts").iter(), "mountPath", "two mounts");
        self.twice(container.items_of("ports").iter(), "name", "two ports");
        if let Some(variables) = container.get("env").filter(|env| !env.entries().is_empty()) {
            self.tell(
                variables,
                "`env` is a list of `name` and `value`, and this is a map".to_owned(),
            );
        }
        for entry in container.items_of("env") {
            let is_set = entry.text_of("value").is_some_and(|text| !text.is_empty());
            if is_set && entry.set("valueFrom").is_some() {
                let name = entry.text_of("name").unwrap_or_default();
                self.tell(entry, format!("the variable `{name}` has `value` and `valueFrom`, which exclude each other"));
            }
        }
        for (key, value) in ["requests", "limits"]
            .iter()
            .filter_map(|part| container.at("resources")?.get(part))
            .flat_map(Walk::entries)
        {
            if let Some(text) = value.text().filter(|text| !is_open(text) && !is_quantity(text)) {
                let cure = "a number with `m`, `k`, `M`, `G`, `T`, `Ki`, `Mi`, `Gi` or `Ti` behind it, or none";
                self.tell(value, format!("`{text}` of `{}` is not an amount: {cure}", key.name));
            }
        }
        for (key, probe) in PROBES.iter().filter_map(|key| container.entry(key)) {
            let known: Vec<&str> =
                HANDLERS.into_iter().filter(|one| probe.set(one).is_some()).collect();
            match known[..] {
                [_] => {}
                // A template may only time what the one above it or below it asks.
                [] if probe.entries().is_empty() || !is_whole => {}
                [] => self.tell(
                    probe,
                    format!("`{}` asks nothing: it needs one of {}", key.name, HANDLERS.join(", ")),
                ),
                _ => self.tell(
                    probe,
                    format!("`{}` asks in several ways: {}", key.name, known.join(", ")),
                ),
            }
        }
    }

    /// Values of a key that two of some nodes have.
    fn twice<'n>(&mut self, nodes: impl Iterator<Item = &'n Node>, key: &str, what: &str) {
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for (value, text) in nodes.filter_map(|node| Some((node.get(key)?, node.text_of(key)?))) {
            if !known.insert(text) && !is_open(text) {
                self.tell(value, format!("{what} have the {key} `{text}`"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
