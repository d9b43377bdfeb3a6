//! From the container's process to a JVM, in place.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process;

use nutkin_container::class_data::{self, Index};
use nutkin_container::entrypoint::launch::{self, ContainerMachine, LaunchMode, ProcessLaunch};
use nutkin_container::entrypoint::user::User;
use nutkin_container::entrypoint::{self, Effective, ObservedContainer, Service, Start, plugins};
use nutkin_flink::FlinkVersion;
use nutkin_flink::Problem;
use nutkin_flink::words::shell_word;
use serde_json::json;

use super::{Options, observe, places, privileges};
use crate::{Context, Exit, Outcome};
use nutkin_fetch::java;
use nutkin_images as image;
use nutkin_shell::{Environment, Error};

/// Where the official images look for jemalloc, below `/usr/lib/<machine>-linux-gnu`; Debian's package without
/// development files has only the second.
const JEMALLOC: [&str; 2] = ["libjemalloc.so", "libjemalloc.so.2"];

/// Starts a process of Flink in place of this one, as `user` where one is given.
pub(super) fn run(
    start: &Start,
    observed: ObservedContainer,
    user: Option<User>,
    options: Options,
    context: &Context<'_>,
) -> Outcome {
    let printer = context.printer;
    let version = version(&observed)?;
    for line in &start.said {
        printer.say(line);
    }
    let effective = entrypoint::effective(start, version, &observed).map_err(Error::input)?;
    let report = entrypoint::report::lines(start, &effective, &observed);
    if !report.is_empty() {
        printer.say(&report.join("\n"));
    }
    if let Some(user) = user.as_ref().filter(|_| !options.dry_run) {
        privileges::become_user(user)?;
    }
    let private = places::private(&observed.environment, &std::process::id().to_string())?;
    let (links, machine) = machine(&effective, &observed, &private, 0, context)?;
    let plan = |start: &Start| {
        launch::launch(start, LaunchMode::Foreground, version, &effective, &observed, &machine)
            .map_err(Error::input)
    };
    let mut launch = plan(start)?;
    launch.links.extend(links);
    if let Some(user) = &user {
        launch.environment.insert("HOME".to_owned(), user.home.clone());
    }
    let beside = if start.with_task_manager {
        Some(plan(&Start { service: Service::TaskExecutor, ..start.clone() })?)
    } else {
        None
    };
    if options.dry_run {
        show(start, version, &effective, &launch, options, context);
        return Ok(Exit::Done);
    }
    let mut files = launch.files.clone();
    files.extend(beside.iter().flat_map(|beside| beside.files.clone()));
    if !files.is_empty() || !launch.links.is_empty() {
        places::fill(&private, &files, &launch.links)?;
    }
    // Flink logs to the container's output all the same.
    let _ = fs::create_dir_all(&machine.log_directory);
    if let Some(beside) = &beside {
        // It ends with the container: this process becomes PID 1's program.
        command(beside).spawn().map_err(|error| cannot(beside, error))?;
    }
    Err(cannot(&launch, command(&launch).exec()))
}

fn command(launch: &ProcessLaunch) -> process::Command {
    let mut command = process::Command::new(&launch.program);
    command.args(&launch.arguments).envs(&launch.environment);
    command
}

fn cannot(launch: &ProcessLaunch, error: std::io::Error) -> Error {
    Error::from(anyhow::Error::new(error).context(format!("cannot execute `{}`", launch.program)))
}

/// The release in Flink's home.
pub(super) fn version(observed: &ObservedContainer) -> Result<FlinkVersion, Error> {
    entrypoint::version(&observed.lib, &observed.environment).ok_or_else(|| {
        let message = format!("`{}/lib` has no flink-dist jar", observed.flink_home);
        let hint = "set FLINK_HOME to the directory that has Flink's `lib`";
        Error::input(vec![Problem::new("FLINK_HOME", message).hint(hint)])
    })
}

/// What is chosen once the configuration is known, and the links to plugins that it needs.
pub(super) fn machine(
    effective: &Effective,
    observed: &ObservedContainer,
    private: &Path,
    index: usize,
    context: &Context<'_>,
) -> Result<(BTreeMap<String, String>, ContainerMachine), Error> {
    let environment = &observed.environment;
    let (java_home, java_major) = find_java(effective, context.environment)?;
    let wanted = environment.get("ENABLE_BUILT_IN_PLUGINS").filter(|wanted| !wanted.is_empty());
    let plugins = match wanted {
        Some(wanted) => {
            let available = observe::available(&observed.flink_home);
            plugins::links(wanted, &observed.flink_home, &available).map_err(Error::input)?
        }
        None => None,
    };
    let private_text = private.to_string_lossy().into_owned();
    let log_directory = places::logs(&launch::log_directory(effective, observed), private);
    let java_home_text = java_home.to_string_lossy().into_owned();
    let machine = ContainerMachine {
        java: java_home.join("bin/java").to_string_lossy().into_owned(),
        class_data: class_data(&observed.flink_home, &java_home_text),
        java_home: Some(java_home_text),
        java_major,
        log_directory: log_directory.to_string_lossy().into_owned(),
        index,
        plugins: plugins.is_some().then(|| format!("{private_text}/plugins")),
        jemalloc: jemalloc(environment),
        private: private_text,
    };
    let links = plugins.unwrap_or_default().into_iter();
    Ok((links.map(|(name, target)| (format!("plugins/{name}"), target)).collect(), machine))
}

/// As `config.sh` looks for Java: `env.java.home`, `JAVA_HOME`, `PATH`.
fn find_java(effective: &Effective, environment: &Environment) -> Result<(PathBuf, u8), Error> {
    let of_option = effective.configuration.text("env.java.home").map(PathBuf::from);
    let named = of_option.clone().or_else(|| environment.path("JAVA_HOME"));
    let home = named.filter(|home| home.is_dir()).or_else(|| java::on_path(environment));
    let found = home.and_then(|home| java::major(&home).map(|major| (home, major)));
    found.ok_or_else(|| {
        Error::new(
            nutkin_shell::Kind::Broken,
            "there is no Java: neither env.java.home nor JAVA_HOME nor PATH has one",
        )
        .hint("set JAVA_HOME in the image")
    })
}

/// The image's class data archives, where they fit its Java and jars as they are now. A defect of them
/// does not prevent the start.
fn class_data(flink_home: &str, java_home: &str) -> Option<Index> {
    let folder = Path::new(flink_home).join(class_data::DIRECTORY);
    let text = fs::read(folder.join(class_data::INDEX)).ok()?;
    let mut index: Index = serde_json::from_slice(&text).ok()?;
    let look = |path: &str| image::class_data::look(path, Path::new(path));
    if !index.fits(java_home, look) {
        return None;
    }
    // A JVM that maps an archive which was cut short dies of it (SIGBUS, seen on Java 17).
    index.archives.retain(|name, bytes| {
        fs::metadata(folder.join(name)).is_ok_and(|metadata| metadata.len() == *bytes)
    });
    Some(index)
}

/// The jemalloc library, where one is wanted and there.
pub(super) fn jemalloc(environment: &BTreeMap<String, String>) -> Option<String> {
    if !launch::wants_jemalloc(environment) {
        return None;
    }
    let folders = [format!("{}-linux-gnu", std::env::consts::ARCH), "x86_64-linux-gnu".to_owned()];
    let folders = folders.iter().map(|folder| format!("/usr/lib/{folder}"));
    folders
        .flat_map(|folder| JEMALLOC.map(|name| format!("{folder}/{name}")))
        .find(|path| Path::new(path).is_file())
}

/// Words as a shell would have to be given them.
pub(super) fn shell_line(words: &[String]) -> String {
    words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
}

/// `--dry-run`: what would be executed, without the values of secrets.
fn show(
    start: &Start,
    version: FlinkVersion,
    effective: &Effective,
    launch: &ProcessLaunch,
    options: Options,
    context: &Context<'_>,
) {
    let arguments = entrypoint::report::masked(&launch.arguments);
    if !options.json {
        let words: Vec<String> = std::iter::once(launch.program.clone()).chain(arguments).collect();
        context.printer.out(&format!("{}\n", shell_line(&words)));
        return;
    }
    let document = json!({
        "apiVersion": "nutkin/v1",
        "kind": "EntrypointPlan",
        "flinkVersion": version.to_string(),
        "service": start.service.name(),
        "program": launch.program,
        "arguments": arguments,
        "environment": launch.environment,
        "configuration": entrypoint::report::options(effective),
        "overridden": entrypoint::report::overridden(effective),
    });
    context.printer.json(&document);
}
