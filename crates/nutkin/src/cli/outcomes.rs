//! The ends of jobs that were submitted one by one: a command that looks at the jobs of a session anyway notes which have
//! ended, and what they have left.

use futures_util::stream::{self, StreamExt as _};
use nutkin_core::ledger::{Bringer, JobRecord, Ledger, Left};
use nutkin_core::remedy::Deed;
use nutkin_rest::{Client, Job, left_after};
use nutkin_shell::ledger;
use serde_json::Value;

use super::Context;
use crate::platform::{AT_ONCE, Session};
use crate::remedies::words;

/// Notes it in the ledger, and gives the ledger; `None` where it cannot be read. Nothing is asked or written unless a job of
/// these has ended; whoever may look but not write leaves it to others.
pub(super) async fn note(session: &Session, client: &Client, jobs: &[Job]) -> Option<Ledger> {
    let ended = jobs.iter().filter(|job| job.state.has_ended());
    let ended: Vec<(String, String)> = ended.map(id_and_state).collect();
    write(session, client, &ended, false).await
}

/// Notes jobs that are known to have ended, by id and state. Without any the ledger is not read.
pub(super) async fn note_ended(session: &Session, client: &Client, jobs: &[(String, String)]) {
    if !jobs.is_empty() {
        write(session, client, jobs, false).await;
    }
}

/// Notes the ends of all jobs of a session that nothing else is asked of, and which it has forgotten; gives the ledger. One
/// that does not answer is left alone.
pub(super) async fn look(session: &Session) -> Option<Ledger> {
    let client = session.connect(true).await.ok()?.client().ok()?;
    let jobs = client.jobs().await.ok()?;
    let all: Vec<(String, String)> = jobs.iter().map(id_and_state).collect();
    write(session, &client, &all, true).await
}

/// Notes jobs of the session file that have finished, before a change after which the session does not know them any more:
/// they would be submitted again. Gives whether there was one to note. Where the ledger has no such job the session is not
/// asked.
pub(super) async fn keep_finished(session: &Session) -> bool {
    let finished = async {
        let mut opened = ledger::load(session).await.ok()?;
        let is_open = |job: &JobRecord| job.origin == Bringer::File && job.ended.is_none();
        if !opened.ledger.jobs.values().any(is_open) {
            return None;
        }
        let client = session.connect(true).await.ok()?.client().ok()?;
        let jobs = client.jobs().await.ok()?;
        let all: Vec<(String, String)> = jobs.iter().map(id_and_state).collect();
        let listed: Vec<(&str, &str)> =
            all.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
        let ended = opened.ledger.ended_since(&listed);
        let of_file: Vec<_> =
            ended.into_iter().filter(|(id, _)| is_of_file(&opened.ledger, id)).collect();
        for (id, state) in &of_file {
            opened.ledger.note_end(id, state, Left::default());
        }
        if of_file.is_empty() {
            return None;
        }
        ledger::save(session, &mut opened).await.ok()
    };
    finished.await.is_some()
}

fn is_of_file(ledger: &Ledger, id: &str) -> bool {
    let mut jobs = ledger.jobs.values();
    jobs.any(|job| job.id.as_deref() == Some(id) && job.origin == Bringer::File)
}

/// Says which jobs are gone with a JobManager, and how they go on: each time where they can, otherwise the first time.
pub(super) fn tell_gone(session: &Session, ledger: &Ledger, jobs: &[Job], context: &Context<'_>) {
    let all: Vec<(String, String)> = jobs.iter().map(id_and_state).collect();
    let listed: Vec<(&str, &str)> =
        all.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
    for (name, job) in ledger.gone(&listed) {
        let id = job.id.as_deref().unwrap_or(name);
        let mut left = job.clone();
        left.last_savepoint = session.newest_checkpoint(id).or(left.last_savepoint);
        let text =
            format!("job `{name}` is gone: its JobManager was started again, or has forgotten it");
        match left.start_again() {
            Some(again) => {
                let text = format!("{text}; it can go on from {}: ", again.from);
                context.printer.say(&words(&Deed::Run(again).within(text, "")));
            }
            None if job.ended.is_none() => {
                context.printer.say(&format!("{text}; how it ended is not known"));
            }
            None => {}
        }
    }
}

/// How many jobs are gone with a JobManager, as far as the ledger knows.
pub(super) fn gone(ledger: &Ledger) -> usize {
    let gone = ledger.gone(&[]);
    // What nobody has missed yet runs.
    gone.iter().filter(|(_, job)| job.ended.is_some()).count()
}

fn id_and_state(job: &Job) -> (String, String) {
    (job.id.clone(), job.state.to_string())
}

/// Notes what is new of these jobs, and gives the ledger. `are_all`: the session does not know any others.
async fn write(
    session: &Session,
    client: &Client,
    jobs: &[(String, String)],
    are_all: bool,
) -> Option<Ledger> {
    let listed: Vec<(&str, &str)> =
        jobs.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
    let mut opened = ledger::load(session).await.ok()?;
    let ended = opened.ledger.ended_since(&listed);
    let forgotten = if are_all { opened.ledger.forgotten_since(&listed) } else { Vec::new() };
    if ended.is_empty() && forgotten.is_empty() {
        return Some(opened.ledger);
    }
    let asked = stream::iter(ended).map(|(id, state)| async move {
        let ask = async |part| client.job(id, part).await.unwrap_or(Value::Null);
        let (checkpoints, config) = tokio::join!(ask("/checkpoints"), ask("/checkpoints/config"));
        (id, state, left_after(state, &checkpoints, &config, id))
    });
    let all: Vec<_> = asked.buffered(AT_ONCE).collect().await;
    for (id, state, left) in all {
        opened.ledger.note_end(id, state, left);
    }
    for id in forgotten {
        opened.ledger.note_forgotten(&id);
    }
    let _ = ledger::save(session, &mut opened).await;
    Some(opened.ledger)
}
