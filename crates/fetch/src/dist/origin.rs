//! Where distributions come from.

mod apache;
mod pip;

use std::fmt;
use std::path::{Path, PathBuf};

use nutkin_flink::FlinkVersion;
use nutkin_flink::{Argument, Problem};

use nutkin_shell::{Context, Environment, Error};

/// A source of distributions, in the order in which they are tried by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistributionSource {
    /// A directory or archive of the user, `FLINK_HOME` among them.
    Path(PathBuf),
    /// Apache's archive of releases, or a mirror of it.
    Apache,
    /// The package `apache-flink-libraries`, through `pip`.
    Pypi,
}

impl fmt::Display for DistributionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "`{}`", path.display()),
            Self::Apache => f.write_str("apache"),
            Self::Pypi => f.write_str("pypi"),
        }
    }
}

/// What a source gave.
#[derive(Debug, Clone)]
pub(super) enum Fetched {
    /// To be copied.
    Directory(PathBuf),
    /// To be unpacked.
    Archive {
        /// The file.
        path: PathBuf,
        /// `sha256:<hex>` or `sha512:<hex>`, and who says so.
        published: Option<(String, String)>,
    },
}

impl Fetched {
    /// The file or directory.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Directory(path) | Self::Archive { path, .. } => path,
        }
    }
}

impl DistributionSource {
    /// `--from`: `apache`, `pypi`, or a path.
    ///
    /// # Errors
    /// When the path does not exist: what is meant as a name is said too.
    pub fn named(text: &str, environment: &Environment) -> Result<Self, Problem> {
        match text {
            "apache" => return Ok(Self::Apache),
            "pypi" => return Ok(Self::Pypi),
            _ => {}
        }
        let path = environment.directory.join(text);
        if path.exists() {
            return Ok(Self::Path(path));
        }
        Err(Problem::argument(Argument::From, format!("there is no `{}`", path.display()))
            .hint("give `apache`, `pypi`, or the path of a directory or a .tgz archive"))
    }

    /// What is tried without `--from`.
    pub fn defaults(environment: &Environment) -> Vec<Self> {
        let home = environment.path("FLINK_HOME").map(Self::Path);
        home.into_iter().chain([Self::Apache, Self::Pypi]).collect()
    }

    /// Brings it here; archives are downloaded into `folder`.
    pub(super) async fn fetch(
        &self,
        version: FlinkVersion,
        context: &Context<'_>,
        folder: &Path,
    ) -> Result<Fetched, Error> {
        match self {
            Self::Path(path) if path.is_dir() => Ok(Fetched::Directory(path.clone())),
            Self::Path(path) => {
                Ok(Fetched::Archive { path: path.clone(), published: beside(path) })
            }
            Self::Apache => apache::fetch(version, context, folder).await,
            Self::Pypi => pip::fetch(version, context, folder).await,
        }
    }
}

/// The checksum in a file `<archive>.sha512` beside it, as Apache's downloads come.
fn beside(archive: &Path) -> Option<(String, String)> {
    let mut name = archive.as_os_str().to_owned();
    name.push(".sha512");
    let hex = apache::checksum(&std::fs::read_to_string(&name).ok()?)?;
    Some((format!("sha512:{hex}"), format!("`{}`", Path::new(&name).display())))
}
