//! The objects that have no place in a session file, with the permissions that Flink needs.

use serde_json::Value;

use super::WRITTEN;
use super::options::Options;
use super::services::Fate;
use super::{Maker, services, storage, workers};
use crate::kubernetes::Object;
use crate::node::Walk;
use crate::rules::rbac;
use crate::system::{System, World};

/// All other objects, cured.
pub(super) fn beside(
    world: &World,
    system: &System<'_>,
    (name, spec): (&str, &Value),
    options: &mut Options,
    maker: &mut Maker<'_>,
) -> Vec<Value> {
    let mut kept = Vec::new();
    let mut taken: Vec<&Object> = Vec::new();
    let workers = workers::of(world, system);
    for (index, object) in world.objects.iter().enumerate() {
        let place = object.place();
        let mut all = system.workloads.iter().chain(&system.boot);
        let is_workload = all.any(|w| std::ptr::eq(w.object, object));
        let is_conf = system.texts.iter().any(
            |text| matches!(text.origin, crate::embedded::Origin::ConfigMap(of) if of == index),
        );
        if is_workload || object.compose.is_some() {
            continue;
        }
        let all = world.names.all(&object.kind, &object.name);
        let is_twin = |of: &usize| *of < index && world.objects[*of].is_twin(object);
        if all.iter().any(is_twin) {
            maker.put(place, object.title(), "nowhere: the same object is there already");
            continue;
        }
        if workers.as_ref().is_some_and(|template| std::ptr::eq(template.object, object)) {
            continue;
        }
        if is_conf {
            let others = object
                .node
                .get("data")
                .map_or(&[][..], Walk::entries)
                .iter()
                .any(|(key, _)| !system.texts.iter().any(|text| text.key == key.name));
            if !others {
                maker.put(
                    place,
                    object.title(),
                    "spec.flinkConfiguration and spec.logConfiguration",
                );
                taken.push(object);
                continue;
            }
        }
        if object.kind == "Service"
            && let Some(fate) = services::of(system, object, name, options, maker)
        {
            if let Fate::Beside(value) = fate {
                kept.push(value);
            }
            continue;
        }
        if let Some(mut value) = access(system, object, maker) {
            let is_changed = services::follow(&mut value, system, object, name);
            let to = if is_changed {
                "an object beside the session file, which selects its pods"
            } else {
                "an object beside the session file"
            };
            maker.put(place, object.title(), to);
            kept.push(value);
        }
        if object.cut.is_some() && !maker.as_is {
            maker.cure("NK0002", place, format!("{} is an object of its own", object.title()));
        }
    }
    for object in taken {
        // Other containers of the session, or of other objects, may read it as well.
        if asks_for(spec, &object.name) || kept.iter().any(|one| asks_for(one, &object.name)) {
            let to = "the session file, and an object beside it for whatever else reads it";
            maker.put(object.place(), object.title(), to);
            kept.push(object.node.to_json());
        }
    }
    for value in &mut kept {
        services::lead(value, system, name);
        for path in WRITTEN {
            remove(value, path);
        }
    }
    let claim = storage::claim(system, maker, &kept);
    kept.extend(claim);
    kept
}

/// Whether pods somewhere in a value read a ConfigMap.
fn asks_for(value: &Value, map: &str) -> bool {
    const FIELDS: [&str; 3] = ["configMap", "configMapRef", "configMapKeyRef"];
    match value {
        Value::Object(fields) => fields.iter().any(|(field, value)| {
            FIELDS.contains(&field.as_str()) && value["name"] == map || asks_for(value, map)
        }),
        Value::Array(items) => items.iter().any(|item| asks_for(item, map)),
        _ => false,
    }
}

/// Takes what stands at a path away; `~1` in it is a slash.
pub(super) fn remove(value: &mut Value, path: &str) {
    let (parents, last) = path.rsplit_once('/').unwrap_or(("", path));
    let at = if parents.is_empty() { String::new() } else { format!("/{parents}") };
    if let Some(Value::Object(parent)) = value.pointer_mut(&at) {
        parent.shift_remove(&last.replace("~1", "/"));
    }
}

/// An object with the permissions that Flink needs; `None` for one that is needless.
fn access(system: &System<'_>, object: &Object, maker: &mut Maker<'_>) -> Option<Value> {
    // Where a key appears twice the last one stays, as kubectl takes it.
    let mut value = object.node.to_json();
    if maker.as_is {
        return Some(value);
    }
    if object.kind == "ClusterRoleBinding"
        && object.node.at("roleRef/name").and_then(Walk::text) == Some("cluster-admin")
    {
        maker.cure("NK0306", object.place(), format!("{} is left out", object.title()));
        maker.put(object.place(), object.title(), "nowhere: a Role on configmaps is enough");
        return None;
    }
    if object.kind == "Role"
        && let Some(lack) = rbac::lacks(system).iter().find(|lack| std::ptr::eq(lack.role, object))
    {
        let rules = value.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten();
        let has = |rule: &Value, word: &str| {
            rule["resources"].as_array().is_some_and(|items| items.iter().any(|item| item == word))
        };
        let mut of_config_maps = rules.filter(|rule| has(rule, "configmaps") || has(rule, "*"));
        let verbs = of_config_maps.next().and_then(|rule| rule["verbs"].as_array_mut());
        if let Some(verbs) = verbs {
            verbs.extend(lack.missing.iter().map(|verb| Value::from(*verb)));
            let message = format!("{} has {}, too", object.title(), lack.missing.join(", "));
            maker.cure("NK0304", object.place(), message);
        }
    }
    Some(value)
}
