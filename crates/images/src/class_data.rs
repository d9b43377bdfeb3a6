//! Class data archives of an image: made by the image's own Java, at the paths that it has in the image.
//!
//! ```text
//! layers so far ──► root file system (Java, lib/*.jar) ──► java -Xshare:dump inside it ──► jobmanager.jsa, ...
//! lists of classes, recorded from running sessions ────────────┘
//! ```
//!
//! Made from a list, an archive needs no ports, no session and no network. Like one that a running JVM leaves
//! (`-XX:ArchiveClassesAtExit`, as the local platform has them), it is not the same twice: Java 17 lets addresses and the
//! timing of its threads leave traces (seen even without random addresses and compilers). That is why an image has
//! archives only when they are asked for: its digest is then another one each time.
//!
//! The lists come from standalone sessions, word count included. Classes of Flink's native mode on Kubernetes (the
//! entrypoint's, the client's of fabric8) are on none of them: such a JobManager takes the archive for everything else
//! and loads these from their jars.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use nutkin_container::class_data::{self, Index};
use nutkin_container::image::Layer;
use nutkin_flink::process::Role;
use nutkin_flink::{Argument, FlinkVersion, Remedy};

use super::base::{Loaded, open_tar};
use super::root::{place, unpack};
use nutkin_shell::files::At;
use nutkin_shell::{Context, Error, Kind};

/// Classes that a JobManager of any release loads, one a line.
const JOB_MANAGER: &[u8] = include_bytes!("class_lists/jobmanager.gz");
/// The same of a TaskManager.
const TASK_MANAGER: &[u8] = include_bytes!("class_lists/taskmanager.gz");

/// Runs a program inside another root directory, with the machine's `/proc`: Java finds its libraries by it.
const INSIDE: &str = r#"mount --rbind /proc "$1/proc" && exec chroot "$@""#;

/// What is made: files for the image, by name.
pub(super) type Files = Vec<(String, String)>;

/// What there is at a path of the image, whose file lies at `file`.
pub fn look(path: &str, file: &Path) -> Option<class_data::File> {
    let metadata = fs::metadata(file).ok()?;
    let (bytes, modified) = (metadata.len(), metadata.mtime());
    Some(class_data::File { path: path.to_owned(), bytes, modified })
}

/// Makes the archives of an image.
///
/// # Errors
/// A Java that makes none which are the same each time; a machine on which nothing can be run in another root; a Java
/// that fails.
pub(super) fn make(
    flink: FlinkVersion,
    flink_home: &str,
    java_home: &str,
    base: Option<&Loaded>,
    layers: &[Layer],
    work: &Path,
    context: &Context<'_>,
) -> Result<Files, Error> {
    let root = work.join("root");
    let wanted = |path: &str| is_needed(path, flink_home);
    for layer in base.iter().flat_map(|base| &base.layers) {
        unpack(open_tar(&layer.path)?, &root, &wanted).at("unpack", &layer.path)?;
    }
    for layer in layers {
        place(layer, &root, &wanted)?;
    }
    let inside = |path: &str| root.join(path.trim_start_matches('/'));
    // Its file is read, nothing of the image is run outside of its root.
    let version = nutkin_fetch::java::version(&inside(java_home))
        .unwrap_or_else(|| "of unknown version".to_owned());
    let major = version.split(['.', '-', '+']).next().and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u8| major < class_data::SINCE_JAVA) {
        let message = format!("Java {version} makes no class data archives of whole lists");
        return Err(Error::new(Kind::Invalid, message)
            .hint(Remedy::NewerJava { least: class_data::SINCE_JAVA }));
    }
    let lib = inside(&format!("{flink_home}/lib"));
    let mut jars: Vec<String> = fs::read_dir(&lib)
        .at("read", &lib)?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("jar"))
        })
        .collect();
    jars.sort();
    let class_path = class_data::class_path(flink_home, &jars);
    let seen = |path: &str| {
        look(path, &inside(path)).ok_or_else(|| {
            let message = format!("the image has no `{path}`, which class data archives depend on");
            Error::new(Kind::Broken, message).hint(Argument::ClassData.within("leave ", " out"))
        })
    };
    let mut index = Index {
        java_home: java_home.to_owned(),
        modules: seen(&format!("{java_home}/lib/modules"))?,
        class_path: class_path.iter().map(|path| seen(path)).collect::<Result<_, _>>()?,
        archives: BTreeMap::new(),
    };
    let there = classes_of(class_path.iter().map(|path| inside(path)))?;
    let archives = work.join("class-data");
    fs::create_dir_all(&archives).at("make the directory", &archives)?;
    let mut files = Vec::new();
    for role in class_data::ROLES {
        let Some(name) = class_data::file_name(role) else { continue };
        context.events.say(&format!("Making {name} of Flink {flink} with the image's Java"));
        let dump = Dump { root: &root, java_home, class_path: &index.class_path() };
        let archive = dump.run(&list(role, &there)?)?;
        let path = archives.join(name);
        fs::rename(&archive, &path).at("move", &archive)?;
        index.archives.insert(name.to_owned(), fs::metadata(&path).at("read", &path)?.len());
        files.push((name.to_owned(), path.display().to_string()));
    }
    let path = archives.join(class_data::INDEX);
    fs::write(&path, serde_json::to_vec(&index)?).at("write", &path)?;
    files.push((class_data::INDEX.to_owned(), path.display().to_string()));
    // It is large, and not needed any more.
    fs::remove_dir_all(&root).at("remove", &root)?;
    Ok(files)
}

/// Whether a file of the image is needed to make archives: all but the parts of Flink that are not on the class path.
fn is_needed(path: &str, flink_home: &str) -> bool {
    let below = path.strip_prefix(flink_home.trim_start_matches('/'));
    let below = below.filter(|rest| rest.starts_with('/'));
    below.is_none_or(|rest| rest.starts_with("/lib/"))
}

/// The list of a role, of those classes of Flink's that are there. Java's own are left to the Java.
fn list(role: Role, there: &BTreeSet<String>) -> io::Result<Vec<String>> {
    let packed = if role == Role::JobManager { JOB_MANAGER } else { TASK_MANAGER };
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text)?;
    let is_javas = |name: &str| {
        ["java/", "javax/", "jdk/", "sun/", "com/sun/"].iter().any(|start| name.starts_with(start))
    };
    Ok(text
        .lines()
        .filter(|name| is_javas(name) || there.contains(*name))
        .map(str::to_owned)
        .collect())
}

/// Names of the classes in jars.
fn classes_of(jars: impl Iterator<Item = PathBuf>) -> Result<BTreeSet<String>, Error> {
    let mut classes = BTreeSet::new();
    for jar in jars {
        let file = File::open(&jar).at("read", &jar)?;
        let zip = zip::ZipArchive::new(io::BufReader::new(file));
        // One that is broken has no classes for the JVM either.
        let Ok(zip) = zip else { continue };
        let names = zip.file_names().flatten();
        classes.extend(names.filter_map(|name| name.strip_suffix(".class").map(str::to_owned)));
    }
    Ok(classes)
}

/// Runs the image's Java in its root.
struct Dump<'a> {
    root: &'a Path,
    java_home: &'a str,
    class_path: &'a str,
}

impl Dump<'_> {
    /// Writes an archive of these classes.
    fn run(&self, classes: &[String]) -> Result<PathBuf, Error> {
        let (list, archive) = ("/.nutkin.classes", "/.nutkin.jsa");
        let inside = |path: &str| self.root.join(path.trim_start_matches('/'));
        let path = inside(list);
        fs::write(&path, classes.join("\n")).at("write", &path)?;
        self.java(&class_data::dump_flags(list, archive, self.class_path))?;
        Ok(inside(archive))
    }

    fn java(&self, flags: &[String]) -> Result<(), Error> {
        let proc = self.root.join("proc");
        fs::create_dir_all(&proc).at("make the directory", &proc)?;
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let output = command
            .args(["--mount", "--", "sh", "-c", INSIDE, "sh"])
            .arg(self.root)
            .arg(format!("{}/bin/java", self.java_home))
            .args(flags)
            // Nothing of ours changes what is written.
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .output();
        let output = output.at("run", Path::new("unshare"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let message = format!(
            "the image's Java cannot be run to make class data archives: {}",
            format!("{}\n{said}", errors.trim()).trim()
        );
        Err(Error::new(Kind::Broken, message).hint(Argument::ClassData.within(
            "it needs root, or user namespaces for everybody (sysctl kernel.unprivileged_userns_clone); else leave ",
            " out",
        )))
    }
}
