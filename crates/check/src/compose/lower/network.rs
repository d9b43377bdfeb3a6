//! Where a container is reached, and under which names.

use std::collections::BTreeSet;

use super::Project;
use crate::compose::words;
use crate::finding::Place;
use crate::node::{Walk, key_place};
use crate::service::Port;
use nutkin_flink::yaml::{Key, Node};

impl Project<'_, '_> {
    /// The networks of a service by their names outside; `None` where it has that of the host or of another container.
    pub(super) fn networks(&self, service: &Node) -> Option<BTreeSet<String>> {
        if service.get("network_mode").is_some() {
            return None;
        }
        Some(networks_of(service).into_iter().map(|name| self.outside(name)).collect())
    }

    /// The networks of a service that Compose does not make, by their names outside.
    pub(super) fn outer_networks(&self, service: &Node) -> BTreeSet<String> {
        let networks = self.document.get("networks");
        let is_outer = |name: &&str| {
            let external = networks.and_then(|all| all.get(name)?.set("external"));
            external.is_some_and(|external| external.text() != Some("false"))
        };
        networks_of(service).into_iter().filter(is_outer).map(|name| self.outside(name)).collect()
    }

    /// The name of a network outside of the project.
    pub(super) fn outside(&self, name: &str) -> String {
        let network = self.document.get("networks").and_then(|all| all.get(name));
        network.and_then(|network| network.text_of("name")).unwrap_or(name).to_owned()
    }

    /// Names of a service that only those know who are in one network with it.
    pub(super) fn aliases(&self, service: &Node) -> BTreeSet<(String, String)> {
        let networks = service.get("networks").map_or(&[][..], Walk::entries).iter();
        let names = networks.flat_map(|(key, network)| {
            let names = network.items_of("aliases").iter().filter_map(Walk::text);
            names.map(|name| (name.to_owned(), self.outside(&key.name))).collect::<Vec<_>>()
        });
        names.collect()
    }

    pub(super) fn published(&self, service: &Node) -> Vec<(Port, Place)> {
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
pub(super) fn extra_hosts(file: usize, service: &Node) -> Vec<(String, String, Place)> {
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
pub(super) fn hosts(key: &Key, service: &Node, document: &Node) -> BTreeSet<String> {
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
