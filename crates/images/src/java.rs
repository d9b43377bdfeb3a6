//! The Java that goes into an image.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nutkin_container::image::JAVA_MODULES;
use nutkin_fetch::java;
use nutkin_flink::{Argument, Configuration, FlinkVersion, Remedy};
use walkdir::WalkDir;

use super::Options;
use super::base::Loaded;
use nutkin_shell::files::At;
use nutkin_shell::{Context, Error, Kind};

/// Parts of a JDK that need a display, and its libraries: never loaded by Flink.
const DESKTOP: &[&str] = &["libawt_xawt.so", "libjawt.so", "libsplashscreen.so"];

/// A Java to copy.
#[derive(Debug)]
pub(super) struct Java {
    /// Its directory.
    pub home: PathBuf,
    /// Programs and libraries in it that the JVM loads.
    pub objects: Vec<PathBuf>,
    /// Names of all shared objects that it brings.
    pub own: BTreeSet<String>,
}

/// A Java to copy with the directory that is copied, or the home of the base's; `None`: there is none.
///
/// # Errors
/// There is no Java here, or what is named is none; `jlink` fails.
#[allow(clippy::type_complexity, reason = "the two kinds of Java and their one home")]
pub(super) async fn choose(
    options: &Options,
    base: Option<&Loaded>,
    flink: FlinkVersion,
    work: &Path,
    context: &Context<'_>,
) -> Result<Option<(Option<Java>, String)>, Error> {
    let from = match (options.java_from.as_deref(), base) {
        (Some(from), _) => from,
        (None, None) => "host",
        (None, Some(loaded)) => {
            let base = &loaded.base;
            let stated = base.variable("JAVA_HOME").map(str::to_owned);
            let usual =
                ["/opt/java/openjdk", "/usr/lib/jvm/default-java", "/usr"].map(str::to_owned);
            let mut homes = stated.into_iter().chain(usual);
            return Ok(homes
                .find(|home| base.has(&format!("{home}/bin/java")))
                .map(|home| (None, home)));
        }
    };
    let home = if from == "host" {
        let found = java::obtain(&Configuration::default(), flink, context).await;
        found.map_err(|failure| failure.hint(Remedy::OtherJava))?.home
    } else {
        let path = context.environment.directory.join(from);
        if path.is_file() { unpack(&path, work)? } else { path }
    };
    let home = fs::canonicalize(&home).at("read", &home)?;
    let reduced = if options.no_jlink { None } else { reduce(&home, work, context)? };
    let java = open(&reduced.unwrap_or(home))?;
    let home = java.home.display().to_string();
    Ok(Some((Some(java), home)))
}

/// Unpacks an archive of a Java and finds its home.
///
/// # Errors
/// It cannot be unpacked, or there is no `bin/java` in it.
pub(super) fn unpack(archive: &Path, work: &Path) -> Result<PathBuf, Error> {
    let unpacked = java::unpack::archive(archive, &work.join("java-archive"), || Ok(()));
    unpacked.map_err(|failure| match failure.kind {
        Kind::Invalid => {
            failure.hint(Argument::JavaFrom.does("takes an archive of a JDK or a JRE"))
        }
        _ => failure,
    })
}

/// Reduces a JDK to the modules that Flink and its users need; `None` when it cannot: Java 8, or a JRE.
///
/// # Errors
/// `jlink` fails.
pub(super) fn reduce(
    home: &Path,
    work: &Path,
    context: &Context<'_>,
) -> Result<Option<PathBuf>, Error> {
    let jlink = home.join("bin/jlink");
    if !jlink.is_file() || !home.join("jmods").is_dir() {
        return Ok(None);
    }
    let there: BTreeSet<String> = fs::read_dir(home.join("jmods"))
        .at("read", &home.join("jmods"))?
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".jmod")?.to_owned()))
        .collect();
    let modules: Vec<&str> =
        JAVA_MODULES.iter().copied().filter(|module| there.contains(*module)).collect();
    context.events.say(&format!("Reducing {} with jlink", home.display()));
    let target = work.join("java");
    let output = std::process::Command::new(&jlink)
        .arg("--module-path")
        .arg(home.join("jmods"))
        .args(["--add-modules", &modules.join(",")])
        .args(["--no-header-files", "--no-man-pages", "--output"])
        .arg(&target)
        .output()
        .at("run", &jlink)?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let message =
            format!("`{}` failed: {}", jlink.display(), String::from_utf8_lossy(&said).trim());
        return Err(Error::new(Kind::Broken, message)
            .hint(Argument::NoJlink.does("takes the Java as it is")));
    }
    // Debian's has the certificates outside of its modules.
    let certificates = "lib/security/cacerts";
    if !target.join(certificates).exists() && home.join(certificates).exists() {
        let (from, to) = (home.join(certificates), target.join(certificates));
        fs::copy(&from, &to).at("copy", &from)?;
    }
    Ok(Some(target))
}

/// Looks into a Java.
///
/// # Errors
/// There is no `bin/java`.
pub(super) fn open(home: &Path) -> Result<Java, Error> {
    let program = home.join("bin/java");
    if !program.is_file() {
        let message = format!("there is no `{}`", program.display());
        return Err(Error::new(Kind::Invalid, message).hint(
            Argument::JavaFrom.does("takes the home directory of a Java, the one with `bin` in it"),
        ));
    }
    let mut objects = vec![program];
    let mut own = BTreeSet::new();
    for entry in WalkDir::new(home).sort_by_file_name().into_iter().flatten() {
        let name = entry.file_name().to_string_lossy();
        if name.ends_with(".so") {
            own.insert(name.clone().into_owned());
            if !DESKTOP.contains(&name.as_ref()) {
                objects.push(entry.path().to_owned());
            }
        }
    }
    Ok(Java { home: home.to_owned(), objects, own })
}
