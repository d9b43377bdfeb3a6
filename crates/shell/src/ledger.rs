//! Loading and saving the ledger of a session, whatever store its platform has.

use std::future::Future;

use nutkin_core::ledger::{
    self, Event, LeaseMark, Ledger, Newer, Opened, Sealed, Stored, Version, Who,
};

use crate::{Environment, Error, Kind, Tenure, token};

/// How often a change is made again because another command was faster. Each time another one has finished, so that
/// only a crowd of them needs more than two.
const ATTEMPTS: usize = 10;

/// The reason of the error where a newer Nutkin wrote a ledger.
pub const NEWER: &str = "NewerLedger";

/// Why a ledger is not saved that another command has changed, too.
pub const CHANGED: &str = "LedgerChanged";

/// Where a platform keeps the ledger of one session. What each call promises is in [`nutkin_core::ledger::Stored`]'s
/// module.
pub trait Store {
    /// The session's name.
    fn session(&self) -> &str;

    /// For how long it may be written, where that ends.
    fn tenure(&self) -> Option<&Tenure> {
        None
    }

    /// Reads what is stored; that there is nothing is not an error.
    ///
    /// # Errors
    /// The platform cannot be asked.
    fn load(&self) -> impl Future<Output = Result<Stored, Error>>;

    /// Writes it, unless somebody else has written since `expected`.
    ///
    /// # Errors
    /// The platform refuses.
    fn save(
        &self,
        sealed: &Sealed,
        expected: &Version,
    ) -> impl Future<Output = Result<Saving, Error>>;

    /// Removes the document and what lies beside it, unless somebody else has written since `expected`; that there is
    /// nothing is not an error.
    ///
    /// # Errors
    /// The platform refuses.
    fn remove(&self, expected: &Version) -> impl Future<Output = Result<(), Error>>;
}

/// How a save went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saving {
    /// It is stored, under this version.
    Saved(Version),
    /// Somebody else has written: nothing was.
    Changed,
}

/// Reads the ledger of a session. Damage is in what is returned.
///
/// # Errors
/// A newer Nutkin wrote it in a form of its own, or the platform cannot be asked. Another operator holds the lease that whoever asks
/// has held (a conflict).
pub async fn load(store: &impl Store) -> Result<Opened, Error> {
    let opened = ledger::open(store.load().await?, store.session()).map_err(newer)?;
    let mine = store.tenure().and_then(Tenure::mark);
    let is_deposed = |(mine, last): (&LeaseMark, &LeaseMark)| mine.is_deposed_by(last);
    if mine.as_ref().zip(opened.ledger.operator.as_ref()).is_some_and(is_deposed) {
        let message = format!("another operator has taken session `{}` over", store.session());
        return Err(Error::new(Kind::Conflict, message));
    }
    Ok(opened)
}

fn newer(error: Newer) -> Error {
    Error::of(Kind::Invalid, error)
        .because(NEWER)
        .hint("use the Nutkin that wrote it, or a newer one")
}

/// Saves what was changed. Where another command was faster, the change is made again on what it wrote.
///
/// # Errors
/// Both changed the same (a conflict), another operator has taken over (also a conflict), it is too large, or the platform refuses.
pub async fn save(store: &impl Store, opened: &mut Opened) -> Result<(), Error> {
    if !opened.is_changed() {
        return Ok(());
    }
    for _ in 0..ATTEMPTS {
        if let Some(mark) = store.tenure().and_then(Tenure::mark) {
            opened.ledger.operator = Some(mark);
        }
        let sealed = opened.seal(&token::random::<16>()?)?;
        if let Saving::Saved(version) = store.save(&sealed, &opened.version).await? {
            opened.saved(&sealed, version);
            return Ok(());
        }
        let theirs = load(store).await?;
        opened.rebase(theirs).map_err(|conflict| {
            Error::of(Kind::Conflict, conflict)
                .because(CHANGED)
                .hint("run the same command again: it starts from what is there then")
        })?;
    }
    let message = format!("other commands change session `{}` all the time", store.session());
    Err(Error::new(Kind::Conflict, message).because(CHANGED))
}

/// Changes the ledger and saves it.
///
/// # Errors
/// As [`load`] and [`save`].
pub async fn update(store: &impl Store, change: impl FnOnce(&mut Ledger)) -> Result<Opened, Error> {
    let mut opened = load(store).await?;
    change(&mut opened.ledger);
    save(store, &mut opened).await?;
    Ok(opened)
}

/// The user and the machine.
pub fn who(environment: &Environment) -> Who {
    let user = ["USER", "LOGNAME"].into_iter().find_map(|name| environment.text(name));
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Who { user: user.unwrap_or("unknown").to_owned(), host: host.trim().to_owned() }
}

/// The time now, in RFC 3339, to the second.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    let second = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now);
    second.to_string()
}

/// Seconds since a time in RFC 3339; `None`: it is none, or still to come.
pub fn seconds_since(time: &str) -> Option<u64> {
    let then: jiff::Timestamp = time.parse().ok()?;
    u64::try_from(jiff::Timestamp::now().as_second() - then.as_second()).ok()
}

/// A time in the same form, of milliseconds since 1970; `None`: there is no such time.
pub fn time_of(millis: i64) -> Option<String> {
    jiff::Timestamp::from_second(millis / 1000).ok().map(|time| time.to_string())
}

/// The time so long from now, in the same form.
pub fn later(by: std::time::Duration) -> String {
    let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
    let second = jiff::Timestamp::now().as_second().saturating_add(seconds);
    jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// A line of history for the command that runs.
pub fn event(environment: &Environment, changes: Vec<String>) -> Event {
    Event::new(&now(), &who(environment), &environment.words, changes)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use nutkin_core::ledger::JobRecord;

    use super::*;

    /// A store in memory, and what another command does to it between a load and a save.
    #[derive(Default)]
    struct Memory {
        stored: RefCell<Stored>,
        others: RefCell<Vec<Stored>>,
        tenure: Option<Tenure>,
    }

    impl Store for Memory {
        fn session(&self) -> &'static str {
            "s"
        }

        fn tenure(&self) -> Option<&Tenure> {
            self.tenure.as_ref()
        }

        async fn load(&self) -> Result<Stored, Error> {
            Ok(self.stored.borrow().clone())
        }

        async fn save(&self, sealed: &Sealed, expected: &Version) -> Result<Saving, Error> {
            if let Some(other) = self.others.borrow_mut().pop() {
                self.stored.replace(other);
            }
            if self.stored.borrow().version != *expected {
                return Ok(Saving::Changed);
            }
            let version = Version(Some(sealed.document.clone()));
            let (document, secrets) = (Some(sealed.document.clone()), sealed.secrets.clone());
            self.stored.replace(Stored { document, secrets, version: version.clone() });
            Ok(Saving::Saved(version))
        }

        async fn remove(&self, _: &Version) -> Result<(), Error> {
            self.stored.take();
            Ok(())
        }
    }

    async fn with_job(name: &str, generation: u64) -> Stored {
        let memory = Memory::default();
        update(&memory, |ledger| {
            ledger.jobs.insert(name.to_owned(), JobRecord { generation, ..JobRecord::default() });
        })
        .await
        .unwrap();
        memory.stored.take()
    }

    #[tokio::test]
    async fn the_slower_of_two_writes_both_changes_or_none() {
        let memory = Memory::default();
        memory.others.replace(vec![with_job("a", 1).await]);
        let opened = update(&memory, |ledger| {
            ledger.jobs.insert("b".to_owned(), JobRecord::default());
        });
        assert_eq!(opened.await.unwrap().ledger.jobs.len(), 2);
        assert_eq!(load(&memory).await.unwrap().ledger.version, 2);

        memory.others.replace(vec![with_job("b", 7).await]);
        let failure =
            update(&memory, |ledger| ledger.jobs.entry("b".to_owned()).or_default().generation = 3);
        let failure = failure.await.unwrap_err();
        assert_eq!((failure.kind, failure.reason), (Kind::Conflict, "LedgerChanged"));
        assert_eq!(load(&memory).await.unwrap().ledger.jobs["b"].generation, 7);
    }

    #[tokio::test]
    async fn a_deposed_operator_writes_nothing_more() {
        let at = |transitions| {
            let tenure = Tenure::default();
            let mark = LeaseMark { lease: "l".to_owned(), transitions };
            tenure.renew(std::time::Duration::from_mins(1), mark);
            Some(tenure)
        };
        let add = |name: &'static str| {
            move |ledger: &mut Ledger| {
                drop(ledger.jobs.insert(name.to_owned(), JobRecord::default()));
            }
        };
        let mut memory = Memory { tenure: at(3), ..Memory::default() };
        update(&memory, add("a")).await.unwrap();
        let before = memory.stored.borrow().clone();
        // The next holder was faster, and touches something else: without the mark both would be written.
        memory.tenure = at(4);
        update(&memory, add("b")).await.unwrap();
        let after = memory.stored.replace(before);
        memory.others.replace(vec![after.clone()]);
        memory.tenure = at(3);
        let failure = update(&memory, add("c")).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Conflict);
        assert_eq!(*memory.stored.borrow(), after);
        assert_eq!(load(&memory).await.unwrap_err().kind, Kind::Conflict);
        // The control: whoever has no lease, a command, writes, and leaves the mark.
        memory.tenure = None;
        let opened = update(&memory, add("d")).await.unwrap();
        assert_eq!(opened.ledger.operator.map(|mark| mark.transitions), Some(4));
    }

    #[tokio::test]
    async fn nothing_is_written_where_nothing_changed() {
        let memory = Memory::default();
        update(&memory, |_| ()).await.unwrap();
        assert_eq!(memory.stored.take(), Stored::default());
        let document = Some("{\"apiVersion\": \"nutkin/v2\"}".to_owned());
        memory.stored.replace(Stored { document, ..Stored::default() });
        assert_eq!(load(&memory).await.unwrap_err().reason, "NewerLedger");
    }

    #[test]
    fn times_are_whole_seconds() {
        assert_eq!(now().len(), "2026-11-29T12:00:00Z".len());
        assert!(now() < later(std::time::Duration::from_mins(1)));
        assert_eq!(later(std::time::Duration::ZERO).len(), now().len());
    }
}
