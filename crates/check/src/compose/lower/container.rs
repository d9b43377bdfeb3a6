//! The container of a service, in the fields of a pod.

use std::borrow::Cow;

use super::Project;
use crate::compose::tree::{as_text, entry, list, map, number, text};
use crate::compose::words;
use crate::dockerfile;
use crate::node::Walk;
use crate::path::beside;
use crate::service::{Build, Service};
use crate::source::{File, Input};
use crate::variables::Variables;
use nutkin_flink::yaml::{Key, Node, NodeKind};

impl Project<'_, '_> {
    pub(super) fn build(&mut self, service: &Node) -> Option<Build> {
        let build = service.get("build")?;
        let context = build.text().or_else(|| build.text_of("context")).unwrap_or(".");
        if context.contains("://") {
            return None;
        }
        let file = build.text_of("dockerfile").unwrap_or("Dockerfile");
        let path = beside(&self.base, &format!("{context}/{file}"));
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

    /// The words that the image of a service is given by the Dockerfile that it is built from: its last CMD, at the place of `build`.
    fn words_of_image(&self, service: &Node, made: &Service) -> Option<Node> {
        let (at, build) = (service.get("build")?, made.build.as_ref()?);
        let (index, file) = if let Some(text) = build.inline.as_deref() {
            (0, Cow::Owned(of_text(text)))
        } else {
            let index = self.files.find(&build.dockerfile)?;
            (index, Cow::Borrowed(&self.files.all[index]))
        };
        let target = build.target.as_deref();
        let dockerfile = dockerfile::build(index, &file, &build.args, target);
        let words = dockerfile.words("CMD")?;
        Some(list(at, words.iter().map(|word| text(at, word)).collect()))
    }

    /// The object as a tree.
    pub(super) fn node(&mut self, key: &Key, service: &Node, made: &Service) -> Node {
        let here = Node { line: key.line, column: key.column, block: false, kind: NodeKind::Null };
        let mut container = vec![entry("name", text(&here, &key.name))];
        for (field, to) in [("image", "image"), ("pull_policy", "imagePullPolicy")] {
            container.extend(service.get(field).map(|node| entry(to, node.clone())));
        }
        for (field, to) in [("entrypoint", "command"), ("command", "args")] {
            container.extend(service.get(field).map(|node| entry(to, command(node))));
        }
        if service.get("entrypoint").is_none() && service.get("command").is_none() {
            container.extend(self.words_of_image(service, made).map(|node| entry("args", node)));
        }
        let variables = self.environment(service);
        if !variables.is_empty() {
            container.push(entry("env", list(&here, variables)));
        }
        if let Some(switch) = service.get("read_only") {
            let context = map(switch, vec![entry("readOnlyRootFilesystem", as_text(switch))]);
            container.push(entry("securityContext", context));
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

/// The text of `dockerfile_inline` as a file.
fn of_text(text: &str) -> File {
    File::new(&Input { name: "Dockerfile".to_owned(), text: text.to_owned() })
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
