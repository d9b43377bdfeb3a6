//! The way back of a session that was moving to another platform.

use std::collections::BTreeMap;

use nutkin_core::decide::Ending;
use nutkin_core::ledger::{Destination, Ledger, Opened, Phase};
use nutkin_core::selection::Platform;
use nutkin_rest::Job;
use nutkin_shell::{Error, Kind, ledger};

use super::super::shared::Limits;
use super::super::{Context, way_back};
use super::{PATIENCE, end, go_on, lost, place_of};
use crate::jobs::moving::{self, Within};
use crate::jobs::{Driven, Patience, failure};
use crate::platform::ledger::{base, surroundings, within};
use crate::platform::{self, Session};

/// Takes the move back that is under way. What a cut leaves the same call completes. Gives the names of the jobs that go on.
///
/// # Errors
/// Every job runs in the new session already; that cannot be ended, or a job does not go on.
pub(in crate::cli) async fn take_back(
    old: &Session,
    why: &str,
    limits: Limits,
    context: &Context<'_>,
) -> Result<Vec<String>, Error> {
    let name = old.name();
    let mut opened = ledger::load(old).await?;
    let Some((phase, to)) = begun(&opened) else { return Ok(Vec::new()) };
    if to.has_arrived {
        let message = format!("the jobs of session `{name}` run on {} already", to.platform);
        return Err(Error::new(Kind::Conflict, message)
            .hint(format!("`nutkin move {name} --on {}` ends the session here", to.platform)));
    }
    let new = match platform::open(name, &place_of(&to), context).await {
        Ok(new) => ours(new, &to, context).await?,
        Err(failure) if failure.kind == Kind::NotFound => None,
        Err(failure) => return Err(failure),
    };
    if phase.taken_back.is_none() {
        let theirs = match &new {
            Some(new) => ledger::load(new).await?.ledger,
            None => Ledger::new(name),
        };
        for job in lost_here(old, &opened, &theirs).await {
            opened.ledger.stays_ended(&job);
            context.printer.warn(&format!("job `{job}` is lost: {}", go_on(name)));
        }
        let left = match &new {
            Some(new) => left(&opened, new).await?,
            None => Left { ledger: Ledger::new(name), finished: Vec::new(), repeated: Vec::new() },
        };
        for job in &left.repeated {
            context.printer.warn(&way_back::repeats(job));
        }
        opened.ledger.return_from(&left.ledger, &left.finished, why);
        ledger::save(old, &mut opened).await?;
    }
    if let Some(new) = &new {
        // What high availability would bring back there is what goes on here.
        let there = ledger::load(new).await?.ledger;
        let delete_ha_data = !there.jobs.is_empty() && !cancel_all(new, context).await;
        if delete_ha_data && let Some(kind) = kept_by(&there, new.platform()) {
            let (name, platform) = (new.name(), new.platform());
            context.events.warn(&format!(
                "the jobs of session `{name}` could not be canceled on {platform}: its high availability data ({kind}) is left, and \
                 another session `{name}` there would run them again"
            ));
            let hint = format!(
                "`nutkin down {name} --on {platform} --delete-data` deletes what Nutkin keeps of it; delete the data of a ZooKeeper \
                 of your own below `high-availability.zookeeper.path.root`"
            );
            context.events.hint(&hint.into());
        }
        end(new, Ending { delete_ha_data, ..Ending::default() }, context).await?;
    }
    let before = phase.before.as_deref().cloned().unwrap_or_default();
    let there = surroundings(&before, context.environment);
    let context = &within(there.as_ref(), context);
    let session = before.session().map_err(Error::input)?;
    let base = base(&before, context.environment);
    let connected = old.connect(true).await?;
    let client = connected.client()?;
    let jobs = opened.ledger.moving().into_iter().map(str::to_owned).collect();
    let found = |id: &str| old.newest_state(id);
    let given = BTreeMap::new();
    let all = Within {
        session: &session,
        base: &base,
        given: &given,
        found: &found,
        limit: limits.jobs,
        context,
    };
    let event = ledger::event(context.environment, vec![format!("the move was taken back: {why}")]);
    let ends = |ledger: &mut Ledger| {
        ledger.close();
        ledger.note(event);
    };
    moving::resume(old, &client, ends, all).await?;
    Ok(jobs)
}

/// The kind of high availability whose data the end of a session there does not delete; `None`: nothing is left of it. Only on
/// Kubernetes Nutkin deletes what it knows, which are Flink's `ConfigMap`s.
fn kept_by(there: &Ledger, platform: Platform) -> Option<String> {
    let session = there.wanted.as_ref()?.session().ok()?;
    let kind = nutkin_flink::high_availability(&session.configuration)?;
    let is_deleted = platform == Platform::Kubernetes && !kind.eq_ignore_ascii_case("zookeeper");
    Some(kind).filter(|_| !is_deleted)
}

/// The session, if it is the one that this move has made.
async fn ours(
    new: Session,
    to: &Destination,
    context: &Context<'_>,
) -> Result<Option<Session>, Error> {
    if ledger::load(&new).await?.ledger.is_made_by(to) {
        return Ok(Some(new));
    }
    let (name, platform) = (new.name(), new.platform());
    context.printer.warn(&format!(
        "session `{name}` on {platform} was made by somebody else while it was moving there, and stays"
    ));
    Ok(None)
}

/// Cancels the jobs of a session and waits for their ends: high availability keeps what it needs to start a job again until that has
/// ended. Gives whether none is left.
async fn cancel_all(session: &Session, context: &Context<'_>) -> bool {
    let canceled = async {
        let connected = session.connect(true).await?;
        let client = connected.client()?;
        let jobs = client.jobs().await.map_err(failure)?;
        for (id, name) in moving::running(&jobs) {
            context.printer.say(&format!(
                "job `{name}` is canceled on {}: it goes on where it was",
                session.platform()
            ));
            client.cancel(&id).await.map_err(failure)?;
        }
        let mut patience = Patience::new(Some(PATIENCE));
        moving::until_none_runs(&client, &mut patience).await
    };
    let canceled = tokio::time::timeout(PATIENCE, canceled).await;
    matches!(canceled, Ok(Ok(Driven::Done(()))))
}

fn begun(opened: &Opened) -> Option<(Phase, Destination)> {
    let phase = opened.ledger.phase.clone()?;
    let to = phase.to.clone()?;
    Some((phase, to))
}

/// What a session has that its jobs leave again.
struct Left {
    ledger: Ledger,
    /// Names of the jobs that have come to their own end there.
    finished: Vec<String>,
    /// Names of those whose sinks get twice what they have got there.
    repeated: Vec<String>,
}

/// # Errors
/// Jobs were submitted there, and what has become of them cannot be asked: its JobManager lives, and is silent.
async fn left(old: &Opened, new: &Session) -> Result<Left, Error> {
    let ledger = ledger::load(new).await?.ledger;
    let asked = async {
        let connected = new.connect(true).await?;
        let client = connected.client()?;
        let jobs = client.jobs().await.map_err(failure)?;
        Ok::<_, Error>((connected, client, jobs))
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await.ok().and_then(Result::ok);
    let listed = answer.as_ref().map(|(_, _, jobs)| jobs.as_slice()).unwrap_or_default();
    let (mut finished, mut repeated) = (Vec::new(), Vec::new());
    for (name, there) in old.ledger.submitted_there(&ledger) {
        let last = there.pending.as_deref().unwrap_or(there);
        let is_it = |job: &&Job| Some(&job.id) == last.id.as_ref();
        if last.has_finished()
            || listed.iter().find(is_it).is_some_and(|job| job.state.is_finished())
        {
            finished.push(name);
            continue;
        }
        let Some((_, client, _)) = &answer else {
            if lives(new).await? {
                let (session, platform) = (new.name(), new.platform());
                let message = format!(
                    "session `{session}` on {platform} does not answer, and whether job `{name}` has finished there is not known"
                );
                let hint =
                    format!("`nutkin down {session} --on {platform} --force` ends it as it is");
                return Err(Error::new(Kind::Broken, message).hint(hint));
            }
            repeated.extend(Some(name).filter(|_| !there.moving));
            continue;
        };
        let id = last.id.as_deref().unwrap_or_default();
        let checkpoints = client.job(id, "/checkpoints").await.unwrap_or_default();
        if !there.moving || moving::has_completed(&checkpoints) {
            repeated.push(name);
        }
    }
    Ok(Left { ledger, finished, repeated })
}

/// Names of the jobs that the JobManager here has lost before they were stopped, where it answers.
async fn lost_here(old: &Session, opened: &Opened, new: &Ledger) -> Vec<String> {
    let asked = async {
        let connected = old.connect(true).await?;
        let jobs = connected.client()?.jobs().await.map_err(failure)?;
        lost(old, opened, new, &jobs).await
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await;
    answer.ok().and_then(Result::ok).unwrap_or_default()
}

/// Whether the JobManager of a session may live, by what its platform says.
async fn lives(session: &Session) -> Result<bool, Error> {
    let processes = session.processes().await?;
    Ok(match processes {
        Some(seen) => !seen.job_managers.is_empty(),
        None => session.left().is_none_or(|left| !left.is_empty()),
    })
}
