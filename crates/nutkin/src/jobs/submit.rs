//! Submits a job under an id that is known before, so that nothing is doubled or lost sight of.

use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

use crate::flink_rest::{Client, POLL, RestError, RunRequest};
use crate::local::launch::hex;

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

/// Runs main() of an uploaded jar. An answer that is lost is no failure when the job shows up.
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
