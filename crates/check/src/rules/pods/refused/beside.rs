//! What the API server refuses in Services, ConfigMaps, and in what lies beside a session: ways to it, and claims.

use super::notation::is_open;
use super::{Refused, is_part};
use crate::finding::Findings;
use crate::kubernetes::{Object, Workload};
use crate::node::{Walk, key_place};
use crate::system::World;
use nutkin_flink::yaml::NodeKind;

/// Types of Services.
const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

/// Most characters of the name of a Service (`IsDNS1035Label`).
const LONGEST: usize = 63;

/// Whether a text may be the name of a Service, which is a label of the DNS (`ValidateServiceName`).
fn is_name_of_service(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// What lies beside a session: ways to it, and claims.
pub(in crate::rules) fn of_world(world: &World, out: &mut Findings<'_>) {
    let is_flinks = |object: &Object| Workload::of(object).is_some() && object.compose.is_none();
    let mut beside =
        world.of_kind("Ingress").chain(world.of_kind("PersistentVolumeClaim")).peekable();
    if beside.peek().is_none() || !world.objects.iter().any(is_flinks) {
        return;
    }
    for object in beside {
        let mut refused = Refused { object, out };
        match object.node.text_of("apiVersion") {
            Some("networking.k8s.io/v1") => refused.ingress(),
            Some("v1") => refused.claim(world),
            _ => {}
        }
    }
}

impl Refused<'_, '_, '_> {
    pub(super) fn service(&mut self) {
        let object = self.object;
        let ports = object.node.at("spec/ports").map_or(&[][..], Walk::items);
        for port in ports {
            if let Some(NodeKind::Text(text)) = port.get("port").map(|node| &node.kind)
                && !is_open(text)
            {
                let message = format!("`port` is a whole number, and `{text}` is a text");
                self.tell_quoted(port, &message);
            }
            if 1 < ports.len() && port.set("name").is_none() {
                self.tell(
                    port,
                    "of several ports each has a name, and this one has none".to_owned(),
                );
            }
        }
        self.twice(ports.iter(), "name", "two ports");
        if let Some(node) = object.node.at("spec/type")
            && let Some(text) = node.text().filter(|text| !is_open(text) && !TYPES.contains(text))
        {
            self.tell(node, format!("`type` is not `{text}`, but one of {}", TYPES.join(", ")));
        }
        if !is_name_of_service(&object.name)
            && !is_open(&object.name)
            && let Some(name) = object.node.at("metadata/name")
        {
            self.tell(
                name,
                format!(
                    "the name of a Service begins with a small letter, has small letters, digits and `-`, and at most \
                     {LONGEST} characters, not as `{}`",
                    object.name
                ),
            );
        }
    }

    /// Paths of an Ingress: what the versions before v1 had by default, and how they named Services.
    fn ingress(&mut self) {
        let rules = self.object.node.at("spec/rules").map_or(&[][..], Walk::items);
        let paths = rules.iter().filter_map(|rule| rule.at("http/paths")).flat_map(Walk::items);
        for path in paths {
            if path.set("pathType").is_none() {
                self.tell(path, "a path without `pathType`: `Prefix` is mostly meant".to_owned());
            }
            if let Some((key, _)) = path.get("backend").and_then(|one| one.entry("serviceName")) {
                let place = key_place(key, self.object.file);
                let message = "`serviceName` and `servicePort` are `service.name` and `service.port.number` in this version";
                self.tell_at(place, message.to_owned());
            }
        }
    }

    fn claim(&mut self, world: &World) {
        let object = self.object;
        let Some((key, spec)) = object.node.entry("spec") else { return };
        let place = key_place(key, object.file);
        for path in ["accessModes", "resources/requests/storage"] {
            let is_missing = spec.set(path).is_none() && spec.set("volumeName").is_none();
            if is_missing && !is_part(object, &format!("spec/{path}"), world) {
                self.tell_at(place, format!("`spec.{}` is missing", path.replace('/', ".")));
            }
        }
    }

    /// Values of a ConfigMap that are not texts.
    pub(super) fn data(&mut self) {
        let object = self.object;
        if !super::super::values::is_name(&object.name)
            && let Some(name) = object.node.at("metadata/name")
        {
            let message =
                format!("`{}` is not a name: small letters, digits, `-` and `.`", object.name);
            self.tell(name, message);
        }
        for (key, value) in object.node.get("data").map_or(&[][..], Walk::entries) {
            let what = match value.kind {
                NodeKind::Text(_) | NodeKind::Null => continue,
                NodeKind::Map(_) => "a map: `|` behind the colon is missing",
                NodeKind::List(_) => "a list: `|` behind the colon is missing",
                NodeKind::Number(_) => "a number without quotes",
                NodeKind::Bool(_) => "true or false without quotes",
            };
            self.tell(value, format!("`{}` is a text, and this is {what}", key.name));
        }
    }
}
