//! `nutkin down`.

use std::path::PathBuf;

use super::Context;
use super::consent::{self, ConsentArgs};
use super::shared::{Output, OutputArgs, PlatformArgs, document};
use crate::local::control;
use crate::local::directory::SessionDirectory;
use crate::local::view;
use crate::{Exit, Outcome, runtime, select};

/// Arguments of `nutkin down`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin down             the only session there is
  nutkin down orders -y   without asking
  nutkin down orders --keep-logs
  nutkin down orders --delete-data")]
pub struct Args {
    /// The session's name
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// A session file that names it
    #[arg(long, short)]
    file: Option<PathBuf>,

    #[command(flatten)]
    platform: PlatformArgs,

    /// Keep the log files
    #[arg(long)]
    keep_logs: bool,

    /// Delete savepoints, checkpoints and high availability data that are kept otherwise
    #[arg(long)]
    delete_data: bool,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Ends a session and removes its state. Works on a damaged one, too.
///
/// # Errors
/// No such session (5), consent needed (6), something could not be ended (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    select::only_local(args.platform.on)?;
    let directory = select::find(args.name.as_deref(), args.file.as_deref(), context)?;
    let name = directory.name().to_owned();
    runtime::block_on(async {
        let view = view::look(&directory).await?;
        let running = view.overview.map_or(0, |(overview, _)| overview.jobs_running);
        if 0 < running {
            let jobs = if running == 1 {
                "1 running job is"
            } else {
                &format!("{running} running jobs are")
            };
            context.printer.say(&format!("session `{name}`: {jobs} LOST"));
            consent::ask(args.consent, !args.consent.yes, "End the session?", context)?;
        }
        let ended = control::end(&directory)?;
        directory.remove(args.keep_logs)?;
        if ended.is_empty() {
            context.printer.say(&format!("session `{name}`: nothing of it ran"));
        } else {
            context.printer.say(&format!("session `{name}` ended: {}", ended.join(", ")));
        }
        if args.keep_logs {
            context.printer.say(&format!("kept `{}`", directory.log().display()));
        }
        let kept = keep_or_delete(&directory, args.delete_data)?;
        if let Some(kept) = &kept {
            context.printer.say(&format!(
                "kept `{}`: a session of this name finds it again; --delete-data deletes it",
                kept.display()
            ));
        }
        if args.output.output != Output::Text {
            let fields = serde_json::json!({"name": name, "platform": "local", "ended": ended, "kept": kept});
            context.printer.document(args.output.output, &document("Down", fields))?;
        }
        Ok(Exit::Done)
    })
}

/// Deletes the data when that is wanted or there is none. Returns where it is when it stays.
fn keep_or_delete(directory: &SessionDirectory, delete: bool) -> std::io::Result<Option<PathBuf>> {
    let data = directory.data();
    if !data.exists() {
        return Ok(None);
    }
    let has_files =
        walkdir::WalkDir::new(&data).into_iter().flatten().any(|entry| entry.file_type().is_file());
    if delete || !has_files {
        std::fs::remove_dir_all(&data)?;
        return Ok(None);
    }
    Ok(Some(data))
}
