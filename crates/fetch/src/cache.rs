//! What is in the user's cache, and what of it can be had again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nutkin_shell::files::staging;
use nutkin_shell::files::{At as _, FileError};
use nutkin_shell::{Context, Environment, Error};
use walkdir::WalkDir;

use crate::artifacts::{FROM_MAVEN, FROM_WEB};
use crate::dist::{self, DistributionStore, Product, class_data};
use crate::extras::PLUGIN_LINKS;

/// Something in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// What it is, for people.
    pub what: String,
    /// The same without which one of its kind: jars of Maven have one.
    pub kind: String,
    /// Its directory.
    pub path: PathBuf,
    /// How large it is.
    pub bytes: u64,
    /// Why it cannot be had again; `None` where it can.
    pub stays: Option<String>,
    product: Option<Product>,
}

/// Folders of the cache whose entries are directories, and what each of these is.
const FOLDERS: [(&str, &str); 4] = [
    (FROM_WEB, "a jar from an address"),
    (class_data::FOLDER, "class data archives"),
    (PLUGIN_LINKS, "links to plugins"),
    (BUILDS, "an image build that was cut short"),
];

/// The folder of the cache where images are built.
pub const BUILDS: &str = "image";

/// A build that has changed nothing for so long is none any more.
const BUILD: Duration = Duration::from_hours(24);

/// Whether a directory was changed not long ago, or nobody can tell.
fn is_fresh(directory: &Path) -> bool {
    let changed = fs::metadata(directory).and_then(|metadata| metadata.modified());
    !changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| BUILD <= age))
}

/// Whether a link in a directory or in its folders leads into another directory: plugins of sessions are such links.
pub fn leads(directory: &Path, to: &Path) -> bool {
    let Ok(to) = fs::canonicalize(to) else { return false };
    let entries = WalkDir::new(directory).max_depth(2).into_iter().flatten();
    entries
        .filter(walkdir::DirEntry::path_is_symlink)
        .any(|link| fs::canonicalize(link.path()).is_ok_and(|target| target.starts_with(&to)))
}

/// Everything in the cache.
///
/// # Errors
/// A directory cannot be read.
pub fn all(environment: &Environment) -> Result<Vec<Cached>, FileError> {
    let root = environment.cache_directory();
    let store = DistributionStore::new(environment);
    let mut all = Vec::new();
    for one in store.all().at("read", store.root())? {
        let stays = match &one.manifest {
            // Sources that are a path are shown in backquotes.
            Ok(manifest) if manifest.source.starts_with('`') => {
                Some(format!("it was installed from {}", manifest.source))
            }
            Ok(_) => None,
            Err(_) => Some("nothing says where it came from".to_owned()),
        };
        let (what, product) = (one.product.to_string(), Some(one.product));
        let of_home = Cached::new(what.clone(), what, one.home);
        all.push(Cached { stays, product, ..of_home });
    }
    for (folder, what) in FOLDERS {
        for path in folders(&root.join(folder))? {
            let one = Cached::new(what.to_owned(), what.to_owned(), path);
            let stays = (folder == BUILDS && is_fresh(&one.path))
                .then(|| "a build may still be at work in it".to_owned());
            all.push(Cached { stays, ..one });
        }
    }
    let (of_maven, kind) = (root.join(FROM_MAVEN), "a jar of Maven");
    for path in jars(&of_maven)? {
        let name = path.strip_prefix(&of_maven).unwrap_or(&path).display();
        all.push(Cached::new(kind.to_owned(), format!("{kind}, {name}"), path.clone()));
    }
    Ok(all)
}

impl Cached {
    fn new(kind: String, what: String, path: PathBuf) -> Self {
        Self { kind, what, bytes: bytes(&path), path, stays: None, product: None }
    }
}

/// Removes something, as whoever installs it does it: one at a time, and never a part.
///
/// # Errors
/// It cannot be removed.
pub async fn remove(one: &Cached, context: &Context<'_>) -> Result<(), Error> {
    match one.product {
        Some(product) => dist::remove(product, context).await.map(drop),
        None => Ok(staging::remove(&one.path).at("remove", &one.path)?),
    }
}

/// How many bytes the files below a directory have; links count as nothing.
pub fn bytes(directory: &Path) -> u64 {
    let files = WalkDir::new(directory).into_iter().flatten();
    files
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| Some(entry.metadata().ok()?.len()))
        .sum()
}

/// Directories in a directory, sorted, without those that somebody prepares; an absent one has none.
fn folders(directory: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.at("read", directory)?,
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let is_hidden = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    };
    paths.retain(|path| path.is_dir() && !is_hidden(path));
    paths.sort();
    Ok(paths)
}

/// Folders with a jar, each of which is fetched as a whole.
fn jars(directory: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    for folder in folders(directory)? {
        let has_jar = fs::read_dir(&folder)
            .at("read", &folder)?
            .flatten()
            .any(|entry| Path::new(&entry.file_name()).extension().is_some_and(|end| end == "jar"));
        if has_jar {
            found.push(folder);
        } else {
            found.extend(jars(&folder)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nutkin_shell::Silent;

    #[tokio::test]
    async fn what_is_there_and_what_of_it_can_be_had_again() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path().join("nutkin");
        for (file, text) in [
            ("dist/flink-1.20.5/lib/flink-dist-1.20.5.jar", "flink"),
            (
                "dist/flink-1.20.5/nutkin-dist.json",
                r#"{"apiVersion":"nutkin/v1","kind":"DistributionManifest","version":"1.20.5","source":"apache","files":{}}"#,
            ),
            ("dist/flink-2.3.0/lib/flink-dist-2.3.0.jar", "flink"),
            ("image/build-1/layer", "layer"),
            (
                "dist/java-17/nutkin-dist.json",
                r#"{"apiVersion":"nutkin/v1","kind":"DistributionManifest","version":"17.0.9","source":"`/java.tar.gz`","files":{}}"#,
            ),
            ("artifacts/maven/org/x/job/1/main/job.jar", "jar"),
            ("artifacts/https/0a/udf.jar", "udf"),
            ("class-data/flink-1.20.5-0a/jobmanager.jsa", "data"),
            ("class-data/.lock-x", ""),
        ] {
            let path = cache.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let text = directory.path().display().to_string();
        let environment =
            Environment::of_test(&[("XDG_CACHE_HOME", &text)], directory.path().to_owned());
        let found = all(&environment).unwrap();
        let seen: Vec<_> =
            found.iter().map(|one| (one.what.as_str(), one.stays.is_some())).collect();
        let expected = [
            ("Flink 1.20.5", false),
            ("Flink 2.3.0", true),
            ("Java 17", true),
            ("a jar from an address", false),
            ("class data archives", false),
            ("an image build that was cut short", true),
            ("a jar of Maven, org/x/job/1/main", false),
        ];
        assert_eq!(seen, expected);
        assert_eq!(found[1].bytes, 5);
        let kinds: Vec<_> = found.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds[..6], expected[..6].iter().map(|(what, _)| *what).collect::<Vec<_>>());
        assert_eq!(kinds[6], "a jar of Maven");
        let events = Silent::sink();
        let context = Context { events: &events, environment: &environment };
        for one in &found {
            remove(one, &context).await.unwrap();
        }
        assert_eq!(all(&environment).unwrap(), []);
    }
}
