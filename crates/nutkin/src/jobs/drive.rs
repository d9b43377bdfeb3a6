//! Looks at what takes time until it is there: the only place where commands about jobs wait.
//!
//! Who looks knows no clock, and who waits knows no job: a look tells what it waits for, a [`Patience`] for how long.

use std::time::{Duration, Instant};

use crate::runtime::Interrupt;
use nutkin_rest::POLL;

/// What one look has told.
#[derive(Debug)]
pub(super) enum Look<T> {
    /// It is there.
    Done(T),
    /// It takes time, and this is how it is.
    Wait(String),
}

/// How the looking ended.
#[derive(Debug)]
pub enum Driven<T> {
    /// It is there.
    Done(T),
    /// The time is over; what was begun goes on.
    TimedOut,
    /// The user pressed Ctrl-C; what was begun goes on.
    Interrupted,
}

/// How long somebody waits, and who hears of it.
pub struct Patience<'a> {
    started: Instant,
    limit: Option<Duration>,
    interrupt: Option<&'a mut Interrupt>,
    progress: Box<dyn FnMut(&str) + 'a>,
}

impl std::fmt::Debug for Patience<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patience").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl<'a> Patience<'a> {
    /// For so long from now on; without a limit for as long as it takes. Ctrl-C is the caller's affair.
    pub fn new(limit: Option<Duration>) -> Self {
        Self { started: Instant::now(), limit, interrupt: None, progress: Box::new(|_| ()) }
    }

    /// Tells what is waited for.
    #[must_use]
    pub fn telling(self, progress: impl FnMut(&str) + 'a) -> Self {
        Self { progress: Box::new(progress), ..self }
    }

    /// Hears Ctrl-C.
    #[must_use]
    pub fn hearing(self, interrupt: Option<&'a mut Interrupt>) -> Self {
        Self { interrupt, ..self }
    }

    /// Waits for so long. `Done`: look again.
    pub async fn waits(&mut self, reason: &str, after: Duration) -> Driven<()> {
        (self.progress)(reason);
        if self.limit.is_some_and(|limit| limit < self.started.elapsed()) {
            return Driven::TimedOut;
        }
        let pressed = async {
            match &mut self.interrupt {
                Some(interrupt) => interrupt.pressed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(after) => Driven::Done(()),
            () = pressed => Driven::Interrupted,
        }
    }
}

/// Looks until it is there.
///
/// # Errors
/// Those of a look.
pub(super) async fn until<T, E>(
    patience: &mut Patience<'_>,
    mut look: impl AsyncFnMut() -> Result<Look<T>, E>,
) -> Result<Driven<T>, E> {
    loop {
        let reason = match look().await? {
            Look::Done(done) => return Ok(Driven::Done(done)),
            Look::Wait(reason) => reason,
        };
        match patience.waits(&reason, POLL).await {
            Driven::Done(()) => {}
            Driven::TimedOut => return Ok(Driven::TimedOut),
            Driven::Interrupted => return Ok(Driven::Interrupted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn looks_until_it_is_there_or_the_time_is_over() {
        let said = std::cell::RefCell::new(Vec::new());
        let mut looks = 0;
        let look = async || {
            looks += 1;
            let look =
                if looks < 3 { Look::Wait(format!("look {looks}")) } else { Look::Done(looks) };
            Ok::<_, std::io::Error>(look)
        };
        let mut patience =
            Patience::new(None).telling(|reason| said.borrow_mut().push(reason.to_owned()));
        assert!(matches!(until(&mut patience, look).await, Ok(Driven::Done(3))));
        drop(patience);
        assert_eq!(said.into_inner(), ["look 1", "look 2"]);
        let never = async || Ok::<Look<()>, std::io::Error>(Look::Wait(String::new()));
        let mut patience = Patience::new(Some(Duration::ZERO));
        assert!(matches!(until(&mut patience, never).await, Ok(Driven::TimedOut)));
    }
}
