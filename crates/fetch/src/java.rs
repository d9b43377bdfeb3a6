//! Finds a Java that the session's Flink runs on.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nutkin_flink::Problem;
use nutkin_flink::java::{self, Candidate, Named, Support};
use nutkin_flink::{Configuration, FlinkVersion};

use crate::extras::base;
use nutkin_shell::{Context, Environment, Error, Kind};

/// How long `java -version` may take: it takes 0.1 s, and some seconds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where Debian, Red Hat and SUSE keep their Javas.
const INSTALLED: &str = "/usr/lib/jvm";

/// Home and major version of the Java to take. A pair that Flink was not tested on is warned of.
///
/// # Errors
/// None is found, or none that this Flink runs on: what to install is said.
pub fn find(
    configuration: &Configuration,
    flink: FlinkVersion,
    context: &Context<'_>,
) -> Result<(PathBuf, u8), Error> {
    let strict = configuration
        .text("nutkin.java.check")
        .is_some_and(|value| value.eq_ignore_ascii_case("strict"));
    let mut homes: Vec<(PathBuf, Named)> = Vec::new();
    if let Some(entry) = configuration.get("env.java.home") {
        let home = context.environment.directory.join(base(entry)).join(entry.value.to_string());
        if major(&home).is_none() {
            let message = format!("there is no Java in `{}`", home.display());
            return Err(Error::input(vec![Problem::new("env.java.home", message)]));
        }
        homes.push((home, Named::Option));
    }
    homes.extend(context.environment.place("JAVA_HOME").map(|home| (home, Named::JavaHome)));
    homes.extend(on_path(context.environment).map(|home| (home, Named::OnPath)));
    let mut installed: Vec<_> =
        fs::read_dir(INSTALLED).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    installed.sort();
    homes.extend(installed.into_iter().map(|home| (home, Named::Installed)));

    let (mut useless, mut unusable) = (Vec::new(), None);
    let found: Vec<(PathBuf, Candidate)> = homes
        .into_iter()
        .filter_map(|(home, named)| {
            let major = major(&home);
            if major.is_none() {
                let reason = why_useless(&home, named);
                if matches!(named, Named::JavaHome) {
                    unusable.clone_from(&reason);
                }
                useless.extend(reason);
            }
            Some((major?, home, named))
        })
        .map(|(major, home, named)| (home, Candidate { major, named }))
        .collect();
    let candidates: Vec<Candidate> = found.iter().map(|(_, candidate)| candidate.clone()).collect();
    let Some((home, candidate)) =
        java::choose(flink, strict, &candidates).and_then(|index| found.into_iter().nth(index))
    else {
        let failure = Error::new(Kind::Broken, "there is no Java on this machine");
        let failure = useless.into_iter().fold(failure, Error::hint);
        return Err(failure.hint(java::install_hint(flink, strict)));
    };
    // What somebody named in so many words and does not get.
    if let Some(reason) = unusable {
        let (major, taken) = (candidate.major, home.display());
        context.events.warn(&format!("{reason}: Nutkin takes Java {major} of `{taken}`"));
    }
    match java::check(flink, candidate.major, strict) {
        Support::Supported => {}
        Support::Works { warning } => context.events.warn(&warning),
        Support::Refused { message, hint } => {
            let which = format!("Java {} is `{}`", candidate.major, home.display());
            return Err(Error::new(Kind::Broken, message).hint(which).hint(hint));
        }
    }
    Ok((home, candidate.major))
}

/// Why a Java that somebody named is none; nothing where the directory of all Javas merely holds something else.
fn why_useless(home: &Path, named: Named) -> Option<String> {
    let of = match named {
        Named::Installed => return None,
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
    let path = environment.path("PATH")?;
    let java = std::env::split_paths(&path)
        .map(|folder| folder.join("java"))
        .find(|java| java.is_file())?;
    let java = fs::canonicalize(java).ok()?;
    // Java 8 of some systems has it in jre/bin.
    java.parent()?.parent().map(Path::to_owned)
}

/// The major version of a Java: from its `release` file, otherwise by asking it.
pub fn major(home: &Path) -> Option<u8> {
    if !home.join("bin/java").is_file() {
        return None;
    }
    let release = fs::read_to_string(home.join("release")).unwrap_or_default();
    let line = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="));
    if let Some(version) = line {
        return number(version.trim_matches('"'));
    }
    let text = said(&home.join("bin/java"))?;
    number(text.split('"').nth(1)?)
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

#[cfg(test)]
mod tests {
    #[test]
    fn versions() {
        #[track_caller]
        fn check(text: &str, expected: Option<u8>) {
            assert_eq!(super::number(text), expected, "{text}");
        }
        check("1.8.0_392", Some(8));
        check("11.0.2", Some(11));
        check("17", Some(17));
        check("21-ea", Some(21));
        check("x", None);
    }
}
