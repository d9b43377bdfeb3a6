//! From a service to an object: what a container of it is, in the fields of a pod.

mod environment;
pub(super) mod mounts;

use std::collections::BTreeSet;

use super::files::{Files, MAINS, OVERRIDES};
use super::paper::{Paper, shifted};
use super::tree::{as_text, entry, list, map, number, text};
use super::variables::{Variables, fill};
use super::{Projects, Refusal, merge, refuse, words};
use crate::finding::Place;
use crate::kubernetes::Object;
use crate::node::{Walk, key_place};
use crate::path::beside;
use crate::service::{Build, KIND, Port, Service};
use nutkin_core::plan::docker::protections;
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

/// What is included once more includes others at most this often: far beyond any, and an end for those in a circle.
const DEEPEST: usize = 8;

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
        for (key, service) in services.into_iter().filter(|(key, _)| !known.contains(&key.name)) {
            self.service(&key, &service);
        }
    }

    /// A service on top of what included files say of one of its name: Compose up to 2.21 with an override beside, and from 5 on
    /// (`include.go` of compose-go 2.10). Those between refuse it.
    fn over_included(&mut self, key: &Key, service: &Node) -> Node {
        let mut below: Option<Node> = None;
        for one in self.document.items_of("include").to_vec() {
            for asked in included(&one) {
                let path = beside(self.name, asked);
                let Some((index, document)) = self.files.compose(&path) else { continue };
                let found = document.get("services").and_then(|all| all.get(&key.name));
                let Some(found) = found.filter(|_| path != self.name) else { continue };
                let found = self.of_file(index, &merge::untagged(found));
                let chain = &mut vec![key.name.clone()];
                let mut found = merge::rebased(&self.extended(&path, key, &found, chain), asked);
                if let NodeKind::Map(entries) = &mut found.kind {
                    entries.retain(|(field, _)| field.name != "extends");
                }
                below = Some(match &below {
                    Some(below) => merge::service(below, &found),
                    None => found,
                });
            }
        }
        below.map_or_else(|| service.clone(), |below| merge::service(&below, service))
    }

    /// The services of included files, which are those of the project with paths and variables of their own (Compose
    /// Specification, "Include").
    fn include(&mut self, chain: &[usize]) {
        for one in self.document.items_of("include").to_vec() {
            let paths: Vec<String> =
                included(&one).into_iter().map(|path| beside(self.name, path)).collect();
            self.out.wanted.extend(paths.iter().cloned());
            let is_placed = self.is_placed();
            let is_here = |path: &&String| is_placed && !path.contains([':', '@', '$']);
            for path in paths.iter().filter(is_here).filter(|path| self.files.find(path).is_none())
            {
                let message = format!("`{path}` is included, but there is no such file");
                self.out.refusals.push(Refusal::new(one.place(self.file), message));
            }
            let mut found = paths.iter().filter_map(|path| self.files.compose(path));
            let Some((file, document)) = found.next().filter(|_| chain.len() <= DEEPEST) else {
                continue;
            };
            if chain.contains(&file) {
                let message = format!(
                    "`{}` includes itself, by way of others or not",
                    self.files.all[file].name
                );
                self.out.refusals.push(Refusal::new(one.place(self.file), message));
                continue;
            }
            let above: Vec<(usize, &Node)> = found.collect();
            let mut used: Vec<usize> = above.iter().map(|(index, _)| *index).collect();
            used.push(file);
            let name = self.files.all[file].name.as_str();
            // What the including project sets counts more.
            let path = match one.text_of("env_file") {
                Some(path) => beside(self.name, path),
                None => beside(name, ".env"),
            };
            let (environment, mut variables) = self.files.variables(&path);
            self.out.wanted.insert(path);
            variables.extend(self.variables.clone());
            used.extend(environment);
            self.out.used.extend(used);
            let (place, paper, document) =
                put_together(self.files, file, document, &above, self.out);
            let mut included = Project {
                files: self.files,
                file: place,
                paper,
                name,
                main: self.main,
                title: self.title.clone(),
                document,
                variables,
                has_siblings: true,
                missing: Vec::new(),
                out: self.out,
            };
            included.services();
            included.include(&[chain, &[file]].concat());
            included.write(file);
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
            has_outer_network: self.has_outer_network(&whole),
            network_mode: whole.text_of("network_mode").map(str::to_owned),
            aliases: self.aliases(&whole),
            extra_hosts: extra_hosts(self.file, &whole),
            user: whole
                .get("user")
                .and_then(|node| Some((node.text()?.to_owned(), node.place(self.file)))),
            ..Service::default()
        };
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

    /// The networks of a service by their names outside; `None` where it has that of the host or of another container.
    fn networks(&self, service: &Node) -> Option<BTreeSet<String>> {
        if service.get("network_mode").is_some() {
            return None;
        }
        Some(networks_of(service).into_iter().map(|name| self.outside(name)).collect())
    }

    /// Whether a service has a network that Compose does not make.
    fn has_outer_network(&self, service: &Node) -> bool {
        let networks = self.document.get("networks");
        networks_of(service).into_iter().any(|name| {
            let external = networks.and_then(|all| all.get(name)?.set("external"));
            external.is_some_and(|external| external.text() != Some("false"))
        })
    }

    /// The name of a network outside of the project.
    fn outside(&self, name: &str) -> String {
        let network = self.document.get("networks").and_then(|all| all.get(name));
        network.and_then(|network| network.text_of("name")).unwrap_or(name).to_owned()
    }

    /// Names of a service that only those know who are in one network with it.
    fn aliases(&self, service: &Node) -> BTreeSet<(String, String)> {
        let networks = service.get("networks").map_or(&[][..], Walk::entries).iter();
        let names = networks.flat_map(|(key, network)| {
            let names = network.items_of("aliases").iter().filter_map(Walk::text);
            names.map(|name| (name.to_owned(), self.outside(&key.name))).collect::<Vec<_>>()
        });
        names.collect()
    }

    /// The service with what it extends. `chain`: the services above it, each once.
    fn extended(&mut self, name: &str, key: &Key, service: &Node, chain: &mut Vec<String>) -> Node {
        let Some((at, extends)) = service.entry("extends").cloned() else {
            return service.clone();
        };
        let place = key_place(&at, self.file);
        let base = extends.text().or_else(|| extends.text_of("service"));
        let (Some(base), is_short) = (base, chain.len() < LONGEST) else { return service.clone() };
        let path = extends.text_of("file").map(|path| beside(name, path));
        let path = path.unwrap_or_else(|| name.to_owned());
        let service_of =
            |document: &Node| document.get("services").and_then(|all| all.get(base)).cloned();
        let found = if path == self.name {
            service_of(&self.document)
        } else {
            self.out.wanted.insert(path.clone());
            let Some((index, document)) = self.files.compose(&path) else {
                self.missing.extend(extends.text_of("file").map(str::to_owned));
                return service.clone();
            };
            self.out.used.insert(index);
            let found = service_of(document).map(|found| merge::untagged(&found));
            found.map(|found| self.of_file(index, &found))
        };
        let mut refuse = |message: String| self.out.refusals.push(Refusal::new(place, message));
        let link = if path == self.name { base.to_owned() } else { format!("{base} of {path}") };
        if chain.contains(&link) || !is_short {
            let message =
                format!("services extend each other in a circle: {}, {link}", chain.join(", "));
            refuse(message);
            return service.clone();
        }
        let Some(found) = found else {
            refuse(format!("`{}` extends `{base}`, which is not a service of {path}", key.name));
            return service.clone();
        };
        chain.push(link);
        let below = self.extended(&path, key, &found, chain);
        let below = if path == self.name {
            below
        } else {
            let asked = extends.text_of("file").unwrap_or_default();
            if path == name { below } else { merge::rebased(&below, asked) }
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

    fn build(&mut self, service: &Node) -> Option<Build> {
        let build = service.get("build")?;
        let context = build.text().or_else(|| build.text_of("context")).unwrap_or(".");
        if context.contains("://") {
            return None;
        }
        let file = build.text_of("dockerfile").unwrap_or("Dockerfile");
        let path = beside(self.name, &format!("{context}/{file}"));
        self.out.wanted.insert(path.clone());
        let mut args = Variables::new();
        for item in build.items_of("args").iter().filter_map(Walk::text) {
            if let Some((name, value)) = item.split_once('=') {
                args.insert(name.to_owned(), value.to_owned());
            }
        }
        for (key, value) in build.get("args").map_or(&[][..], Walk::entries) {
            args.extend(value.text().map(|value| (key.name.clone(), value.to_owned())));
        }
        let inline = build.text_of("dockerfile_inline").map(str::to_owned);
        Some(Build {
            dockerfile: path,
            inline,
            args,
            target: build.text_of("target").map(str::to_owned),
        })
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
            let is_tcp = node.text_of("protocol").is_none_or(|protocol| protocol == "tcp");
            found.push((Port { address, host, target, is_tcp }, place));
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

/// The paths of an entry of `include`.
fn included(one: &Node) -> Vec<&str> {
    let listed = one.get("path").map_or(&[][..], Walk::items);
    let own = one.text().or_else(|| one.text_of("path"));
    own.into_iter().chain(listed.iter().filter_map(Walk::text)).collect()
}

/// The networks of a service as the file calls them.
fn networks_of(service: &Node) -> BTreeSet<&str> {
    let listed = service.items_of("networks").iter().filter_map(Walk::text);
    let mapped = service.get("networks").map_or(&[][..], Walk::entries).iter();
    let mut names: BTreeSet<&str> =
        listed.chain(mapped.map(|(key, _)| key.name.as_str())).collect();
    if names.is_empty() {
        names.insert("default");
    }
    names
}

/// Hosts of `extra_hosts`: a list of `name:address` or `name=address`, or a map.
fn extra_hosts(file: usize, service: &Node) -> Vec<(String, String, Place)> {
    let Some(all) = service.get("extra_hosts") else { return Vec::new() };
    let pair = |node: &Node| {
        let (name, address) = node.text()?.split_once(['=', ':'])?;
        Some((name.to_owned(), address.trim_matches(['[', ']']).to_owned(), node.place(file)))
    };
    let entry = |(key, node): &(Key, Node)| {
        Some((key.name.clone(), node.text()?.to_owned(), key_place(key, file)))
    };
    all.items().iter().filter_map(pair).chain(all.entries().iter().filter_map(entry)).collect()
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
