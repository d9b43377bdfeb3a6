//! What the operator has `nutkin up` and `nutkin watch` do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use nutkin_core::session::SessionJob;
use nutkin_shell::Error;

use super::super::lost::{self, Told};
use super::super::{up, wanted};
use crate::Context;
use crate::operator::{Hands, Recovery, SessionWish};
use crate::platform::Session;

/// How long a job that goes on may take to its first checkpoint: as long as `nutkin watch` grants it.
const FIRST_CHECKPOINT: Duration = Duration::from_mins(10);

/// Those of the command line.
#[derive(Debug, Default)]
pub(super) struct CommandHands {
    /// What was seen of sessions, by namespace and name: of each only one worker asks at a time.
    told: RefCell<BTreeMap<(String, String), Told>>,
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
        context: &Context<'_>,
    ) -> Result<Recovery, Error> {
        let Session::Kubernetes(of) = session else { return Ok(Recovery::default()) };
        let key = (of.api.namespace().to_owned(), of.name.clone());
        let mut told =
            self.told.borrow_mut().remove(&key).unwrap_or_else(Told::watching).knowing(jobs);
        let recovered =
            Box::pin(lost::recover(session, FIRST_CHECKPOINT, &mut told, context)).await;
        self.told.borrow_mut().insert(key, told);
        let recovered = recovered?;
        Ok(Recovery {
            waits: recovered.waits,
            went_on: recovered.count != 0,
            stays: recovered.stays,
        })
    }

    fn forget(&self, namespace: &str, name: &str) {
        self.told.borrow_mut().remove(&(namespace.to_owned(), name.to_owned()));
    }
}
