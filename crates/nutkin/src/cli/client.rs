//! From the arguments that name a session to a client of its JobManagers.

use nutkin_core::flink::FlinkVersion;
use nutkin_core::jobs::arguments::Sight;
use nutkin_core::selection::Platform;

use super::Context;
use super::shared::SessionArgs;
use crate::flink_rest::Client;
use crate::jobs::failure;
use crate::platform::Connected;
use crate::{Failure, select};

/// What a command about jobs talks to.
pub struct Target {
    /// Its client.
    pub client: Client,
    /// The session's name, or the address, for messages.
    pub name: String,
    /// Where its JobManager looks for files.
    pub sight: Sight,
    /// Where it runs; `None` where only an address is known.
    pub platform: Option<Platform>,
}

impl Target {
    /// Talks to a session.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn of(connected: Connected) -> Result<Self, Failure> {
        let is_here = connected.platform == Platform::Local;
        // Which directory a JobManager runs in is its own affair: only absolute paths are sure to be found.
        let sight = if is_here { Sight::Here { directory: None } } else { Sight::Elsewhere };
        let platform = Some(connected.platform);
        Ok(Self { client: connected.client()?, name: connected.name, sight, platform })
    }
}

/// A client, and the session's name for messages.
///
/// # Errors
/// As [`target`].
pub async fn connect(
    args: &SessionArgs,
    context: &Context<'_>,
) -> Result<(Client, String), Failure> {
    let Target { client, name, .. } = target(args, context).await?;
    Ok((client, name))
}

/// The session or the address that the arguments name.
///
/// # Errors
/// As [`select::connect`]; with `--address` the JobManager does not answer.
pub async fn target(args: &SessionArgs, context: &Context<'_>) -> Result<Target, Failure> {
    let Some(address) = &args.address else {
        return Target::of(select::connect(args, context).await?);
    };
    let url = if address.contains("://") { address.clone() } else { format!("http://{address}") };
    let urls = [url.trim_end_matches('/').to_owned()];
    let probe = Client::new(&urls, FlinkVersion::DEFAULT)?;
    let version = probe.flink_version().await.map_err(failure)?;
    let sight = if is_loopback(&url) { Sight::Here { directory: None } } else { Sight::Elsewhere };
    let client = Client::new(&urls, version)?;
    Ok(Target { client, name: address.clone(), sight, platform: None })
}

fn is_loopback(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default();
    ["localhost", "127.", "[::1]"].iter().any(|start| host.starts_with(start))
}
