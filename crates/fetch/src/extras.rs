//! Jars and plugins that the user adds to Flink's own: `nutkin.libs` and `nutkin.plugins`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nutkin_core::session::Session;
use nutkin_flink::Problem;
use nutkin_flink::configuration::Entry;
use nutkin_flink::{Origin, Value, values};

use crate::artifacts::Fetcher;
use crate::dist::Distribution;
use nutkin_shell::files::digest::sha256_of;
use nutkin_shell::files::{At, FileLock, Staging};
use nutkin_shell::{Context, Error, Kind, Purpose};

/// Jars for the class path.
const LIBS: &str = "nutkin.libs";
/// Plugins, each with a class loader of its own.
const PLUGINS: &str = "nutkin.plugins";
/// The folder of the cache with directories of links, see [`directory_of_links`].
pub(crate) const PLUGIN_LINKS: &str = "plugins";

/// What a session adds to its Flink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedExtras {
    /// Absolute paths of jars.
    pub libs: Vec<String>,
    /// Flink's own plugins directory, or one of links to its plugins and those of the user.
    pub plugins: PathBuf,
    /// What is in that directory: name of a plugin, names of its jars.
    pub plugin_jars: BTreeMap<String, Vec<String>>,
    /// What is not on this machine yet, where nothing may be fetched.
    pub absent: Vec<String>,
}

/// Brings everything that the two options name to this machine; to look, only finds where it will be.
///
/// # Errors
/// [`Kind::Invalid`](nutkin_shell::Kind) with all entries that name nothing readable; broken when a download fails.
pub async fn bring(
    session: &Session,
    distribution: &Distribution,
    purpose: Purpose,
    context: &Context<'_>,
) -> Result<FetchedExtras, Error> {
    let mut bringer = Bringer { purpose, context, problems: Vec::new(), absent: Vec::new() };
    let libs = bringer.all(session, LIBS, false).await?;
    let plugins = bringer.all(session, PLUGINS, true).await?;
    let Bringer { problems, absent, .. } = bringer;
    if !problems.is_empty() {
        return Err(Error::input(problems));
    }
    let links = links(&plugins, distribution)?;
    let mut plugin_jars = BTreeMap::new();
    for (name, path) in &links {
        let jars = if path.is_dir() {
            jars(path)?
        } else {
            vec![path.file_name().unwrap_or_default().to_string_lossy().into_owned()]
        };
        plugin_jars.insert(name.clone(), jars);
    }
    let own = distribution.home.join("plugins");
    let directory =
        if plugins.is_empty() { own } else { directory_of_links(&links, purpose, context).await? };
    Ok(FetchedExtras {
        libs: libs.iter().map(|path| path.display().to_string()).collect(),
        plugins: directory,
        plugin_jars,
        absent,
    })
}

/// The same for containers: path below Flink's home, and the jar or directory of this machine.
///
/// # Errors
/// As [`bring`].
pub async fn files(
    session: &Session,
    purpose: Purpose,
    context: &Context<'_>,
) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut bringer = Bringer { purpose, context, problems: Vec::new(), absent: Vec::new() };
    let libs = bringer.all(session, LIBS, false).await?;
    let plugins = bringer.all(session, PLUGINS, true).await?;
    if !bringer.problems.is_empty() {
        return Err(Error::input(bringer.problems));
    }
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut files: Vec<(String, PathBuf)> =
        libs.into_iter().map(|path| (format!("lib/{}", name(&path)), path)).collect();
    for path in plugins {
        let name = name(&path);
        let target = if path.is_dir() {
            format!("plugins/{name}")
        } else {
            format!("plugins/{}/{name}", name.trim_end_matches(".jar"))
        };
        files.push((target, path));
    }
    Ok(files)
}

/// Names of the jars in a directory.
///
/// # Errors
/// It cannot be read.
fn jars(directory: &Path) -> Result<Vec<String>, Error> {
    let entries = std::fs::read_dir(directory).map_err(|error| {
        anyhow::Error::new(error).context(format!("cannot read `{}`", directory.display()))
    })?;
    let mut jars = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jar") {
            jars.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    Ok(jars)
}

struct Bringer<'a> {
    purpose: Purpose,
    context: &'a Context<'a>,
    problems: Vec<Problem>,
    absent: Vec<String>,
}

impl Bringer<'_> {
    /// The local paths of all entries of an option; bad ones become problems.
    async fn all(
        &mut self,
        session: &Session,
        key: &str,
        directories: bool,
    ) -> Result<Vec<PathBuf>, Error> {
        let Some(entry) = session.configuration.get(key) else { return Ok(Vec::new()) };
        let base = self.context.environment.directory.join(base(entry));
        let Context { events, environment } = *self.context;
        let fetcher = Fetcher { events, environment };
        let mut paths = Vec::new();
        for text in entries(&entry.value).map_err(|message| {
            Error::input(vec![Problem::new(key, message).hint("separate the entries with `;`")])
        })? {
            let path = base.join(&text);
            if directories && path.is_dir() {
                paths.push(path);
                continue;
            }
            let brought = match self.purpose {
                Purpose::Act | Purpose::Scale => fetcher.fetch(&text, &base).await,
                Purpose::Look => fetcher.place(&text, &base).map(|placed| {
                    self.absent.extend(placed.absent);
                    placed.path
                }),
            };
            match brought {
                Ok(path) => paths.push(path),
                Err(failure) if failure.kind == Kind::Invalid => {
                    let of_key = |problem: Problem| Problem { path: key.to_owned(), ..problem };
                    self.problems.extend(failure.problems.into_iter().map(of_key));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(paths)
    }
}

/// Relative paths count from the session file that holds the option, otherwise from the working directory.
pub fn base(entry: &Entry) -> PathBuf {
    match &entry.origin {
        Origin::File(name, _) | Origin::SessionFile(name, _) => {
            Path::new(name).parent().unwrap_or(Path::new("")).to_owned()
        }
        _ => PathBuf::new(),
    }
}

fn entries(value: &Value) -> Result<Vec<String>, String> {
    let entries = match value {
        Value::List(items) => items.iter().map(ToString::to_string).collect(),
        other => values::split(&other.to_string(), ';').map_err(|error| error.to_string())?,
    };
    Ok(entries.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect())
}

/// Plugins by name: Flink's own, and those of the user, which replace Flink's of the same name.
fn links(
    added: &[PathBuf],
    distribution: &Distribution,
) -> Result<BTreeMap<String, PathBuf>, Error> {
    let own = distribution.home.join("plugins");
    let mut links: BTreeMap<String, PathBuf> = BTreeMap::new();
    for folder in distribution.plugins.keys() {
        links.insert(folder.clone(), own.join(folder));
    }
    for path in added {
        let path = std::path::absolute(path).at("read", path)?;
        let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
        let name = name.unwrap_or_default().to_string_lossy().into_owned();
        if links.get(&name).is_some_and(|other| !other.starts_with(&own) && *other != path) {
            let message = format!("two plugins are named `{name}`");
            return Err(Error::input(vec![
                Problem::new(PLUGINS, message).hint("rename one of the files or directories"),
            ]));
        }
        links.insert(name, path);
    }
    Ok(links)
}

/// Flink finds plugins as folders of one directory. With plugins of the user that is a directory of links
/// in the cache, the same for the same plugins, so that a session that runs keeps its own.
async fn directory_of_links(
    links: &BTreeMap<String, PathBuf>,
    purpose: Purpose,
    context: &Context<'_>,
) -> Result<PathBuf, Error> {
    let description: String =
        links.iter().map(|(name, path)| format!("{name}\0{}\0", path.display())).collect();
    let key = &sha256_of(description.as_bytes())[..16];
    let parent = context.environment.cache_directory().join(PLUGIN_LINKS);
    let target = parent.join(key);
    if purpose == Purpose::Look {
        return Ok(target);
    }
    fs::create_dir_all(&parent).at("make the directory", &parent)?;
    let _lock = FileLock::take(&parent.join(format!(".lock-{key}")), || {}).await?;
    if target.is_dir() {
        return Ok(target);
    }
    let staging = Staging::new(&parent, key)?;
    let fresh = staging.path().join("plugins");
    fs::create_dir(&fresh).at("make the directory", &fresh)?;
    for (name, path) in links {
        let link = fresh.join(name);
        if path.is_dir() {
            symlink(path, &link).at("make the link", &link)?;
        } else {
            fs::create_dir(&link).at("make the directory", &link)?;
            let link = link.join(path.file_name().unwrap_or_default());
            symlink(path, &link).at("make the link", &link)?;
        }
    }
    staging.publish("plugins", &target)?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use nutkin_core::spec::{self, Inputs};
    use nutkin_flink::FlinkVersion;

    use super::*;
    use nutkin_shell::Environment;
    use nutkin_shell::Silent;

    struct World {
        directory: tempfile::TempDir,
        distribution: Distribution,
    }

    impl World {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            for file in [
                "flink/lib/a.jar",
                "flink/plugins/metrics-jmx/jmx.jar",
                "u.jar",
                "p.jar",
                "dir/q.jar",
            ] {
                let path = directory.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, file).unwrap();
            }
            let home = directory.path().join("flink");
            let distribution = Distribution::open(FlinkVersion::DEFAULT, &home).unwrap();
            Self { directory, distribution }
        }

        async fn bring(&self, options: &[(&str, &str)]) -> Result<FetchedExtras, Vec<String>> {
            let cache = self.directory.path().join("cache").display().to_string();
            let environment = Environment::of_test(
                &[("XDG_CACHE_HOME", &cache)],
                self.directory.path().to_owned(),
            );
            let events = Silent::sink();
            let context = Context { events: &events, environment: &environment };
            let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let session = spec::resolve(&Inputs { options, ..Inputs::default() }).unwrap();
            let brought = bring(&session, &self.distribution, Purpose::Act, &context).await;
            brought.map_err(|failure| failure.problems.iter().map(ToString::to_string).collect())
        }
    }

    #[tokio::test]
    async fn nothing_added_is_flinks_own() {
        let world = World::new();
        let extras = world.bring(&[]).await.unwrap();
        assert_eq!(extras.libs, Vec::<String>::new());
        assert_eq!(extras.plugins, world.distribution.home.join("plugins"));
    }

    #[tokio::test]
    async fn libs_and_plugins_of_the_user() {
        let world = World::new();
        let options = [(LIBS, "u.jar; p.jar"), (PLUGINS, "p.jar;dir")];
        let extras = world.bring(&options).await.unwrap();
        let at = |name: &str| world.directory.path().join(name);
        assert_eq!(extras.libs, [at("u.jar"), at("p.jar")].map(|path| path.display().to_string()));
        let read = |name: &str| fs::read_to_string(extras.plugins.join(name)).unwrap();
        assert_eq!(read("metrics-jmx/jmx.jar"), "flink/plugins/metrics-jmx/jmx.jar");
        assert_eq!(read("p/p.jar"), "p.jar");
        assert_eq!(read("dir/q.jar"), "dir/q.jar");
        assert_eq!(world.bring(&options).await.unwrap(), extras);
    }

    #[tokio::test]
    async fn all_that_is_absent_is_named_at_once() {
        let world = World::new();
        let problems = world
            .bring(&[(LIBS, "x.jar;u.jar;s3://b/y.jar"), (PLUGINS, "mvn:g")])
            .await
            .unwrap_err();
        let [absent, scheme, coordinate] = problems.as_slice() else { panic!("{problems:?}") };
        assert!(absent.starts_with("`nutkin.libs`: there is no file `"), "{absent}");
        assert!(scheme.contains("`s3://` is not a scheme"), "{scheme}");
        assert!(coordinate.starts_with("`nutkin.plugins`: `mvn:g` is not a Maven"), "{coordinate}");
    }
}
