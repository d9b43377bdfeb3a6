//! Which resources there are.

use std::collections::{BTreeMap, BTreeSet};

use nutkin_operator::resource::{CustomKind, CustomResource};

/// A resource, by who it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: CustomKind,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Key {
    /// Of a resource.
    pub(super) fn of(kind: CustomKind, resource: &CustomResource) -> Self {
        let about = &resource.metadata;
        Self { kind, namespace: about.namespace.clone(), name: about.name.clone() }
    }

    /// A session.
    pub(super) fn session(namespace: &str, name: &str) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Self { kind: CustomKind::Deployment, namespace, name }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{} in {}", self.kind.name(), self.name, self.namespace)
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct World {
    resources: BTreeMap<Key, CustomResource>,
    /// Generations of what belongs to sessions, by kind, namespace and name: statuses change far more often.
    generations: BTreeMap<(&'static str, String, String), i64>,
}

impl World {
    pub(super) fn get(&self, key: &Key) -> Option<&CustomResource> {
        self.resources.get(key)
    }

    /// Notes one. Gives whether it says anything new: an echo of what was written here does not.
    pub(super) fn put(&mut self, key: Key, resource: CustomResource) -> bool {
        let before = self.resources.get(&key);
        let is_old = before.is_some_and(|before| {
            before.metadata.uid == resource.metadata.uid && version(&resource) < version(before)
        });
        if is_old {
            return false;
        }
        let is_news = before.is_none_or(|before| {
            let (old, new) = (&before.metadata, &resource.metadata);
            old.uid != new.uid
                || old.generation != new.generation
                || old.deletion_timestamp != new.deletion_timestamp
                || old.finalizers != new.finalizers
                || old.annotations != new.annotations
                || before.status != resource.status
                || before.spec != resource.spec
        });
        self.resources.insert(key, resource);
        is_news
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, key: &Key) {
        self.resources.remove(key);
    }

    /// Those of a kind, in a namespace or in all.
    pub(super) fn keys(&self, kind: CustomKind, namespace: Option<&str>) -> BTreeSet<Key> {
        let keys = self.resources.keys().filter(|key| key.kind == kind);
        keys.filter(|key| namespace.is_none_or(|one| key.namespace == one)).cloned().collect()
    }

    /// Jobs of a session, by name.
    pub(super) fn jobs_of(&self, session: &Key) -> Vec<Key> {
        let jobs = self.resources.iter().filter(|(key, resource)| {
            key.kind == CustomKind::SessionJob
                && key.namespace == session.namespace
                && resource.session() == session.name
        });
        jobs.map(|(key, _)| key.clone()).collect()
    }

    /// Whether something that belongs to a session is another than it was when it was seen last. `place`: namespace and name.
    pub(super) fn is_another(
        &mut self,
        kind: &'static str,
        (namespace, name): (&str, &str),
        generation: i64,
    ) -> bool {
        let key = (kind, namespace.to_owned(), name.to_owned());
        self.generations.insert(key, generation).is_some_and(|before| before != generation)
    }

    /// It is gone.
    pub(super) fn is_gone(&mut self, kind: &'static str, (namespace, name): (&str, &str)) {
        self.generations.remove(&(kind, namespace.to_owned(), name.to_owned()));
    }

    /// A list of a kind has ended, in a namespace or in all: what is not in it is gone.
    pub(super) fn only(
        &mut self,
        kind: &str,
        scope: Option<&str>,
        listed: &BTreeSet<(String, String)>,
    ) {
        self.generations.retain(|(of, namespace, name), _| {
            let is_meant = *of == kind && scope.is_none_or(|scope| scope == namespace);
            !is_meant || listed.contains(&(namespace.clone(), name.clone()))
        });
    }
}

/// Versions of an API server's objects grow.
fn version(resource: &CustomResource) -> u64 {
    resource.metadata.resource_version.parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_of_what_is_gone_are_forgotten() {
        let mut world = World::default();
        let orders = ("n", "orders");
        for (generation, is_another) in [(1, false), (1, false), (2, true)] {
            assert_eq!(world.is_another("Deployment", orders, generation), is_another);
        }
        world.is_gone("Deployment", orders);
        assert!(!world.is_another("Deployment", orders, 3), "it was made anew");
        world.is_another("Service", orders, 1);
        world.is_another("Deployment", ("other", "orders"), 1);
        // Of a list only its kind and its namespace are believed.
        world.only("Deployment", Some("n"), &BTreeSet::new());
        assert_eq!(world.generations.len(), 2);
        let listed = [("other".to_owned(), "orders".to_owned())].into();
        world.only("Deployment", None, &listed);
        assert_eq!(world.generations.len(), 2);
        world.only("Deployment", None, &BTreeSet::new());
        world.only("Service", None, &BTreeSet::new());
        assert!(world.generations.is_empty());
    }
}
