//! From a service to an object: what a container of it is, in the fields of a pod.

mod environment;
mod mounts;

use std::collections::BTreeSet;

use super::files::Files;
use super::tree::{as_text, entry, list, map, number, text};
use super::variables::{Variables, fill};
use super::{Projects, merge, refuse, words};
use crate::finding::Place;
use crate::kubernetes::Object;
use crate::node::{Walk, key_place};
use crate::path::beside;
use crate::service::{KIND, Port, Service};
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// Longest chain of services that extend each other: far beyond any, and an end for those in a circle.
const LONGEST: usize = 8;

/// Fields that are read here, or whose place in a session is the same for everyone.
const READ: &[&str] = &[
    "image",
    "build",
    "command",
    "entrypoint",
    "environment",
    "env_file",
    "ports",
    "expose",
    "deploy",
    "scale",
    "mem_limit",
    "mem_reservation",
    "cpus",
    "volumes",
    "configs",
    "depends_on",
    "extends",
    "profiles",
    "hostname",
    "container_name",
    "networks",
    "links",
    "restart",
    "healthcheck",
    "pull_policy",
];

/// One Compose file on its way to objects.
struct Project<'a, 'o> {
    files: &'a Files<'a>,
    file: usize,
    name: &'a str,
    document: Node,
    variables: Variables,
    /// Files that the service names and that are not there.
    missing: Vec<String>,
    out: &'o mut Projects,
}

/// Makes an object of each service of a file.
pub(super) fn project(
    files: &Files<'_>,
    file: usize,
    document: &Node,
    overriding: Option<(usize, &Node)>,
    out: &mut Projects,
) {
    let name = files.all[file].name.as_str();
    let (environment, variables) = files.environment(name);
    out.used.extend(environment);
    out.wanted.insert(beside(name, ".env"));
    let document = match overriding {
        Some((_, above)) => merge::overridden(document, above),
        None => document.clone(),
    };
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if !stem.ends_with(".override") {
        out.wanted.extend(["yml", "yaml"].map(|end| format!("{stem}.override.{end}")));
    }
    let mut project = Project { files, file, name, document, variables, missing: Vec::new(), out };
    for (key, service) in project.document.get("services").map_or(&[][..], Walk::entries).to_vec() {
        project.service(&key, &service);
    }
}

impl Project<'_, '_> {
    fn service(&mut self, key: &Key, service: &Node) {
        self.missing.clear();
        let whole = self.extended(self.name, service, 0);
        let mut open = Vec::new();
        let whole = self.filled(&whole, &mut open);
        if whole.get("image").is_none() && whole.get("build").is_none() {
            return;
        }
        let has_siblings =
            self.files.has_siblings(self.name) || self.document.get("include").is_some();
        let refused = refuse::refusals(&self.document, self.file, key, &whole, has_siblings);
        self.out.refusals.extend(refused);
        let mut made = Service {
            project: self.name.to_owned(),
            name: self.document.text_of("name").map(str::to_owned),
            hostname: whole.text_of("hostname").map(str::to_owned),
            has_siblings,
            open,
            ..Service::default()
        };
        made.hosts = hosts(key, &whole, &self.document);
        made.dockerfile = self.dockerfile(&whole);
        made.profiles =
            whole.items_of("profiles").iter().filter_map(Walk::text).map(str::to_owned).collect();
        made.published = self.published(&whole);
        let unread = |(field, _): &&(Key, Node)| {
            !READ.contains(&field.name.as_str()) && !field.name.starts_with("x-")
        };
        made.fields = whole
            .entries()
            .iter()
            .filter(unread)
            .map(|(field, _)| (field.name.clone(), key_place(field, self.file)))
            .collect();
        self.mounts(&whole, &mut made);
        let node = self.node(key, &whole, &made);
        made.missing = std::mem::take(&mut self.missing);
        self.out.objects.push(Object {
            file: self.file,
            node,
            kind: KIND.to_owned(),
            name: key.name.clone(),
            namespace: None,
            cut: None,
            overlay: None,
            compose: Some(Box::new(made)),
        });
    }

    /// The service with what it extends.
    fn extended(&mut self, name: &str, service: &Node, depth: usize) -> Node {
        let Some((key, extends)) = service.entry("extends").filter(|_| depth < LONGEST) else {
            return service.clone();
        };
        let base = extends.text().or_else(|| extends.text_of("service"));
        let other = match extends.text_of("file") {
            Some(path) => {
                let path = beside(name, path);
                self.out.wanted.insert(path.clone());
                self.files.compose(&path).map(|(index, document)| {
                    if path != self.name {
                        self.out.used.insert(index);
                    }
                    (path, document)
                })
            }
            None => self.files.compose(name).map(|(_, document)| (name.to_owned(), document)),
        };
        let Some((path, document)) = other else {
            self.missing.extend(extends.text_of("file").map(str::to_owned));
            return service.clone();
        };
        let found = document.get("services").and_then(|all| all.get(base?));
        let Some(found) = found else { return service.clone() };
        let below = self.extended(&path, &found.clone(), depth + 1);
        let below = if path == self.name {
            below
        } else {
            merge::moved(
                &merge::rebased(&below, extends.text_of("file").unwrap_or_default()),
                key.line,
                key.column,
            )
        };
        merge::service(&below, service)
    }

    /// A tree with its variables filled in.
    fn filled(&self, node: &Node, open: &mut Vec<String>) -> Node {
        let kind = match &node.kind {
            NodeKind::Text(text) if text.contains('$') => {
                NodeKind::Text(fill(text, &self.variables, open))
            }
            NodeKind::List(items) => {
                NodeKind::List(items.iter().map(|item| self.filled(item, open)).collect())
            }
            NodeKind::Map(entries) => {
                let entry = |(key, value): &(Key, Node)| (key.clone(), self.filled(value, open));
                NodeKind::Map(entries.iter().map(entry).collect())
            }
            other => other.clone(),
        };
        Node { kind, ..node.clone() }
    }

    fn dockerfile(&mut self, service: &Node) -> Option<String> {
        let build = service.get("build")?;
        let context = build.text().or_else(|| build.text_of("context")).unwrap_or(".");
        if context.contains("://") {
            return None;
        }
        let file = build.text_of("dockerfile").unwrap_or("Dockerfile");
        let path = beside(self.name, &format!("{context}/{file}"));
        self.out.wanted.insert(path.clone());
        Some(path)
    }

    fn published(&self, service: &Node) -> Vec<(Port, Place)> {
        let mut found = Vec::new();
        for node in service.items_of("ports") {
            let place = node.place(self.file);
            if let Some(text) = node.text() {
                found.extend(words::ports(text).into_iter().flatten().map(|port| (port, place)));
                continue;
            }
            let Some(target) = node.text_of("target").and_then(|text| text.parse().ok()) else {
                continue;
            };
            let address = node.text_of("host_ip").map(str::to_owned);
            let host = node.text_of("published").and_then(|text| text.parse().ok());
            found.push((Port { address, host, target }, place));
        }
        found
    }

    /// The object as a tree.
    fn node(&mut self, key: &Key, service: &Node, made: &Service) -> Node {
        let here = Node { line: key.line, column: key.column, block: false, kind: NodeKind::Null };
        let mut container = vec![entry("name", text(&here, &key.name))];
        for (field, to) in [("image", "image"), ("pull_policy", "imagePullPolicy")] {
            container.extend(service.get(field).map(|node| entry(to, node.clone())));
        }
        for (field, to) in [("entrypoint", "command"), ("command", "args")] {
            container.extend(service.get(field).map(|node| entry(to, command(node))));
        }
        let variables = self.environment(service);
        if !variables.is_empty() {
            container.push(entry("env", list(&here, variables)));
        }
        let ports = made.published.iter().map(|(port, place)| {
            let at = Node { line: place.line, column: place.column, ..here.clone() };
            map(&at, vec![entry("containerPort", number(&at, port.target))])
        });
        container.push(entry("ports", list(&here, ports.collect())));
        container.extend(resources(&here, service).map(|node| entry("resources", node)));
        let mounts = made.mounts.iter().enumerate().map(|(index, mount)| {
            let at = Node { line: mount.place.line, column: mount.place.column, ..here.clone() };
            map(
                &at,
                vec![
                    entry("name", text(&at, &format!("mount-{index}"))),
                    entry("mountPath", text(&at, &mount.target)),
                ],
            )
        });
        container.push(entry("volumeMounts", list(&here, mounts.collect())));
        let pod = map(&here, vec![entry("containers", list(&here, vec![map(&here, container)]))]);
        let replicas = service.at("deploy/replicas").or_else(|| service.get("scale"));
        let mut spec = vec![entry("template", map(&here, vec![entry("spec", pod)]))];
        spec.extend(replicas.map(|node| entry("replicas", node.clone())));
        map(&here, vec![entry("spec", map(&here, spec))])
    }
}

/// Names under which other containers reach a service.
fn hosts(key: &Key, service: &Node, document: &Node) -> BTreeSet<String> {
    let mut hosts = BTreeSet::from([key.name.clone()]);
    for field in ["container_name", "hostname"] {
        hosts.extend(service.text_of(field).map(str::to_owned));
    }
    for (_, network) in service.get("networks").map_or(&[][..], Walk::entries) {
        hosts.extend(network.items_of("aliases").iter().filter_map(Walk::text).map(str::to_owned));
    }
    // `links` gives a service another name in the container that links.
    for (_, other) in document.get("services").map_or(&[][..], Walk::entries) {
        let links = other.items_of("links").iter().filter_map(Walk::text);
        let alias = links.filter_map(|link| link.split_once(':')).filter(|(to, _)| *to == key.name);
        hosts.extend(alias.map(|(_, alias)| alias.to_owned()));
    }
    hosts
}

/// The words of `command` or `entrypoint`.
fn command(node: &Node) -> Node {
    match node.text() {
        Some(line) => list(node, words::split(line).iter().map(|word| text(node, word)).collect()),
        None => node.clone(),
    }
}

/// Limits and requests, in the units of Kubernetes.
fn resources(here: &Node, service: &Node) -> Option<Node> {
    let of = |new: &str, old: &str| service.at(new).or_else(|| service.get(old));
    let amount = |node: Option<&Node>| {
        let node = node?;
        Some(text(node, &words::quantity(node.text()?)?))
    };
    let mut limits = Vec::new();
    let memory = amount(of("deploy/resources/limits/memory", "mem_limit"));
    limits.extend(memory.map(|node| entry("memory", node)));
    limits
        .extend(of("deploy/resources/limits/cpus", "cpus").map(|node| entry("cpu", as_text(node))));
    let mut requests = Vec::new();
    let memory = amount(of("deploy/resources/reservations/memory", "mem_reservation"));
    requests.extend(memory.map(|node| entry("memory", node)));
    let mut both = Vec::new();
    for (kind, amounts) in [("limits", limits), ("requests", requests)] {
        if !amounts.is_empty() {
            both.push(entry(kind, map(here, amounts)));
        }
    }
    (!both.is_empty()).then(|| map(here, both))
}
