//! A system as a table of facts: object, path in it, value. Two systems with one table are the same.

use std::collections::BTreeMap;

use crate::embedded::Origin;
use crate::finding::Place;
use crate::kubernetes::{Object, Workload};
use crate::node::Walk;
use crate::settings::Settings;
use crate::source::FileKind;
use crate::system::{System, World};
use nutkin_core::kubernetes::quantity::whole as quantity;
use nutkin_flink::options;
use nutkin_flink::yaml::{Node, NodeKind};

/// What stands at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) value: String,
    pub(super) place: Option<Place>,
}

/// All facts by object, then by path in it.
pub(super) type Facts = BTreeMap<String, BTreeMap<String, Fact>>;

/// The object under which options are told.
pub(super) const OPTIONS: &str = "options";

/// The facts of a system and of the objects around it.
pub(super) fn of(world: &World, system: &System<'_>, settings: &Settings) -> Facts {
    let version = system.release();
    let mut facts = Facts::new();
    for setting in settings.effective() {
        let key = options::canonical(&setting.key, version);
        let fact = Fact { value: setting.text(), place: Some(setting.place) };
        facts.entry(OPTIONS.to_owned()).or_default().insert(key.to_string(), fact);
    }
    for text in &system.texts {
        if !matches!(text.kind, FileKind::Log4j | FileKind::Logback) {
            continue;
        }
        let lines = facts.entry(text.name.clone()).or_default();
        for (number, line) in (1..).zip(text.text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let place = Some(text.place(&world.files, number, 1));
                lines.insert(line.to_owned(), Fact { value: line.to_owned(), place });
            }
        }
    }
    for (index, object) in world.objects.iter().enumerate() {
        let is_conf = system.texts.iter().any(|text| text.origin == Origin::ConfigMap(index));
        let workload = system.workloads.iter().find(|w| std::ptr::eq(w.object, object));
        let name = workload.map_or_else(|| object.title(), |w| w.role.name().to_owned());
        let of_object = facts.entry(name).or_default();
        let place = Some(object.place());
        of_object.insert(String::new(), Fact { value: object.title(), place });
        if let (Some(workload), "Pod") = (workload, object.kind.as_str()) {
            // A pod is what a workload of one pod makes.
            let template = "spec.template";
            walk(object, Some(workload), workload.template, template, of_object);
            let of_object_itself = |path: &str| {
                let rest = path.strip_prefix("spec.template.")?;
                ["kind", "apiVersion", "metadata.name"].contains(&rest).then(|| rest.to_owned())
            };
            let all = std::mem::take(of_object).into_iter();
            of_object
                .extend(all.map(|(path, fact)| (of_object_itself(&path).unwrap_or(path), fact)));
        } else {
            walk(object, workload, &object.node, "", of_object);
        }
        if object.kind == "FlinkDeployment" {
            // Told as options.
            of_object.retain(|path, _| !path.starts_with("spec.flinkConfiguration."));
        }
        if is_conf {
            // Told as options and lines.
            of_object.retain(|path, _| !path.starts_with("data."));
        }
    }
    facts
}

/// Adds the facts below a node.
fn walk(
    object: &Object,
    workload: Option<&Workload<'_>>,
    node: &Node,
    path: &str,
    into: &mut BTreeMap<String, Fact>,
) {
    match &node.kind {
        NodeKind::Map(entries) => {
            for (key, node) in entries {
                let path =
                    if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
                walk(object, workload, node, &path, into);
            }
        }
        NodeKind::List(items)
            if !items.is_empty() && items.iter().all(|one| one.text().is_some()) =>
        {
            let words: Vec<&str> = items.iter().filter_map(Walk::text).collect();
            let place = Some(node.place(object.file));
            into.insert(path.to_owned(), Fact { value: words.join(" "), place });
        }
        NodeKind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                let is_main = workload.is_some_and(|w| std::ptr::eq(w.container, item));
                let name = if is_main { "main".to_owned() } else { item_name(path, item, index) };
                walk(object, workload, item, &format!("{path}[{name}]"), into);
            }
        }
        _ => {
            let Some(text) = node.text() else { return };
            let place = Some(node.place(object.file));
            into.insert(path.to_owned(), Fact { value: plain(path, text), place });
        }
    }
}

/// What tells the items of a list apart, whatever their order.
fn item_name(path: &str, item: &Node, index: usize) -> String {
    let list = path.rsplit('.').next().unwrap_or(path);
    let keys: &[&str] = match list {
        "volumeMounts" => &["mountPath"],
        "ports" => &["containerPort", "port"],
        "items" => &["key"],
        "volumeClaimTemplates" => &[],
        _ => &["name"],
    };
    let of_claim = item.at("metadata/name").and_then(Walk::text);
    let name = keys.iter().find_map(|key| item.text_of(key)).or(of_claim);
    name.map_or_else(|| index.to_string(), |name| plain(path, name))
}

/// Amounts and paths in one spelling each.
fn plain(path: &str, text: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or(path);
    let is_amount = path.contains(".resources.");
    match last {
        "cpu" if is_amount => match text.strip_suffix('m').unwrap_or(text).parse::<f64>() {
            Ok(count) if text.ends_with('m') => format!("{count}m"),
            Ok(count) => format!("{}m", count * 1000.0),
            Err(_) => text.to_owned(),
        },
        "memory" if is_amount => {
            quantity(text).map_or_else(|| text.to_owned(), |bytes| format!("{}Mi", bytes >> 20))
        }
        "volumeMounts" | "mountPath" if 1 < text.len() => text.trim_end_matches('/').to_owned(),
        _ => text.to_owned(),
    }
}
