//! Looks at a session as often as it takes to know whether its JobManager hangs.

use std::time::Duration;

use nutkin_rest::View;
use nutkin_shell::Error;

use super::session::Session;

/// How often a session is looked at whose JobManagers have run for long and do not answer, before that counts.
const LOOKS: usize = 4;

/// The pause before another look. With the second that each question may take, LOOKS of them cover the pauses of a JobManager
/// that collects garbage.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Looks at a session. One missed answer says nothing: it hangs when it misses several.
///
/// # Errors
/// The platform cannot be asked.
pub async fn look(session: &Session) -> Result<View, Error> {
    let mut view = session.look().await?;
    for _ in 1..LOOKS {
        let misses = view.overview.is_none() && view.job_managers != 0 && view.has_started();
        if !misses {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
        view = session.look().await?;
    }
    Ok(view)
}
