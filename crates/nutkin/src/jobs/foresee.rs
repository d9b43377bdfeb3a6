//! What would be done for the `FlinkSessionJob`s of a file, without doing it.

use nutkin_core::jobs::{self as rules, Known, Outlook};
use nutkin_core::ledger::Ledger;
use nutkin_core::session::Session;

use super::known::known;
use nutkin_rest::Client;
use nutkin_shell::Error;

/// The steps of [`bring`](super::bring()) for each job. There is no `client` where there is no session yet; `are_lost`
/// tells that the session loses its jobs before.
///
/// # Errors
/// The session does not answer, or a job cannot be as the file says (exit 2).
pub async fn foresee(
    session: &Session,
    client: Option<&Client>,
    record: &Ledger,
    are_lost: bool,
) -> Result<Vec<Outlook>, Error> {
    let namespace = session.namespace.as_deref().unwrap_or(rules::NAMESPACE);
    let mut problems = Vec::new();
    let mut outlooks = Vec::new();
    for job in &session.jobs {
        let known = match client {
            Some(client) => known(client, namespace, job).await?,
            None => Known::new(),
        };
        let remembered = record.jobs.get(&job.name);
        let next = rules::next(job, &session.configuration, remembered, &known, are_lost);
        problems.extend(rules::problems(job, next.record.as_ref()));
        outlooks.push(Outlook { name: job.name.clone(), steps: next.steps });
    }
    if problems.is_empty() { Ok(outlooks) } else { Err(Error::input(problems)) }
}
