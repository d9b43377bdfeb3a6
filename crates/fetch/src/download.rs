//! One file from a server, held against the checksum that was published for it.

use std::path::Path;

use nutkin_flink::artifact::masked_url;
use nutkin_rest::http::{self, DownloadError};
use nutkin_shell::files::Digest;
use nutkin_shell::files::fault::with_hint;
use nutkin_shell::{Context, Error};

/// Downloads `url` to `path`, and shows how far it is. `expected` is the checksum in hex that `digest` has to give.
///
/// # Errors
/// The file cannot be had or written, or is another one.
pub(crate) async fn checked(
    url: &str,
    path: &Path,
    digest: Digest,
    expected: &str,
    context: &Context<'_>,
) -> Result<(), DownloadError> {
    let response = http::open(http::client()?.get(url), url).await?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let length = response.content_length();
    let mut progress = context.events.progress(format!("downloading {name}"), length);
    let (actual, _) = http::save(response, url, path, digest, progress.as_mut()).await?;
    if actual == expected {
        return Ok(());
    }
    Err(DownloadError::Checksum { url: masked_url(url), actual, expected: expected.to_owned() })
}

/// The same error with what to do about it. `who` is asked, and `variable` names another one to ask.
pub(crate) fn explained(error: DownloadError, who: &str, variable: &str) -> Error {
    let hint = match &error {
        DownloadError::Unreachable { .. } | DownloadError::Client(_) => Some(format!(
            "{who}: proxies are taken from HTTPS_PROXY, certificates from SSL_CERT_FILE, a mirror from {variable}"
        )),
        DownloadError::Status { .. } => Some(format!("{who}: does this release exist?")),
        DownloadError::Broken { .. } => Some(format!("{who}: run the command again")),
        DownloadError::Checksum { .. } | DownloadError::Write { .. } => None,
    };
    let failure = with_hint(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
