//! What would be done for the `FlinkSessionJob`s of a file, without doing it.

use nutkin_core::jobs::{self as rules, Known, Observed, Outlook, Policy};
use nutkin_core::record::SessionRecord;
use nutkin_core::session::Session;

use super::bring::{NAMESPACE, known};
use crate::Failure;
use crate::flink_rest::Client;

/// The steps of [`bring`](super::bring()) for each job. There is no `client` where there is no session yet; `are_lost`
/// tells that the session loses its jobs before.
///
/// # Errors
/// The session does not answer, or a job cannot be as the file says (exit 2).
pub async fn foresee(
    session: &Session,
    client: Option<&Client>,
    record: &SessionRecord,
    are_lost: bool,
) -> Result<Vec<Outlook>, Failure> {
    let namespace = session.namespace.as_deref().unwrap_or(NAMESPACE);
    let mut problems = Vec::new();
    let mut outlooks = Vec::new();
    for job in &session.jobs {
        let known = match client {
            Some(client) => known(client, namespace, job).await?,
            None => Known::new(),
        };
        let old = rules::settle(job, record.jobs.get(&job.name), &known);
        problems.extend(rules::problems(job, old.as_ref()));
        let state = old.as_ref().and_then(|old| known.get(&old.generation)).copied();
        let state = state.filter(|_| !are_lost).unwrap_or(Observed::Absent);
        let policy = Policy::of(&session.configuration, &job.configuration);
        let steps = rules::decide(job, policy, old.as_ref(), state);
        outlooks.push(Outlook { name: job.name.clone(), steps });
    }
    if problems.is_empty() { Ok(outlooks) } else { Err(Failure::input(problems)) }
}
