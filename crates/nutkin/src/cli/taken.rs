//! What the ledger says of a savepoint of a job that Nutkin submitted: that it was asked for, and where it is.

use nutkin_core::jobs as rules;
use nutkin_core::ledger::{Bringer, Request, Snapshot};
use nutkin_flink::FlinkVersion;
use nutkin_rest::{RestError, Trigger};
use nutkin_shell::ledger::{self, later, now};
use serde_json::Value;

use crate::jobs::{PATIENCE, trigger_id};
use crate::platform::Session;

/// What is asked for, and what it does to the job.
struct Savepoint<'a> {
    /// `stop` or `savepoint`.
    kind: &'static str,
    directory: Option<&'a str>,
    format: Option<&'a str>,
    /// The state in which the job ends with it.
    end: Option<&'static str>,
    /// Whether the job cannot go on from it.
    drains: bool,
}

impl<'a> Savepoint<'a> {
    fn of(trigger: &'a Trigger) -> Option<Self> {
        let (asked, directory, format, end, drains) = match trigger {
            Trigger::Savepoint { directory, format } => {
                (rules::Asked::Savepoint, directory, format, None, false)
            }
            Trigger::Stop { directory, format, drain } => {
                (rules::Asked::Stop, directory, format, Some("FINISHED"), *drain)
            }
            Trigger::CancelWithSavepoint { directory, format } => {
                (rules::Asked::Stop, directory, format, Some("CANCELED"), false)
            }
            Trigger::Checkpoint { .. } => return None,
        };
        let (directory, format) = (directory.as_deref(), format.as_deref());
        Some(Self { kind: asked.name(), directory, format, end, drains })
    }
}

/// A savepoint that is about to be asked for.
pub(super) struct Asked<'a> {
    session: &'a Session,
    job: &'a str,
    savepoint: Savepoint<'a>,
    /// The trigger id by which it is asked for: that of an earlier command whose answer was lost, where there is one. `None`
    /// where the release takes none, or nobody may note it.
    pub(super) id: Option<String>,
}

impl<'a> Asked<'a> {
    /// Notes it before it is asked for: the answer may be lost. `None`: nobody noted the job, or it is not a savepoint. A
    /// session file's job has a course of its own, which alone notes what it asks for. Of a job that has ended nothing new
    /// is asked for.
    pub(super) async fn begin(
        session: Option<&'a Session>,
        (job, has_ended): (&'a str, bool),
        trigger: &'a Trigger,
        version: FlinkVersion,
    ) -> Option<Self> {
        let session = session?;
        let Savepoint { kind, directory, .. } = Savepoint::of(trigger)?;
        let mut opened = ledger::load(session).await.ok()?;
        let record = opened.ledger.job_of(job)?;
        let mut id = None;
        if record.origin != Bringer::File {
            let is_same = |request: &&Request| {
                (request.kind.as_str(), request.job.as_str()) == (kind, job)
                    && request.directory.as_deref() == directory
                    && request.trigger.is_some()
            };
            let earlier = record.request.as_ref().filter(is_same).cloned();
            if has_ended && earlier.is_none() {
                return None;
            }
            let request = match earlier {
                Some(request) => request,
                None => Request {
                    kind: kind.to_owned(),
                    job: job.to_owned(),
                    directory: directory.map(str::to_owned),
                    trigger: trigger_id(version).ok().flatten(),
                    deadline: Some(later(PATIENCE)),
                    ..Request::default()
                },
            };
            let trigger = request.trigger.clone();
            record.request = Some(request);
            // Whoever may not write it may take a savepoint all the same.
            if ledger::save(session, &mut opened).await.is_ok() {
                id = trigger;
            }
        }
        Some(Self { id, ..Self::sent_by_flink(session, job, trigger)? })
    }

    /// The same in the words of Flink's client, which chooses no id: only what becomes of it is noted. `None`: it is not a
    /// savepoint.
    pub(super) fn sent_by_flink(
        session: &'a Session,
        job: &'a str,
        trigger: &'a Trigger,
    ) -> Option<Self> {
        let savepoint = Savepoint::of(trigger)?;
        Some(Self { session, job, savepoint, id: None })
    }

    /// Notes what became of it: where it is; that it failed; or nothing, where it goes on or its answer was lost.
    pub(super) async fn settle(self, result: &Result<Option<Value>, RestError>) {
        let location = match result {
            Ok(Some(result)) => result["location"].as_str(),
            Ok(None) | Err(RestError::Broken(_) | RestError::NoLeader) => return,
            Err(_) => None,
        };
        let Self { job, savepoint: Savepoint { format, end, drains, .. }, .. } = self;
        let taken = |path| Snapshot::new("savepoint", format, path, Some(now()), job);
        let snapshot = location.filter(|_| !drains).map(taken);
        let _ = ledger::update(self.session, |ledger| {
            let Some(record) = ledger.job_of(job) else { return };
            let is_of_file = record.origin == Bringer::File;
            if !is_of_file {
                record.request = None;
            }
            if let Some(end) = end.filter(|_| location.is_some() && !is_of_file) {
                record.ended = Some(end.to_owned());
            }
            if let Some(snapshot) = snapshot {
                record.remember_savepoint(snapshot);
            }
        })
        .await;
    }
}
