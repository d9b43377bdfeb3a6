//! The ledger while a session is brought to what is wanted: read side by side with the creation, and written by the step
//! that says so.

use nutkin_core::ledger::{Ledger, Opened};
use nutkin_shell::ledger::{self, NEWER, Store as _};
use nutkin_shell::{Error, Kind};

use crate::session::KubernetesSession;

/// What is known of the ledger, and what is to become of it.
#[derive(Debug, Default)]
pub(crate) struct Note {
    read: Option<Result<Opened, Error>>,
    wanted: Option<Opened>,
    /// What it said before; `None`: there was none.
    before: Option<Ledger>,
    saved: Option<Result<(), Error>>,
}

impl Note {
    /// Reads it, if that was not done before.
    pub(crate) async fn load(&mut self, store: &KubernetesSession) {
        if self.read.is_none() {
            self.read = Some(ledger::load(store).await);
        }
    }

    /// What was read, once; `None`: nothing was, or could be.
    ///
    /// # Errors
    /// A newer Nutkin wrote it.
    pub(crate) fn read(&mut self) -> Result<Option<Opened>, Error> {
        match self.read.take() {
            Some(Err(error)) if error.reason == NEWER => Err(error),
            read => Ok(read.and_then(Result::ok)),
        }
    }

    /// Says what it is to be.
    pub(crate) fn remember(&mut self, wanted: Opened) {
        self.before = (!wanted.is_new()).then(|| wanted.base.clone());
        self.wanted = Some(wanted);
    }

    /// Writes it, if anything is to be written. Who may not write it works without it.
    ///
    /// # Errors
    /// Another command wants something else, or the API server refuses for another reason.
    pub(crate) async fn save(&mut self, store: &KubernetesSession) -> Result<(), Error> {
        let Some(wanted) = &mut self.wanted else { return Ok(()) };
        match ledger::save(store, wanted).await {
            Err(error) if error.kind != Kind::Denied => Err(error),
            saved => {
                self.saved = Some(saved);
                Ok(())
            }
        }
    }

    /// What became of writing it, once; `None`: nothing was written.
    pub(crate) const fn saved(&mut self) -> Option<Result<(), Error>> {
        self.saved.take()
    }

    /// Takes back what was written with a creation that was taken back: the ledger says again what it said before, or
    /// goes.
    ///
    /// # Errors
    /// The API server refuses.
    pub(crate) async fn forget(&mut self, store: &KubernetesSession) -> Result<(), Error> {
        let Some(mut made) = self.wanted.take().filter(|_| matches!(self.saved, Some(Ok(()))))
        else {
            return Ok(());
        };
        match self.before.take() {
            None => store.remove(&made.version).await,
            Some(before) => {
                made.ledger = before;
                ledger::save(store, &mut made).await
            }
        }
    }
}
