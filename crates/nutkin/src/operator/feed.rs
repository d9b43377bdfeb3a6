//! Hears of resources and of what belongs to sessions: lists in pages, then watches, and lists again where something was missed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use nutkin_core::kubernetes::ownership::TYPES;
use nutkin_core::kubernetes::resource::{
    CONFIG_MAPS, DEPLOYMENTS, PODS, Resource, SERVICES, STATEFUL_SETS,
};
use nutkin_core::plan::kubernetes::marks;
use nutkin_kubernetes::error::{ApiError, failure};
use nutkin_kubernetes::resources::{Scope, Told, WATCH};
use nutkin_operator::resource::{CustomKind, CustomResource, ResourceMetadata};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

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

/// How long a watch may say nothing before it counts as hanging: the server ends it after less.
const SILENCE: Duration = Duration::from_secs(WATCH as u64 + 30);

/// How long the API server may take to begin a watch: it answers at once, whether anything happens or not.
const BEGINS: Duration = Duration::from_secs(30);

/// What is heard of one kind.
trait Listener<T> {
    /// The version of one.
    fn version<'o>(&self, one: &'o T) -> &'o str;
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
            let scope = scope(kind.resource(), &board.selector);
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
            let scope = scope(resource, selector);
            let listener = Belongings {
                board,
                kind: resource.kind,
                scope: scope.clone(),
                seen: RefCell::default(),
            };
            feeds.push(Box::pin(hear(board, scope, listener, context)));
        }
    }
    async { drop(join_all(feeds).await) }
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
                // What nobody may hear of is not an illness that a new start would heal.
                if !error.is("Forbidden") {
                    let mut deaf = board.deaf.borrow_mut();
                    deaf.entry(title(&scope)).or_insert_with(Instant::now);
                }
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
        let begun = timeout(BEGINS, scope.watch::<T>(&board.api, &version)).await;
        let mut stream = match begun.unwrap_or_else(|_| Err(hangs(scope))) {
            Ok(stream) => stream,
            Err(error) if error.is("Expired") || error.is("Gone") => return Ok(()),
            Err(error) => return Err(error),
        };
        board.deaf.borrow_mut().remove(&title(scope));
        while let Some(told) = timeout(SILENCE, stream.next()).await.map_err(|_| hangs(scope))? {
            let told = told?;
            // Not before: where listing is allowed and watching is not, everything would be listed in a circle.
            *failures = 0;
            match told {
                Told::There(one) => {
                    listener.version(&one).clone_into(&mut version);
                    listener.there(one, false);
                }
                Told::Gone(one) => {
                    listener.version(&one).clone_into(&mut version);
                    listener.gone(one);
                }
                Told::Nothing(now) => version = now,
                Told::Expired => return Ok(()),
            }
        }
        // A server that ends watches at once is not asked in a circle.
        clock::pause(PAUSES[0]).await;
    }
}

/// Nothing comes, not even the end.
fn hangs(scope: &Scope) -> ApiError {
    ApiError::Broken(format!("the watch of {} says nothing", scope.resource.plural))
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
    fn version<'o>(&self, one: &'o CustomResource) -> &'o str {
        &one.metadata.resource_version
    }

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
    scope: Scope,
    /// Those of the list that is being read, by namespace and name.
    seen: super::Shared<BTreeSet<(String, String)>>,
}

impl Belongings<'_> {
    /// The session that it belongs to, whether that has a resource or not.
    fn session(&self, one: &Belonging) -> Option<Key> {
        let about = &one.metadata;
        let name = about.labels.get(marks::SESSION).or_else(|| about.labels.get("app"))?;
        // The ledger is written by whoever works for the session.
        let is_ledger = self.kind == "ConfigMap" && about.name == format!("nutkin-{name}");
        (!is_ledger).then(|| Key::session(&about.namespace, name))
    }
}

impl Listener<Belonging> for Belongings<'_> {
    fn version<'o>(&self, one: &'o Belonging) -> &'o str {
        &one.metadata.resource_version
    }

    fn begins(&self) {
        self.seen.take();
    }

    fn there(&self, one: Belonging, is_listed: bool) {
        // What belongs to none is not remembered. Its session may be listed after it.
        let Some(session) = self.session(&one) else { return };
        let about = &one.metadata;
        let is_pod = self.kind == "Pod";
        if is_listed && !is_pod {
            self.seen.borrow_mut().insert((about.namespace.clone(), about.name.clone()));
        }
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
        if is_of_interest && !is_listed && self.board.is_there(&session) {
            self.board.wake(&session, is_another);
        }
    }

    fn listed(&self) {
        let (seen, namespace) = (self.seen.take(), self.scope.namespace.as_deref());
        self.board.world.borrow_mut().only(self.kind, namespace, &seen);
        // What was deleted or edited while nobody watched makes no sign.
        let sessions = self.board.world.borrow().keys(CustomKind::Deployment, None);
        for session in sessions {
            self.board.wake(&session, true);
        }
    }

    fn gone(&self, one: Belonging) {
        let Some(session) = self.session(&one) else { return };
        let place = (one.metadata.namespace.as_str(), one.metadata.name.as_str());
        self.board.world.borrow_mut().is_gone(self.kind, place);
        if self.board.is_there(&session) {
            self.board.wake(&session, self.kind != "Pod");
        }
    }
}
