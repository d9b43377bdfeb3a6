//! What is to be said about a job, beside what is done.

use super::{Observed, Step};
use crate::flink::FlinkVersion;
use crate::record::JobRecord;
use crate::session::SessionJob;

/// Sentences about a job that nobody asked for and everybody wants to know.
pub fn notes(
    job: &SessionJob,
    version: FlinkVersion,
    record: Option<&JobRecord>,
    state: Observed,
    steps: &[Step],
) -> Vec<String> {
    let mut notes = Vec::new();
    let name = &job.name;
    let submits = steps.iter().any(|step| matches!(step, Step::Submit { .. }));
    if steps.is_empty() {
        notes.push(match (state, record) {
            (Observed::Failed, _) => format!(
                "job `{name}` has failed and is left alone; another spec.restartNonce submits it again"
            ),
            (Observed::Finished, Some(record)) if !record.suspended => {
                format!("job `{name}` has finished; another spec.restartNonce runs it again")
            }
            _ if !job.running => format!("job `{name}` is suspended"),
            _ => format!("job `{name}` is unchanged"),
        });
    }
    if submits && state == Observed::Absent && record.is_some_and(|record| !record.suspended) {
        notes.push(format!("the session has lost job `{name}`: it is submitted again"));
    }
    if submits && !version.line().run_takes_configuration {
        let options: Vec<&str> = sent(job).map(|(key, _)| key).collect();
        if !options.is_empty() {
            let options = options.join("`, `");
            notes.push(format!(
                "job `{name}`: Flink {version} takes no options with a job, `{options}` has no effect; set it for the \
                 whole session, or use Flink 1.17 or later"
            ));
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
