//! From a service to an object: what a container of it is, in the fields of a pod.

mod container;
mod environment;
mod extend;
mod include;
pub(super) mod mounts;
mod network;

use std::collections::BTreeSet;

use super::files::{Files, MAINS, OVERRIDES};
use super::paper::{Paper, shifted};
use super::{Projects, merge, refuse};
use crate::finding::Place;
use crate::kubernetes::Object;
use crate::node::{Walk, key_place};
use crate::path::beside;
use crate::service::{KIND, Service};
use crate::variables::{Variables, fill};
use network::{extra_hosts, hosts};
use nutkin_core::plan::docker::protections;
use nutkin_flink::yaml::{Key, Node, NodeKind};

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
    "secrets",
    "tmpfs",
    "extra_hosts",
    "user",
    // Nutkin gives no container a privilege that Flink does not need.
    "cap_drop",
];

/// One Compose file on its way to objects.
struct Project<'a, 'o> {
    files: &'a Files<'a>,
    /// The file in which places are: its own, or the text that it is put together with others to.
    file: usize,
    paper: Paper,
    name: &'a str,
    /// A path in the directory from which its paths count.
    base: String,
    /// The file with which Compose begins: another one may include this.
    main: &'a str,
    /// What the project calls itself there.
    title: Option<String>,
    document: Node,
    variables: Variables,
    /// Whether further files may have what these lack.
    has_siblings: bool,
    /// Files that the service names and that are not there.
    missing: Vec<String>,
    out: &'o mut Projects,
}

/// Makes an object of each service of a file, and of those that it includes.
pub(super) fn project(files: &Files<'_>, file: usize, document: &Node, out: &mut Projects) {
    let name = files.all[file].name.as_str();
    let (environment, variables) = files.environment(name);
    out.used.extend(environment);
    out.wanted.insert(beside(name, ".env"));
    out.wanted.extend(files.listed(name).into_iter().flatten());
    if MAINS.iter().any(|main| beside(name, main) == name) {
        out.wanted.extend(OVERRIDES.map(|one| beside(name, one)));
    }
    let above: Vec<(usize, &Node)> = files.overrides_of(name).collect();
    out.used.extend(above.iter().map(|(above, _)| *above));
    let services = document.get("services").map_or(&[][..], Walk::entries).iter();
    let extended = services.filter_map(|(_, one)| one.at("extends/file")?.text());
    let extended = extended.filter_map(|path| files.compose(&beside(name, path)));
    out.used.extend(extended.map(|(index, _)| index));
    let (place, paper, document) = put_together(files, file, document, &above, out);
    let is_whole = document.get("include").is_none();
    let mut project = Project {
        files,
        file: place,
        paper,
        name,
        base: name.to_owned(),
        main: name,
        title: document.text_of("name").map(str::to_owned),
        has_siblings: files.has_siblings(name, &out.used) || !is_whole,
        document,
        variables,
        missing: Vec::new(),
        out,
    };
    let refused = refuse::of_document(&project.document, place);
    project.out.refusals.extend(refused);
    project.services();
    project.include(&[file]);
    project.write(file);
}

/// A file with those on top of it: where its places are, the text, and the document. A file that reads no other one is its own.
fn put_together(
    files: &Files<'_>,
    file: usize,
    document: &Node,
    above: &[(usize, &Node)],
    out: &mut Projects,
) -> (usize, Paper, Node) {
    let own = &files.all[file];
    let mut paper = Paper::of(file, own);
    let is_alone = above.is_empty()
        && !["env_file", "extends", "include"].iter().any(|word| own.text.contains(word));
    let place = if is_alone { file } else { files.all.len() + out.composed.len() };
    if !is_alone {
        // Its place among the texts, until it is written.
        out.composed.push(own.clone());
    }
    let above: Vec<Node> = above
        .iter()
        .map(|(index, node)| shifted(node, paper.add(*index, &files.all[*index])))
        .collect();
    let document = merge::stacked(document, &above);
    (place, paper, document)
}

impl Project<'_, '_> {
    /// Whether it is known what lies beside the file: one that a shell hands over (`/dev/stdin`, `/dev/fd/63`) lies somewhere else.
    fn is_placed(&self) -> bool {
        !self.name.starts_with("/dev/")
    }

    fn services(&mut self) {
        let services = self.document.get("services").map_or(&[][..], Walk::entries).to_vec();
        // What an including file says counts more, and it has taken up what is said here.
        let known: BTreeSet<String> =
            self.out.objects.iter().map(|object| object.name.clone()).collect();
        for (key, service) in services.iter().filter(|(key, _)| !known.contains(&key.name)) {
            self.service(key, service);
        }
        for (key, nothing) in self.of_several_includes() {
            let is_own = services.iter().any(|(own, _)| own.name == key.name);
            if !is_own && !known.contains(&key.name) {
                self.service(&key, &nothing);
            }
        }
    }

    /// Keeps the text that its places are in, if that is not the file itself.
    fn write(self, file: usize) {
        if self.file != file {
            let at = self.file - self.files.all.len();
            self.out.composed[at] = self.paper.into_file(self.name);
        }
    }

    /// A document of another file, with its places in the text of the project.
    fn of_file(&mut self, index: usize, document: &Node) -> Node {
        shifted(document, self.paper.add(index, &self.files.all[index]))
    }

    fn service(&mut self, key: &Key, service: &Node) {
        self.missing.clear();
        let service = &self.over_included(key, service);
        let whole = self.extended(self.name, key, service, &mut vec![key.name.clone()]);
        let mut open = Vec::new();
        refuse::interpolation(&whole, self.file, &mut self.out.refusals);
        let whole = self.filled(&whole, &mut open);
        // Of a service that no profile starts Compose reads no more than the words.
        let is_off = !self.profiles(&whole).is_empty();
        let is_open = self.has_siblings || is_off;
        let refused = refuse::refusals(&self.document, self.file, key, &whole, is_open);
        self.out.refusals.extend(refused);
        if whole.get("image").is_none() && whole.get("build").is_none() {
            return;
        }
        let mut made = Service {
            project: self.main.to_owned(),
            name: self.title.clone(),
            hostname: whole.text_of("hostname").map(str::to_owned),
            open,
            networks: self.networks(&whole),
            outer_networks: self.outer_networks(&whole),
            network_mode: whole.text_of("network_mode").map(str::to_owned),
            aliases: self.aliases(&whole),
            extra_hosts: extra_hosts(self.file, &whole),
            user: whole
                .get("user")
                .and_then(|node| Some((node.text()?.to_owned(), node.place(self.file)))),
            ..Service::default()
        };
        made.is_base = self.is_extended(&key.name);
        made.hosts = hosts(key, &whole, &self.document);
        made.build = self.build(&whole);
        made.profiles = self.profiles(&whole);
        made.health = self.health(key, &whole);
        made.needs = refuse::needed(self.file, &whole)
            .into_iter()
            .map(|(name, place)| (name.to_owned(), place))
            .collect();
        made.published = self.published(&whole);
        // What every session has is not lost with it.
        let kept = protections(true);
        let unread = |(field, value): &&(Key, Node)| {
            !READ.contains(&field.name.as_str())
                && !field.name.starts_with("x-")
                && kept.get(&field.name) != Some(&value.to_json())
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

    /// The profiles of a service, if none of them is on: `COMPOSE_PROFILES` of `.env` lists those that are.
    fn profiles(&self, service: &Node) -> Vec<String> {
        let on = self.variables.get("COMPOSE_PROFILES").map_or("", String::as_str);
        let on: Vec<&str> = on.split(',').map(str::trim).collect();
        let named = service.items_of("profiles").iter().filter_map(Walk::text);
        let named: Vec<String> = named.map(str::to_owned).collect();
        let is_on = on.contains(&"*") || named.iter().any(|name| on.contains(&name.as_str()));
        if is_on { Vec::new() } else { named }
    }

    /// The texts of a health check for which another service waits.
    fn health(&self, key: &Key, service: &Node) -> Vec<(String, Place)> {
        let waits = |other: &Node| {
            let how = other.get("depends_on").and_then(|needs| needs.get(&key.name));
            how.is_some_and(|how| how.text_of("condition") == Some("service_healthy"))
        };
        let others = self.document.get("services").map_or(&[][..], Walk::entries);
        let check = service.get("healthcheck");
        let check = check.filter(|check| check.text_of("disable") != Some("true"));
        let Some(test) = check.and_then(|check| check.get("test")) else { return Vec::new() };
        if !others.iter().any(|(_, other)| waits(other)) {
            return Vec::new();
        }
        let texts = if test.text().is_some() { std::slice::from_ref(test) } else { test.items() };
        let placed = |node: &Node| Some((node.text()?.to_owned(), node.place(self.file)));
        texts.iter().filter_map(placed).collect()
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
}
