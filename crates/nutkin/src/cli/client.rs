//! From the arguments that name a session to a client of its JobManagers.

use nutkin_core::flink::FlinkVersion;
use nutkin_core::jobs::arguments::Sight;
use nutkin_core::selection::Platform;

use super::Context;
use super::shared::SessionArgs;
use crate::flink_rest::Client;
use crate::jobs::failure;
use crate::{Failure, select};

/// What a command about jobs talks to.
pub struct Target {
    /// Its client.
    pub client: Client,
    /// The session's name, or the address, for messages.
    pub name: String,
    /// Where its JobManager looks for files.
    pub sight: Sight,
}

/// A client, and the session's name for messages.
///
/// # Errors
/// As [`target`].
pub async fn connect(
    args: &SessionArgs,
    context: &Context<'_>,
) -> Result<(Client, String), Failure> {
    let Target { client, name, sight: _ } = target(args, context).await?;
    Ok((client, name))
}

/// The session or the address that the arguments name.
///
/// # Errors
/// As [`select::connect`]; with `--address` the JobManager does not answer.
pub async fn target(args: &SessionArgs, context: &Context<'_>) -> Result<Target, Failure> {
    // Which directory a JobManager runs in is its own affair: only absolute paths are sure to be found.
    let here = Sight::Here { directory: None };
    let Some(address) = &args.address else {
        let connected = select::connect(args, context).await?;
        let sight = if connected.platform == Platform::Local { here } else { Sight::Elsewhere };
        return Ok(Target { client: connected.client()?, name: connected.name, sight });
    };
    let url = if address.contains("://") { address.clone() } else { format!("http://{address}") };
    let urls = [url.trim_end_matches('/').to_owned()];
    let probe = Client::new(&urls, FlinkVersion::DEFAULT)?;
    let version = probe.flink_version().await.map_err(failure)?;
    let is_near = is_loopback(&url);
    let sight = if is_near { here } else { Sight::Elsewhere };
    Ok(Target { client: Client::new(&urls, version)?, name: address.clone(), sight })
}

fn is_loopback(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default();
    ["localhost", "127.", "[::1]"].iter().any(|start| host.starts_with(start))
}
