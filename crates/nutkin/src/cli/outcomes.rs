//! The ends of jobs that were submitted one by one: a command that looks at the jobs of a session anyway notes which have
//! ended, and what they have left.

use futures_util::stream::{self, StreamExt as _};
use nutkin_core::ledger::{Bringer, JobRecord, Ledger, Left};
use nutkin_core::plan::retention::checkpoint_directory;
use nutkin_core::remedy::Deed;
use nutkin_flink::flink_cli::is_job_id;
use nutkin_rest::{Client, Job, left_after, named_last};
use nutkin_shell::ledger;
use serde_json::Value;

use super::Context;
use crate::jobs::{self, moving::options};
use crate::platform::{AT_ONCE, NewestCheckpoint, Session};
use crate::remedies::words;

/// Notes it in the ledger, and gives the ledger; `None` where it cannot be read. Nothing is asked or written unless a job of
/// these has ended, or is there again; whoever may look but not write leaves it to others.
pub(super) async fn note(session: &Session, client: &Client, jobs: &[Job]) -> Option<Ledger> {
    let all: Vec<(String, String)> = jobs.iter().map(id_and_state).collect();
    write(session, client, &all, false).await
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

/// Notes jobs of the session file that have ended, before a change after which the session does not know them any more: they
/// would be submitted again, or from something older. Gives whether there was one to note. Where the ledger has no such job the
/// session is not asked.
pub(super) async fn keep_ended(session: &Session) -> bool {
    let noted = async {
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
        if of_file.is_empty() {
            return None;
        }
        for (id, state, left) in left_of(session, &client, of_file).await {
            opened.ledger.note_end(id, state, left);
        }
        ledger::save(session, &mut opened).await.ok()
    };
    noted.await.is_some()
}

/// What jobs that have ended have left, as far as the session still says it.
async fn left_of<'j>(
    session: &Session,
    client: &Client,
    ended: Vec<(&'j str, &'j str)>,
) -> Vec<(&'j str, &'j str, Left)> {
    let asked = stream::iter(ended).map(|(id, state)| async move {
        let ask = async |part| client.job(id, part).await.unwrap_or(Value::Null);
        let (checkpoints, config) = tokio::join!(ask("/checkpoints"), ask("/checkpoints/config"));
        let mut left = left_after(state, &checkpoints, &config, id);
        if let Some(named) = named_last(state, &checkpoints, &config) {
            look_again(session, client, (id, state), &named, &mut left).await;
        }
        (id, state, left)
    });
    asked.buffered(AT_ONCE).collect().await
}

fn is_of_file(ledger: &Ledger, id: &str) -> bool {
    let mut jobs = ledger.jobs.values();
    jobs.any(|job| job.id.as_deref() == Some(id) && job.origin == Bringer::File)
}

/// Says which jobs are gone with a JobManager, and how they go on where they can. `status` counts the same ones.
pub(super) async fn tell_gone(
    session: &Session,
    client: &Client,
    ledger: &Ledger,
    jobs: &[Job],
    context: &Context<'_>,
) {
    let all: Vec<(String, String)> = jobs.iter().map(id_and_state).collect();
    let listed: Vec<(&str, &str)> =
        all.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
    let gone = ledger.gone(&listed);
    if gone.is_empty() {
        return;
    }
    // A job that was stopped and resumed is known by its first id, and has another one.
    let is_other = |name: &str, id: &str| is_job_id(name) && name != id;
    let of_session = directory_of_session(client).await;
    for (name, job) in gone {
        let id = job.id.as_deref().unwrap_or(name);
        let name = if is_other(name, id) { id } else { name };
        let mut left = job.clone();
        let mut unseen = None;
        if let Some(directory) = directory_of(job, of_session.as_deref()) {
            match session.newest_checkpoint(&directory, id).await {
                NewestCheckpoint::There(checkpoint) => left.goes_on_from(checkpoint),
                // What was found there before is there no more.
                NewestCheckpoint::Nothing if left.checkpoint.is_none() => {}
                NewestCheckpoint::Nothing | NewestCheckpoint::Unseen => {
                    unseen = Some(format!("{directory}/{id}"));
                }
            }
        }
        let text =
            format!("job `{name}` is gone: its JobManager was started again, or has forgotten it");
        match (left.start_again(), unseen) {
            (Some(again), unseen) => {
                let text = format!("{text}; it can go on from {}", again.from);
                let text = match unseen {
                    Some(place) => format!(
                        "{text}, but look first for newer checkpoints below {place}, otherwise it repeats what it did since: "
                    ),
                    None => format!("{text}: "),
                };
                context.printer.say(&words(&Deed::Run(again).within(text, "")));
            }
            (None, Some(place)) => {
                context.printer.say(&format!("{text}; its checkpoints, if any, are below {place}"));
            }
            (None, None) => {
                context.printer.say(&format!("{text}; how it ended is not known"));
            }
        }
    }
}

/// Looks where a job that has ended has left its checkpoints. The JobManager may say for a while what it said before the end
/// (`AbstractCheckpointStatsHandler` keeps its answers for `web.refresh-interval`), and the checkpoint of then is deleted, and
/// called so, when the next one is complete. What nobody can look at from here is asked for again.
async fn look_again(
    session: &Session,
    client: &Client,
    (id, state): (&str, &str),
    named: &str,
    left: &mut Left,
) {
    let Some((directory, _)) = named.rsplit_once(&format!("/{id}/chk-")) else { return };
    let is_known = |path: &str| left.checkpoint.as_ref().is_some_and(|known| known.path == path);
    match session.newest_checkpoint(directory, id).await {
        NewestCheckpoint::There(newest) if !is_known(&newest.path) => left.found(newest),
        NewestCheckpoint::There(_) | NewestCheckpoint::Nothing => {}
        NewestCheckpoint::Unseen => {
            let again = jobs::said_from_now_on(client, id).await;
            let (Ok(checkpoints), Ok(config)) = again else { return };
            *left = left_after(state, &checkpoints, &config, id);
        }
    }
}

/// Where a session keeps checkpoints of jobs that say nothing else. `None`: nowhere, or its JobManager does not say it.
async fn directory_of_session(client: &Client) -> Option<String> {
    checkpoint_directory(&options(client).await.ok()?)
}

/// Where the checkpoints of a job are.
pub(super) fn directory_of(job: &JobRecord, of_session: Option<&str>) -> Option<String> {
    let own = job.options.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    checkpoint_directory(&own).or_else(|| of_session.map(str::to_owned))
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
    let is_any_back = opened.ledger.note_back(&listed);
    if ended.is_empty() && forgotten.is_empty() && !is_any_back {
        return Some(opened.ledger);
    }
    for (id, state, left) in left_of(session, client, ended).await {
        opened.ledger.note_end(id, state, left);
    }
    let of_session = if forgotten.is_empty() { None } else { directory_of_session(client).await };
    for id in forgotten {
        opened.ledger.note_forgotten(&id);
        let Some(job) = opened.ledger.job_of(&id) else { continue };
        let Some(directory) = directory_of(job, of_session.as_deref()) else { continue };
        let found = session.newest_checkpoint(&directory, &id).await;
        if let NewestCheckpoint::There(checkpoint) = found {
            opened.ledger.note_left(&id, checkpoint);
        }
    }
    let _ = ledger::save(session, &mut opened).await;
    Some(opened.ledger)
}
