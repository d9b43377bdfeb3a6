//! Hears of resources and of what belongs to sessions: lists in pages, then watches, and lists again where something was missed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use nutkin_core::kubernetes::ownership::TYPES;
use nutkin_core::kubernetes::resource::{
    CONFIG_MAPS, DEPLOYMENTS, FLINK_DEPLOYMENTS, FLINK_SESSION_JOBS, PODS, Resource, SERVICES,
    STATEFUL_SETS,
};
use nutkin_core::plan::kubernetes::marks;
use nutkin_kubernetes::error::{ApiError, failure};
use nutkin_kubernetes::resources::{Scope, Told};
use nutkin_operator::resource::{CustomKind, CustomResource, ResourceMetadata};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::board::Board;
use super::world::Key;
use super::{Settings, clock};
use crate::Context;

/// The pauses after a list or watch that failed.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// What is heard of one kind.
trait Listener<T> {
    /// Something is there.
    fn there(&self, one: T, is_listed: bool);
    /// It is gone.
    fn gone(&self, one: T);
    /// A list begins; one that broke off counts for nothing.
    fn begins(&self) {}
    /// A list has ended.
    fn listed(&self) {}
}

/// Listens to everything, for ever. What has to be listed first is on the board when this returns.
pub(super) fn all<'b>(
    board: &'b Board,
    settings: &Settings,
    context: &'b Context<'_>,
) -> impl Future<Output = ()> + 'b {
    let namespaces: Vec<Option<String>> = match settings.namespaces.as_slice() {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    let types = format!("type in ({})", TYPES.join(","));
    let mut feeds: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + 'b>>> = Vec::new();
    for namespace in namespaces {
        let scope = |resource: Resource, selector: &str| Scope {
            resource,
            namespace: namespace.clone(),
            selector: selector.to_owned(),
        };
        for kind in CustomKind::ALL {
            let scope = scope(resource_of(kind), &board.selector);
            let listener =
                Resources { board, kind, scope: scope.clone(), seen: RefCell::default() };
            board.lists.borrow_mut().insert(title(&scope));
            feeds.push(Box::pin(hear::<CustomResource>(board, scope, listener, context)));
        }
        for (resource, selector) in [
            (DEPLOYMENTS, types.as_str()),
            (STATEFUL_SETS, types.as_str()),
            (PODS, types.as_str()),
            (SERVICES, marks::SESSION),
            (CONFIG_MAPS, marks::SESSION),
        ] {
            let listener = Belongings { board, kind: resource.kind };
            feeds.push(Box::pin(hear(board, scope(resource, selector), listener, context)));
        }
    }
    async { drop(join_all(feeds).await) }
}

/// Where a kind is kept.
pub(super) const fn resource_of(kind: CustomKind) -> Resource {
    match kind {
        CustomKind::Deployment => FLINK_DEPLOYMENTS,
        CustomKind::SessionJob => FLINK_SESSION_JOBS,
    }
}

fn title(scope: &Scope) -> String {
    format!("{} {}", scope.resource.plural, scope.namespace.as_deref().unwrap_or_default())
}

/// Listens to one kind.
async fn hear<T: DeserializeOwned + Send + 'static>(
    board: &Board,
    scope: Scope,
    listener: impl Listener<T>,
    context: &Context<'_>,
) {
    let mut failures = 0;
    let mut told = String::new();
    loop {
        match once(board, &scope, &listener, &mut failures).await {
            Ok(()) => told.clear(),
            Err(error) => {
                let line = format!("{:#}", failure(error).error);
                if told != line {
                    context.printer.warn(&line);
                    told = line;
                }
                clock::pause(PAUSES[failures.min(PAUSES.len() - 1)]).await;
                failures += 1;
            }
        }
    }
}

/// Lists, and watches for as long as nothing is missed.
async fn once<T: DeserializeOwned + Send + 'static>(
    board: &Board,
    scope: &Scope,
    listener: &impl Listener<T>,
    failures: &mut usize,
) -> Result<(), ApiError> {
    listener.begins();
    let mut from = None;
    let mut version = loop {
        let page = scope.page::<T>(&board.api, from.as_deref()).await?;
        for item in page.items {
            listener.there(item, true);
        }
        match page.next {
            Some(next) => from = Some(next),
            None => break page.version,
        }
    };
    listener.listed();
    board.lists.borrow_mut().remove(&title(scope));
    // Whoever waited for the last list begins.
    board.woken.notify_one();
    loop {
        let mut stream = scope.watch::<Versioned<T>>(&board.api, &version).await;
        let stream = match &mut stream {
            Ok(stream) => stream,
            Err(error) if error.is("Expired") || error.is("Gone") => return Ok(()),
            Err(_) => return stream.map(drop),
        };
        while let Some(told) = stream.next().await {
            let told = told?;
            // Not before: where listing is allowed and watching is not, everything would be listed in a circle.
            *failures = 0;
            match told {
                Told::There(one) => {
                    version.clone_from(&one.version);
                    listener.there(one.object, false);
                }
                Told::Gone(one) => {
                    version.clone_from(&one.version);
                    listener.gone(one.object);
                }
                Told::Nothing(now) => version = now,
                Told::Expired => return Ok(()),
            }
        }
        // A server that ends watches at once is not asked in a circle.
        clock::pause(PAUSES[0]).await;
    }
}

/// An object with its version, whatever else is read of it.
struct Versioned<T> {
    version: String,
    object: T,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Versioned<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = serde_json::Value::deserialize(deserializer)?;
        let version = whole["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        let object = serde_json::from_value(whole).map_err(serde::de::Error::custom)?;
        Ok(Self { version, object })
    }
}

/// Resources of a kind.
struct Resources<'b> {
    board: &'b Board,
    kind: CustomKind,
    scope: Scope,
    /// Those of the list that is being read: what is not among them is gone.
    seen: super::Shared<BTreeSet<Key>>,
}

impl Listener<CustomResource> for Resources<'_> {
    fn there(&self, mut one: CustomResource, is_listed: bool) {
        one.prune();
        if is_listed {
            self.seen.borrow_mut().insert(Key::of(self.kind, &one));
        }
        self.board.put(self.kind, one);
    }

    fn gone(&self, one: CustomResource) {
        self.board.remove(&Key::of(self.kind, &one));
    }

    fn begins(&self) {
        self.seen.take();
    }

    fn listed(&self) {
        let seen = self.seen.take();
        let known = self.board.world.borrow().keys(self.kind, self.scope.namespace.as_deref());
        for gone in known.difference(&seen) {
            self.board.remove(gone);
        }
    }
}

/// An object that belongs to a session, as far as it matters which.
#[derive(Deserialize)]
struct Belonging {
    metadata: ResourceMetadata,
}

/// What belongs to sessions.
struct Belongings<'b> {
    board: &'b Board,
    kind: &'static str,
}

impl Belongings<'_> {
    fn session(&self, one: &Belonging) -> Option<Key> {
        let about = &one.metadata;
        let name = about.labels.get(marks::SESSION).or_else(|| about.labels.get("app"))?;
        // The ledger is written by whoever works for the session.
        let is_ledger = self.kind == "ConfigMap" && about.name == format!("nutkin-{name}");
        let session = Key::session(&about.namespace, name);
        let is_known = self.board.world.borrow().get(&session).is_some();
        (!is_ledger && is_known).then_some(session)
    }
}

impl Listener<Belonging> for Belongings<'_> {
    fn there(&self, one: Belonging, is_listed: bool) {
        let about = &one.metadata;
        let is_pod = self.kind == "Pod";
        let is_another = !is_pod && {
            let generation = match self.kind {
                // They have none: each of their versions counts.
                "ConfigMap" | "Service" => about.resource_version.parse().unwrap_or(0),
                _ => about.generation,
            };
            let place = (about.namespace.as_str(), about.name.as_str());
            self.board.world.borrow_mut().is_another(self.kind, place, generation)
        };
        let is_of_interest = is_another || is_pod || !["ConfigMap", "Service"].contains(&self.kind);
        if let Some(session) = self.session(&one).filter(|_| is_of_interest && !is_listed) {
            self.board.wake(&session, is_another);
        }
    }

    fn listed(&self) {
        // What was deleted or edited while nobody watched makes no sign.
        let sessions = self.board.world.borrow().keys(CustomKind::Deployment, None);
        for session in sessions {
            self.board.wake(&session, true);
        }
    }

    fn gone(&self, one: Belonging) {
        if let Some(session) = self.session(&one) {
            self.board.wake(&session, self.kind != "Pod");
        }
    }
}
