//! `nutkin open`.

use std::process::{Command, Stdio};

use super::Context;
use super::select;
use super::shared::{PlatformArgs, WhichArgs};
use crate::{Exit, Outcome, runtime};
use nutkin_rest::Probe;
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin open`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin open
  curl -s \"$(nutkin open --no-browser)/overview\"")]
pub struct Args {
    #[command(flatten)]
    which: WhichArgs,

    #[command(flatten)]
    platform: PlatformArgs,

    /// Only print the address
    #[arg(long)]
    no_browser: bool,
}

/// Prints the address of the web UI, and opens it where there is a desktop.
///
/// # Errors
/// No such session (5), or no JobManager of it answers (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let session =
            select::find(args.which.name(), args.which.file(), &args.platform, context).await?;
        let connected = session.connect(false).await?;
        let probe = Probe::new(&connected.rest_urls)?;
        let Some((_, url)) = probe.overview().await else {
            let name = session.name();
            let message = format!("no JobManager of session `{name}` answers");
            return Err(
                Error::new(Kind::Broken, message).hint(format!("`nutkin status {name}` says why"))
            );
        };
        context.printer.out(&format!("{url}\n"));
        let desktop = ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| context.environment.text(name).is_some());
        if !args.no_browser && context.printer.is_interactive() && desktop {
            let opened = Command::new("xdg-open")
                .arg(url)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            if opened.is_err() {
                context.printer.hint("there is no `xdg-open` here: open the address yourself");
            }
        }
        if connected.tunnel.is_some() {
            context.printer.say("this address works until Ctrl-C");
            tokio::signal::ctrl_c().await?;
            context.printer.after_interrupt();
        }
        Ok(Exit::Done)
    })
}
