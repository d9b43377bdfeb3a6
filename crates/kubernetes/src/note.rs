//! The ledger while a session is brought to what is wanted: read side by side with the creation, and written by the step
//! that says so.

use nutkin_core::ledger::Opened;
use nutkin_shell::ledger::{self, NEWER, Store as _};
use nutkin_shell::{Error, Kind};

use crate::session::Session;

/// What is known of the ledger, and what is to become of it.
#[derive(Debug, Default)]
pub(crate) struct Note {
    read: Option<Result<Opened, Error>>,
    wanted: Option<Opened>,
    /// Whether there was none before.
    is_new: bool,
    saved: Option<Result<(), Error>>,
}

impl Note {
    /// Reads it, if that was not done before.
    pub(crate) async fn load(&mut self, store: &Session) {
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
        self.is_new = wanted.is_new();
        self.wanted = Some(wanted);
    }

    /// Writes it, if anything is to be written. Who may not write it works without it.
    ///
    /// # Errors
    /// Another command wants something else, or the API server refuses for another reason.
    pub(crate) async fn save(&mut self, store: &Session) -> Result<(), Error> {
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

    /// Removes it where it came with a creation that was taken back.
    ///
    /// # Errors
    /// The API server refuses.
    pub(crate) async fn forget(&mut self, store: &Session) -> Result<(), Error> {
        let made = self.wanted.take().filter(|_| self.is_new && matches!(self.saved, Some(Ok(()))));
        match made {
            Some(made) => store.remove(&made.version).await,
            None => Ok(()),
        }
    }
}
