//! What of all that turns say is news.

use std::collections::BTreeMap;

use nutkin_operator::event::{ClusterEvent, EventComponent, EventReason};
use nutkin_operator::resource::ResourceMetadata;
use nutkin_operator::turn::ResourceTurn;

use super::world::Key;

/// What was said last, so that the same is said once for as long as it lasts, and again when it comes again.
#[derive(Debug, Default)]
pub(super) struct News(BTreeMap<Key, SaidOf>);

/// Of one resource with one spec.
#[derive(Debug, Default, PartialEq)]
struct SaidOf {
    uid: String,
    generation: i64,
    /// The last sentence of each sort.
    last: BTreeMap<(EventComponent, EventReason), String>,
}

impl News {
    /// Takes what a turn says, and gives what of it is news.
    pub(super) fn of<'t>(
        &mut self,
        key: &Key,
        about: &ResourceMetadata,
        turn: &'t ResourceTurn,
    ) -> Vec<&'t ClusterEvent> {
        if turn.is_at_rest() {
            self.forget(key);
        }
        if turn.events.is_empty() {
            return Vec::new();
        }
        let of = self.0.entry(key.clone()).or_default();
        if of.uid != about.uid || of.generation != about.generation {
            // Of another spec everything is said anew.
            let (uid, generation) = (about.uid.clone(), about.generation);
            *of = SaidOf { uid, generation, ..SaidOf::default() };
        }
        let mut is_news = |event: &&ClusterEvent| {
            let sort = (event.component, event.reason);
            let before = of.last.insert(sort, event.message.clone());
            before.is_none_or(|before| before != event.message)
        };
        turn.events.iter().filter(|event| is_news(event)).collect()
    }

    /// It is gone.
    pub(super) fn forget(&mut self, key: &Key) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use nutkin_operator::resource::{CustomKind, CustomResource};
    use nutkin_operator::turn::{SeenSession, SeenWorkload, TurnTime, deployment};
    use serde_json::json;

    use super::*;

    fn orders() -> (Key, CustomResource) {
        let mut resource = CustomResource { spec: json!({}), ..CustomResource::default() };
        (resource.metadata.name, resource.metadata.uid) = ("orders".to_owned(), "u".to_owned());
        resource.metadata.generation = 1;
        (Key::of(CustomKind::Deployment, &resource), resource)
    }

    /// One turn, and what of it is said.
    fn turn(
        said: &mut News,
        key: &Key,
        resource: &mut CustomResource,
        seen: &SeenSession,
    ) -> Vec<&'static str> {
        let now = TurnTime { text: "2026-11-30T12:00:00Z".to_owned(), millis: 1 };
        let turn = deployment(resource, seen, &now);
        resource.status = turn.status.clone();
        said.of(key, &resource.metadata, &turn).iter().map(|event| event.reason.word()).collect()
    }

    #[test]
    fn what_comes_again_is_said_again_and_what_lasts_is_not() {
        let (key, mut resource) = orders();
        let mut said = News::default();
        let brought = SeenSession { is_brought: true, ..SeenSession::default() };
        let failed = SeenSession { failed: Some("no".to_owned()), ..SeenSession::default() };
        let ready = SeenSession {
            workload: SeenWorkload::Available,
            info: Some(json!({})),
            ..SeenSession::default()
        };
        let gone = SeenSession::default();
        let lost: &[&str] = &["Missing", "RecoverDeployment"];
        for (at, (seen, expected)) in [
            (&gone, &["Submit"] as &[&str]),
            (&failed, &["Error"]),
            // Tried again, and it fails as before.
            (&gone, &[]),
            (&failed, &[]),
            (&brought, &[]),
            (&ready, &[]),
            (&gone, lost),
            (&gone, &[]),
            (&ready, &[]),
            (&gone, lost),
            (&ready, &[]),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(turn(&mut said, &key, &mut resource, seen), expected, "turn {at}");
        }
        // Each change of the spec is said, also where the one before is still under way.
        for generation in [2, 3] {
            resource.metadata.generation = generation;
            resource.spec = json!({"image": generation.to_string()});
            assert_eq!(turn(&mut said, &key, &mut resource, &ready), ["SpecChanged"]);
            assert!(turn(&mut said, &key, &mut resource, &ready).is_empty());
        }
        // Nothing stays of what is gone.
        said.forget(&key);
        assert!(said.0.is_empty());
    }
}
