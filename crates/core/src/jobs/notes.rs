//! What is to be said about a job, beside what is done.

use super::{Observed, Step};
use crate::record::JobRecord;
use crate::session::SessionJob;
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
    state: Observed,
    steps: &[Step],
    jar: Option<&str>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |is_warning, text| notes.push(Note { text, is_warning });
    let name = &job.name;
    let submits = steps.iter().any(|step| matches!(step, Step::Submit { .. }));
    if steps.is_empty() {
        let text = match (state, record) {
            (Observed::Failed, _) => format!(
                "job `{name}` has failed and is left alone; another spec.restartNonce submits it again"
            ),
            (Observed::Finished, Some(record)) if !record.suspended => {
                format!("job `{name}` has finished; another spec.restartNonce runs it again")
            }
            _ if !job.running => format!("job `{name}` is suspended"),
            _ => format!("job `{name}` is unchanged"),
        };
        note(state == Observed::Failed, text);
        let before = record.and_then(|record| record.jar_digest.as_deref());
        if job.running && before.is_some() && jar.is_some() && before != jar {
            note(
                true,
                format!(
                    "job `{name}` goes on with the jar that it has; the file is another one by now: another \
                     spec.restartNonce runs that"
                ),
            );
        }
    }
    if submits && state == Observed::Absent && record.is_some_and(|record| !record.suspended) {
        note(true, format!("the session has lost job `{name}`: it is submitted again"));
    }
    if submits && !version.line().run_takes_configuration {
        let options: Vec<&str> = sent(job).map(|(key, _)| key).collect();
        if !options.is_empty() {
            let options = options.join("`, `");
            note(
                true,
                format!(
                    "job `{name}`: Flink {version} takes no options with a job, `{options}` has no effect; set it for \
                     the whole session, or use Flink 1.17 or later"
                ),
            );
        }
    }
    notes
}

/// Options that go to Flink with a job: all but those of the operator.
pub fn sent(job: &SessionJob) -> impl Iterator<Item = (&str, String)> {
    job.configuration
        .iter()
        .filter(|(key, _)| !key.starts_with("kubernetes.operator."))
        .map(|(key, entry)| (key, entry.value.to_string()))
}
