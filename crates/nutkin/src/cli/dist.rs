//! `nutkin dist`.

use std::path::PathBuf;

use nutkin_core::Problem;
use nutkin_core::flink::FlinkVersion;
use nutkin_core::flink::version::UnknownVersion;
use serde_json::json;

use super::Context;
use super::shared::{Output, OutputArgs, document};
use crate::{Exit, Failure, Outcome, dist};

/// Arguments of `nutkin dist`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin dist install 1.20
  nutkin dist install 2.3.0 --from ~/Downloads/flink-2.3.0-bin-scala_2.12.tgz
  FLINK_HOME=$(nutkin dist which 1.20)")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Install a release; one that is there already is left alone
    Install {
        /// 1.20, 1.20.5, v1_20
        version: String,
        /// A distribution's directory or archive
        #[arg(long, value_name = "PATH")]
        from: Option<PathBuf>,
    },
    /// List the installed releases
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Remove a release
    Remove {
        /// 1.20, 1.20.5, v1_20
        version: String,
    },
    /// Print the home directory of an installed release
    Which {
        /// 1.20, 1.20.5, v1_20
        version: String,
    },
}

/// Installs, lists and removes Flink distributions.
///
/// # Errors
/// An unknown version (2), one that is not installed (5), a failed installation (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    match args.command {
        Command::Install { version, from } => {
            let version = parse(&version)?;
            let home = dist::install(version, from.as_deref(), context)?;
            context.printer.out(&format!("{}\n", home.display()));
        }
        Command::List { output } => {
            let installed = dist::installed(context);
            if output.output == Output::Text {
                for (version, home) in &installed {
                    context.printer.out(&format!("{version:<8} {}\n", home.display()));
                }
            } else {
                let items: Vec<_> = installed
                    .iter()
                    .map(|(version, home)| json!({"version": version.to_string(), "home": home}))
                    .collect();
                let document = document("DistributionList", json!({"items": items}));
                context.printer.document(output.output, &document)?;
            }
        }
        Command::Remove { version } => {
            let version = parse(&version)?;
            if !dist::remove(version, context)? {
                return Err(missing(version));
            }
            context.printer.say(&format!("removed Flink {version}"));
        }
        Command::Which { version } => {
            let version = parse(&version)?;
            let home = dist::home(version, context);
            if !dist::holds(&home, version) {
                return Err(missing(version));
            }
            context.printer.out(&format!("{}\n", home.display()));
        }
    }
    Ok(Exit::Done)
}

fn parse(version: &str) -> Result<FlinkVersion, Failure> {
    version.parse().map_err(|error: UnknownVersion| {
        Failure::input(vec![Problem::new("VERSION", error.to_string())])
    })
}

fn missing(version: FlinkVersion) -> Failure {
    Failure::new(Exit::NotFound, format!("Flink {version} is not installed"))
        .hint(format!("`nutkin dist install {version}` installs it"))
}
