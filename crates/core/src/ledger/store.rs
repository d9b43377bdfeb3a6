//! The contract with the stores of the platforms.
//!
//! A store keeps three things of a session: a text, values beside it, and a version that changes with every write.
//!
//! - `load() -> Stored`. That there is nothing is [`Stored::default`].
//! - `save(&Sealed, expected: &Version) -> Version`, or that somebody else has written since `expected` was loaded; in
//!   this order: add the values that are not there yet (a name belongs to one value, so that nothing is overwritten);
//!   write the document if its version is still the expected one; remove values that the document does not name,
//!   unless somebody has written values since the first step. A cut after any of these leaves what can be read.
//! - `remove(expected: &Version)`: the document and the values, in an order in which a second call completes what a cut
//!   left. That there is nothing is not an error.
//!
//! The values are for the owner alone: a file of mode 0600, or a Secret, which there is only where there are values.
//! Where the platform has no version of its own, the document's `version` is compared under a lock.

use super::secrets::{self, MissingSecret, Secrets};
use super::{Conflict, Ledger, Newer, Read, TooLarge, merge, read};
use crate::words::ledger as words;

/// What tells two states of a document apart, in the words of its store. `None`: there is no document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version(pub Option<String>);

/// What a store holds of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The document.
    pub document: Option<String>,
    /// What lies beside it.
    pub secrets: Secrets,
    /// Its version.
    pub version: Version,
}

/// What a store is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The document. No value in it is secret.
    pub document: String,
    /// All values that it names; empty where there are none.
    pub secrets: Secrets,
}

/// A ledger that was loaded, with what is needed to save it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The ledger, with secret values in their places. It is changed here, and saved.
    pub ledger: Ledger,
    /// The ledger as it is stored.
    pub base: Ledger,
    /// Version of the document that it was read from.
    pub version: Version,
    /// What lay beside it.
    pub secrets: Secrets,
    /// What was damaged, as paths of fields.
    pub lost: Vec<String>,
    /// Values that should have been beside it.
    pub missing: Vec<MissingSecret>,
}

/// Reads what a store holds of the session `name`.
///
/// # Errors
/// A newer Nutkin wrote it in a form of its own.
pub fn open(stored: Stored, name: &str) -> Result<Opened, Newer> {
    let Stored { document, secrets, version } = stored;
    let Read { mut ledger, lost } = match &document {
        Some(text) => read(text, name)?,
        None => Read { ledger: Ledger::new(name), lost: Vec::new() },
    };
    let missing = secrets::join(&mut ledger, &secrets);
    let below = |place: &str| -> Vec<String> {
        let below = missing
            .iter()
            .filter(|one| one.path.strip_prefix(place).is_some_and(|rest| rest.starts_with('.')));
        below.map(|one| one.path.clone()).collect()
    };
    if let Some(wanted) = &mut ledger.wanted {
        wanted.missing = below("wanted");
    }
    if let Some(before) = ledger.phase.as_mut().and_then(|phase| phase.before.as_mut()) {
        before.missing = below(secrets::BEFORE);
    }
    if let Some(to) = ledger.phase.as_mut().and_then(|phase| phase.to.as_mut()) {
        to.wanted.missing = below(secrets::THERE);
    }
    let base = ledger.clone();
    Ok(Opened { ledger, base, version, secrets, lost, missing })
}

impl Opened {
    /// Whether nothing was stored.
    pub const fn is_new(&self) -> bool {
        self.version.0.is_none()
    }

    /// The ledger as a store is to hold it: bounded, its version counted up, without secrets. `salt` is a random text.
    ///
    /// # Errors
    /// It is too large.
    pub fn seal(&self, salt: &str) -> Result<Sealed, TooLarge> {
        let mut ledger = self.ledger.clone();
        ledger.version += 1;
        let secrets = secrets::split(&mut ledger, &self.secrets, salt);
        ledger.bound()?;
        Ok(Sealed { document: ledger.text(), secrets })
    }

    /// Takes note that it was saved, so that it can be changed and saved again.
    pub fn saved(&mut self, sealed: &Sealed, version: Version) {
        self.ledger.version += 1;
        self.base.clone_from(&self.ledger);
        self.secrets = self.secrets.with(&sealed.secrets);
        self.version = version;
    }

    /// Makes its change again on what somebody else has stored in the meantime.
    ///
    /// # Errors
    /// Both changed the same.
    pub fn rebase(&mut self, theirs: Self) -> Result<(), Conflict> {
        let merged = merge(&self.base, &self.ledger, &theirs.ledger)?;
        *self = Self { ledger: merged, ..theirs };
        Ok(())
    }

    /// Whether anything was changed since it was loaded or saved.
    pub fn is_changed(&self) -> bool {
        self.ledger != self.base
    }

    /// What to say about a ledger that is damaged, in lines; nothing where it is whole.
    pub fn damage(&self) -> Vec<String> {
        let name = &self.ledger.name;
        let mut lines = Vec::new();
        if !self.lost.is_empty() {
            lines.push(words::damaged(name, &self.lost));
        }
        if !self.missing.is_empty() {
            let paths: Vec<&str> = self.missing.iter().map(|one| one.path.as_str()).collect();
            lines.push(words::values_lost(name, &paths));
        }
        lines
    }
}
