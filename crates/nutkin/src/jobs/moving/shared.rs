//! The ledger, which jobs that are moved side by side write.

use nutkin_core::ledger::{JobRecord, Ledger, Opened};
use nutkin_core::snapshots::going;
use nutkin_shell::Error;
use nutkin_shell::ledger::{self, Store};
use tokio::sync::Mutex;

use super::super::is_going;

/// The ledger, which several jobs write side by side.
pub(super) struct Shared<'s, S>(pub(super) &'s S, pub(super) Mutex<Opened>);

impl<S: Store> Shared<'_, S> {
    pub(super) async fn keep(&self, name: &str, now: &JobRecord) -> Result<(), Error> {
        let mut opened = self.1.lock().await;
        if opened.ledger.jobs.get(name) == Some(now) {
            return Ok(());
        }
        opened.ledger.jobs.insert(name.to_owned(), now.clone());
        Box::pin(ledger::save(self.0, &mut opened)).await?;
        // The mark of one that is being deleted comes before the look who refers to it: one of both sees the other.
        going(&opened.ledger, now).map_or(Ok(()), |why| Err(is_going(why)))
    }

    pub(super) async fn change(&self, change: impl FnOnce(&mut Ledger)) -> Result<(), Error> {
        let mut opened = self.1.lock().await;
        change(&mut opened.ledger);
        ledger::save(self.0, &mut opened).await
    }
}
