//! `nutkin flink run` by way of Flink's own client: a JVM here, in which main() runs.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use nutkin_core::jobs::arguments::{self, Sight};
use nutkin_core::selection::Platform;
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::flink_cli::jvm::{self, Address};
use nutkin_flink::flink_cli::{MainPlace, ProgramRun, for_client, program};
use nutkin_flink::options;
use nutkin_flink::{Configuration, FlinkVersion, Origin};
use tokio::process::Command;

use super::Context;
use super::client::Target;
use super::{flink_python, flink_submitted};
use crate::jobs::{Jar, failure};
use crate::runtime::Interrupt;
use crate::{Exit, Outcome};
use nutkin_fetch::dist::class_data::Java;
use nutkin_fetch::java::ChosenJava;
use nutkin_kubernetes::native_client::CONF_DIR_VARIABLE;
use nutkin_local::directory::SessionDirectory;
use nutkin_rest::{Client, RunRequest};
use nutkin_shell::{Error, Kind};

/// Why a program needs Flink's own client; nothing where running main() in the JobManager is the same.
pub(super) async fn reasons(run: &ProgramRun, sight: &Sight, context: &Context<'_>) -> Vec<String> {
    let mut reasons: Vec<String> =
        run.client_only.iter().map(|option| format!("`-{option}` is given")).collect();
    let directory = &context.environment.directory;
    let hints = arguments::hints(&run.arguments, sight, directory, Path::exists);
    if !hints.is_empty() {
        reasons.push("an argument names a file that only this machine has".to_owned());
    }
    if !run.jar.is_empty()
        && let Ok(jar) = Jar::read(&directory.join(&run.jar)).await
        && let Some(main) = run.class.clone().or(jar.main_class)
    {
        reasons.extend(of_program(&jar.path, &main));
    }
    reasons
}

/// What the classes of a jar say.
pub(super) fn of_program(jar: &Path, main: &str) -> Vec<String> {
    let archive = File::open(jar).ok().and_then(|file| zip::ZipArchive::new(file).ok());
    let Some(archive) = archive else { return Vec::new() };
    let archive = RefCell::new(archive);
    program::needs(main, |class| {
        let mut archive = archive.borrow_mut();
        let mut bytes = Vec::new();
        let mut entry = archive.by_name(&format!("{class}.class")).ok()?;
        entry.read_to_end(&mut bytes).ok()?;
        Some(bytes)
    })
}

/// Decides where main() runs, and says so where nobody said it.
///
/// # Errors
/// REST is wanted for what only a client has.
pub(super) async fn in_jvm(
    run: &ProgramRun,
    sight: &Sight,
    context: &Context<'_>,
) -> Result<bool, Error> {
    match run.place {
        MainPlace::Jvm => Ok(true),
        MainPlace::Rest => match run.client_only.first() {
            None => Ok(false),
            Some(option) => {
                let message = format!("`-{option}` means nothing to a JobManager");
                Err(Error::new(Kind::Broken, message).hint("--client jvm runs main() here"))
            }
        },
        MainPlace::Auto => {
            let reasons = reasons(run, sight, context).await;
            if reasons.is_empty() {
                context.printer.say("main() runs in the JobManager (--client rest)");
            } else {
                let reasons = reasons.join(", ");
                context.printer.say(&format!("main() runs here (--client jvm): {reasons}"));
            }
            Ok(!reasons.is_empty())
        }
    }
}

/// Whether the address of this way has a part that this Flink's client cannot use: 1.20 was the first with a prefix.
pub(super) fn needs_plain_address(client: &Client) -> bool {
    let has_prefix =
        options::find(jvm::PREFIX).is_some_and(|one| one.at(client.version()).is_some());
    !has_prefix
        && client.urls().iter().filter_map(|url| Address::of(url)).any(|one| !one.prefix.is_empty())
}

/// Starts Flink's own client and waits for it.
///
/// # Errors
/// There is no Java, or no Python for a program in it; Flink cannot be installed, or the JobManager does not answer.
pub(super) async fn run(
    words: &[String],
    (program, request): (&ProgramRun, &RunRequest),
    target: &Target,
    context: &Context<'_>,
) -> Outcome {
    let client = &target.client;
    let local = match target.platform {
        Some(Platform::Local) => Some(SessionDirectory::of(context.environment, &target.name)?),
        _ => None,
    };
    let version = client.version();
    let chosen = nutkin_fetch::java::obtain(&Configuration::new(), version, context).await;
    let ChosenJava { home: java, major: java_major, .. } = chosen.map_err(no_java)?;
    let its = Java { home: &java, major: java_major };
    let distribution = nutkin_fetch::dist::ensure(version, its, context).await?;
    // Several JobManagers: the one that answers now.
    let (url, of_cluster) = cluster(client, local.as_ref(), context).await?;
    let address = Address::of(&url)
        .ok_or_else(|| Error::new(Kind::Broken, format!("`{url}` is not an address")))?;
    let configuration = jvm::configuration(&of_cluster, &address);
    let conf = tempfile::Builder::new().prefix("nutkin-client-").tempdir()?;
    let dialect = Dialect::for_version(version);
    let text = dialect::write(dialect, &configuration).map_err(Error::input)?;
    fs::write(conf.path().join(dialect.file_name()), text)?;
    fs::write(conf.path().join(jvm::LOGGING), jvm::logging())?;
    let state = context.environment.state_directory();
    fs::create_dir_all(&state)?;
    let environment = context
        .environment
        .variables()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())))
        .collect();
    if let Some(python) = &program.python {
        let (home, options) = (&distribution.home, (&configuration, &environment));
        flink_python::check(python, home, version, options, context).await?;
    }
    let machine = jvm::ClientJvm {
        home: &distribution.home.display().to_string(),
        lib: &distribution.jars(),
        java_major,
        conf: &conf.path().display().to_string(),
        log: &state.join("flink-client.log").display().to_string(),
        environment: &environment,
    };
    let (arguments, variables) = jvm::command(machine, &configuration, &for_client(words));
    // Ctrl-C reaches the client by itself, and what it does then is its own affair.
    let _interrupt = Interrupt::listen()?;
    let mut command = Command::new(java.join("bin/java"));
    command.args(arguments).envs(variables).stdin(Stdio::inherit());
    let status = flink_submitted::run(command, program, request, target, context).await?;
    Ok(if status.success() { Exit::Done } else { Exit::Failed })
}

/// A JobManager's address that answers, and what the cluster is configured with.
async fn cluster(
    client: &Client,
    local: Option<&SessionDirectory>,
    context: &Context<'_>,
) -> Result<(String, Configuration), Error> {
    let url = client.answering().await.map_err(failure)?;
    // What the user names counts, as it does for Flink's client; then the session's own files, which hold secrets too.
    let directory = context.environment.place(CONF_DIR_VARIABLE);
    let directory = directory.or_else(|| Some(local?.conf()));
    if let Some(directory) = directory
        && let Some(configuration) = of_directory(&directory, client.version())?
    {
        return Ok((url, configuration));
    }
    let shown = client.configuration().await.map_err(failure)?;
    let mut configuration = Configuration::new();
    for (key, value) in shown {
        // Flink shows some keys of its own making; a client takes only options.
        if options::find(&key).is_some() {
            configuration.set(key, value, Origin::Derived("the JobManager's own configuration"));
        }
    }
    Ok((url, configuration))
}

fn of_directory(directory: &Path, flink: FlinkVersion) -> Result<Option<Configuration>, Error> {
    let has = |dialect: Dialect| directory.join(dialect.file_name()).is_file();
    let loaded = Dialect::loaded(flink, has(Dialect::FlinkConf), has(Dialect::ConfigYaml));
    let Some(dialect) = loaded else { return Ok(None) };
    let path = directory.join(dialect.file_name());
    let text = fs::read_to_string(&path)?;
    let read = dialect::read(dialect, &text, &path.display().to_string());
    Ok(Some(read.map_err(Error::input)?.configuration))
}

/// Without Java there is nothing to start, which is all that has to be said.
fn no_java(failure: Error) -> Error {
    Error {
        error: anyhow::anyhow!("Flink's own client needs a Java: {:#}", failure.error),
        ..failure
    }
}
