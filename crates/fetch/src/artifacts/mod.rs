//! Jars that options and commands name, brought to this machine: `nutkin.libs`, `nutkin.plugins`,
//! `nutkin run JAR`.
//!
//! ```text
//! path        ──► as it is
//! https://    ──► cache/artifacts/https/<hash of the address>/<file>   asked again by ETag
//! mvn:g:a:v   ──► cache/artifacts/maven/<g>/<a>/<v>/<file>             releases never change
//! ```
//!
//! A file in the cache stands beside a record of its SHA-256, which is checked on every use.

mod maven;
mod record;
mod web;

use std::path::{Path, PathBuf};

use nutkin_flink::Problem;
use nutkin_flink::artifact::Artifact;

use nutkin_shell::{Environment, Error, Sink};

/// The folder of the cache with jars from addresses.
pub(crate) const FROM_WEB: &str = "artifacts/https";

/// The folder of the cache with jars of Maven's.
pub(crate) const FROM_MAVEN: &str = "artifacts/maven";

/// What a fetch needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Fetcher<'a> {
    /// Says what is being downloaded.
    pub events: &'a Sink,
    /// Cache directory, `PATH`.
    pub environment: &'a Environment,
}

impl Fetcher<'_> {
    /// The local path of a jar: relative paths count from `base` (the folder of the file that names
    /// it), others are downloaded unless the cache has them. The path is absolute and readable.
    ///
    /// # Errors
    /// [`Kind::Invalid`](nutkin_shell::Kind) when the text names no jar or the path cannot be read; broken when a download fails.
    pub async fn fetch(&self, text: &str, base: &Path) -> Result<PathBuf, Error> {
        match &parse(text)? {
            Artifact::Path(path) => local(&base.join(path)),
            Artifact::Url { url, sha256 } => web::fetch(self, url, sha256.as_deref()).await,
            Artifact::Maven(coordinate) => maven::fetch(self, coordinate).await,
        }
    }

    /// The path that [`Fetcher::fetch`] gives, without fetching anything: the file need not be there yet.
    ///
    /// # Errors
    /// [`Kind::Invalid`](nutkin_shell::Kind) when the text names no jar or a path cannot be read.
    pub fn place(&self, text: &str, base: &Path) -> Result<PlacedJar, Error> {
        let artifact = parse(text)?;
        let path = match &artifact {
            Artifact::Path(path) => local(&base.join(path))?,
            Artifact::Url { url, .. } => web::place(self, url),
            Artifact::Maven(coordinate) => maven::place(self, coordinate),
        };
        let absent = (!path.exists()).then(|| artifact.to_string());
        Ok(PlacedJar { path, absent })
    }

    fn directory(&self, folder: &str) -> PathBuf {
        self.environment.cache_directory().join(folder)
    }
}

/// Where a jar is or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedJar {
    /// Its path.
    pub path: PathBuf,
    /// What is to be fetched, as it may be printed, when it is not there.
    pub absent: Option<String>,
}

fn parse(text: &str) -> Result<Artifact, Error> {
    text.parse().map_err(|error: nutkin_flink::artifact::ArtifactError| {
        Error::input(vec![Problem::new("", error.to_string())])
    })
}

/// A readable regular file, as an absolute path.
fn local(path: &Path) -> Result<PathBuf, Error> {
    let problem =
        |message: String, hint: &str| Error::input(vec![Problem::new("", message).hint(hint)]);
    let shown = path.display();
    match std::fs::File::open(path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => {
            std::path::absolute(path).map_err(|error| problem(format!("{shown}: {error}"), ""))
        }
        Ok(_) => Err(problem(format!("`{shown}` is a directory, not a jar"), "name a .jar file")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(problem(
            format!("there is no file `{shown}`"),
            "check the path; has the job been built?",
        )),
        Err(error) => Err(problem(
            format!("`{shown}` cannot be read: {error}"),
            "check the permissions of the file and of its folders",
        )),
    }
}
