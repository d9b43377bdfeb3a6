//! What the operator knows and has to do: shared by those who hear and those who work.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use nutkin_kubernetes::api::Api;
use nutkin_operator::resource::{CustomKind, CustomResource};
use nutkin_operator::validate::JarPolicy;
use nutkin_shell::{Error, Kind};
use serde_json::Value;
use tokio::sync::Notify;

use super::hands::OtherHands;
use super::news::News;
use super::queue::Queue;
use super::world::{Key, World};
use super::{AT_ONCE, Settings, Shared};

/// How long the watch of a kind may be out of order while the operator counts as well: an API server that restarts takes less.
const DEAF: Duration = Duration::from_mins(2);

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
    /// Kinds that cannot be heard of, and since when.
    pub(super) deaf: Shared<BTreeMap<String, Instant>>,
    /// Jobs that no JobManager has any more and that do not go on by themselves, and why.
    pub(super) lost: Shared<BTreeMap<Key, String>>,
    /// Jobs that go on after the loss of their JobManager and are to be seen to their first checkpoints, each with older checkpoints
    /// for where its newest one cannot be read.
    pub(super) resumed: Shared<BTreeMap<Key, Vec<String>>>,
    /// Jobs that their session does not list and that its ledger has as running, as they were seen last.
    open: Shared<BTreeSet<Key>>,
    /// Sessions whose lost jobs could not be looked after, and what was said of that last.
    unrecovered: Shared<BTreeMap<Key, String>>,
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
            deaf: Shared::default(),
            lost: Shared::default(),
            resumed: Shared::default(),
            open: Shared::default(),
            unrecovered: Shared::default(),
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
        self.lost.borrow_mut().remove(key);
        self.open.borrow_mut().remove(key);
        self.resumed.borrow_mut().remove(key);
        self.unrecovered.borrow_mut().remove(key);
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

    /// Whether this operator still leads. Every request that changes something asks the same: this spares the work before it.
    ///
    /// # Errors
    /// The Lease may be another's by now.
    pub(super) fn leads(&self) -> Result<(), Error> {
        let Some(tenure) = &self.api.access().tenure else { return Ok(()) };
        tenure.lasts().map_err(|over| Error::of(Kind::Conflict, over))
    }

    /// Whether somebody may begin to work.
    pub(super) fn has_place(&self) -> bool {
        self.is_ready() && self.queue.borrow().places() < AT_ONCE
    }

    /// Whether everything was listed once.
    pub(super) fn is_ready(&self) -> bool {
        self.lists.borrow().is_empty()
    }

    /// Why it is not well; `None`: it is.
    pub(super) fn illness(&self) -> Option<String> {
        if !self.is_ready() {
            return Some("not listed yet".to_owned());
        }
        let deaf = self.deaf.borrow();
        let (kind, _) = deaf.iter().find(|(_, since)| DEAF <= since.elapsed())?;
        Some(format!("not heard of: {kind}"))
    }

    /// Takes whether a job is one that its session does not list and that its ledger has as running.
    pub(super) fn sees_open(&self, job: &Key, is_open: bool) {
        let mut open = self.open.borrow_mut();
        if is_open {
            open.insert(job.clone());
        } else {
            open.remove(job);
        }
    }

    /// Those of a session.
    pub(super) fn open_jobs(&self, session: &Key) -> Vec<Key> {
        let open = self.open.borrow();
        let mut jobs = self.world.borrow().jobs_of(session);
        jobs.retain(|job| open.contains(job));
        jobs
    }

    /// Who else works for jobs of a session.
    pub(super) fn others(&self, session: &Key) -> OtherHands {
        let (world, queue) = (self.world.borrow(), self.queue.borrow());
        let jobs = world.jobs_of(session);
        let is_deleted = |job: &&Key| world.get(job).is_some_and(CustomResource::is_deleted);
        // What is deleted does not go on.
        let busy = jobs.iter().filter(is_deleted).chain(queue.jobs_of(session));
        OtherHands {
            busy: busy.map(|job| job.name.clone()).collect(),
            jobs: jobs.iter().map(|job| job.name.clone()).collect(),
            only_looks: !queue.is_alone(session),
        }
    }

    /// Jobs of a session go on, by their names.
    pub(super) fn resume(&self, session: &Key, resumed: BTreeMap<String, Vec<String>>) {
        for (name, older) in resumed {
            let job = Key { kind: CustomKind::SessionJob, name, ..session.clone() };
            self.resumed.borrow_mut().insert(job.clone(), older);
            self.wake(&job, false);
        }
    }

    /// The lost jobs of a session could not be looked after. Gives whether that is news.
    pub(super) fn fails_to_recover(&self, session: &Key, line: &str) -> bool {
        let why = self.open_jobs(session).into_iter().map(|job| (job.name, line.to_owned()));
        self.stay_lost(session, why.collect());
        let before = self.unrecovered.borrow_mut().insert(session.clone(), line.to_owned());
        before.is_none_or(|before| before != line)
    }

    /// They were looked after.
    pub(super) fn recovers(&self, session: &Key) {
        self.unrecovered.borrow_mut().remove(session);
    }

    /// Takes which jobs of a session stay lost, and why, by their names.
    pub(super) fn stay_lost(&self, session: &Key, stays: BTreeMap<String, String>) {
        for job in self.world.borrow().jobs_of(session) {
            let why = stays.get(&job.name).cloned();
            let before = match &why {
                Some(why) => self.lost.borrow_mut().insert(job.clone(), why.clone()),
                None => self.lost.borrow_mut().remove(&job),
            };
            if before != why {
                self.wake(&job, false);
            }
        }
    }
}
