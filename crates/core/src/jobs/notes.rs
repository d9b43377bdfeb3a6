//! What is to be said about a job, beside what is done.

use super::{JobStep, ObservedJob};
use crate::record::JobRecord;
use crate::session::SessionJob;
use crate::words::jobs as words;
use nutkin_flink::FlinkVersion;

/// A sentence about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is said.
    pub text: String,
    /// Something will not be as the user thinks.
    pub is_warning: bool,
}

/// Sentences about a job that nobody asked for and everybody wants to know. `jar` is the digest of its jar where that is
/// a file of this machine.
pub fn notes(
    job: &SessionJob,
    version: FlinkVersion,
    record: Option<&JobRecord>,
    state: ObservedJob,
    steps: &[JobStep],
    jar: Option<&str>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |is_warning, text| notes.push(Note { text, is_warning });
    let name = &job.name;
    let submits = steps.iter().any(|step| matches!(step, JobStep::Submit { .. }));
    if steps.is_empty() {
        let text = match (state, record) {
            (ObservedJob::Failed, _) => words::failed(name),
            (ObservedJob::Absent, Some(record))
                if job.running && record.end() == ObservedJob::Failed =>
            {
                words::failed(name)
            }
            (ObservedJob::Finished, Some(record)) if !record.suspended => words::finished(name),
            (ObservedJob::Absent, Some(record)) if job.running && record.has_finished() => {
                words::finished(name)
            }
            _ if !job.running => words::suspended(name),
            _ => words::unchanged(name),
        };
        let has_failed = text == words::failed(name);
        note(has_failed, text);
        let before = record.and_then(|record| record.jar_digest.as_deref());
        if job.running && before.is_some() && jar.is_some() && before != jar {
            note(true, words::other_jar(name));
        }
    }
    let is_lost = |record: &JobRecord| !record.suspended && record.end() == ObservedJob::Absent;
    if submits && state == ObservedJob::Absent && record.is_some_and(is_lost) {
        note(true, words::lost(name));
    }
    if submits && !version.line().run_takes_configuration {
        let options: Vec<&str> = sent(job).map(|(key, _)| key).collect();
        if !options.is_empty() {
            let options = options.join("`, `");
            note(true, words::no_options(name, &version.to_string(), &options));
        }
    }
    notes
}

/// Options that go to Flink with a job: all but those of the operator, and those about its snapshots.
pub fn sent(job: &SessionJob) -> impl Iterator<Item = (&str, String)> {
    job.configuration
        .iter()
        .filter(|(key, _)| {
            !key.starts_with("kubernetes.operator.") && !key.starts_with(super::SNAPSHOTS)
        })
        .map(|(key, entry)| (key, entry.value.to_string()))
}
