//! Ends a session on Kubernetes, and waits for it.

use std::time::{Duration, Instant};

use nutkin_core::decide::{Again, Ending};
use nutkin_shell::{Context, Ended, Error, Kind, Shell};

use crate::end::EndRun;
pub use crate::end::delete_what_is_left;
use crate::session::Session;

/// How long everything may take to go: pods have 30 s to end by themselves, and a node may be slow.
const PATIENCE: Duration = Duration::from_mins(3);

/// Ends a session, waits until all that its workload owns is gone, and tells what stays.
///
/// # Errors
/// The session is not ours and is not to be adopted; it does not end in time; the API server refuses.
pub async fn end(session: &Session, ending: Ending, context: &Context<'_>) -> Result<Ended, Error> {
    let mut run = EndRun::new(session, ending);
    let started = Instant::now();
    let mut told = String::new();
    loop {
        let seen = run.observe().await?;
        let decision = run.decide(&seen)?;
        for step in &decision.steps {
            run.act(step).await?;
        }
        let (reason, after) = match decision.again {
            Again::Done => return Ok(run.report()),
            Again::Look => continue,
            Again::Wait { reason, after } => (reason, after),
        };
        if PATIENCE < started.elapsed() {
            let name = &session.name;
            let what = reason.trim_start_matches("waiting for the end of ");
            let message = format!("session `{name}` does not end: {what} is still there");
            return Err(Error::new(Kind::TimedOut, message)
                .hint("`kubectl get -o yaml` shows its finalizers; Kubernetes goes on by itself"));
        }
        if Duration::from_secs(2) < started.elapsed() && told != reason {
            context.events.say(&reason);
            told = reason;
        }
        tokio::time::sleep(after).await;
    }
}
