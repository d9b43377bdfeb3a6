//! Ways from outside to a Service: whether it has the port that they name.

use super::NO_SUCH_PORT;
use crate::finding::Findings;
use crate::kubernetes::Object;
use crate::node::Walk;
use crate::selectors::Pods;
use crate::system::World;
use nutkin_flink::yaml::Node;

/// Kinds that lead from outside to a Service by its name and the number or name of a port: of Kubernetes, its Gateway API
/// and Traefik. A Route of OpenShift names the port of the pods.
const WAYS: &[&str] = &["Ingress", "HTTPRoute", "Route", "IngressRoute"];

/// A Service that something leads to, and the port of it; `None`: the Service has one, and that is taken.
pub(in crate::rules) struct Backend<'a> {
    pub(in crate::rules) service: &'a Node,
    port: Option<&'a Node>,
}

/// What objects lead from outside to Services, each with where.
pub(in crate::rules) fn backends(world: &World) -> Vec<(&Object, Backend<'_>)> {
    let is_way = |object: &&Object| match object.kind.as_str() {
        "Route" => object.group().is_none_or(|group| matches!(group, "" | "route.openshift.io")),
        _ => true,
    };
    let ways = WAYS.iter().flat_map(|kind| world.of_kind(kind)).filter(is_way);
    let mut found = Vec::new();
    for way in ways {
        let mut backends = Vec::new();
        if way.kind == "Route" {
            let port = way.node.at("spec/port/targetPort");
            let service = way.node.at("spec/to/name");
            backends.extend(service.map(|service| Backend { service, port }));
        } else {
            collect(&way.node, &mut backends);
        }
        found.extend(backends.into_iter().map(|backend| (way, backend)));
    }
    found
}

fn collect<'a>(node: &'a Node, found: &mut Vec<Backend<'a>>) {
    for (key, value) in node.entries() {
        let is_service =
            matches!(key.name.as_str(), "service" | "backend" | "backendRefs" | "services");
        for one in std::iter::once(value).chain(value.items()).filter(|_| is_service) {
            let is_of_other_kind = one.text_of("kind").is_some_and(|kind| kind != "Service");
            let elsewhere = one.get("namespace").is_some();
            if is_of_other_kind || elsewhere {
                continue;
            }
            let (service, port) = match (one.get("name"), one.get("serviceName")) {
                (Some(name), _) => (name, one.get("port")),
                (None, Some(name)) => (name, one.get("servicePort")),
                (None, None) => continue,
            };
            let port =
                port.map(|port| port.get("number").or_else(|| port.get("name")).unwrap_or(port));
            found.push(Backend { service, port });
        }
        collect(value, found);
    }
    node.items().iter().for_each(|item| collect(item, found));
}

/// Ways to a Service of Flink's pods, and to a port that it does not have.
pub(in crate::rules) fn check(world: &World, pods: &Pods<'_>, out: &mut Findings<'_>) {
    for (way, backend) in backends(world) {
        let (Some(name), Some(port)) = (backend.service.text(), backend.port) else { continue };
        let Some(wanted) = port.text() else { continue };
        let Some(service) = world.named("Service", name, way) else { continue };
        let ports = service.node.at("spec/ports").map_or(&[][..], Walk::items);
        let selector = service.node.at("spec/selector").map_or(&[][..], Walk::entries);
        // Some controllers take the port of the pods as well.
        let has = |one: &Node| {
            ["port", "name", "targetPort"].iter().any(|key| one.text_of(key) == Some(wanted))
        };
        let is_open = wanted.contains(['$', '{']);
        if ports.is_empty() || ports.iter().any(has) || is_open || !pods.are_akin(service, selector)
        {
            continue;
        }
        let known: Vec<&str> = ports.iter().filter_map(|one| one.text_of("port")).collect();
        let message = format!(
            "{} leads to port `{wanted}` of {}, which has {}",
            way.title(),
            service.title(),
            known.join(", ")
        );
        let place = port.place(way.file);
        let patch = match known[..] {
            [only] if port.whole().is_some() => out.exchange(place, wanted, only),
            _ => None,
        };
        out.add(&NO_SUCH_PORT, place, message).patch = patch;
    }
}
