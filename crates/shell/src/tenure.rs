//! For how long this process may change anything: as long as nobody else can have the lease of those who would do the same.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use nutkin_core::ledger::LeaseMark;

/// What whoever holds a lease tells all that change something, who ask it before each of their requests: a process that was paused
/// does not notice that by itself. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Tenure(Arc<Mutex<Option<Term>>>);

#[derive(Debug, Clone)]
struct Term {
    until: Instant,
    /// The same by the clock of the machine, which goes on where the machine sleeps.
    until_by_clock: Option<SystemTime>,
    mark: LeaseMark,
}

/// The lease may be another's by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Lease was not renewed in time: nothing is changed any more")]
pub struct TenureOver;

impl Tenure {
    /// It lasts for so long from now on, as the holder with that mark.
    pub fn renew(&self, lasts: Duration, mark: LeaseMark) {
        let until = Instant::now() + lasts;
        let until_by_clock = SystemTime::now().checked_add(lasts);
        *self.term() = Some(Term { until, until_by_clock, mark });
    }

    /// Whether it lasts.
    ///
    /// # Errors
    /// The lease may be another's by now, or was not had yet.
    pub fn lasts(&self) -> Result<(), TenureOver> {
        let lasts = self.term().as_ref().is_some_and(|term| {
            let clock = SystemTime::now();
            Instant::now() < term.until && term.until_by_clock.is_none_or(|until| clock < until)
        });
        if lasts { Ok(()) } else { Err(TenureOver) }
    }

    /// What is written down of it.
    pub fn mark(&self) -> Option<LeaseMark> {
        self.term().as_ref().map(|term| term.mark.clone())
    }

    fn term(&self) -> MutexGuard<'_, Option<Term>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_from_renewal_to_renewal() {
        let tenure = Tenure::default();
        let other = tenure.clone();
        let mark = || LeaseMark { lease: "l".to_owned(), transitions: 1 };
        assert_eq!((other.lasts(), other.mark()), (Err(TenureOver), None));
        tenure.renew(Duration::from_mins(1), mark());
        assert_eq!((other.lasts(), other.mark()), (Ok(()), Some(mark())));
        tenure.renew(Duration::ZERO, mark());
        assert_eq!((other.lasts(), other.mark()), (Err(TenureOver), Some(mark())));
    }
}
