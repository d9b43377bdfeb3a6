//! Submits a job under an id that is known before, so that nothing is doubled or lost sight of.

use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

use nutkin_rest::{Client, POLL, RestError, RunRequest};
use nutkin_shell::token::hex;

/// How long a job may take to show up after the answer to its submission was lost: main() may still run, or another
/// JobManager be elected.
const ARRIVAL: Duration = Duration::from_secs(30);

/// An id for a job that has none of its own.
///
/// # Errors
/// The system gives no random numbers.
pub fn random_id() -> std::io::Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Runs main() of an uploaded jar. An answer that is lost is not a failure when the job shows up.
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
        Err(error) => Err(error),
    }
}

/// Whether a job that was submitted shows up in time.
pub async fn arrives(client: &Client, id: &str, limit: Duration) -> bool {
    let started = Instant::now();
    loop {
        let jobs = client.jobs().await.unwrap_or_default();
        if jobs.iter().any(|job| job.id == id) {
            return true;
        }
        if limit < started.elapsed() {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
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
