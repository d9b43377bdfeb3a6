//! What the ledger says of a savepoint of a job that Nutkin submitted: that it was asked for, and where it is.

use nutkin_core::ledger::{Bringer, Request, Snapshot};
use nutkin_rest::{RestError, Trigger};
use nutkin_shell::ledger::{self, now};
use serde_json::Value;

use crate::platform::Session;

/// A savepoint that is about to be asked for.
pub(super) struct Asked<'a> {
    session: &'a Session,
    job: &'a str,
    /// `stop` or `savepoint`.
    kind: &'static str,
    format: Option<&'a str>,
    /// Whether the job can go on from it.
    is_last: bool,
}

impl<'a> Asked<'a> {
    /// Notes it before it is asked for: the answer may be lost. `None`: nobody noted the job, or it is not a savepoint. A
    /// session file's job has a course of its own, which alone notes what it asks for.
    pub(super) async fn begin(
        session: Option<&'a Session>,
        job: &'a str,
        trigger: &'a Trigger,
    ) -> Option<Self> {
        let (kind, directory, format, is_last) = match trigger {
            Trigger::Savepoint { directory, format } => ("savepoint", directory, format, false),
            Trigger::Stop { directory, format, drain } => ("stop", directory, format, *drain),
            Trigger::CancelWithSavepoint { directory, format } => {
                ("stop", directory, format, false)
            }
            Trigger::Checkpoint { .. } => return None,
        };
        let session = session?;
        let mut opened = ledger::load(session).await.ok()?;
        let record = opened.ledger.job_of(job)?;
        if record.origin != Bringer::File {
            let (kind, job, directory) = (kind.to_owned(), job.to_owned(), directory.clone());
            record.request = Some(Request { kind, job, directory, ..Request::default() });
            // Whoever may not write it may take a savepoint all the same.
            let _ = ledger::save(session, &mut opened).await;
        }
        Some(Self { session, job, kind, format: format.as_deref(), is_last })
    }

    /// Notes what became of it: where it is; that it failed; or nothing, where it goes on or its answer was lost.
    pub(super) async fn settle(self, result: &Result<Option<Value>, RestError>) {
        let location = match result {
            Ok(Some(result)) => result["location"].as_str(),
            Ok(None) | Err(RestError::Broken(_) | RestError::NoLeader) => return,
            Err(_) => None,
        };
        let Self { job, kind, format, is_last, .. } = self;
        let snapshot = location.filter(|_| !is_last).map(|path| Snapshot {
            path: path.to_owned(),
            kind: format.map_or_else(|| "savepoint".to_owned(), |one| format!("savepoint/{one}")),
            time: Some(now()),
            job: Some(job.to_owned()),
            ..Snapshot::default()
        });
        let _ = ledger::update(self.session, |ledger| {
            let Some(record) = ledger.job_of(job) else { return };
            let is_of_file = record.origin == Bringer::File;
            if !is_of_file {
                record.request = None;
            }
            if kind == "stop" && location.is_some() && !is_of_file {
                record.ended = Some("FINISHED".to_owned());
            }
            if let Some(snapshot) = snapshot {
                record.remember_savepoint(snapshot);
            }
        })
        .await;
    }
}
