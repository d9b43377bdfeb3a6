//! `nutkin open`.

use std::process::{Command, Stdio};

use super::Context;
use super::shared::PlatformArgs;
use crate::local::view;
use crate::{Exit, Failure, Outcome, runtime, select};

/// Arguments of `nutkin open`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin open
  curl -s \"$(nutkin open --no-browser)/overview\"")]
pub struct Args {
    /// The session's name
    #[arg(value_name = "NAME")]
    name: Option<String>,

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
    select::only_local(args.platform.on)?;
    let directory = select::find(args.name.as_deref(), None, context)?;
    runtime::block_on(async {
        let view = view::look(&directory).await?;
        let Some((_, url)) = &view.overview else {
            let message = format!("no JobManager of session `{}` answers", view.name);
            return Err(Failure::new(Exit::Failed, message)
                .hint(format!("`nutkin status {}` says why", view.name)));
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
        Ok(Exit::Done)
    })
}
