//! Clients of a session beside it: SQL clients, gateways, whatever submits jobs. Where they look for the JobManager.

use std::borrow::Cow;

use super::LOST_CLIENT;
use crate::conf::{Line, lines};
use crate::finding::{Findings, Place};
use crate::image::is_flink_image;
use crate::kubernetes::{Object, Workload};
use crate::node::Walk;
use crate::path;
use crate::role::{self, Program};
use crate::service::Service;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// Options that say where the REST API is, the one that counts first.
const KEYS: [&str; 2] = ["rest.address", "jobmanager.rpc.address"];

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    let master = system.job_managers().next().and_then(|one| one.object.compose.as_ref());
    let Some(master) = master.filter(|master| !master.has_siblings) else { return };
    let services = system.world.services_of(&master.project);
    for (object, own) in services.filter(|(_, own)| own.network_mode.is_none()) {
        if system.workloads.iter().any(|one| std::ptr::eq(one.object, object)) {
            continue;
        }
        let Some((address, place)) = container(object).and_then(|one| called(one, object.file))
        else {
            continue;
        };
        if let Some(reason) = wrong(system, own, &address) {
            let message =
                format!("{} looks for the JobManager at `{address}`: {reason}", object.title());
            out.add(&LOST_CLIENT, place, message);
        }
    }
}

/// The container of a service that only uses a session.
fn container(object: &Object) -> Option<&Node> {
    let container = object.node.at("spec/template/spec/containers")?.items().first()?;
    let is_flinks = container.text_of("image").is_some_and(is_flink_image);
    let is_client = matches!(role::program(container), Some(Program::Client));
    (is_flinks && is_client && Workload::of(object).is_none()).then_some(container)
}

/// The address that a container is told, and where: its words count more than its variables.
fn called(container: &Node, file: usize) -> Option<(String, Place)> {
    let of_words = role::clients(container).iter().find_map(|command| {
        let (address, node) = told(command)?;
        Some((address.split(':').next()?.to_owned(), node.place(file)))
    });
    if of_words.is_some() {
        return of_words;
    }
    let variable = |name: &str| {
        let mut all = container.items_of("env").iter();
        all.find(|entry| entry.text_of("name") == Some(name))?.entry("value")
    };
    let of_properties = |key: &&str| {
        let (key_of, node) = variable("FLINK_PROPERTIES")?;
        let found = lines(node.text()?).find_map(|(number, _, line)| match line {
            Line::Entry { key: own, value, .. } if own == *key => Some((number, value.to_owned())),
            _ => None,
        });
        let (number, value) = found?;
        let line = if node.block { key_of.line + number } else { node.line };
        Some((value, Place { line, ..node.place(file) }))
    };
    KEYS.iter().find_map(of_properties).or_else(|| {
        let (_, node) = variable("JOB_MANAGER_RPC_ADDRESS")?;
        Some((node.text()?.to_owned(), node.place(file)))
    })
}

/// Options of `flink` whose values are jars that are not the job's own (`CliFrontendParser`, 1.13 to 2.3).
const OF_JARS: [&str; 4] = ["-C", "--classpath", "-j", "--jarfile"];

/// The address that the words of one command tell: `-m` is one of `flink` alone, and what follows a jar is the job's.
fn told<'w>(command: &'w [(Cow<'_, str>, &'w Node)]) -> Option<(&'w str, &'w Node)> {
    let is_jar = |word: &str| word.strip_suffix(".jar").is_some();
    let start = command.iter().position(|(word, _)| path::last(word) == "flink");
    let mut before = "";
    for (index, (word, node)) in command.iter().enumerate() {
        let next = || command.get(index + 1).map(|(word, _)| word.as_ref());
        let is_of_flink = start.is_some_and(|start| start < index);
        let found = match word.as_ref() {
            "-m" | "--jobmanager" if is_of_flink => next(),
            word if is_of_flink && is_jar(word) && !OF_JARS.contains(&before) => return None,
            word => {
                let long = word.strip_prefix("--jobmanager=").filter(|_| is_of_flink);
                long.or_else(|| option(word))
            }
        };
        if let Some(found) = found {
            // A word in the place of an address: who runs Flink on YARN.
            return (found != "yarn-cluster").then_some((found, *node));
        }
        before = word;
    }
    None
}

/// The value of `-Drest.address=HOST`, or of what follows a `-D`.
fn option(word: &str) -> Option<&str> {
    let word = word.strip_prefix("-D").unwrap_or(word);
    KEYS.iter().find_map(|key| word.strip_prefix(key)?.strip_prefix('='))
}

/// Why nobody answers at an address.
fn wrong(system: &System<'_>, own: &Service, address: &str) -> Option<String> {
    if address == "localhost" || address.starts_with("127.") {
        return Some("that is its own container".to_owned());
    }
    let is_far = address.is_empty() || address.contains(['.', ':', '$', '%', '{']);
    // Compose calls containers `PROJECT-SERVICE-NUMBER`, and other files give names in networks of theirs.
    let container =
        address.rsplit_once(['-', '_']).filter(|(_, number)| number.parse::<u32>().is_ok());
    let is_container = |service: &Service| {
        container.is_some_and(|(name, _)| {
            service.hosts.iter().any(|host| {
                name.ends_with(&format!("-{host}")) || name.ends_with(&format!("_{host}"))
            })
        })
    };
    let is_known = |service: &Service| service.hosts.contains(address) || is_container(service);
    let is_given = own.extra_hosts.iter().any(|(name, ..)| name == address);
    let mut all = system.world.services_of(&own.project).map(|(_, service)| service);
    (!is_far && !is_given && own.outer_networks.is_empty() && !all.any(is_known))
        .then(|| "no service is called so".to_owned())
}
