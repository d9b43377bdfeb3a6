//! What a Docker daemon is, before a session is started on it.

use bollard::Docker;
use nutkin_diagnosis::doctor::DaemonSeen;
use nutkin_shell::Environment;

use super::{connect, message};

/// Looks at the daemon of this environment. Why it does not answer is in the place of its release.
pub async fn look(environment: &Environment) -> DaemonSeen {
    match connect(environment).await {
        Ok(docker) => seen(&docker).await,
        Err(failure) => DaemonSeen { version: Err(format!("{:#}", failure.error)), memory: None },
    }
}

async fn seen(docker: &Docker) -> DaemonSeen {
    let version = docker.version().await.map_err(|error| message(&error));
    let version = version.map(|one| one.version.unwrap_or_else(|| "unknown".to_owned()));
    let memory = docker.info().await.ok().and_then(|info| info.mem_total);
    DaemonSeen { version, memory: memory.and_then(|bytes| u64::try_from(bytes).ok()) }
}
