//! From the arguments that name a session to a client of its JobManagers.

use nutkin_core::flink::FlinkVersion;

use super::Context;
use super::shared::SessionArgs;
use crate::flink_rest::Client;
use crate::jobs::failure;
use crate::{Failure, select};

/// A client, and the session's name for messages.
///
/// # Errors
/// As [`select::connect`]; with `--address` the JobManager does not answer.
pub async fn connect(
    args: &SessionArgs,
    context: &Context<'_>,
) -> Result<(Client, String), Failure> {
    let Some(address) = &args.address else {
        let connected = select::connect(args, context).await?;
        return Ok((connected.client()?, connected.name));
    };
    let url = if address.contains("://") { address.clone() } else { format!("http://{address}") };
    let urls = [url.trim_end_matches('/').to_owned()];
    let probe = Client::new(&urls, FlinkVersion::DEFAULT)?;
    let version = probe.flink_version().await.map_err(failure)?;
    Ok((Client::new(&urls, version)?, address.clone()))
}
