//! Downloads over HTTP, with the system's proxies and certificates (`HTTPS_PROXY`, `SSL_CERT_FILE`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use nutkin_flink::artifact::masked_url;
use reqwest::{Client, Response, StatusCode};

use nutkin_shell::Progress;
use nutkin_shell::files::Digest;

/// How long a server may take to accept: an unreachable one must not hold up the next source.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a server may be silent in the middle of a file.
const SILENCE: Duration = Duration::from_mins(1);

/// Whether `HOST[:PORT]` is this machine itself: nobody listens on the way there. A name that only begins like one is not.
pub fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    };
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Why a download failed. All name the address, without secrets.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// Name, network, proxy, certificate.
    #[error("cannot reach {url}")]
    Unreachable {
        /// The address.
        url: String,
        /// The reason.
        source: reqwest::Error,
    },
    /// The server answered, but not with the file.
    #[error("{url} answered {status}")]
    Status {
        /// The address.
        url: String,
        /// The answer.
        status: StatusCode,
    },
    /// The connection broke or fell silent before the end.
    #[error("the download of {url} broke off after {bytes} bytes")]
    Broken {
        /// The address.
        url: String,
        /// How much had arrived.
        bytes: u64,
        /// The reason.
        source: reqwest::Error,
    },
    /// The file is not the published one.
    #[error("{url} has checksum {actual}, but {expected} is expected")]
    Checksum {
        /// The address.
        url: String,
        /// What arrived.
        actual: String,
        /// What was published or pinned.
        expected: String,
    },
    /// The file could not be written here.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: String,
        /// The reason.
        source: io::Error,
    },
    /// The client could not be set up.
    #[error("cannot set up HTTPS")]
    Client(#[source] reqwest::Error),
}

/// Chooses the TLS provider of the process, which every client of it takes.
pub fn prepare_tls() {
    // The first caller installs it; a second installation is refused, and needless.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client for downloads.
///
/// # Errors
/// When the system's certificates or proxy settings are unusable.
pub fn client() -> Result<Client, DownloadError> {
    shared(CONNECT, SILENCE, false)
}

/// Clients of this process, by their patience and whether they stay on this machine. One that is made reads all
/// certificates of the system unless it stays here, and keeps the connections that the next request can take: who looks
/// at many sessions needs one.
static CLIENTS: Mutex<BTreeMap<(Duration, Duration, bool), Client>> = Mutex::new(BTreeMap::new());

/// The client of this patience for these addresses, which everybody in this process shares.
///
/// # Errors
/// As [`client`].
pub fn client_for(
    urls: &[String],
    connect: Duration,
    silence: Duration,
) -> Result<Client, DownloadError> {
    shared(connect, silence, urls.iter().all(|url| stays_here(url)))
}

fn shared(connect: Duration, silence: Duration, is_here: bool) -> Result<Client, DownloadError> {
    prepare_tls();
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (connect, silence, is_here);
    if let Some(client) = clients.get(&key) {
        return Ok(client.clone());
    }
    let mut builder = Client::builder()
        .user_agent(concat!("nutkin/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect)
        .read_timeout(silence);
    if is_here {
        // No proxy knows the way to this machine, and nobody has to prove who it is: 147 files of certificates (Debian
        // 12) are not read.
        builder = builder.no_proxy().tls_certs_only([]);
    }
    let client = builder.build().map_err(|error| DownloadError::Client(error.without_url()))?;
    clients.insert(key, client.clone());
    Ok(client)
}

/// Whether it is asked without TLS and on this machine.
pub fn stays_here(url: &str) -> bool {
    url.strip_prefix("http://")
        .is_some_and(|rest| is_loopback(rest.split('/').next().unwrap_or_default()))
}

/// Asks for a file and returns the answer if it is a good one.
///
/// # Errors
/// When the server cannot be reached or answers with anything but success (or 304 where the request
/// allowed for it).
pub async fn open(request: reqwest::RequestBuilder, url: &str) -> Result<Response, DownloadError> {
    let url = masked_url(url);
    match request.send().await {
        // reqwest would print the address with its secrets.
        Err(source) => Err(DownloadError::Unreachable { url, source: source.without_url() }),
        Ok(response) => match response.status() {
            status if status.is_success() || status == StatusCode::NOT_MODIFIED => Ok(response),
            status => Err(DownloadError::Status { url, status }),
        },
    }
}

/// A short text, such as a published checksum.
///
/// # Errors
/// As [`open`], and when the text breaks off.
pub async fn text(client: &Client, url: &str) -> Result<String, DownloadError> {
    text_of(open(client.get(url), url).await?, url).await
}

/// The text of an answer to a request for `url`.
///
/// # Errors
/// When the text breaks off.
pub async fn text_of(response: Response, url: &str) -> Result<String, DownloadError> {
    let broken = |source: reqwest::Error| DownloadError::Broken {
        url: masked_url(url),
        bytes: 0,
        source: source.without_url(),
    };
    response.text().await.map_err(broken)
}

/// Writes the body of an answer to a new file, flushed to disk, and returns its checksum and length.
///
/// # Errors
/// When the connection breaks, or the file cannot be written.
pub async fn save(
    response: Response,
    url: &str,
    path: &Path,
    mut digest: Digest,
    progress: &mut dyn Progress,
) -> Result<(String, u64), DownloadError> {
    let write_error = |source| DownloadError::Write { path: path.display().to_string(), source };
    if let Some(total) = response.content_length() {
        progress.set_total(total);
    }
    let mut file = File::create(path).map_err(write_error)?;
    let mut bytes = 0;
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|source| DownloadError::Broken {
            url: masked_url(url),
            bytes,
            source: source.without_url(),
        })?;
        file.write_all(&piece).map_err(write_error)?;
        digest.update(&piece);
        bytes += piece.len() as u64;
        progress.add(piece.len() as u64);
    }
    file.sync_all().map_err(write_error)?;
    Ok((digest.finish(), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_names_that_only_begin_like_it() {
        for here in
            ["localhost", "localhost:5000", "127.0.0.1:5000", "127.8.8.8", "[::1]:5000", "[::1]"]
        {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in
            ["localhost.example", "127.example:5000", "r.example", "[::2]:1", "10.0.0.1", ""]
        {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn who_is_asked_here_without_tls_needs_no_certificates() {
        #[track_caller]
        fn check(url: &str, expected: bool) {
            assert_eq!(stays_here(url), expected, "{url}");
        }
        check("http://127.0.0.1:8081", true);
        check("http://127.0.0.1:8081/secret/", true);
        check("http://[::1]:8081", true);
        check("https://127.0.0.1:8081", false);
        check("http://flink.example:8081", false);
        check("http://127.0.0.1@flink.example:8081", false);
        check("127.0.0.1:8081", false);
    }
}
