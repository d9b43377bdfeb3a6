//! Waits until a session's REST API answers, telling from conditions and events what it waits for.

use std::time::{Duration, Instant};

use futures_util::future::{join, join3};
use nutkin_core::kubernetes::forbidden;
use nutkin_core::kubernetes::progress::{self, Progress, Stuck};
use nutkin_core::kubernetes::resource::title;
use nutkin_core::kubernetes::shape;
use serde_json::Value;

use super::reach::{self, Reached};
use super::refused;
use super::rollout;
use super::session::Session;
use nutkin_rest::{Overview, Probe};
use nutkin_rest::{Ready, Waited};
use nutkin_shell::{Error, Kind};

/// Between two looks while Kubernetes makes the pod: events come by the second.
const POLL: Duration = Duration::from_millis(500);

/// Between two looks once the container runs: REST answers some seconds later, and every one counts.
const SOON: Duration = Duration::from_millis(200);

/// How often the logs of processes that run and do not answer are looked at for what is refused to them.
const REFUSED: Duration = Duration::from_secs(5);

/// A TaskManager is counted a moment before its slots are. No longer: an image may give others than the options say.
const SLOTS: Duration = Duration::from_secs(5);

/// Lines of a crashed container's log that are shown: the exception and its cause fit.
const SHOWN_LINES: usize = 15;

/// Waits. A session that cannot start by itself is told at once, and not when the time is over.
///
/// # Errors
/// It does not start, and why: quota, image, crash with the end of its log.
pub async fn ready(
    session: &Session,
    timeout: Duration,
    mut progress: impl FnMut(&str),
) -> Result<Waited, Error> {
    let started = Instant::now();
    let mut asked = Instant::now();
    let mut reached: Option<Reached> = None;
    let mut counted: Option<Instant> = None;
    loop {
        let mut pause = POLL;
        let mut last;
        let (workload, pods, events) =
            join3(session.now(), session.job_managers(), session.events()).await;
        let Some(workload) = workload? else {
            let message = format!("{} was deleted in the meantime", title(&session.workload));
            return Err(Error::new(Kind::Broken, message));
        };
        let step = rollout::go_on(session, &workload).await?;
        let pods = pods?;
        match progress::of(&workload, &pods, &events) {
            Progress::Stuck(stuck) => return Err(never(session, stuck, &pods).await),
            Progress::Waiting(what) => last = what,
            Progress::Runs if step.is_some() => last = step.unwrap_or_default(),
            Progress::Runs if !progress::is_rolled_out(&workload) => {
                last = "waiting for the pods of before the change to end".to_owned();
            }
            Progress::Runs => {
                pause = SOON;
                last = "waiting for the JobManager's REST API".to_owned();
                if reached.is_none() {
                    reached = Some(reach::find(&session.api, &session.name, true).await?);
                }
                if let Some(Reached { url, tunnel }) = &reached {
                    let probe = Probe::new(std::slice::from_ref(url))?;
                    if let Some((overview, _)) = probe.overview().await {
                        if let Some(missing) = missing(session, &workload, &overview).await? {
                            last = missing;
                        } else if overview.slots_total < slots(session, &overview)
                            && counted.get_or_insert_with(Instant::now).elapsed() < SLOTS
                        {
                            last = "waiting for the slots of the TaskManagers".to_owned();
                        } else {
                            let url = match tunnel {
                                None => url.clone(),
                                Some(_) => format!("`nutkin open {}` opens it", session.name),
                            };
                            return Ok(Waited::Ready(Ready { overview, url }));
                        }
                    }
                }
            }
        }
        // A process that lacks a permission may go on asking for ever.
        if pause == SOON && REFUSED <= asked.elapsed() {
            asked = Instant::now();
            let all = session.pods().await?;
            if let Some(told) = refused::told(session, &all).await {
                let (hint, crashed) = (forbidden::HINT.to_owned(), None);
                return Err(never(session, Stuck { what: told, hint, crashed }, &all).await);
            }
        }
        progress(&last);
        if timeout < started.elapsed() {
            return Ok(Waited::TimedOut(last));
        }
        tokio::time::sleep(pause).await;
    }
}

/// How many slots the TaskManagers that are registered should have.
fn slots(session: &Session, overview: &Overview) -> u32 {
    let each = u32::try_from(session.slots).unwrap_or(u32::MAX);
    overview.taskmanagers.saturating_mul(each)
}

/// What a session still waits for whose JobManager answers: TaskManagers, where Kubernetes and not Flink makes them.
async fn missing(
    session: &Session,
    workload: &Value,
    overview: &Overview,
) -> Result<Option<String>, Error> {
    let own = session.task_managers().await?;
    let Some(wanted) = shape::task_managers(workload, own.as_ref()) else { return Ok(None) };
    if own.as_ref().is_some_and(|own| !progress::is_rolled_out(own)) {
        return Ok(Some("waiting for the TaskManagers of before the change to end".to_owned()));
    }
    if wanted <= u64::from(overview.taskmanagers) {
        return Ok(None);
    }
    let (pods, events) = join(session.pods(), session.events()).await;
    let mut pods = pods?;
    pods.retain(|pod| !shape::is_job_manager(pod));
    match progress::of(own.as_ref().unwrap_or(workload), &pods, &events) {
        Progress::Stuck(stuck) => Err(never(session, stuck, &pods).await),
        Progress::Waiting(what) => Ok(Some(what)),
        Progress::Runs => Ok(Some(format!(
            "waiting for TaskManagers: {} of {wanted} are registered",
            overview.taskmanagers
        ))),
    }
}

/// Why it never will be ready; of a crash the end of the log.
async fn never(session: &Session, stuck: Stuck, pods: &[Value]) -> Error {
    let mut text = format!("session `{}` does not start: {}", session.name, stuck.what);
    let mut hint = stuck.hint;
    if let Some(name) = &stuck.crashed {
        let pod = pods.iter().find(|pod| pod["metadata"]["name"] == name.as_str());
        let container = pod.and_then(refused::main_container);
        for previous in [true, false] {
            let log = session.log(name, container, previous, Some(refused::SEARCHED_LINES)).await;
            if let Some(log) = log.ok().filter(|log| !log.trim().is_empty()) {
                let lines: Vec<&str> = log.trim_end().lines().collect();
                let shown = lines.len().saturating_sub(SHOWN_LINES);
                text = format!("{text}\n{}", lines[shown..].join("\n"));
                if let Some(told) = forbidden::told(&log) {
                    text = format!("{text}\n{told}");
                    forbidden::HINT.clone_into(&mut hint);
                }
                break;
            }
        }
    }
    Error::new(Kind::Broken, text).hint(hint).hint(format!(
        "its objects are still there: the same `up` goes on once that is mended, `nutkin down {}` removes them",
        session.name
    ))
}
