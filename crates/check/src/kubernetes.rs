//! Kubernetes objects in the files: cut apart, named, and the Flink workloads among them.

use super::finding::Place;
use super::image;
pub(super) use super::image::is_flink_image;
pub(super) use super::mount::Mount;
use super::node::{Walk, key_place};
use super::role::{self, Program};
use super::service::{self, Service};
use super::source::File;
use super::template;
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// A Kubernetes object, or anything else that is a map with a `kind`.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) file: usize,
    pub(super) node: Node,
    pub(super) kind: String,
    pub(super) name: String,
    /// `None`: whatever namespace it is applied to.
    pub(super) namespace: Option<String>,
    /// The line of the key at which the object was cut off from the one above, when no `---` does it.
    pub(super) cut: Option<Place>,
    /// The text of the overlay that applies it, where a kustomization does: index of the file.
    pub(super) overlay: Option<usize>,
    /// What a service of a Compose file has beside this; `None` for objects of Kubernetes.
    pub(super) compose: Option<Box<Service>>,
}

impl Object {
    /// The object of a document, if it is one.
    pub(super) fn of(file: usize, node: Node, cut: Option<Place>) -> Option<Self> {
        let text = |path: &str| node.at(path).and_then(Walk::text).map(str::to_owned);
        let (kind, namespace) = (text("kind")?, text("metadata/namespace"));
        let name = text("metadata/name").unwrap_or_default();
        Some(Self { file, node, kind, name, namespace, cut, overlay: None, compose: None })
    }

    pub(super) fn place(&self) -> Place {
        self.node.place(self.file)
    }

    /// The place of a value, otherwise of the object.
    pub(super) fn place_of(&self, path: &str) -> Place {
        self.node.at(path).map_or_else(|| self.place(), |node| node.place(self.file))
    }

    /// Whether it is a Service without an address of its own: its name leads to the pods themselves.
    pub(super) fn is_headless(&self) -> bool {
        self.node.at("spec/clusterIP").and_then(Walk::text) == Some("None")
    }

    /// Whether the two are in one namespace, as far as the files say: a Compose file is one of its own, and what one overlay
    /// applies is not there with what another one does.
    pub(super) fn shares_namespace(&self, other: &Self) -> bool {
        if let (Some(one), Some(two)) = (self.overlay, other.overlay)
            && one != two
        {
            return false;
        }
        let project = |one: &'_ Self| one.compose.as_ref().map(|service| service.project.clone());
        if project(self) != project(other) {
            return false;
        }
        match (&self.namespace, &other.namespace) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        }
    }

    /// `Deployment flink-jobmanager`.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// The group of its API, `None` where the object does not say it.
    pub(super) fn group(&self) -> Option<&str> {
        let version = self.node.text_of("apiVersion")?;
        Some(version.split_once('/').map_or("", |(group, _)| group))
    }

    /// Whether the other one has the same kind and name, and only one of them can be there.
    pub(super) fn is_twin(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && !self.name.is_empty()
            && self.group() == other.group()
            && self.shares_namespace(other)
    }

    /// Whether it only shows that the operator is alive, and has no fields (`CanaryResourceManager`).
    pub(super) fn is_canary(&self) -> bool {
        let labels = self.node.at("metadata/labels");
        labels.and_then(|labels| labels.text_of("flink.apache.org/canary")) == Some("true")
    }

    /// Whether it is of a kind of the Flink Kubernetes Operator: other operators call theirs the same.
    pub(super) fn is_of_operator(&self, kind: &str) -> bool {
        self.kind == kind && self.group().is_none_or(|group| group == "flink.apache.org")
    }
}

/// Makes objects of the documents of a file. Where an object follows another without `---`, the two are
/// cut apart; `List`s are opened.
pub(super) fn objects(file: usize, documents: Vec<Node>) -> Vec<Object> {
    let mut found = Vec::new();
    for document in documents {
        let NodeKind::Map(entries) = document.kind else { continue };
        let mut part: Vec<(Key, Node)> = Vec::new();
        let mut cut = None;
        for (key, node) in entries {
            let begins = matches!(key.name.as_str(), "apiVersion" | "kind");
            if begins && part.iter().any(|(known, _)| known.name == key.name) {
                found.extend(object(file, std::mem::take(&mut part), cut));
                cut = Some(key_place(&key, file));
            }
            part.push((key, node));
        }
        found.extend(object(file, part, cut));
    }
    found
}

fn object(file: usize, entries: Vec<(Key, Node)>, cut: Option<Place>) -> Vec<Object> {
    let Some((first, _)) = entries.first() else { return Vec::new() };
    let (line, column) = (first.line, first.column);
    let node = Node { line, column, block: false, kind: NodeKind::Map(entries) };
    let Some(kind) = node.text_of("kind") else { return Vec::new() };
    // Of kubectl (`List`, `ConfigMapList`), and of OpenShift.
    if kind.ends_with("List") && node.get("items").is_some() {
        return objects(file, node.items_of("items").to_vec());
    }
    if kind == "Template" && node.get("objects").is_some() {
        return objects(file, template::filled(&node));
    }
    Object::of(file, node, cut).into_iter().collect()
}

/// What a pod of Flink is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    JobManager,
    TaskManager,
    /// One workload whose pods find out by themselves.
    Both,
}

impl Role {
    pub(super) const fn is_job_manager(self) -> bool {
        matches!(self, Self::JobManager | Self::Both)
    }

    pub(super) const fn is_task_manager(self) -> bool {
        matches!(self, Self::TaskManager | Self::Both)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::JobManager => "JobManager",
            Self::TaskManager => "TaskManager",
            Self::Both => "JobManager and TaskManager",
        }
    }
}

/// The label that a StatefulSet gives each pod with its name (Kubernetes, "StatefulSets", Pod Name Label).
pub(super) const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

/// A Deployment, StatefulSet or the like that runs Flink.
#[derive(Debug, Clone, Copy)]
pub(super) struct Workload<'a> {
    pub(super) object: &'a Object,
    pub(super) role: Role,
    pub(super) replicas: i64,
    /// `spec.template`.
    pub(super) template: &'a Node,
    /// `spec.template.spec`.
    pub(super) pod: &'a Node,
    /// The container that runs Flink.
    pub(super) container: &'a Node,
    /// What the container's words start, where they say it.
    pub(super) program: Option<Program>,
}

impl<'a> Workload<'a> {
    /// The workload of an object, if it runs Flink.
    pub(super) fn of(object: &'a Object) -> Option<Self> {
        Self::with(object, |container| role(object, container))
    }

    /// The workload of an object that deploys a session by `kubernetes-session.sh` and ends.
    pub(super) fn boot(object: &'a Object) -> Option<Self> {
        let is_boot = |container: &Node| role::program(container) == Some(Program::Boot);
        Self::with(object, |container| is_boot(container).then_some(Role::JobManager))
    }

    /// The Flink Kubernetes Operator, whose configuration is one of Flink's files and not that of a session.
    pub(super) fn operator(object: &'a Object) -> Option<Self> {
        let is_operator =
            |container: &Node| container.text_of("image").is_some_and(image::is_operator);
        Self::with(object, |container| is_operator(container).then_some(Role::JobManager))
    }

    /// The workload of an object of which nobody can tell what it runs: neither its words nor its names say it.
    pub(super) fn unknown(object: &'a Object) -> Option<Self> {
        let is_unknown = |container: &Node| {
            matches!(role::program(container), None | Some(Program::Unknown))
                && role(object, container).is_none()
        };
        Self::with(object, |container| is_unknown(container).then_some(Role::JobManager))
    }

    fn with(object: &'a Object, role: impl Fn(&Node) -> Option<Role>) -> Option<Self> {
        if object.compose.as_ref().is_some_and(|service| service.is_left) {
            return None;
        }
        let template = match object.kind.as_str() {
            "Deployment"
            | "StatefulSet"
            | "DaemonSet"
            | "ReplicaSet"
            | "DeploymentConfig"
            | "Job"
            | service::KIND => object.node.at("spec/template")?,
            "Pod" => &object.node,
            _ => return None,
        };
        let pod = template.get("spec")?;
        let mut containers = pod.items_of("containers").iter();
        let (container, role) =
            containers.find_map(|container| Some((container, role(container)?)))?;
        let replicas = object.node.at("spec/replicas").and_then(Walk::whole).unwrap_or(1);
        let program = role::program(container);
        Some(Self { object, role, replicas, template, pod, container, program })
    }

    /// Containers beside it that run a process of Flink as well.
    pub(super) fn others(&self) -> Vec<&'a Node> {
        let is_flink = |container: &&Node| Self::runs_process(container);
        let all = self.pod.items_of("containers").iter();
        all.filter(|one| !std::ptr::eq(*one, self.container)).filter(is_flink).collect()
    }

    /// All containers of its pods beside it, those first that end before it starts.
    pub(super) fn other_containers(&self) -> impl Iterator<Item = &'a Node> + use<'a> {
        let (pod, own) = (self.pod, self.container);
        let all = ["initContainers", "containers"].into_iter().flat_map(|list| pod.items_of(list));
        all.filter(move |other| !std::ptr::eq(*other, own))
    }

    /// Whether it is a container with the network of the host or of another container.
    pub(super) fn shares_network(&self) -> bool {
        self.object.compose.as_ref().is_some_and(|service| service.networks.is_none())
    }

    /// Whether a container runs a process of Flink, by its words.
    pub(super) fn runs_process(container: &Node) -> bool {
        role::program(container).is_some_and(Program::is_process)
    }

    pub(super) const fn file(&self) -> usize {
        self.object.file
    }

    pub(super) fn image(&self) -> Option<&'a Node> {
        self.container.get("image")
    }

    /// `command` and `args`, each with its node.
    pub(super) fn words(&self) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let container = self.container;
        ["command", "args"]
            .into_iter()
            .flat_map(move |key| container.items_of(key))
            .filter_map(|node| Some((node.text()?, node)))
    }

    /// An environment variable: its entry and its literal value.
    pub(super) fn variable(&self, name: &str) -> Option<(&'a Node, Option<&'a str>)> {
        let entry = self
            .container
            .items_of("env")
            .iter()
            .rev()
            .find(|e| e.text_of("name") == Some(name))?;
        Some((entry, entry.text_of("value")))
    }

    /// Labels of the pods.
    pub(super) fn labels(&self) -> &'a [(Key, Node)] {
        self.template.at("metadata/labels").map_or(&[], Walk::entries)
    }

    /// Whether the JobManager asks for TaskManagers itself.
    pub(super) const fn is_native(&self) -> bool {
        matches!(
            self.program,
            Some(Program::NativeJobManager | Program::NativeApplication | Program::Boot)
        )
    }

    /// Whether the JobManager runs one job and ends with it.
    pub(super) const fn is_application(&self) -> bool {
        matches!(self.program, Some(Program::Application | Program::NativeApplication))
    }

    /// Whether a Service's selector selects some of its pods: by their labels, or by the name that a StatefulSet gives
    /// each of them.
    pub(super) fn is_selected(&self, selector: &[(Key, Node)]) -> bool {
        let is_pod = |(key, value): &(Key, Node)| {
            let number = value.text().and_then(|name| {
                name.strip_prefix(self.object.name.as_str())?.strip_prefix('-')?.parse().ok()
            });
            self.object.kind == "StatefulSet"
                && key.name == POD_NAME
                && number.is_some_and(|number: i64| number < self.replicas.max(1))
        };
        let labels = self.labels();
        !selector.is_empty()
            && selector.iter().all(|entry| is_pod(entry) || is_labelled(entry, labels))
    }

    /// What is mounted: path, mount and volume.
    pub(super) fn mounts(&self) -> Vec<Mount<'a>> {
        let volumes = self.pod.items_of("volumes");
        let mut mounts = Vec::new();
        for mount in self.container.items_of("volumeMounts") {
            let (Some(name), Some(path)) = (mount.text_of("name"), mount.text_of("mountPath"))
            else {
                continue;
            };
            let volume = volumes.iter().find(|volume| volume.text_of("name") == Some(name));
            let path = if path == "/" { path } else { path.trim_end_matches('/') };
            mounts.push(Mount { path, node: mount, volume });
        }
        // What a StatefulSet claims for each pod.
        for claim in self.object.node.at("spec/volumeClaimTemplates").map_or(&[][..], Walk::items) {
            let name = claim.at("metadata/name").and_then(Walk::text);
            for mount in &mut mounts {
                if mount.volume.is_none() && mount.node.text_of("name") == name {
                    mount.volume = Some(claim);
                }
            }
        }
        mounts
    }

    /// The mount that holds a path: the longest that is above it.
    pub(super) fn mount_of(&self, path: &str) -> Option<Mount<'a>> {
        let holds = |mount: &Mount<'_>| {
            path == mount.path
                || path
                    .strip_prefix(mount.path)
                    .is_some_and(|rest| rest.starts_with('/') || mount.path == "/")
        };
        self.mounts().into_iter().filter(holds).max_by_key(|mount| mount.path.len())
    }

    /// Where it is said that its root file system is read-only, if it is.
    pub(super) fn read_only_root(&self) -> Option<&'a Node> {
        let switch = self.container.at("securityContext/readOnlyRootFilesystem");
        switch.filter(|node| node.text() == Some("true"))
    }

    /// Whether its container can write to a path, as far as mounts and the root file system decide that.
    pub(super) fn can_write(&self, path: &str) -> bool {
        if let Some(service) = &self.object.compose {
            let holds = |target: &str| {
                path.strip_prefix(target)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let mounts = service.mounts.iter().filter(|mount| holds(&mount.target));
            let nearest = mounts.max_by_key(|mount| mount.target.len());
            return nearest.map_or(self.read_only_root().is_none(), |mount| !mount.read_only);
        }
        self.mount_of(path).map_or(self.read_only_root().is_none(), |mount| {
            !mount.is_read_only() && mount.node.text_of("readOnly") != Some("true")
        })
    }

    /// The ServiceAccount, where one is named.
    pub(super) fn service_account(&self) -> Option<&'a Node> {
        self.pod.get("serviceAccountName").or_else(|| self.pod.get("serviceAccount"))
    }

    /// `JobManager Deployment flink-jobmanager`.
    pub(super) fn title(&self) -> String {
        self.object.title()
    }
}

/// What a container is to Flink, or `None` where it has nothing to do with it.
fn role(object: &Object, container: &Node) -> Option<Role> {
    let variables = |prefix: &str| {
        let mut names = container.items_of("env").iter().filter_map(|entry| entry.text_of("name"));
        names.any(|name| name.starts_with(prefix))
    };
    let program = role::program(container);
    match program {
        Some(
            Program::JobManager
            | Program::NativeJobManager
            | Program::Application
            | Program::NativeApplication,
        ) => return Some(Role::JobManager),
        Some(Program::TaskManager) => return Some(Role::TaskManager),
        Some(Program::Both) => return Some(Role::Both),
        Some(Program::Tool | Program::Client | Program::Boot) => return None,
        Some(Program::Unknown) | None => {}
    }
    let mut words = ["command", "args"].into_iter().flat_map(|key| container.items_of(key));
    if words.any(|word| word.text() == Some("cluster")) && variables("JOB_MAN") {
        return Some(Role::Both);
    }
    let is_job = matches!(object.kind.as_str(), "Job" | "CronJob");
    if is_job || !is_flink_image(container.text_of("image").unwrap_or_default()) {
        return None;
    }
    if program.is_none() && image::is_bitnami(container.text_of("image").unwrap_or_default()) {
        let mut mode = container.items_of("env").iter().rev();
        let mode = mode.find(|entry| entry.text_of("name") == Some("FLINK_MODE"));
        return match mode.map(|entry| entry.text_of("value")) {
            None | Some(Some("jobmanager")) => Some(Role::JobManager),
            Some(Some("taskmanager")) => Some(Role::TaskManager),
            Some(_) => None,
        };
    }
    // What only has variables for the services that extend it runs what its image does, and they do.
    let is_base = object.compose.as_ref().is_some_and(|service| service.is_base);
    if program.is_none() && !is_base {
        match (variables("JOB_MAN"), variables("TASK_MANAGER")) {
            (true, true) => return Some(Role::Both),
            (true, false) => return Some(Role::JobManager),
            (false, true) => return Some(Role::TaskManager),
            (false, false) => {}
        }
    }
    let mut names = object.name.to_ascii_lowercase();
    names.push_str(container.text_of("name").unwrap_or_default());
    match (names.contains("jobmanager"), names.contains("taskmanager")) {
        (true, false) => Some(Role::JobManager),
        (false, true) => Some(Role::TaskManager),
        _ => None,
    }
}

/// Whether a Service's selector selects pods with these labels.
pub(super) fn selects(selector: &[(Key, Node)], labels: &[(Key, Node)]) -> bool {
    !selector.is_empty() && selector.iter().all(|entry| is_labelled(entry, labels))
}

fn is_labelled((key, value): &(Key, Node), labels: &[(Key, Node)]) -> bool {
    let label = labels.iter().rev().find(|(known, _)| known.name == key.name);
    label.is_some_and(|(_, label)| label.text() == value.text())
}

/// Marks the lines of Secrets as secret.
pub(super) fn hide_secrets(files: &mut [File], objects: &[Object]) {
    for object in objects.iter().filter(|object| object.kind == "Secret") {
        for key in ["data", "stringData"] {
            let Some((name, node)) = object.node.entry(key) else { continue };
            let file = &mut files[object.file];
            if file.is_composed() {
                // Its lines are those of several files.
                for (key, value) in node.entries() {
                    file.hide(key.line..=last_line(value));
                }
                continue;
            }
            // In JSON the first value may be on the line of the key.
            let first = node.entries().first().map_or(name.line, |(key, _)| key.line);
            file.hide(first.min(name.line + 1)..=last_line(node));
        }
    }
}

/// The last line that a node takes up.
pub(super) fn last_line(node: &Node) -> u32 {
    match &node.kind {
        NodeKind::Map(entries) => {
            entries.iter().map(|(_, node)| last_line(node)).max().unwrap_or(node.line)
        }
        NodeKind::List(items) => items.iter().map(last_line).max().unwrap_or(node.line),
        NodeKind::Text(text) => {
            let lines = text.matches('\n').count();
            node.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX))
        }
        _ => node.line,
    }
}
