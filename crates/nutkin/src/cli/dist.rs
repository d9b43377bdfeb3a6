//! `nutkin dist`.

use std::future::Future;
use std::time::Duration;

use nutkin_flink::Problem;
use nutkin_flink::{Configuration, FlinkVersion};
use serde_json::json;

use super::Context;
use super::shared::{Output, OutputArgs, document};
use crate::report::Style;
use crate::{Exit, Outcome};
use nutkin_fetch::dist::class_data::{self, Java};
use nutkin_fetch::dist::{DistributionSource, DistributionStore, install};
use nutkin_shell::size;
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin dist`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin dist install 1.20.5
  nutkin dist install 2.3.0 --from ~/Downloads/flink-2.3.0-bin-scala_2.12.tgz
  nutkin dist list --verify
  nutkin dist remove 1.19.3")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Install a Flink release into the cache
    Install(InstallArgs),
    /// List the installed releases
    List(ListArgs),
    /// Remove a release from the cache
    Remove(RemoveArgs),
    /// Print where a release is installed
    Which(WhichArgs),
    /// Become a program that ends with its parent
    #[command(hide = true)]
    WithParent(WithParentArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --from these are tried in order: FLINK_HOME if it is set, Apache's \
archive, the package apache-flink-libraries through pip.

Examples:
  nutkin dist install 1.20
  nutkin dist install 1.20.5 --from pypi
  nutkin dist install 1.20.5 --from /opt/flink --force"
)]
struct InstallArgs {
    /// The release: 1.20.5, or 1.20 for its newest patch
    version: String,

    /// Where from: `apache`, `pypi`, a directory, or a .tgz archive
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,

    /// Install even if the release is there and sound
    #[arg(long)]
    force: bool,

    /// Do not make class data archives, with which sessions start faster
    #[arg(long)]
    no_archives: bool,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin dist list
  nutkin dist list --verify -o json")]
struct ListArgs {
    /// Read every file and compare its checksum, not only its size
    #[arg(long)]
    verify: bool,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin dist remove 1.19.3")]
struct RemoveArgs {
    /// The release
    version: String,

    /// Remove it even while processes run from it
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin dist which 1.20.5
  export FLINK_HOME=$(nutkin dist which 1.20)")]
struct WhichArgs {
    /// The release
    version: String,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct WithParentArgs {
    /// PID of the process that starts this one
    #[arg(long)]
    parent: u32,

    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

/// Runs the command.
///
/// # Errors
/// See the commands' own functions: bad versions and sources are exit code 2, absent releases 5, the
/// rest 1.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    match args.command {
        Command::Install(args) => install_release(args, context),
        Command::List(args) => list(args, context),
        Command::Remove(args) => remove(args, context),
        Command::Which(args) => which(args, context),
        Command::WithParent(args) => Err(class_data::become_child_of(args.parent, &args.command)),
    }
}

fn version(text: &str) -> Result<FlinkVersion, Problem> {
    text.parse().map_err(|error: nutkin_flink::version::UnknownVersion| {
        Problem::new("VERSION", error.to_string())
    })
}

/// How long a thread that unpacks may take to notice and to clean up. One that hangs in a read of a dead
/// network disk never does; the next installation then cleans up.
const CLEANING: Duration = Duration::from_secs(3);

/// Runs a future until it is done or the user presses Ctrl-C; then it is dropped, which cleans up.
fn until_interrupted<T>(
    future: impl Future<Output = Result<T, Error>>,
    interrupted: &'static str,
) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(Error::new(Kind::Interrupted, interrupted)),
            result = future => result,
        }
    });
    runtime.shutdown_timeout(CLEANING);
    result
}

fn install_release(args: InstallArgs, context: &Context<'_>) -> Outcome {
    let version = version(&args.version);
    let sources = match &args.from {
        Some(from) => {
            DistributionSource::named(from, context.environment).map(|source| vec![source])
        }
        None => Ok(DistributionSource::defaults(context.environment)),
    };
    let (version, sources) = match (version, sources) {
        (Ok(version), Ok(sources)) => (version, sources),
        (version, sources) => {
            return Err(Error::input(version.err().into_iter().chain(sources.err()).collect()));
        }
    };
    let distribution = until_interrupted(
        install::install(version, &sources, args.force, context),
        "interrupted; nothing was installed",
    )?;
    if !args.no_archives {
        // Without a Java the release is installed all the same: it may be meant for a container.
        match nutkin_fetch::java::find(&Configuration::new(), version, context) {
            Ok((home, major)) => {
                let java = Java { home: &home, major };
                let work = async {
                    install::prepare_class_data(&distribution, java, context).await;
                    Ok(())
                };
                until_interrupted(
                    work,
                    "interrupted; Flink is installed, without class data archives",
                )?;
            }
            Err(failure) => context.printer.warn(&format!("{:#}", failure.error)),
        }
    }
    if args.output.output == Output::Text {
        context.printer.out(&format!("{}\n", distribution.home.display()));
    } else if let Some(installed) = DistributionStore::new(context.environment).find(version) {
        let document = document("Distribution", describe(&installed, false));
        context.printer.document(args.output.output, &document)?;
    }
    Ok(Exit::Done)
}

fn describe(installed: &nutkin_fetch::dist::Installed, verify: bool) -> serde_json::Value {
    let manifest = installed.manifest.as_ref().ok();
    json!({
        "version": installed.version.to_string(),
        "home": installed.home,
        "source": manifest.map(|manifest| &manifest.source),
        "bytes": manifest.map(nutkin_fetch::dist::Manifest::bytes),
        "archive": manifest.and_then(|manifest| manifest.archive.as_ref()),
        "damage": installed.damage(verify),
    })
}

fn list(args: ListArgs, context: &Context<'_>) -> Outcome {
    let store = DistributionStore::new(context.environment);
    let installed = store.all()?;
    let items: Vec<_> = installed.iter().map(|one| describe(one, args.verify)).collect();
    let is_damaged = |item: &serde_json::Value| item["damage"] != json!([]);
    let damaged = items.iter().any(is_damaged);
    if args.output.output == Output::Text {
        for (one, item) in installed.iter().zip(&items) {
            let bytes = item["bytes"].as_u64().map_or_else(|| "?".to_owned(), size);
            let state = if is_damaged(item) {
                context.printer.style_out(Style::Red, "damaged")
            } else {
                "ok".to_owned()
            };
            let source = item["source"].as_str().unwrap_or("unknown");
            let (version, home) = (one.version.to_string(), one.home.display());
            context
                .printer
                .out(&format!("{version:<8} {bytes:>7}  {state:<7}  {home}  ({source})\n"));
            for damage in one.damage(args.verify) {
                context.printer.warn(&format!("Flink {version}: {damage}"));
            }
        }
        if items.is_empty() {
            context.printer.say("no Flink is installed; `nutkin up` installs what a session needs");
        } else if damaged {
            context.printer.hint("`nutkin dist install VERSION --force` replaces a damaged one");
        }
    } else {
        let document = document("DistributionList", json!({ "items": items }));
        context.printer.document(args.output.output, &document)?;
    }
    Ok(if damaged { Exit::Failed } else { Exit::Done })
}

fn remove(args: RemoveArgs, context: &Context<'_>) -> Outcome {
    let installed = installed(&args.version, context)?;
    let users = running_from(&installed.home);
    if !users.is_empty() && !args.force {
        let pids: Vec<String> = users.iter().map(ToString::to_string).collect();
        return Err(Error::new(
            Kind::Unconfirmed,
            format!("processes run from Flink {}: {}", installed.version, pids.join(", ")),
        )
        .hint(
            "`nutkin ls` shows the sessions, `nutkin down NAME` stops one; --force removes it now",
        ));
    }
    let home = until_interrupted(
        install::remove(installed.version, context),
        "interrupted; the release is gone from the cache or still whole",
    )?;
    context.printer.say(&format!("Flink {} removed from {}", installed.version, home.display()));
    Ok(Exit::Done)
}

/// Processes with the directory in their command line. Those of other users cannot be seen.
fn running_from(home: &std::path::Path) -> Vec<u32> {
    let needle = format!("{}/", home.display());
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            String::from_utf8_lossy(&line).contains(&needle).then_some(pid)
        })
        .collect()
}

fn which(args: WhichArgs, context: &Context<'_>) -> Outcome {
    let installed = installed(&args.version, context)?;
    if args.output.output == Output::Text {
        context.printer.out(&format!("{}\n", installed.home.display()));
    } else {
        let document = document("Distribution", describe(&installed, false));
        context.printer.document(args.output.output, &document)?;
    }
    Ok(Exit::Done)
}

fn installed(text: &str, context: &Context<'_>) -> Result<nutkin_fetch::dist::Installed, Error> {
    let version = version(text).map_err(|problem| Error::input(vec![problem]))?;
    DistributionStore::new(context.environment).find(version).ok_or_else(|| {
        Error::new(Kind::NotFound, format!("Flink {version} is not installed"))
            .hint(format!("`nutkin dist install {version}` installs it; `nutkin dist list` lists"))
    })
}
