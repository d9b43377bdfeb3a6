//! `nutkin self`: this Nutkin, and what it has put on this machine.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nutkin_fetch::cache::{self, bytes};
use nutkin_fetch::dist::DistributionStore;
use nutkin_flink::version::LINES;
use nutkin_flink::{Configuration, FlinkVersion};
use nutkin_local::directory::SessionDirectory;
use nutkin_shell::{Error, Kind, size};
use serde_json::{Value, json};

use super::Context;
use super::output::{Output, OutputArgs};
use super::shared::document;
use crate::report::Style;
use crate::{Exit, Outcome};

/// Arguments of `nutkin self`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin self check
  nutkin self check -o json")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say which Nutkin this is, what it finds here, and what it keeps where
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Shows versions, licence, the Java that sessions would run on, programs that some commands call, and how much lies in the \
cache and in the state directory. Ends with exit code 1 if something of that is damaged.

Examples:
  nutkin self check
  nutkin self check -o jsonpath='{.cache.bytes}'"
)]
struct CheckArgs {
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
///
/// # Errors
/// A directory cannot be read (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    match args.command {
        Command::Check(args) => check(&args, context),
    }
}

/// Programs that commands call where they are, and for what.
const PROGRAMS: [(&str, &str); 5] = [
    ("mvn", "jars of Maven coordinates"),
    ("python3", "its pip: Flink and Java from a package index"),
    ("pip3", "the same, where `python3 -m pip` does not answer"),
    ("kubectl", "credentials of some clusters, and you"),
    ("systemctl", "sessions that start at boot"),
];

fn check(args: &CheckArgs, context: &Context<'_>) -> Outcome {
    let environment = context.environment;
    let cached = cache::all(environment)?;
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for one in &cached {
        *kinds.entry(&one.kind).or_default() += one.bytes;
    }
    let store = DistributionStore::new(environment);
    let installed = store.all().map_err(anyhow::Error::new)?;
    let damaged: Vec<String> = installed
        .iter()
        .flat_map(|one| {
            one.damage(false).into_iter().map(|what| format!("{}: {what}", one.product))
        })
        .collect();
    let sessions = SessionDirectory::all(environment)?.len();
    let (cache_directory, state_directory) =
        (environment.cache_directory(), environment.state_directory());
    let java = nutkin_fetch::java::find(&Configuration::new(), FlinkVersion::DEFAULT, context)?;
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("nutkin"));
    let fields = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "target": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        "licence": env!("CARGO_PKG_LICENSE"),
        "program": program,
        "flink": LINES.iter().map(|line| line.newest.to_string()).collect::<Vec<_>>(),
        "java": {"major": java.major, "home": java.home, "isInstalled": !java.is_absent},
        "programs": PROGRAMS.iter().map(|(name, what)| {
            json!({"name": name, "path": environment.program(name), "for": what})
        }).collect::<Value>(),
        "cache": {
            "directory": cache_directory,
            "bytes": bytes(&cache_directory),
            "items": kinds.iter().map(|(what, bytes)| json!({"what": what, "bytes": bytes})).collect::<Value>(),
        },
        "state": {
            "directory": state_directory,
            "bytes": bytes(&state_directory),
            "sessions": sessions,
        },
        "damage": damaged,
    });
    if args.output.output == Output::Text {
        show(&fields, context);
    } else {
        context.printer.document(&args.output.output, &document("SelfCheck", fields))?;
    }
    if damaged.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Error::new(Kind::Broken, "something that is installed is damaged")
        .hint("`nutkin dist list` shows what, `nutkin dist install VERSION --force` replaces it"))
}

fn show(fields: &Value, context: &Context<'_>) {
    let printer = context.printer;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let length = |value: &Value| size(value.as_u64().unwrap_or_default());
    let mut lines = vec![format!(
        "{}  {}, {}",
        printer.style_out(Style::Bold, &format!("nutkin {}", text(&fields["version"]))),
        text(&fields["target"]),
        text(&fields["licence"])
    )];
    // Wide enough for the longest name here.
    let mut line = |name: &str, value: String| lines.push(format!("  {name:<12}{value}"));
    line("program", text(&fields["program"]));
    line("licences", "of the libraries in it: THIRD-PARTY.txt of the package".to_owned());
    let flinks: Vec<String> = fields["flink"].as_array().into_iter().flatten().map(&text).collect();
    line("Flink", flinks.join(", "));
    let java = &fields["java"];
    let state = if java["isInstalled"] == true { "" } else { "; `nutkin up` installs it" };
    line("Java", format!("{}, {}{state}", java["major"], text(&java["home"])));
    for program in fields["programs"].as_array().into_iter().flatten() {
        let path = program["path"].as_str().unwrap_or("not found");
        line(&text(&program["name"]), format!("{path} (for {})", text(&program["for"])));
    }
    let cache = &fields["cache"];
    line("cache", format!("{}, {}", text(&cache["directory"]), length(&cache["bytes"])));
    for item in cache["items"].as_array().into_iter().flatten() {
        line("", format!("{}: {}", text(&item["what"]), length(&item["bytes"])));
    }
    let state = &fields["state"];
    let sessions = state["sessions"].as_u64().unwrap_or_default();
    let sessions = nutkin_flink::counted(sessions, "session");
    line(
        "state",
        format!("{}, {}, {sessions}", text(&state["directory"]), length(&state["bytes"])),
    );
    for damage in fields["damage"].as_array().into_iter().flatten() {
        line("damaged", text(damage));
    }
    printer.show(&(lines.join("\n") + "\n"));
}
