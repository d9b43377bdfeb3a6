//! A session as a Compose file, without a daemon.

use std::collections::BTreeMap;

use nutkin_core::decide::docker::planned;
use nutkin_core::plan::docker::compose;
use nutkin_core::session::Session;
use nutkin_fetch::extras;
use nutkin_shell::{Context, Error, Purpose};

use super::observe::digests;

/// Plans without a daemon: as if the image were ours, or the official one by its name.
///
/// # Errors
/// Bad input (2).
pub async fn render(wanted: &Session, context: &Context<'_>) -> Result<serde_json::Value, Error> {
    let extras = extras::files(wanted, Purpose::Look, context).await?;
    let found = digests(extras.clone()).await?;
    // To look, nothing is fetched.
    let known = |digest: Option<String>| digest.unwrap_or_else(|| "not fetched".to_owned());
    let found: BTreeMap<String, String> =
        found.into_iter().map(|(path, digest)| (path, known(digest))).collect();
    let (wanted, flink_home) = planned(wanted, found).map_err(Error::input)?;
    let mounted: Vec<(String, String)> =
        extras.iter().map(|(path, source)| (path.clone(), source.display().to_string())).collect();
    Ok(compose(&wanted, &flink_home, &mounted))
}
