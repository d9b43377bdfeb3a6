//! Looks at a session on this machine.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use nutkin_core::leaders;
use nutkin_core::selection::Platform;
use nutkin_core::status::{self, Keeper, ObservedSession, SessionState};
use nutkin_core::{Remark, Remedy};
use nutkin_shell::files::document;
use rustix::process::Pid;

use super::directory::SessionDirectory;
use super::launch::{Launch, ProcessState, Role, probe};
use super::{control, ownership};
use nutkin_rest::{ProcessView, View};
use nutkin_shell::Error;

/// `PID 17`, and that it does nothing where a signal has stopped it or where it hangs.
fn shown_state(pid: i32, hangs: bool) -> String {
    let stat = Pid::from_raw(pid).and_then(ownership::stat);
    let is_stopped = stat.is_some_and(|stat| stat.state == ownership::STOPPED);
    match (is_stopped, hangs) {
        (true, _) => format!("PID {pid}, stopped (SIGSTOP)"),
        (false, true) => format!("PID {pid}, hangs: it gives no sign of life"),
        (false, false) => format!("PID {pid}"),
    }
}

/// Seconds for which a process has lived that was started at this clock tick since boot.
pub(super) fn uptime(start: u64, now: u64) -> Option<u64> {
    now.checked_sub(start / ownership::TICKS)
}

/// Seconds for which all JobManagers have lived; `None`: one does not, or nobody knows.
fn job_managers_for(processes: &[ProcessState]) -> Option<u64> {
    let now = ownership::seconds_since_boot()?;
    let all = processes.iter().filter(|one| one.role == Role::JobManager);
    let lived = all.map(|one| one.pid.and(one.start_time).and_then(|start| uptime(start, now)));
    lived.collect::<Option<Vec<u64>>>()?.into_iter().min()
}

/// Bytes in which the last word on who leads is looked for: a standby hardly writes more, and reading them takes some
/// milliseconds.
const LOOKED_AT: u64 = 8 << 20;

/// Which of several JobManagers leads, as their logs say, by name. Empty: there is one alone.
fn leading<'p>(launch: &Launch, processes: &'p [ProcessState]) -> BTreeMap<&'p str, Option<bool>> {
    let is_one = |one: &&ProcessState| one.role == Role::JobManager;
    let all: Vec<&ProcessState> = processes.iter().filter(is_one).collect();
    if all.len() < 2 {
        return BTreeMap::new();
    }
    let now = ownership::seconds_since_boot();
    let said = |one: &&ProcessState| {
        if one.pid.is_none() {
            return Some(false);
        }
        let definition = launch.processes.iter().find(|definition| definition.name == one.name)?;
        let written = definition.log.metadata().and_then(|log| log.modified());
        let age = written.ok().and_then(|time| time.elapsed().ok());
        let lived = one.start_time.and_then(|start| uptime(start, now?));
        // What lies there was written by the one before.
        if age.zip(lived).is_some_and(|(age, lived)| lived < age.as_secs()) {
            return Some(false);
        }
        leaders::said(&end_of(&definition.log).ok()?)
    };
    let said: Vec<Option<bool>> = all.iter().map(said).collect();
    all.iter().map(|one| one.name.as_str()).zip(leaders::leads(&said)).collect()
}

/// The end of a log.
fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOOKED_AT)))?;
    let mut bytes = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Looks at a session.
///
/// # Errors
/// The HTTP client cannot be set up.
pub async fn look(directory: &SessionDirectory) -> Result<View, Error> {
    let name = directory.name().to_owned();
    if directory.has_ended() {
        return Ok(View::ended(name, Platform::Local, None));
    }
    let launch: Launch = match document::read_json(&directory.launch()) {
        Ok(launch) => launch,
        Err(error) => {
            let cure = Remark::new("", vec![Remedy::Down { name: name.clone() }]);
            let messages = vec![error.to_string().into(), cure];
            return Ok(View::bare(name, Platform::Local, SessionState::Damaged, messages));
        }
    };
    let seen = control::look(directory);
    let processes = seen.running.map_or_else(Vec::new, |running| running.processes);
    let probe = probe(&launch)?;
    let (overview, answered) = probe.overview().await.unzip();
    let wanted = |role| launch.processes.iter().filter(|one| one.role == role).count();
    let alive = |name: &str| processes.iter().any(|one| one.name == name && one.pid.is_some());
    let observed = ObservedSession {
        keeper: Keeper::Supervisor,
        supervised: seen.supervisor,
        processes: launch
            .processes
            .iter()
            .map(|one| (one.name.clone(), alive(&one.name)))
            .collect(),
        // Neither alive nor ever ended.
        coming: launch
            .processes
            .iter()
            .filter(|wanted| {
                let of_name = processes.iter().find(|one| one.name == wanted.name);
                of_name.is_none_or(|one| one.last_end.is_none() && one.restarts == 0)
            })
            .map(|one| one.name.clone())
            .collect(),
        paused: Vec::new(),
        task_managers: u32::try_from(wanted(Role::TaskManager)).unwrap_or(u32::MAX),
        registered: overview.map(|overview| overview.taskmanagers),
        job_managers_for: job_managers_for(&processes),
        file: directory.origin().map(|file| file.display().to_string()),
    };
    let (mut state, mut messages) = status::derive(&name, &observed);
    if let Some(full) = directory.lacks_room() {
        state = state.max(SessionState::Degraded);
        messages.insert(0, full.into());
    }
    let now = ownership::seconds_since_boot();
    let leads = leading(&launch, &processes);
    let shown = processes.iter().map(|one| ProcessView {
        name: one.name.clone(),
        role: one.role.to_string(),
        state: one.pid.map_or_else(|| "not running".to_owned(), |pid| shown_state(pid, one.hangs)),
        pid: one.pid,
        restarts: one.restarts,
        last_end: one.last_end.clone(),
        uptime: one.pid.and(one.start_time).and_then(|start| uptime(start, now?)),
        leads: leads.get(one.name.as_str()).copied().flatten(),
    });
    Ok(View {
        name,
        platform: Platform::Local,
        namespace: None,
        state,
        messages,
        flink_version: Some(launch.flink_version.clone()),
        rest_url: answered.map(str::to_owned).or_else(|| launch.rest_urls.first().cloned()),
        job_managers: wanted(Role::JobManager),
        task_managers: wanted(Role::TaskManager),
        processes: shown.collect(),
        overview,
    })
}
