//! Services of the files: those that every session has anyway, those under names that clients know, and others.

use serde_json::{Map, Value, json};

use super::options::Options;
use super::shape::Shape;
use super::{Maker, ports, renamed, select};
use crate::finding::Place;
use crate::kubernetes::{Object, Role, Workload};
use crate::node::Walk;
use crate::settings::REST;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// What becomes of a Service.
pub(super) enum Fate {
    /// The session file says it, or nothing has to.
    Gone,
    /// It lies beside the session file.
    Beside(Value),
}

/// Decides about a Service. `None`: it is not about this session.
pub(super) fn of(
    system: &System<'_>,
    object: &Object,
    name: &str,
    options: &mut Options,
    maker: &mut Maker<'_>,
) -> Option<Fate> {
    let selector = object.node.at("spec/selector")?;
    let mut selected = system.workloads.iter().filter(|w| w.is_selected(selector.entries()));
    let workload = selected.next()?;
    let (place, title) = (object.place(), object.title());
    let shape = Shape::of(system);
    let ports = object.node.at("spec/ports").map_or(&[][..], Walk::items);
    let query = |port: &Node| number(workload, port) == Some(query_port(system));
    // A headless Service may have no ports at all.
    let is_for_queries = !ports.is_empty() && ports.iter().all(query);
    let is_off = !maker.as_is && !ports::answers_queries(system);
    if workload.role == Role::TaskManager && is_for_queries && is_off {
        maker.put(place, title.clone(), "nowhere: nothing listens on it");
        maker.cure("NK0410", place, format!("{title} is left out"));
        return Some(Fate::Gone);
    }
    let kind = object.node.at("spec/type").and_then(Walk::text).unwrap_or("ClusterIP");
    let is_own = is_made(system, &object.name, name);
    if is_own && (object.is_headless() || kind == "ClusterIP") {
        maker.put(place, title, "nowhere: made for every session");
        return Some(Fate::Gone);
    }
    let is_open = kind != "ClusterIP" && workload.role.is_job_manager();
    let kind = if is_open && !maker.as_is && !maker.allows("NK0901", object) {
        let message =
            format!("{title} is reached inside the cluster only; `nutkin open` shows the web UI");
        maker.cure("NK0901", place, message);
        "ClusterIP"
    } else {
        kind
    };
    if is_own && kind == "ClusterIP" {
        maker.put(place, title, "nowhere: made for every session");
        return Some(Fate::Gone);
    }
    if is_own && object.name.ends_with("-rest") {
        // The session's own Service of REST, which everybody may reach.
        let at = maker.origin(place);
        options.push("kubernetes.rest-service.exposed.type", kind, at.clone());
        let mut nodes = ports.iter().filter_map(|port| port.text_of("nodePort"));
        if let Some(node) = nodes.next() {
            options.push("nutkin.rest.node-port", node, at);
        }
        maker.put(place, title, "spec.flinkConfiguration, `kubernetes.rest-service.exposed.type`");
        return Some(Fate::Gone);
    }
    let words: Option<Vec<String>> =
        ports.iter().map(|port| word(system, workload, port, kind)).collect();
    // Of pods of both roles, an option would leave those of one of them.
    let is_of_both = shape != Shape::One
        && system
            .workloads
            .iter()
            .any(|other| other.role != workload.role && other.is_selected(selector.entries()));
    let is_of_master =
        |word: &String| ["rest", "rpc", "blob"].contains(&word.split(':').next().unwrap_or(word));
    let leads_to_master = workload.role.is_job_manager()
        && words.as_ref().is_some_and(|words| words.iter().all(is_of_master));
    let is_of_both = is_of_both && !leads_to_master;
    // A Service of an option has an address of its own.
    let is_plain = !object.is_headless()
        && !is_watched(system, object)
        && says_no_more(object)
        && !is_of_both
        && !is_called_by_name(system, object);
    let words = words.filter(|words| is_plain && !words.is_empty() && shape != Shape::Native);
    if let Some(words) = words {
        let key = |setting: &str| format!("nutkin.service.{}.{setting}", object.name);
        let at = maker.origin(place);
        options.push(&key("ports"), &words.join(","), at.clone());
        if !workload.role.is_job_manager() {
            options.push(&key("role"), "taskmanager", at.clone());
        }
        if kind != "ClusterIP" {
            options.push(&key("type"), kind, at);
        }
        maker.put(place, title, format!("spec.flinkConfiguration, `{}`", key("ports")));
        return Some(Fate::Gone);
    }
    maker.put(place, title, "an object beside the session file, which selects its pods");
    let mut value = object.node.to_json();
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        if kind == "ClusterIP" && is_open {
            close(spec);
        }
        let role = if is_of_both { Role::Both } else { workload.role };
        select::relabel(spec.get_mut("selector"), name, role, shape);
    }
    ports::follow(&mut value, &ports::names(system, workload));
    lead_to_leader(&mut value, system, workload);
    Some(Fate::Beside(value))
}

/// Where a highly available JobManager listens on another port than `jobmanager.rpc.port`, a Service leads there.
fn lead_to_leader(value: &mut Value, system: &System<'_>, workload: &Workload<'_>) {
    let settings = system.settings_of(workload);
    let rpc = settings.port("jobmanager.rpc.port").unwrap_or(6123);
    let leader = settings.port("high-availability.jobmanager.port").filter(|port| *port != rpc);
    if leader.is_none() || system.high_availability().is_none() || !workload.role.is_job_manager() {
        return;
    }
    let ports = value.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        let target = port.get("targetPort").or_else(|| port.get("port"));
        if target.and_then(Value::as_i64) == Some(rpc) {
            port["targetPort"] = json!("jobmanager-rpc");
        }
    }
}

/// Whether a Service says no more than options can: beside that it may say what the API server fills in.
fn says_no_more(object: &Object) -> bool {
    const WORDS: [&str; 4] = ["type", "ports", "selector", "clusterIP"];
    const FILLED_IN: [(&str, &str); 6] = [
        ("clusterIPs", ""),
        ("ipFamilies", ""),
        ("ipFamilyPolicy", "SingleStack"),
        ("internalTrafficPolicy", "Cluster"),
        ("externalTrafficPolicy", "Cluster"),
        ("sessionAffinity", "None"),
    ];
    let annotations = object.node.at("metadata/annotations").map_or(&[][..], Walk::entries);
    let fields = object.node.get("spec").map_or(&[][..], Walk::entries);
    annotations.iter().all(|(key, _)| key.name.starts_with("kubectl.kubernetes.io/"))
        && fields.iter().all(|(key, value)| {
            WORDS.contains(&key.name.as_str())
                || FILLED_IN.iter().any(|(name, text)| {
                    *name == key.name && value.text().unwrap_or_default() == *text
                })
        })
}

/// Makes a Service one that only the cluster reaches.
fn close(spec: &mut Map<String, Value>) {
    spec.insert("type".to_owned(), "ClusterIP".into());
    spec.retain(|field, _| !field.starts_with("loadBalancer") && field != "externalTrafficPolicy");
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(port) = port.as_object_mut() {
            port.remove("nodePort");
        }
    }
}

/// Whether objects that are not rewritten call a port of a Service by its name, which is another one in the session: a Route, or
/// what an Ingress controller has of its own.
fn is_called_by_name(system: &System<'_>, service: &Object) -> bool {
    fn has(node: &Node, text: &str) -> bool {
        node.text() == Some(text)
            || node.items().iter().any(|item| has(item, text))
            || node.entries().iter().any(|(_, value)| has(value, text))
    }
    let ports = service.node.at("spec/ports").map_or(&[][..], Walk::items);
    let names: Vec<&str> = ports.iter().filter_map(|port| port.text_of("name")).collect();
    let others = system.world.objects.iter().filter(|object| {
        let is_rewritten = ["Service", "Ingress", "ConfigMap", "Secret"].contains(&&*object.kind);
        !is_rewritten && Workload::of(object).is_none() && object.shares_namespace(service)
    });
    let mut others = others.filter(|object| has(&object.node, &service.name));
    others.any(|object| names.iter().any(|name| has(&object.node, name)))
}

/// The port on which Flink would answer questions about state (`QueryableStateOptions.PROXY_PORT_RANGE` of the files).
fn query_port(system: &System<'_>) -> i64 {
    system.settings_of_task_managers().port("queryable-state.proxy.ports").unwrap_or(6125)
}

/// The number of the container's port that a Service's port leads to.
fn number(workload: &Workload<'_>, port: &Node) -> Option<i64> {
    let Some(target) = port.get("targetPort") else { return port.get("port")?.whole() };
    target.whole().or_else(|| {
        let name = target.text()?;
        let ports = workload.container.items_of("ports");
        ports.iter().find(|port| port.text_of("name") == Some(name))?.get("containerPort")?.whole()
    })
}

/// A port as `nutkin.service.<name>.ports` takes it, or `None` where that has no word for it.
fn word(system: &System<'_>, workload: &Workload<'_>, port: &Node, kind: &str) -> Option<String> {
    let number = number(workload, port)?;
    if port.text_of("protocol").is_some_and(|protocol| protocol != "TCP")
        || port.get("port").and_then(Walk::whole) != Some(number)
    {
        return None;
    }
    let settings = system.settings_of(workload);
    let of = |key: &str, default: i64| settings.port(key).unwrap_or(default);
    let known = if workload.role.is_job_manager() {
        [
            ("rest", settings.rest_port()),
            ("rpc", of("jobmanager.rpc.port", 6123)),
            ("blob", of("blob.server.port", 6124)),
        ]
    } else {
        [("rpc", of("taskmanager.rpc.port", 6122)), ("query-state", query_port(system)), ("", -1)]
    };
    let word = known.iter().find(|(_, port)| *port == number).map(|(word, _)| (*word).to_owned());
    let word = word.unwrap_or_else(|| number.to_string());
    let node = port.get("nodePort").and_then(Walk::whole).filter(|_| kind != "ClusterIP");
    Some(node.map_or(word.clone(), |node| format!("{word}:{node}")))
}

/// Lets whatever is about pods or workloads of the files be about those of the session: budgets, policies, monitors,
/// autoscalers.
pub(super) fn follow(value: &mut Value, system: &System<'_>, object: &Object, name: &str) -> bool {
    let mut is_changed = false;
    for workload in &system.workloads {
        if selects_pods_of(object, workload) {
            ports::follow(value, &ports::names(system, workload));
        }
    }
    // A monitor of Services finds them by their own labels, which they keep.
    if object.kind != "ServiceMonitor" {
        if let Some(selector) = value.pointer_mut("/spec/selector") {
            is_changed |= select::labels(selector, system, name);
        }
        is_changed |= select::follow(value, system, name);
    }
    // Of a HorizontalPodAutoscaler or a ScaledObject, and of a VerticalPodAutoscaler.
    let field = ["scaleTargetRef", "targetRef"]
        .into_iter()
        .find(|field| value["spec"][field]["name"].is_string())
        .unwrap_or("scaleTargetRef");
    let target = value.pointer_mut(&format!("/spec/{field}/name"));
    if let Some(target) = target
        && let Some(workload) = system.workloads.iter().find(|w| *target == json!(w.object.name))
    {
        *target = json!(renamed::name(workload, name));
        let kind = renamed::kind(system);
        if workload.object.kind != kind {
            // Without a kind it is a Deployment (KEDA, "Scaling Deployments").
            value["spec"][field]["kind"] = json!(kind);
            value["spec"][field]["apiVersion"] = json!("apps/v1");
        }
        is_changed = true;
    }
    is_changed
}

/// Whether a monitor or policy names ports of a workload's containers.
fn selects_pods_of(object: &Object, workload: &Workload<'_>) -> bool {
    ["spec/selector/matchLabels", "spec/podSelector/matchLabels"].iter().any(|path| {
        object.node.at(path).is_some_and(|labels| workload.is_selected(labels.entries()))
    })
}

/// Lets an Ingress or a Route lead to the Services of the session, by the numbers of their ports: their names are
/// others.
pub(super) fn lead(value: &mut Value, system: &System<'_>, name: &str) {
    match value {
        Value::Object(map) => {
            // `networking.k8s.io/v1`, and the form of `extensions/v1beta1`.
            if let Some(service) = map.get_mut("service").filter(|one| one["name"].is_string()) {
                let port = service["port"].clone();
                let port = port.get("number").or(port.get("name")).cloned().unwrap_or_default();
                if let Some((new, number)) = led(system, &service["name"], &port, name) {
                    service["name"] = new;
                    service["port"] = json!({ "number": number });
                }
            }
            if let (Some(service), Some(port)) = (map.get("serviceName"), map.get("servicePort"))
                && let Some((new, number)) = led(system, service, port, name)
            {
                map.insert("serviceName".to_owned(), new);
                map.insert("servicePort".to_owned(), number.into());
            }
            map.values_mut().for_each(|value| lead(value, system, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| lead(item, system, name)),
        _ => {}
    }
}

/// Where a port of a Service of the files is in the session: the Service and the number.
fn led(system: &System<'_>, service: &Value, port: &Value, name: &str) -> Option<(Value, i64)> {
    let object = system.selecting.iter().find(|object| *service == json!(object.name))?;
    let selector = object.node.at("spec/selector")?.entries();
    let workload = system.workloads.iter().find(|w| w.is_selected(selector))?;
    let ports = object.node.at("spec/ports").map_or(&[][..], Walk::items);
    let is_meant = |one: &&Node| {
        one.text_of("name").is_some_and(|name| *port == name)
            || one.get("port").and_then(Walk::whole).is_some_and(|number| *port == number)
    };
    let found = ports.iter().find(is_meant)?;
    let is_rest = workload.role.is_job_manager()
        && number(workload, found)
            == Some(system.settings_of(workload).port("rest.port").unwrap_or(REST));
    if is_made(system, &object.name, name) && is_rest {
        return Some((format!("{name}-rest").into(), number(workload, found)?));
    }
    Some((service.clone(), found.get("port")?.whole()?))
}

/// Whether a session has a Service of a name: that by which TaskManagers find the JobManager, which a session of Deployments
/// that elects its leaders does without, that of REST, and that of a StatefulSet's pods.
fn is_made(system: &System<'_>, service: &str, session: &str) -> bool {
    let shape = Shape::of(system);
    let elects = system.high_availability().is_some();
    match service.strip_prefix(session) {
        Some("") => !(elects && matches!(shape, Shape::Deployments | Shape::Native)),
        Some("-rest") => true,
        Some("-taskmanager") => shape == Shape::TwoStatefulSets,
        _ => false,
    }
}

/// A Service of the files under the name of one that the session has, with ports that this one has not. The one of
/// REST has its port, and the others, which are headless, all ports of their pods.
pub(super) fn taken<'a>(system: &System<'a>, session: &str) -> Option<&'a Object> {
    let mut all = system.selecting.iter().copied();
    all.find(|object| {
        let ports = object.node.at("spec/ports").map_or(&[][..], Walk::items);
        let selector = object.node.at("spec/selector").map_or(&[][..], Walk::entries);
        let workload = system.workloads.iter().find(|workload| workload.is_selected(selector));
        let is_there = |port: &Node| {
            let word = workload.and_then(|workload| word(system, workload, port, "ClusterIP"));
            word.is_some_and(|word| !object.name.ends_with("-rest") || word == "rest")
        };
        let is_same = ports.iter().all(is_there) && !is_called_by_name(system, object);
        is_made(system, &object.name, session) && !object.is_headless() && !is_same
    })
}

/// Whether a monitor finds the Service by its labels, which only an object beside the session file keeps.
fn is_watched(system: &System<'_>, object: &Object) -> bool {
    let labels = object.node.at("metadata/labels").map_or(&[][..], Walk::entries);
    system.world.of_kind("ServiceMonitor").any(|monitor| {
        let wanted = monitor.node.at("spec/selector/matchLabels").map_or(&[][..], Walk::entries);
        crate::kubernetes::selects(wanted, labels)
    })
}

impl Maker<'_> {
    /// Where something stood, for a comment.
    pub(super) fn origin(&self, place: Place) -> String {
        let at = self.location(place);
        match at.line {
            Some(line) => format!("{}, line {line}", at.file),
            None => at.file,
        }
    }
}
