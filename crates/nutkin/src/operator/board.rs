//! What the operator knows and has to do: shared by those who hear and those who work.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Instant;

use nutkin_kubernetes::api::Api;
use nutkin_operator::resource::{CustomKind, CustomResource};
use nutkin_operator::validate::JarPolicy;
use serde_json::Value;
use tokio::sync::{Notify, RwLock};

use super::news::News;
use super::queue::Queue;
use super::world::{Key, World};
use super::{Settings, Shared};

/// All that is shared.
pub(super) struct Board {
    /// Asks the API server.
    pub(super) api: Api,
    /// What there is.
    pub(super) world: Shared<World>,
    /// What is to be done.
    pub(super) queue: Shared<Queue>,
    /// Something is in the queue.
    pub(super) woken: Notify,
    /// Lists that were not read to their end yet.
    pub(super) lists: Shared<BTreeSet<String>>,
    /// What was said of resources.
    pub(super) news: Shared<News>,
    /// Statuses of which the API server keeps less than was written: what was wanted, and what it kept.
    pub(super) kept: Shared<BTreeMap<Key, (Value, Value)>>,
    locks: Shared<BTreeMap<Key, Rc<RwLock<()>>>>,
    /// The label selector of resources.
    pub(super) selector: String,
    /// Where jars of jobs may come from.
    pub(super) jars: JarPolicy,
}

impl Board {
    pub(super) fn new(api: Api, settings: &Settings) -> Self {
        Self {
            api,
            world: Shared::default(),
            queue: Shared::default(),
            woken: Notify::new(),
            lists: Shared::default(),
            news: Shared::default(),
            kept: Shared::default(),
            locks: Shared::default(),
            selector: settings.selector.clone(),
            jars: settings.jars.clone(),
        }
    }

    /// Asks in the namespace of a resource.
    pub(super) fn api(&self, key: &Key) -> Api {
        self.api.in_namespace(&key.namespace)
    }

    /// A resource as it was heard of last.
    pub(super) fn resource(&self, key: &Key) -> Option<CustomResource> {
        self.world.borrow().get(key).cloned()
    }

    /// The session that a resource is, or belongs to.
    pub(super) fn session_of(&self, key: &Key) -> Key {
        match key.kind {
            CustomKind::Deployment => key.clone(),
            CustomKind::SessionJob => {
                let world = self.world.borrow();
                let session = world.get(key).map(CustomResource::session).unwrap_or_default();
                Key::session(&key.namespace, session)
            }
        }
    }

    /// Jobs are worked for side by side, and none while their session changes. Locks that nobody has any more are dropped.
    pub(super) fn lock(&self, session: &Key) -> Rc<RwLock<()>> {
        let mut locks = self.locks.borrow_mut();
        locks.retain(|_, lock| 1 < Rc::strong_count(lock));
        Rc::clone(locks.entry(session.clone()).or_default())
    }

    /// Whether there is such a resource.
    pub(super) fn is_there(&self, key: &Key) -> bool {
        self.world.borrow().get(key).is_some()
    }

    /// Something has happened to it.
    pub(super) fn wake(&self, key: &Key, looks: bool) {
        self.queue.borrow_mut().wake(key, looks, Instant::now());
        self.woken.notify_one();
    }

    /// The same of all jobs of a session.
    pub(super) fn wake_jobs(&self, session: &Key) {
        for job in self.world.borrow().jobs_of(session) {
            self.wake(&job, false);
        }
    }

    /// A resource was heard of.
    pub(super) fn put(&self, kind: CustomKind, resource: CustomResource) {
        let key = Key::of(kind, &resource);
        let of = (kind == CustomKind::SessionJob)
            .then(|| Key::session(&key.namespace, resource.session()));
        if !self.world.borrow_mut().put(key.clone(), resource) {
            return;
        }
        self.queue.borrow_mut().renew(&key);
        self.wake(&key, false);
        match of {
            // A session that is being deleted waits for its jobs.
            Some(session) => self.wake_if_deleted(&session),
            None => self.wake_jobs(&key),
        }
    }

    /// A resource is gone.
    pub(super) fn remove(&self, key: &Key) {
        let session = self.session_of(key);
        self.world.borrow_mut().remove(key);
        self.queue.borrow_mut().forget(key);
        self.kept.borrow_mut().remove(key);
        self.news.borrow_mut().forget(key);
        match key.kind {
            CustomKind::Deployment => self.wake_jobs(key),
            CustomKind::SessionJob => self.wake_if_deleted(&session),
        }
    }

    fn wake_if_deleted(&self, session: &Key) {
        if self.resource(session).is_some_and(|session| session.is_deleted()) {
            self.wake(session, false);
        }
    }

    /// Whether everything was listed once.
    pub(super) fn is_ready(&self) -> bool {
        self.lists.borrow().is_empty()
    }
}
