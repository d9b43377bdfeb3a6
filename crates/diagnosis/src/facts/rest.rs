//! What the JobManager says of jobs: exceptions and checkpoints.

use serde_json::Value;

use super::process::plain;
use super::shown;
use crate::cause::root_cause;
use crate::codes;
use crate::evidence::{Evidence, FlinkEvidence, JobEvidence};
use crate::fact::{Fact, Level, Source};
use crate::time;

/// For how long a failure from which a job has recovered is still of interest, milliseconds: a job that fails again and again
/// does so within a few minutes, with Flink's longest default back-off (`restart-strategy.exponential-delay.max-backoff`, 1 min).
const RECENT: i64 = 10 * 60_000;

/// For how long a failed checkpoint counts that no other has followed, milliseconds: longer than intervals are.
const STILL_FAILING: i64 = 60 * 60_000;

/// States in which a job is as it should be.
const WELL: [&str; 6] =
    ["CREATED", "RUNNING", "FINISHED", "CANCELED", "CANCELLING", "INITIALIZING"];

/// Lines of an exception that are shown: its head, and its last cause.
const LINES: usize = 2;

/// What is known of jobs.
pub(super) fn facts(flink: &FlinkEvidence, evidence: &Evidence) -> Vec<Fact> {
    let now = evidence.now.as_deref().and_then(time::of_rfc3339);
    flink.jobs.iter().flat_map(|job| of_job(job, now)).collect()
}

/// How a job is named: its name, as the user wrote it.
pub(super) fn name(job: &Value) -> String {
    let text = |key: &str| job[key].as_str().filter(|text| !text.is_empty());
    text("name").or_else(|| text("jid")).unwrap_or("a job").to_owned()
}

fn of_job(job: &JobEvidence, now: Option<i64>) -> Vec<Fact> {
    let state = job.job["state"].as_str().unwrap_or_default();
    let is_well = WELL.contains(&state);
    let name = name(&job.job);
    let is_recent =
        |at: Option<i64>| at.zip(now).is_some_and(|(at, now)| now.saturating_sub(at) < RECENT);
    let mut facts: Vec<Fact> = Vec::new();
    for (at, trace) in exceptions(&job.exceptions) {
        if trace.trim().is_empty() || is_well && !is_recent(at) {
            continue;
        }
        facts.push(failure(&name, at, trace, is_well));
    }
    if facts.is_empty() && !is_well && !state.is_empty() {
        let text = format!("job `{name}` is {state}");
        facts.push(plain(&name, None, codes::JOB_FAILS, text));
    }
    let failed = &job.checkpoints["latest"]["failed"];
    let at = failed["failure_timestamp"].as_i64().or(failed["trigger_timestamp"].as_i64());
    let age = now.zip(at).map_or(0, |(now, at)| now.saturating_sub(at));
    let latest = ["completed", "savepoint", "restored"].map(|key| {
        let one = &job.checkpoints["latest"][key];
        one["trigger_timestamp"].as_i64().or(one["restore_timestamp"].as_i64())
    });
    let newest = latest.into_iter().flatten().max();
    // Somebody asked for a savepoint and was told; Flink itself ends checkpoints when a job fails over.
    let is_no_sign = failed["is_savepoint"] == true
        || failed["failure_message"].as_str().is_some_and(|words| words.contains("suspend"));
    // One that was followed by another that was completed did no harm.
    if let Some(words) = failed["failure_message"].as_str()
        && newest < failed["trigger_timestamp"].as_i64()
        && age < STILL_FAILING
        && !is_no_sign
        && !["FINISHED", "CANCELED"].contains(&state)
    {
        let text = format!("checkpoint {} of job `{name}` failed: {words}", failed["id"]);
        let quote = vec![shown(text.lines().next().unwrap_or_default())];
        let expired = words.contains("expired");
        let code = if expired { codes::CHECKPOINTS_EXPIRE } else { codes::CHECKPOINTS_FAIL };
        facts.push(Fact { at, quote, ..plain(&name, None, code, text) });
    }
    facts
}

/// Exceptions of a job, with the times: the history since 1.13, the last one before it was written.
fn exceptions(document: &Value) -> Vec<(Option<i64>, &str)> {
    let entries = document["exceptionHistory"]["entries"].as_array();
    let history = entries.into_iter().flatten();
    let mut all: Vec<(Option<i64>, &str)> = history
        .filter_map(|entry| Some((entry["timestamp"].as_i64(), entry["stacktrace"].as_str()?)))
        .collect();
    if all.is_empty() {
        let root = document["root-exception"].as_str();
        all.extend(root.map(|trace| (document["timestamp"].as_i64(), trace)));
    }
    all
}

fn failure(name: &str, at: Option<i64>, trace: &str, has_recovered: bool) -> Fact {
    let is_frame = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("at ") || line.starts_with("... ") || line.is_empty()
    };
    let heads: Vec<&str> = trace.lines().filter(|line| !is_frame(line)).collect();
    let mut quote: Vec<String> = heads.iter().take(1).map(|line| shown(line)).collect();
    let causes = &heads[1.min(heads.len())..];
    quote.extend(causes[causes.len().saturating_sub(LINES - 1)..].iter().map(|line| shown(line)));
    Fact {
        at,
        source: Source::Job,
        of: name.to_owned(),
        role: None,
        level: Level::Loud,
        previous: has_recovered,
        code: None,
        cause: Some(shown(&root_cause(trace))),
        text: heads.join("\n"),
        quote,
    }
}
