//! What the ledger says of a job that no session file names: before it is submitted, and once it is.

use nutkin_core::ledger::{Bringer, JobRecord, Request};
use nutkin_rest::{RestError, RunRequest};
use nutkin_shell::Error;
use nutkin_shell::ledger::{self, now};

use super::Context;
use crate::jobs::is_going;
use crate::platform::Session;
use nutkin_core::snapshots::going;

/// A job that is about to be submitted.
#[derive(Debug)]
pub(super) struct Submission<'a> {
    /// The id that it gets.
    pub(super) id: &'a str,
    /// Where its jar is.
    pub(super) jar: &'a str,
    /// SHA-256 of the jar.
    pub(super) digest: &'a str,
    /// By which command.
    pub(super) origin: Bringer,
}

/// The record of a job that is submitted now.
pub(super) fn record(request: &RunRequest, origin: Bringer) -> JobRecord {
    JobRecord {
        origin,
        entry_class: request.class.clone(),
        args: request.arguments.clone(),
        parallelism: request.parallelism,
        options: request.options.clone().into_iter().collect(),
        allow_non_restored_state: request.allow_non_restored_state,
        started_from: request.savepoint.clone(),
        submitted: Some(now()),
        ..JobRecord::default()
    }
}

/// A submission that the ledger knows of, or not.
#[derive(Debug)]
pub(super) struct Noted<'a> {
    id: &'a str,
    is_noted: bool,
}

impl<'a> Submission<'a> {
    /// Notes it, with all that is needed to submit it again. That it cannot be noted is told: the job runs all the same.
    ///
    /// # Errors
    /// The savepoint that it starts from is being deleted.
    pub(super) async fn begin(
        self,
        session: Option<&Session>,
        request: &RunRequest,
        context: &Context<'_>,
    ) -> Result<Noted<'a>, Error> {
        let id = self.id;
        let Some(session) = session else {
            return Ok(Noted { id, is_noted: false });
        };
        let job = JobRecord {
            id: Some(id.to_owned()),
            jar: Some(self.jar.to_owned()),
            jar_digest: Some(self.digest.to_owned()),
            request: Some(Request {
                kind: "submit".to_owned(),
                job: id.to_owned(),
                ..Request::default()
            }),
            ..record(request, self.origin)
        };
        let noted = ledger::update(session, |ledger| {
            ledger.jobs.insert(id.to_owned(), job);
        });
        let noted = noted.await;
        // Its mark comes before the look who refers to it: one of both sees the other.
        let going = noted.as_ref().ok().and_then(|opened| {
            let record = opened.ledger.jobs.get(id)?;
            going(&opened.ledger, record)
        });
        if let Some(why) = going {
            let forgotten = ledger::update(session, |ledger| drop(ledger.jobs.remove(id)));
            told(forgotten.await.map(drop), context);
            return Err(is_going(why));
        }
        Ok(Noted { id, is_noted: told(noted.map(drop), context) })
    }
}

impl Noted<'_> {
    /// Notes how it went: a job that was refused is forgotten, one whose answer was lost may be there.
    pub(super) async fn settle(
        self,
        session: Option<&Session>,
        error: Option<&RestError>,
        context: &Context<'_>,
    ) {
        let (Some(session), true) = (session, self.is_noted) else { return };
        let id = self.id;
        let change = ledger::update(session, |ledger| match error {
            None => {
                if let Some(job) = ledger.jobs.get_mut(id) {
                    job.request = None;
                }
            }
            Some(RestError::Broken(_)) => {}
            Some(_) => {
                ledger.jobs.remove(id);
            }
        });
        told(change.await.map(drop), context);
    }
}

pub(super) fn told(noted: Result<(), Error>, context: &Context<'_>) -> bool {
    if let Err(failure) = &noted {
        let message =
            format!("the job is not remembered in the session's ledger: {:#}", failure.error);
        context.printer.warn(&message);
    }
    noted.is_ok()
}
