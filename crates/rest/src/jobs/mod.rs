//! What the commands ask about single jobs.

mod describe;
mod room;

pub use describe::{Described, describe};
pub use room::{shortage, shortage_of};

use nutkin_core::Remedy;
use nutkin_core::jobs::{self as rules, NotFound};
use nutkin_flink::words::nearest;
use nutkin_shell::{Error, Kind};

use crate::{Client, Job, RestError};

/// The job that the user means, see [`rules::find`]. `namespace` is what the session's file names, if any.
///
/// # Errors
/// There is none (exit 5), or there are several (2).
pub async fn find(client: &Client, namespace: Option<&str>, wanted: &str) -> Result<Job, Error> {
    let mut jobs = client.jobs().await.map_err(failure)?;
    let listed: Vec<rules::ListedJob<'_>> = jobs
        .iter()
        .map(|job| rules::ListedJob {
            id: &job.id,
            name: &job.name,
            has_ended: job.state.has_ended(),
        })
        .collect();
    match rules::find(namespace.unwrap_or(rules::NAMESPACE), wanted, &listed) {
        Ok(index) => Ok(jobs.swap_remove(index)),
        Err(NotFound::None) => {
            let failure = Error::new(Kind::NotFound, format!("the session has no job `{wanted}`"));
            let failure = match nearest(wanted, jobs.iter().map(|job| job.name.as_str())) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure,
            };
            Err(failure.hint(Remedy::ListJobs))
        }
        Err(NotFound::Several(ids)) => {
            Err(Error::new(Kind::Invalid, format!("`{wanted}` can mean several jobs"))
                .hint(format!("name one by its id: {}", ids.join(", "))))
        }
    }
}

/// A REST error as the failure of a command: the root cause first, the Java exception below it.
pub fn failure(error: RestError) -> Error {
    let kind = match error {
        RestError::NotFound(_) => Kind::NotFound,
        RestError::Over(_) => Kind::Conflict,
        _ => Kind::Broken,
    };
    let trace = match &error {
        RestError::Refused { trace, .. } if 1 < trace.len() => trace.join("\n    "),
        _ => String::new(),
    };
    let advice = match &error {
        RestError::Refused { cause, trace } => {
            let texts = trace.iter().rev().map(String::as_str);
            nutkin_diagnosis::advice(std::iter::once(cause.as_str()).chain(texts))
        }
        RestError::NoLeader => Some(Remedy::Status { name: None }),
        _ => None,
    };
    let mut failure = Error::of(kind, error);
    failure.hints.extend(advice);
    if !trace.is_empty() {
        failure = failure.hint(format!("the exception in the JobManager:\n    {trace}"));
    }
    failure
}
