//! What this machine has for a session, and bringing what it lacks.

use std::collections::{BTreeMap, BTreeSet};

use nutkin_core::decide::local::{Extras, Flink, JavaHome, Ports, Surroundings, Taken, wishes};
use nutkin_core::session::Session;
use nutkin_fetch::dist::class_data::{self, Java};
use nutkin_fetch::java::ChosenJava;
use nutkin_fetch::{dist, extras, java};
use nutkin_shell::ports::{free, take};
use nutkin_shell::{Context, Error, Kind, Purpose};

use super::directory::SessionDirectory;
use super::launch::new_token;

/// Variables that the JVMs inherit. Everything else of the user's shell stays out: a session must not
/// depend on the terminal from which it was started, nor keep its secrets.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "HADOOP_CLASSPATH",
    "HADOOP_CONF_DIR",
    "YARN_CONF_DIR",
    "HBASE_CONF_DIR",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "GOOGLE_APPLICATION_CREDENTIALS",
];

/// Looks at the machine. What is not installed or fetched is assumed, and said to be missing.
///
/// # Errors
/// The named Java is none; a Flink cannot be read; options name nothing.
pub async fn observe(
    session: &Session,
    directory: &SessionDirectory,
    own: &Ports,
    context: &Context<'_>,
) -> Result<Surroundings, Error> {
    let ports = ports(session, directory, own)?;
    // First what costs nothing: who has no Java that Flink runs on need not download Flink to learn it.
    let ChosenJava { home, major, is_absent } =
        java::find(&session.configuration, session.flink, context).map_err(or_for_this_session)?;
    let found = dist::find(session.flink, context.environment)?;
    let is_installed = found.is_some();
    let distribution = found.unwrap_or_else(|| dist::assumed(session.flink, context.environment));
    let java = Java { home: &home, major };
    let archives = class_data::find(&distribution, java, context.environment);
    let added = extras::bring(session, &distribution, Purpose::Look, context).await?;
    let is_flinks_own = added.plugins == distribution.home.join("plugins");
    let inherited = INHERITED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), context.environment.text(name)?.to_owned())));
    Ok(Surroundings {
        flink: Flink {
            home: distribution.home.display().to_string(),
            lib: distribution.jars(),
            is_installed,
        },
        java: JavaHome { home: home.display().to_string(), major, is_installed: !is_absent },
        extras: Extras {
            is_ready: is_flinks_own || added.plugins.is_dir(),
            libs: added.libs,
            plugins: added.plugins.display().to_string(),
            plugin_jars: added.plugin_jars,
            absent: added.absent,
        },
        archives,
        environment: inherited.collect::<BTreeMap<_, _>>(),
        ports,
        memory: memory(),
        token: new_token(directory.path())?,
    })
}

/// The memory of this machine in bytes: `MemTotal`, which `/proc/meminfo` has in kB.
pub fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

async fn obtain_java(session: &Session, context: &Context<'_>) -> Result<ChosenJava, Error> {
    let obtained = java::obtain(&session.configuration, session.flink, context).await;
    obtained.map_err(or_for_this_session)
}

fn or_for_this_session(failure: Error) -> Error {
    match failure.kind {
        Kind::Broken => failure.hint("the option `env.java.home` names one for this session alone"),
        _ => failure,
    }
}

/// Which ports are taken, and some that are free: held open until all are known, so that no two are the same.
fn ports(session: &Session, directory: &SessionDirectory, own: &Ports) -> Result<Taken, Error> {
    let (look, count) = wishes(session, own).map_err(Error::input)?;
    let sessions = directory.ports_of_others();
    let mut listeners = Vec::new();
    let mut programs = BTreeSet::new();
    for port in look {
        match take(port) {
            Some(listener) => listeners.push(listener),
            None => _ = programs.insert(port),
        }
    }
    let free = (0..count)
        .map(|_| free(&mut listeners, |port| sessions.contains_key(&port)))
        .collect::<Result<_, _>>()?;
    Ok(Taken { sessions, programs, free })
}

/// Installs a Java that the session's Flink runs on.
///
/// # Errors
/// No source can give it, or the disk cannot take it.
pub async fn install_java(session: &Session, context: &Context<'_>) -> Result<(), Error> {
    obtain_java(session, context).await.map(drop)
}

/// Installs the session's release of Flink.
///
/// # Errors
/// No source can give it, or the disk cannot take it.
pub async fn install(session: &Session, context: &Context<'_>) -> Result<(), Error> {
    let ChosenJava { home, major, .. } = obtain_java(session, context).await?;
    dist::ensure(session.flink, Java { home: &home, major }, context).await.map(drop)
}

/// Fetches all that the session adds to its Flink.
///
/// # Errors
/// Something cannot be fetched.
pub async fn fetch(session: &Session, context: &Context<'_>) -> Result<(), Error> {
    let Some(distribution) = dist::find(session.flink, context.environment)? else {
        return Err(Error::new(Kind::Broken, format!("Flink {} is gone again", session.flink)));
    };
    extras::bring(session, &distribution, Purpose::Act, context).await.map(drop)
}
