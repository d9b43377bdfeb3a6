//! Submits a job under an id that is known before, so that nothing is doubled or lost sight of.

use std::convert::Infallible;
use std::time::Duration;

use super::drive::{Driven, Look, Patience, until};
use nutkin_flink::FlinkVersion;
use nutkin_rest::{Client, RestError, RunRequest};

/// How long a job may take to show up after the answer to its submission was lost: main() may still run, or another
/// JobManager be elected.
const ARRIVAL: Duration = Duration::from_secs(30);

/// An id for a job that has none of its own.
///
/// # Errors
/// The system gives no random numbers.
pub fn random_id() -> std::io::Result<String> {
    nutkin_shell::token::random::<16>()
}

/// An id for a trigger: whoever asks again by it gets the same savepoint, not a second one. `None` for a release that
/// chooses ids itself.
///
/// # Errors
/// The system gives no random numbers.
pub fn trigger_id(version: FlinkVersion) -> std::io::Result<Option<String>> {
    if version.line().takes_trigger_id { random_id().map(Some) } else { Ok(None) }
}

/// What Flink says where a job of this id runs, or has ended for good. Source: `DuplicateJobSubmissionException`, 1.13 to 2.3.
const DUPLICATE: &str = "Job has already been submitted";

/// Whether a submission was refused because there is, or was, a job of its id.
pub fn is_duplicate(error: &RestError) -> bool {
    matches!(error, RestError::Refused { .. }) && error.whole().contains(DUPLICATE)
}

/// Runs main() of an uploaded jar. An answer that is lost is not a failure when the job shows up, nor is a second submission
/// of a job that runs: only submissions of the same job have its id.
///
/// # Errors
/// See [`RestError`]; main() threw.
pub async fn submit(
    client: &Client,
    jar: &str,
    id: &str,
    request: &RunRequest,
) -> Result<(), RestError> {
    let request = RunRequest { job_id: Some(id.to_owned()), ..request.clone() };
    match client.run(jar, &request).await {
        Ok(_) => Ok(()),
        Err(RestError::Broken(_)) if arrives(client, id, ARRIVAL).await => Ok(()),
        Err(error) if is_duplicate(&error) => match client.state(id).await {
            Ok(state) if !state.has_ended() => Ok(()),
            Ok(_) | Err(RestError::NotFound(_)) => Err(error),
            // It may run: that nobody answers does not make its id free.
            Err(silent) => Err(silent),
        },
        Err(error) => Err(error),
    }
}

/// Whether a job that was submitted shows up in time.
pub async fn arrives(client: &Client, id: &str, limit: Duration) -> bool {
    let look = async || {
        let jobs = client.jobs().await.unwrap_or_default();
        let is_there = jobs.iter().any(|job| job.id == id);
        let look = if is_there { Look::Done(()) } else { Look::Wait(String::new()) };
        Ok::<_, Infallible>(look)
    };
    matches!(until(&mut Patience::new(Some(limit)), look).await, Ok(Driven::Done(())))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A JobManager that obeys a submission and breaks the connection before it answers.
    async fn forgetful(listener: TcpListener, id: &'static str) {
        let mut submissions = 0;
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            if request.starts_with("POST /jars/j/run") {
                submissions += 1;
                continue;
            }
            let jobs = if submissions == 1 {
                format!("{{\"jobs\":[{{\"jid\":\"{id}\",\"state\":\"RUNNING\"}}]}}")
            } else {
                "{\"jobs\":[]}".to_owned()
            };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\
                 Content-Length: {}\r\n\r\n{jobs}",
                jobs.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }

    #[tokio::test]
    async fn a_lost_answer_is_no_second_job() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(forgetful(listener, "abc"));
        let client = Client::new(&[url], "1.20".parse().unwrap()).unwrap();
        submit(&client, "j", "abc", &RunRequest::default()).await.unwrap();
        assert!(!arrives(&client, "another", Duration::from_millis(1)).await);
        server.abort();
    }

    #[test]
    fn ids_of_their_own() {
        let id = random_id().unwrap();
        assert_eq!(id.len(), 32);
        assert_ne!(id, random_id().unwrap());
    }
}
