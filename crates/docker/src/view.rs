//! Looks at a session on a Docker daemon.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::models::{ContainerState, ContainerStateStatusEnum, EventMessage};
use bollard::query_parameters::{
    EventsOptionsBuilder, InspectContainerOptions, LogsOptionsBuilder,
};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use nutkin_core::leaders;
use nutkin_core::plan::docker::OPTIONS;
use nutkin_core::selection::Platform;
use nutkin_core::status::{self, Keeper, ObservedSession};
use nutkin_flink::is_highly_available;
use nutkin_flink::process::Role;

use super::session::{DockerSession, ListedContainer, flink};
use super::{AT_ONCE, end, message};
use nutkin_rest::Probe;
use nutkin_rest::RunningJobs;
use nutkin_rest::{ProcessView, View};
use nutkin_shell::Error;
use nutkin_shell::ledger::seconds_since;

/// How often a JobManager that runs is asked for its jobs before they count as unknown, and the pause between: a
/// loaded one answers within a few seconds.
const ASKED: u32 = 12;
/// See above.
const ASK: Duration = Duration::from_millis(500);

/// Looks at a session.
///
/// # Errors
/// The daemon refuses.
pub async fn look(session: &DockerSession) -> Result<View, Error> {
    let containers = session.containers().await?;
    if containers.is_empty() && !end::exists(session).await? {
        return Ok(View::ended(session.name.clone(), Platform::Docker, None));
    }
    // What a cut-off command prepared or stopped for new ones is not a process of the session.
    let containers: Vec<ListedContainer> =
        containers.into_iter().filter(|one| !one.is_spare).collect();
    let rest_urls = session.rest_urls(&containers);
    let probe = Probe::new(&rest_urls)?;
    let inspected = stream::iter(&containers).map(|one| process(session, one));
    let (overview, mut processes) =
        tokio::join!(probe.overview(), inspected.buffered(AT_ONCE).collect::<Vec<ProcessView>>());
    let (overview, answered) = overview.unzip();
    let count = |role| containers.iter().filter(|one| one.seen.role == Some(role)).count();
    let job_managers = count(Role::JobManager);
    let task_managers = count(Role::TaskManager);
    let observed = ObservedSession {
        keeper: Keeper::Docker,
        // The daemon restarts what dies, and nothing that was stopped by hand.
        supervised: containers.iter().any(|one| one.seen.runs || one.status.starts_with("Restart")),
        processes: containers
            .iter()
            .map(|one| (one.seen.alias.clone(), one.seen.runs || one.is_paused()))
            .collect(),
        paused: containers
            .iter()
            .filter(|one| one.is_paused())
            .map(|one| (one.seen.alias.clone(), one.seen.name.clone()))
            .collect(),
        coming: Vec::new(),
        task_managers: u32::try_from(task_managers).unwrap_or(u32::MAX),
        registered: overview.map(|overview| overview.taskmanagers),
        job_managers_for: job_managers_for(&containers, &processes),
        file: None,
    };
    let (state, messages) = status::derive(&session.name, &observed);
    if 1 < job_managers {
        let is_one = |one: &&ListedContainer| one.seen.role == Some(Role::JobManager);
        let names = containers.iter().filter(is_one).map(|one| one.seen.alias.as_str());
        let names: Vec<&str> = names.collect();
        let said = stream::iter(&names).map(|name| said(session, name, &containers));
        let said: Vec<Option<bool>> = said.buffered(AT_ONCE).collect().await;
        for (name, leads) in names.iter().zip(leaders::leads(&said)) {
            if let Some(one) = processes.iter_mut().find(|one| one.name == *name) {
                one.leads = leads;
            }
        }
    }
    Ok(View {
        name: session.name.clone(),
        platform: Platform::Docker,
        namespace: None,
        state,
        messages,
        flink_version: flink(&containers).map(|version| version.to_string()),
        rest_url: answered.map(str::to_owned).or_else(|| rest_urls.first().cloned()),
        job_managers,
        task_managers,
        processes,
        overview,
    })
}

/// Seconds for which all JobManagers have lived; `None`: one does not, or the daemon does not say it.
fn job_managers_for(containers: &[ListedContainer], processes: &[ProcessView]) -> Option<u64> {
    let all = containers.iter().zip(processes);
    let all = all.filter(|(one, _)| one.seen.role == Some(Role::JobManager));
    let lived = all.map(|(_, process)| process.uptime);
    lived.collect::<Option<Vec<u64>>>()?.into_iter().min()
}

/// Lines in which the last word on who leads is looked for: a standby has hardly more, and a leader says one or two for each
/// checkpoint.
const LOOKED_AT: usize = 5000;

/// Whether a JobManager leads, as far as its log says.
async fn said(
    session: &DockerSession,
    alias: &str,
    containers: &[ListedContainer],
) -> Option<bool> {
    let one = containers.iter().find(|one| one.seen.alias == alias)?;
    if !one.seen.runs {
        return Some(false);
    }
    leaders::said(&last_lines(session, &one.seen.name, LOOKED_AT).await.join("\n"))
}

async fn process(session: &DockerSession, one: &ListedContainer) -> ProcessView {
    let inspected = session
        .docker
        .inspect_container(&one.seen.name, None::<InspectContainerOptions>)
        .await
        .ok();
    let restarts = inspected.as_ref().and_then(|one| one.restart_count).unwrap_or_default();
    let state = inspected.and_then(|one| one.state);
    // One that runs has the exit code 0, whatever its last one was, and one that was never started has it, too.
    let runs =
        |state: &ContainerState| state.running == Some(true) && state.restarting != Some(true);
    let has_ended = |state: &ContainerState| {
        !runs(state) && state.status != Some(ContainerStateStatusEnum::CREATED)
    };
    let since = state.as_ref().filter(|state| runs(state) && !one.is_paused());
    let uptime = since.and_then(|state| seconds_since(state.started_at.as_deref()?));
    let last_end = match state.filter(has_ended) {
        Some(state) if state.oom_killed == Some(true) => Some(OUT_OF_MEMORY.to_owned()),
        Some(state) => state.exit_code.map(|code| format!("exit code {code}")),
        None if 0 < restarts => ended_before(session, &one.id).await,
        None => None,
    };
    ProcessView {
        name: one.seen.alias.clone(),
        role: one.seen.role.map_or_else(|| "unknown".to_owned(), role_name),
        state: one.status.clone(),
        pid: None,
        restarts: u32::try_from(restarts).unwrap_or_default(),
        last_end,
        uptime,
        leads: None,
    }
}

/// How a container ended that the kernel killed because it took too much memory.
const OUT_OF_MEMORY: &str = "killed: out of memory";

/// Seconds within which a container ends whose process the kernel has killed: the end of a program that it ran beside does not end it.
const KILLED_WITHIN: i64 = 10;

/// How a container ended that runs again, as far as the daemon remembers: it keeps its last 256 events
/// (`daemon/events/events.go`).
async fn ended_before(session: &DockerSession, id: &str) -> Option<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let filters: HashMap<String, Vec<String>> = [
        ("container".to_owned(), vec![id.to_owned()]),
        ("event".to_owned(), ["die", "oom"].map(str::to_owned).to_vec()),
    ]
    .into();
    let options = EventsOptionsBuilder::default().since("0").until(&now.to_string());
    let events = session.docker.events(Some(options.filters(&filters).build()));
    let events: Vec<_> = events.try_collect().await.ok()?;
    last_end(&events)
}

/// How the last of these ends came about.
fn last_end(events: &[EventMessage]) -> Option<String> {
    let (last, before) = events.split_last()?;
    // A program that the container runs may be killed and leave it alive: only what comes right before its end counts.
    let is_near = |one: &EventMessage| {
        one.time.zip(last.time).is_none_or(|(oom, end)| end - oom <= KILLED_WITHIN)
    };
    let is_kill = |one: &EventMessage| one.action.as_deref() == Some("oom") && is_near(one);
    if before.last().is_some_and(is_kill) {
        return Some(OUT_OF_MEMORY.to_owned());
    }
    let code = last.actor.as_ref()?.attributes.as_ref()?.get("exitCode")?;
    Some(format!("exit code {code}"))
}

/// The jobs that its end would end. Where nobody is asked for consent, a session that does not answer is not waited for.
///
/// # Errors
/// The daemon refuses.
pub async fn endangered(session: &DockerSession, is_asked: bool) -> Result<RunningJobs, Error> {
    let containers = session.containers().await?;
    let rest_urls = session.rest_urls(&containers);
    let runs = |one: &ListedContainer| one.seen.role == Some(Role::JobManager) && one.seen.runs;
    if !containers.iter().any(runs) {
        return Ok(RunningJobs::Known(Vec::new()));
    }
    let probe = Probe::new(&rest_urls)?;
    for _ in 0..if is_asked { ASKED } else { 1 } {
        if let Some(jobs) = probe.running_jobs().await {
            return Ok(RunningJobs::Known(jobs));
        }
        // A part of the one question: whoever asks has to know before anything is ended.
        tokio::time::sleep(ASK).await;
    }
    Ok(RunningJobs::Unknown)
}

/// Whether high availability brings the jobs of a session back after its end: what it keeps is on the session's volume,
/// also that of the ZooKeeper which Nutkin brings along.
///
/// # Errors
/// The daemon refuses.
pub async fn comes_back(session: &DockerSession) -> Result<bool, Error> {
    let containers = session.containers().await?;
    let label = containers.iter().find_map(|one| one.labels.get(OPTIONS));
    let options =
        label.and_then(|text| serde_json::from_str::<BTreeMap<String, String>>(text).ok());
    Ok(options.is_some_and(|options| is_highly_available(&options.into_iter().collect())))
}

/// As the labels and `status` spell it.
pub fn role_name(role: Role) -> String {
    match role {
        Role::JobManager => "JobManager",
        Role::TaskManager => "TaskManager",
        Role::ZooKeeper => "ZooKeeper",
    }
    .to_owned()
}

/// The last lines of a container.
pub async fn last_lines(session: &DockerSession, name: &str, count: usize) -> Vec<String> {
    let options =
        LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&count.to_string()).build();
    let mut stream = session.docker.logs(name, Some(options)).boxed();
    let mut lines = Vec::new();
    while let Some(output) = stream.next().await {
        match output {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.into_bytes()).into_owned();
                lines.extend(text.lines().map(str::to_owned));
            }
            Err(error) => lines.push(message(&error)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use bollard::models::EventActor;

    use super::*;

    #[test]
    fn a_container_was_killed_by_what_came_right_before_its_end() {
        #[track_caller]
        fn check(events: &[(&str, i64)], expected: &str) {
            let event = |(action, time): &(&str, i64)| {
                let attributes = Some([("exitCode".to_owned(), "137".to_owned())].into());
                EventMessage {
                    action: Some((*action).to_owned()),
                    time: Some(*time),
                    actor: Some(EventActor { attributes, ..EventActor::default() }),
                    ..EventMessage::default()
                }
            };
            let events: Vec<EventMessage> = events.iter().map(event).collect();
            assert_eq!(last_end(&events).as_deref(), Some(expected));
        }
        check(&[("oom", 100), ("die", 101)], OUT_OF_MEMORY);
        // The controls: a program that it ran beside was killed an hour ago, or before another end.
        check(&[("oom", 100), ("die", 3700)], "exit code 137");
        check(&[("oom", 100), ("die", 101), ("die", 102)], "exit code 137");
    }
}
