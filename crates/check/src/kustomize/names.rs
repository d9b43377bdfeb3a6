//! Names and namespaces that a kustomization changes, and the references to them.

use std::collections::BTreeMap;

use super::edit::{each, ensure, get_mut, set, text};
use super::item::Item;
use crate::node::Walk;
use nutkin_flink::yaml::{Node, NodeKind};

/// Kinds that are in no namespace (`kubectl api-resources --namespaced=false`), as far as they come with sessions.
const OF_CLUSTER: &[&str] = &[
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingWebhookConfiguration",
    "VolumeSnapshotClass",
];

/// Kinds whose names stay (Kustomize, `namePrefix` of `konfig/builtinpluginconsts`).
const UNCHANGED: &[&str] = &["APIService", "CustomResourceDefinition", "Namespace"];

/// Where pods are in objects.
const PODS: &[&str] = &["spec", "spec/template/spec", "spec/jobTemplate/spec/template/spec"];

/// Kinds, and where a pod names an object of them.
const OF_PODS: &[(&str, &[&str])] = &[
    ("ConfigMap", &["volumes[]/configMap/name", "volumes[]/projected/sources[]/configMap/name"]),
    ("Secret", &["volumes[]/secret/secretName", "volumes[]/projected/sources[]/secret/name"]),
    ("Secret", &["imagePullSecrets[]/name"]),
    ("PersistentVolumeClaim", &["volumes[]/persistentVolumeClaim/claimName"]),
    ("ServiceAccount", &["serviceAccountName", "serviceAccount"]),
    ("PriorityClass", &["priorityClassName"]),
];

/// Kinds, and where a container names an object of them.
const OF_CONTAINERS: &[(&str, &[&str])] = &[
    ("ConfigMap", &["env[]/valueFrom/configMapKeyRef/name", "envFrom[]/configMapRef/name"]),
    ("Secret", &["env[]/valueFrom/secretKeyRef/name", "envFrom[]/secretRef/name"]),
];

/// Kinds of objects, the field that names another, and the kind of that one; `None`: `kind` beside the name says it.
const OF_OBJECTS: &[(&str, &str, &str, Option<&str>)] = &[
    ("StatefulSet", "spec", "serviceName", Some("Service")),
    ("Ingress", "spec/rules[]/http/paths[]/backend/service", "name", Some("Service")),
    ("Ingress", "spec/rules[]/http/paths[]/backend", "serviceName", Some("Service")),
    ("Ingress", "spec/defaultBackend/service", "name", Some("Service")),
    ("Route", "spec/to", "name", Some("Service")),
    ("RoleBinding", "roleRef", "name", None),
    ("RoleBinding", "subjects[]", "name", None),
    ("ClusterRoleBinding", "roleRef", "name", None),
    ("ClusterRoleBinding", "subjects[]", "name", None),
    ("HorizontalPodAutoscaler", "spec/scaleTargetRef", "name", None),
    ("ServiceAccount", "imagePullSecrets[]", "name", Some("Secret")),
    ("PersistentVolumeClaim", "spec", "storageClassName", Some("StorageClass")),
];

/// Puts words before and behind the names of all objects.
pub(super) fn rename(items: &mut [Item], prefix: Option<&Node>, suffix: Option<&Node>) {
    let word = |node: Option<&Node>| node.and_then(Walk::text).unwrap_or_default().to_owned();
    let (Some(at), before, behind) = (prefix.or(suffix), word(prefix), word(suffix)) else {
        return;
    };
    let mut renamed: BTreeMap<(String, String), String> = BTreeMap::new();
    for item in items.iter_mut() {
        if UNCHANGED.contains(&item.kind()) || item.name().is_empty() {
            continue;
        }
        let new = format!("{before}{}{behind}", item.name());
        renamed.insert((item.kind().to_owned(), item.name().to_owned()), new.clone());
        item.keep_name();
        if let Some(metadata) = get_mut(&mut item.node, "metadata") {
            set(metadata, "name", text(at, new));
        }
    }
    let new = |kind: &str, name: &str| renamed.get(&(kind.to_owned(), name.to_owned())).cloned();
    for item in items {
        references(&mut item.node, &new);
    }
}

/// Lets references follow objects that were renamed further below than where the reference stands.
pub(super) fn follow(items: &mut [Item]) {
    let mut now: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
    for item in items.iter() {
        for (name, _) in &item.before {
            let key = (item.kind().to_owned(), name.clone());
            now.entry(key).or_insert_with(|| Some(item.name().to_owned()));
        }
    }
    for item in items.iter() {
        // A name that is there is meant.
        now.insert((item.kind().to_owned(), item.name().to_owned()), None);
    }
    let new = |kind: &str, name: &str| now.get(&(kind.to_owned(), name.to_owned())).cloned()?;
    for item in items {
        references(&mut item.node, &new);
    }
}

/// Calls for each reference of an object, and writes the new name where there is one.
fn references(object: &mut Node, new: &dyn Fn(&str, &str) -> Option<String>) {
    let change = |kind: &str, node: &mut Node| {
        let name = node.text().and_then(|name| new(kind, name));
        if let Some(name) = name {
            node.kind = NodeKind::Text(name);
        }
    };
    for pod in PODS {
        for (kind, paths) in OF_PODS {
            for path in *paths {
                each(object, &format!("{pod}/{path}"), &mut |node| change(kind, node));
            }
        }
        for containers in ["containers[]", "initContainers[]"] {
            for (kind, paths) in OF_CONTAINERS {
                for path in *paths {
                    let path = format!("{pod}/{containers}/{path}");
                    each(object, &path, &mut |node| change(kind, node));
                }
            }
        }
    }
    let own = object.text_of("kind").unwrap_or_default().to_owned();
    for (_, path, field, kind) in OF_OBJECTS.iter().filter(|(of, ..)| *of == own) {
        each(object, path, &mut |node| {
            let said = node.text_of("kind").unwrap_or_default().to_owned();
            if let Some(name) = get_mut(node, field) {
                change(kind.unwrap_or(&said), name);
            }
        });
    }
}

/// The namespace of what names none, and the account of each namespace.
const DEFAULT: &str = "default";

/// Gives all objects a namespace, and lets bindings name the accounts there.
pub(super) fn give_namespace(items: &mut [Item], namespace: &Node) {
    let Some(name) = namespace.text() else { return };
    let mut moved: BTreeMap<String, String> = BTreeMap::new();
    for item in items.iter_mut().filter(|item| !item.kind().is_empty()) {
        if item.kind() == "ServiceAccount" {
            let old = if item.namespace().is_empty() { DEFAULT } else { item.namespace() };
            moved.insert(item.name().to_owned(), old.to_owned());
        }
        let field = match item.kind() {
            "Namespace" => "name",
            kind if OF_CLUSTER.contains(&kind) => continue,
            _ => "namespace",
        };
        item.keep_name();
        if let Some(metadata) = ensure(&mut item.node, "metadata", namespace) {
            set(metadata, field, text(namespace, name));
        }
    }
    let is_binding = |item: &&mut Item| matches!(item.kind(), "RoleBinding" | "ClusterRoleBinding");
    for item in items.iter_mut().filter(is_binding) {
        each(&mut item.node, "subjects[]", &mut |subject| {
            let account = subject.text_of("name").unwrap_or_default();
            let said = subject.text_of("namespace").unwrap_or(DEFAULT);
            // One that is bound in another namespace than its own stays there.
            let is_moved = moved.get(account).is_some_and(|old| old == said);
            let is_account = subject.text_of("kind") == Some("ServiceAccount");
            if is_account && (account == DEFAULT || is_moved) {
                set(subject, "namespace", text(namespace, name));
            }
        });
    }
}
