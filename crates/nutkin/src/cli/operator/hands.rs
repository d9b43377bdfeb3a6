//! What the operator has `nutkin up` and `nutkin watch` do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use nutkin_core::session::SessionJob;
use nutkin_kubernetes::session::KubernetesSession;
use nutkin_rest::Client;
use nutkin_shell::Error;

use super::super::lost::{self, Told};
use super::super::{up, wanted};
use crate::Context;
use crate::operator::{Hands, OtherHands, Recovery, SessionWish};
use crate::platform::Session;

/// How long a job that goes on may take to its first checkpoint: as long as `nutkin watch` grants it.
const FIRST_CHECKPOINT: Duration = Duration::from_mins(10);

/// What was seen of sessions, by namespace and name.
type AllTold = RefCell<BTreeMap<(String, String), Told>>;

/// Those of the command line.
#[derive(Debug, Default)]
pub(super) struct CommandHands {
    /// Of each only one worker asks at a time.
    told: AllTold,
}

/// What was seen of a session, while somebody looks at it. It is put back also where the look is cut off.
struct Taken<'h> {
    told: Told,
    key: (String, String),
    all: &'h AllTold,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let (key, told) = (std::mem::take(&mut self.key), std::mem::take(&mut self.told));
        self.all.borrow_mut().insert(key, told);
    }
}

impl Hands for CommandHands {
    async fn bring(&self, wish: &SessionWish, context: &Context<'_>) -> Result<(), Error> {
        let SessionWish { session, wanted, place, base } = wish.clone();
        let wish = wanted::Wish { session, place, base, wanted, of_ledger: None };
        Box::pin(up::unasked(&wish, context)).await
    }

    async fn recover(
        &self,
        session: &Session,
        jobs: Vec<SessionJob>,
        others: OtherHands,
        decided: &dyn Fn(),
        context: &Context<'_>,
    ) -> Result<Recovery, Error> {
        let Session::Kubernetes(of) = session else { return Ok(Recovery::default()) };
        let key = (of.api.namespace().to_owned(), of.name.clone());
        let told = self.told.borrow_mut().remove(&key).unwrap_or_else(Told::watching);
        let mut taken = Taken { told: told.knowing(jobs, others), key, all: &self.told };
        let recovered =
            Box::pin(lost::recover(session, FIRST_CHECKPOINT, &mut taken.told, decided, context))
                .await?;
        Ok(Recovery {
            waits: recovered.waits,
            went_on: recovered.count != 0,
            acts: recovered.acts,
            resumed: recovered.resumed,
            stays: recovered.stays,
        })
    }

    async fn resume(
        &self,
        store: &KubernetesSession,
        client: &Client,
        wish: &SessionWish,
        older: &[String],
        context: &Context<'_>,
    ) -> Result<(), Error> {
        let Some(name) = wish.session.jobs.first().map(|job| job.name.clone()) else {
            return Ok(());
        };
        Box::pin(lost::resume_one(store, client, (&name, older), wish, FIRST_CHECKPOINT, context))
            .await
    }

    fn forget(&self, namespace: &str, name: &str) {
        self.told.borrow_mut().remove(&(namespace.to_owned(), name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_put_back_where_a_look_is_cut_off() {
        let all = AllTold::default();
        let key = ("n".to_owned(), "s".to_owned());
        let taken = Taken { told: Told::watching(), key: key.clone(), all: &all };
        assert!(all.borrow().is_empty());
        drop(taken);
        assert!(all.borrow().contains_key(&key));
    }
}
