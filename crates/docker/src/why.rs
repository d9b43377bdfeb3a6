//! What there is to see of a session on a Docker daemon, for whoever looks for what is wrong: containers and how they ended, the ends of
//! their logs, and what the JobManager says. Nothing is changed and nothing waited for.

use bollard::models::ContainerStateStatusEnum;
use bollard::query_parameters::{InspectContainerOptions, LogsOptionsBuilder};
use futures_util::future::join;
use futures_util::stream::{self, StreamExt as _};
use nutkin_core::remedy::Deed;
use nutkin_diagnosis::{Evidence, LogEvidence, ProcessEnd, ProcessEvidence, Unseen};
use nutkin_flink::process::Role;
use nutkin_rest::why;
use nutkin_shell::ledger::seconds_since;
use nutkin_shell::{Error, Kind, ledger};

use super::session::{DockerSession, ListedContainer};
use super::{AT_ONCE, message};

/// Lines from the end of a log that are read: an exception with its causes and stacks has about a hundred, and some follow each other.
const LINES: &str = "400";

/// Collects it.
///
/// # Errors
/// The session has no container (5); the daemon refuses.
pub async fn evidence(session: &DockerSession) -> Result<Evidence, Error> {
    let mut containers = session.containers().await?;
    containers.retain(|one| !one.is_spare);
    let name = &session.name;
    if containers.is_empty() {
        return Err(Error::new(Kind::NotFound, format!("session `{name}` has ended"))
            .hint(Deed::up_of(name).does("starts it again")));
    }
    let rest_urls = session.rest_urls(&containers);
    let looked = stream::iter(&containers).map(|one| look(session, one)).buffered(AT_ONCE);
    let (looked, flink) = join(looked.collect::<Vec<_>>(), why::look(&rest_urls, None)).await;
    let (flink, unseen) = flink?;
    let of_task_managers =
        containers.iter().filter(|one| one.seen.role == Some(Role::TaskManager)).count();
    let mut evidence = Evidence {
        session: name.clone(),
        now: Some(ledger::now()),
        task_managers: u64::try_from(of_task_managers).ok(),
        flink,
        unseen,
        ..Evidence::default()
    };
    for (process, log, error) in looked {
        evidence.processes.extend(process);
        evidence.logs.extend(log);
        evidence.unseen.extend(error);
    }
    Ok(evidence)
}

type LookedAt = (Option<ProcessEvidence>, Option<LogEvidence>, Vec<Unseen>);

async fn look(session: &DockerSession, one: &ListedContainer) -> LookedAt {
    let name = one.seen.alias.clone();
    let role = one.seen.role.unwrap_or(Role::JobManager);
    let mut unseen = Vec::new();
    let inspected = session
        .docker
        .inspect_container(&one.seen.name, None::<InspectContainerOptions>)
        .await
        .map_err(|error| {
            let what = format!("container `{}`", one.seen.name);
            unseen.push(Unseen { what, why: message(&error) });
        })
        .ok();
    let state = inspected.as_ref().and_then(|one| one.state.clone());
    let restarts = inspected.and_then(|one| one.restart_count).unwrap_or_default();
    let started = state.as_ref().and_then(|state| state.started_at.clone());
    let process = state.map(|state| {
        let runs = state.running == Some(true) && state.restarting != Some(true);
        // One that was never started has the exit code 0, and one that runs that of no life of its own.
        let has_ended = !runs && state.status != Some(ContainerStateStatusEnum::CREATED);
        let end = has_ended || 0 < restarts && state.oom_killed == Some(true);
        let code = state.exit_code.filter(|_| has_ended).and_then(|code| i32::try_from(code).ok());
        let mut words =
            code.map_or_else(|| "ended".to_owned(), |code| format!("ended with exit code {code}"));
        if let Some(error) = state.error.filter(|error| !error.is_empty()) {
            words.push_str(&format!(", {error}"));
        }
        ProcessEvidence {
            name: name.clone(),
            role,
            runs: runs || one.is_paused(),
            restarts: u32::try_from(restarts).unwrap_or_default(),
            hangs: false,
            paused: one.is_paused(),
            end: end.then(|| ProcessEnd {
                lived: lived(state.started_at.as_deref(), state.finished_at.as_deref()),
                at: state.finished_at,
                code,
                signal: None,
                out_of_memory: state.oom_killed == Some(true),
                words,
            }),
        }
    });
    let log = match log(session, &one.seen.name).await {
        Ok(text) => {
            Some(LogEvidence { process: name, role, previous: false, started, offset: 0, text })
        }
        Err(why) => {
            unseen.push(Unseen { what: format!("the log of {name}"), why });
            None
        }
    };
    (process, log, unseen)
}

/// Seconds between the last start of a container and its end. One that runs again was started after it.
fn lived(started: Option<&str>, finished: Option<&str>) -> Option<u64> {
    seconds_since(started?)?.checked_sub(seconds_since(finished?)?)
}

/// The last lines of a container, each with its time.
async fn log(session: &DockerSession, container: &str) -> Result<String, String> {
    let options = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .tail(LINES)
        .build();
    let mut output = session.docker.logs(container, Some(options)).boxed();
    let mut text = String::new();
    while let Some(part) = output.next().await {
        let part = part.map_err(|error| message(&error))?;
        text.push_str(&String::from_utf8_lossy(&part.into_bytes()));
    }
    Ok(text)
}
