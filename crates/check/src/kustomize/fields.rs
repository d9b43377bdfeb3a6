//! Fields of kustomizations that change one thing in many objects: labels, annotations, images and replicas.

use super::edit::{each, ensure, get_mut, set, text};
use super::item::Item;
use crate::node::Walk;
use nutkin_flink::yaml::{Key, Node, NodeKind};

/// Kinds, and the selectors that `commonLabels` writes (Kustomize, `konfig/builtinpluginconsts/commonlabels.go`).
const SELECTORS: &[(&str, &str)] = &[
    ("Service", "spec/selector"),
    ("ReplicationController", "spec/selector"),
    ("Deployment", "spec/selector/matchLabels"),
    ("ReplicaSet", "spec/selector/matchLabels"),
    ("DaemonSet", "spec/selector/matchLabels"),
    ("StatefulSet", "spec/selector/matchLabels"),
];

/// The same, where the objects have them already.
const SELECTORS_THERE: &[(&str, &str)] = &[
    ("NetworkPolicy", "spec/podSelector/matchLabels"),
    ("PodDisruptionBudget", "spec/selector/matchLabels"),
    ("Job", "spec/selector/matchLabels"),
];

/// Kinds with a template of pods.
const WITH_PODS: &[&str] =
    &["DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"];

/// How far labels reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The objects alone.
    Objects,
    /// The templates of pods as well.
    Templates,
    /// Templates and selectors.
    Selectors,
}

/// Gives all objects labels.
pub(super) fn label(items: &mut [Item], labels: &Node, reach: Reach) {
    let write = |node: &mut Node, path: &str| {
        if let Some(map) = ensure(node, path, labels) {
            put_all(map, labels.entries());
        }
    };
    for item in items {
        let kind = item.kind().to_owned();
        write(&mut item.node, "metadata/labels");
        if reach != Reach::Objects && WITH_PODS.contains(&kind.as_str()) {
            write(&mut item.node, "spec/template/metadata/labels");
        }
        if reach == Reach::Selectors {
            for (_, path) in SELECTORS.iter().filter(|(of, _)| *of == kind) {
                write(&mut item.node, path);
            }
            for (_, path) in SELECTORS_THERE.iter().filter(|(of, _)| *of == kind) {
                each(&mut item.node, path, &mut |map| put_all(map, labels.entries()));
            }
            each(&mut item.node, "spec/volumeClaimTemplates[]", &mut |claim| {
                write(claim, "metadata/labels");
            });
        }
    }
}

/// Gives all objects and templates annotations.
pub(super) fn annotate(items: &mut [Item], annotations: &Node) {
    for item in items {
        let has_pods = WITH_PODS.contains(&item.kind());
        for path in ["metadata/annotations", "spec/template/metadata/annotations"] {
            if path.starts_with("spec") && !has_pods {
                continue;
            }
            if let Some(map) = ensure(&mut item.node, path, annotations) {
                put_all(map, annotations.entries());
            }
        }
    }
}

fn put_all(map: &mut Node, entries: &[(Key, Node)]) {
    for (key, value) in entries {
        set(map, &key.name, value.clone());
    }
}

/// Gives containers other images.
pub(super) fn images(items: &mut [Item], images: &[Node]) {
    for item in items {
        for change in images {
            in_containers(&mut item.node, &mut |container| image(container, change));
        }
    }
}

/// Calls for each container, wherever an object has a list of them.
fn in_containers(node: &mut Node, change: &mut dyn FnMut(&mut Node)) {
    match &mut node.kind {
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                let is_list = matches!(key.name.as_str(), "containers" | "initContainers");
                match &mut value.kind {
                    NodeKind::List(items) if is_list => items.iter_mut().for_each(&mut *change),
                    _ => in_containers(value, change),
                }
            }
        }
        NodeKind::List(items) => items.iter_mut().for_each(|item| in_containers(item, change)),
        _ => {}
    }
}

fn image(container: &mut Node, change: &Node) {
    let Some(own) = get_mut(container, "image") else { return };
    let (Some(old), Some(wanted)) = (own.text(), change.text_of("name")) else { return };
    let (name, rest) = cut(old);
    if name != wanted {
        return;
    }
    let new = change.text_of("newName").unwrap_or(name);
    let tag = change.text_of("newTag");
    let text_of_tag = match (change.text_of("digest"), tag) {
        (Some(digest), _) => format!("@{digest}"),
        (None, Some(tag)) => format!(":{tag}"),
        (None, None) => rest.to_owned(),
    };
    let suffix = change.text_of("tagSuffix").unwrap_or_default();
    let at = ["digest", "newTag", "newName"].iter().find_map(|field| change.get(field));
    *own = text(at.unwrap_or(change), format!("{new}{text_of_tag}{suffix}"));
}

/// The name of an image, and its tag or digest with what begins it.
fn cut(image: &str) -> (&str, &str) {
    let end = image.find('@').or_else(|| {
        // A port of a registry is followed by a slash.
        image.rfind(':').filter(|at| !image[*at..].contains('/'))
    });
    image.split_at(end.unwrap_or(image.len()))
}

/// Kinds whose number `replicas` sets (Kustomize, `konfig/builtinpluginconsts/replicas.go`).
const WITH_REPLICAS: &[&str] =
    &["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"];

/// Gives workloads another number. Whether all of them are there.
pub(super) fn replicas(items: &mut [Item], counts: &[Node]) -> bool {
    counts.iter().all(|one| {
        let (Some(name), Some(count)) = (one.text_of("name"), one.get("count")) else {
            return true;
        };
        let mut is_there = false;
        for item in items.iter_mut() {
            let is_meant =
                WITH_REPLICAS.contains(&item.kind()) && item.names().any(|own| own == name);
            if is_meant && let Some(spec) = ensure(&mut item.node, "spec", count) {
                is_there = true;
                set(spec, "replicas", count.clone());
            }
        }
        is_there
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nutkin_flink::yaml;

    #[test]
    fn names_and_tags_of_images() {
        #[track_caller]
        fn check(old: &str, change: &str, expected: &str) {
            let read = |text: &str| yaml::documents(text, "x.yaml").0.remove(0);
            let mut items = [Item::new(read(&format!(
                "{{spec: {{template: {{spec: {{initContainers: [{{image: '{old}'}}]}}}}}}}}"
            )))];
            images(&mut items, &[read(change)]);
            let found = items[0].node.to_json();
            assert_eq!(found["spec"]["template"]["spec"]["initContainers"][0]["image"], expected);
        }
        check("flink:1.18.1", "{name: flink, newTag: '1.20.5'}", "flink:1.20.5");
        check("flink", "{name: flink, newTag: '1.20.5'}", "flink:1.20.5");
        check("flink:1.18.1", "{name: flink, newName: r:5000/flink}", "r:5000/flink:1.18.1");
        check("r:5000/flink", "{name: r:5000/flink, newTag: a}", "r:5000/flink:a");
        check("flink:a", "{name: flink, digest: 'sha256:1'}", "flink@sha256:1");
        check("flink@sha256:1", "{name: flink, newTag: b}", "flink:b");
        check("my/flink:a", "{name: flink, newTag: b}", "my/flink:a");
    }
}
