//! The first half of a move: jobs are stopped with savepoints, side by side.

use std::time::Duration;

use futures_util::future::join_all;
use nutkin_core::jobs::{self as rules, Stop};
use nutkin_core::ledger::{JobRecord, Ledger};
use nutkin_rest::{Application, Client, POLL, RestError, Trigger};
use nutkin_shell::ledger::{self, Store};
use nutkin_shell::{Error, Kind};
use tokio::sync::Mutex;

use super::super::bring::{Manner, drive};
use super::super::drive::{Driven, Patience};
use super::super::known::known_of;
use super::super::within::{Candidate, Within};
use super::super::work::Work;
use super::super::{failure, random_id, until_done};
use super::shared::Shared;

/// How often a savepoint is asked for: one that fails has restarted the whole job (FLINK-21030), and the next one mostly
/// succeeds.
const TRIES: u32 = 3;

/// How long a savepoint of a job may take that nothing resumes: the user has agreed to lose it.
const PARTING: Duration = Duration::from_mins(1);

/// Stops jobs with savepoints, side by side. `begins` writes into the ledger what they are stopped for, before anything is
/// done.
///
/// # Errors
/// One of them could not be stopped, and why; others may be. None goes on before it is resumed.
pub async fn stop(
    store: &impl Store,
    client: &Client,
    jobs: &[Candidate],
    begins: impl FnOnce(&mut Ledger),
    within: Within<'_>,
) -> Result<(), Error> {
    let listed = client.jobs().await.map_err(failure)?;
    let mut opened = ledger::load(store).await?;
    begins(&mut opened.ledger);
    for one in jobs {
        let known = known_of(&listed, within.namespace(), &one.job.name);
        let mut record = opened.ledger.jobs.get(&one.key).cloned().unwrap_or_default();
        if one.by_id {
            record.generation = record.generation.max(1);
        }
        let mut record = rules::settle(&one.job, Some(&record), &known).unwrap_or(record);
        record.id = Some(one.about.id.clone());
        opened.ledger.will_stop(&one.key, record);
    }
    ledger::save(store, &mut opened).await?;
    let records = opened.ledger.jobs.clone();
    let shared = Shared(store, Mutex::new(opened));
    let stops = jobs.iter().map(|one| {
        let (record, shared) = (records.get(&one.key).cloned(), &shared);
        async move {
            let job = rules::to_stop(one.job.clone());
            let about = within.about(&job, one.by_id);
            let work = Work::new(about, client, within.base, within.context).exact();
            let manner = Manner {
                otherwise: format!("job `{}` is not stopped", one.about.name),
                tries: TRIES,
                limit: within.limit,
                is_patient: true,
                is_shown: jobs.len() == 1,
            };
            let keep = async |now: &JobRecord| shared.keep(&one.key, now).await;
            let record = drive(about, work, record, &manner, within.context, keep).await?;
            match rules::stopped(&record, &one.about.id) {
                Stop::At(_) => Ok(()),
                Stop::Ended => {
                    shared.keep(&one.key, &record).await?;
                    shared.change(|ledger| ledger.stays_ended(&one.key)).await?;
                    match client.state(&one.about.id).await {
                        Err(RestError::NotFound(_)) => Err(lost(&one.about.name, within)),
                        // What is silent says nothing else.
                        _ => Ok(()),
                    }
                }
                Stop::Lost => {
                    let name = &one.about.name;
                    let message = format!(
                        "the JobManager has died while job `{name}` was being stopped, and whether its savepoint is \
                         complete is not known"
                    );
                    Err(Error::new(Kind::Broken, message))
                }
            }
        }
    });
    join_all(stops).await.into_iter().collect()
}

/// A job went with its JobManager before it was stopped: it is left as one that is lost.
fn lost(name: &str, within: Within<'_>) -> Error {
    let message = format!(
        "the JobManager has died while job `{name}` was being stopped, and the job with it"
    );
    let session = &within.session.name;
    Error::new(Kind::Broken, message)
        .hint(format!("`nutkin watch {session} --once` has it go on from its newest checkpoint"))
}

/// Stops jobs with savepoints that nothing resumes, as far as they take any; tells each with its savepoint.
pub async fn part(client: &Client, jobs: &[(String, String)], within: Within<'_>) {
    let parts = jobs.iter().map(|(id, name)| async move {
        let trigger = Trigger::Stop { directory: None, format: None, drain: false };
        let asked = client.trigger(id, &trigger, random_id().ok().as_deref()).await;
        let mut patience = Patience::new(Some(PARTING.min(within.limit)));
        let events = within.context.events;
        let taken = match asked {
            Ok(asked) => until_done(client, &asked, &mut patience).await,
            Err(error) => Err(error),
        };
        match taken {
            Ok(Driven::Done(taken)) => {
                let path = taken["location"].as_str().unwrap_or_default();
                events.say(&format!("job `{name}` is stopped; its savepoint is {path}"));
            }
            Ok(Driven::TimedOut | Driven::Interrupted) => {
                events.warn(&format!("job `{name}` has no savepoint: it takes too long"));
            }
            Err(error) => events.warn(&format!("job `{name}` has no savepoint: {error}")),
        }
    });
    join_all(parts).await;
}

/// Cancels the applications whose jobs have all stopped, these among them: their programs would submit more. One that has others by now goes
/// on: nobody was asked about those.
pub async fn end_applications(client: &Client, jobs: &[(String, String)], within: Within<'_>) {
    let events = within.context.events;
    let ids = jobs.iter().map(|(id, _)| id.as_str());
    let Ok(applications) = client.applications(ids).await else { return };
    for one in applications {
        if !jobs.iter().any(|(id, _)| one.has(id)) || !until_none_runs(client, &one).await {
            continue;
        }
        match client.cancel_application(&one.id).await {
            // It has ended by itself.
            Ok(()) | Err(RestError::NotFound(_)) => {
                events.say(&format!("application `{}` has ended with its jobs", one.name));
            }
            Err(error) => {
                events.warn(&format!("application `{}` goes on: {error}", one.name));
            }
        }
    }
}

/// How long a job may take to end whose savepoint is complete: its tasks close their sinks.
const CLOSES: Duration = Duration::from_secs(10);

/// Waits until the jobs of an application have ended. Gives whether they have.
async fn until_none_runs(client: &Client, application: &Application) -> bool {
    let mut patience = Patience::new(Some(CLOSES));
    for id in application.running() {
        // What is listed of it may be some seconds old.
        while !client.state(id).await.is_ok_and(|state| state.has_ended()) {
            if !matches!(patience.waits("", POLL).await, Driven::Done(())) {
                return false;
            }
        }
    }
    true
}
