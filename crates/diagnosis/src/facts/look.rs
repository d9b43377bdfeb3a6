//! What follows from several things together: who is missing, what is lost, and what could not be looked at.

use nutkin_flink::process::Role;
use serde_json::Value;

use super::{kubernetes, process::plain, rest};
use crate::codes;
use crate::evidence::{Evidence, LogEvidence};
use crate::fact::Fact;
use crate::log_reader::stamped;
use crate::time;

/// What is missing.
pub(super) fn facts(evidence: &Evidence) -> Vec<Fact> {
    let mut facts = Vec::new();
    for unseen in &evidence.unseen {
        facts.push(plain(&unseen.what, None, codes::UNSEEN, &*unseen.why));
    }
    if evidence.unkept {
        let text = "its supervisor does not run: what ends stays ended";
        facts.push(plain(&evidence.session, None, codes::UNKEPT, text));
    }
    let down: Vec<&str> = evidence
        .processes
        .iter()
        .filter(|one| !one.runs && one.end.is_none())
        .map(|one| one.name.as_str())
        .collect();
    for name in &down {
        let role = evidence.processes.iter().find(|one| one.name == *name).map(|one| one.role);
        facts.push(plain(name, role, codes::NOT_RUNNING, format!("{name} does not run")));
    }
    let Some(flink) = &evidence.flink else {
        if evidence.has_processes() {
            let text = "the JobManager does not answer by REST";
            facts.push(plain("jobmanager", Some(Role::JobManager), codes::SILENT, text));
        }
        return facts;
    };
    let registered = flink.overview["taskmanagers"].as_u64();
    if let (Some(registered), Some(wanted)) = (registered, wanted(evidence))
        && registered < wanted
    {
        let text = format!("{registered} of {wanted} TaskManagers are registered");
        facts.push(plain(&evidence.session, None, codes::TASK_MANAGERS_MISSING, text));
        facts.extend(evidence.logs.iter().filter_map(to_itself));
    }
    // Who cannot list jobs does not know which are missing.
    let gone = evidence.gone_jobs.iter().filter(|_| !flink.is_unlisted);
    for (id, name) in gone {
        let text = format!("job `{name}` ({id}) was running, and the JobManager does not know it");
        facts.push(plain(name, None, codes::JOB_GONE, text));
    }
    // A job that waits for slots says so in a log, or, for minutes, nowhere.
    let waits = |job: &Value| {
        let tasks = &job["tasks"];
        let of = |state: &str| tasks[state].as_u64().unwrap_or(0);
        // The adaptive scheduler makes no task before it has slots.
        let is_created = job["state"] == "CREATED";
        is_created || job["state"] == "RUNNING" && 0 < of("scheduled") && of("running") == 0
    };
    let free = flink.overview["slots-available"].as_u64();
    for job in flink.jobs.iter().filter(|job| free == Some(0) && waits(&job.job)) {
        let name = rest::name(&job.job);
        let text = format!("job `{name}` waits for slots, and no slot is free");
        facts.push(plain(&name, None, codes::NO_SLOTS, text));
    }
    facts
}

/// A TaskManager that looks for the JobManager at its own address (`ConnectionUtils`, "Retrieved new target address").
fn to_itself(log: &LogEvidence) -> Option<Fact> {
    const WORDS: &str = "Retrieved new target address ";
    let is_own = |line: &&str| {
        let address = line.split_once(WORDS).map(|(_, address)| address);
        let behind = address.and_then(|address| address.strip_prefix(&*log.process));
        behind.is_some_and(|behind| behind.starts_with(['/', ':', '.']))
    };
    if log.role != Role::TaskManager || log.previous {
        return None;
    }
    let (stamp, line) = log.text.lines().rev().map(stamped).find(|(_, line)| is_own(line))?;
    let at = stamp.or_else(|| time::of_log(line, log.offset));
    Some(Fact { at, ..plain(&log.process, Some(log.role), codes::TO_ITSELF, line) })
}

/// How many TaskManagers shall be registered, by whoever has said it or by the pods that were asked for.
fn wanted(evidence: &Evidence) -> Option<u64> {
    let pods = evidence.objects.iter().filter(|object| kubernetes::is_task_manager(object)).count();
    let pods = u64::try_from(pods).ok().filter(|pods| 0 < *pods);
    evidence.task_managers.or(pods)
}

impl Evidence {
    /// Whether there is anything that could answer.
    fn has_processes(&self) -> bool {
        !self.processes.is_empty() || self.objects.iter().any(kubernetes::is_pod)
    }
}
