//! An object on its way through kustomizations.

use crate::finding::Place;
use crate::node::Walk;
use nutkin_flink::yaml::Node;

/// An object, with the names that it had.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) node: Node,
    /// Names and namespaces that kustomizations have changed.
    pub(super) before: Vec<(String, String)>,
    /// Where it was cut off from the object above it.
    pub(super) cut: Option<Place>,
}

impl Item {
    pub(super) const fn new(node: Node) -> Self {
        Self { node, before: Vec::new(), cut: None }
    }

    fn at(&self, path: &str) -> &str {
        self.node.at(path).and_then(Walk::text).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> &str {
        self.at("kind")
    }

    pub(super) fn name(&self) -> &str {
        self.at("metadata/name")
    }

    pub(super) fn namespace(&self) -> &str {
        self.at("metadata/namespace")
    }

    pub(super) fn group(&self) -> &str {
        self.at("apiVersion").rsplit_once('/').map_or("", |(group, _)| group)
    }

    pub(super) fn version(&self) -> &str {
        let version = self.at("apiVersion");
        version.rsplit_once('/').map_or(version, |(_, version)| version)
    }

    /// Its name, and those that it had.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.before.iter().map(|(name, _)| name.as_str()).chain([self.name()])
    }

    /// Its namespace, and those that it had.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.before.iter().map(|(_, namespace)| namespace.as_str()).chain([self.namespace()])
    }

    /// Keeps the name and the namespace, which are about to change.
    pub(super) fn keep_name(&mut self) {
        self.before.push((self.name().to_owned(), self.namespace().to_owned()));
    }

    /// Whether another document is about the same object.
    pub(super) fn is_same(&self, patch: &Self) -> bool {
        self.kind() == patch.kind()
            && (self.group(), self.version()) == (patch.group(), patch.version())
            && self.names().any(|name| name == patch.name())
            && (patch.namespace().is_empty()
                || self.namespaces().any(|namespace| namespace == patch.namespace()))
    }

    /// Whether Kubernetes itself has the type: of custom resources it knows no lists with keys.
    pub(super) fn is_built_in(&self) -> bool {
        let group = self.group();
        !group.contains('.') || group.ends_with(".k8s.io")
    }
}
