//! `nutkin savepoint`.

use std::time::Duration;

use nutkin_core::jobs::arguments;

use super::Context;
use super::client::{Target, target};
use super::snapshot::{self, SavepointArgs, Snapshot, WaitArgs};
use crate::jobs::{Driven, Patience, failure, until_done};
use crate::runtime::{self, Interrupt};
use crate::{Exit, Outcome};
use nutkin_rest::Trigger;
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin savepoint`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin savepoint 5f3a
  nutkin savepoint 5f3a file:///data/savepoints
  nutkin savepoint --dispose file:///data/savepoints/savepoint-5f3a-1")]
pub struct Args {
    /// Its name in the session file, its id or a unique beginning of that, or its unique name in Flink
    #[arg(value_name = "JOB", required_unless_present = "dispose")]
    job: Option<String>,

    /// Directory of the savepoint; the session's by default
    #[arg(value_name = "DIR")]
    directory: Option<String>,

    /// Delete this savepoint instead
    #[arg(long, value_name = "PATH", conflicts_with = "job")]
    dispose: Option<String>,

    #[command(flatten)]
    taken: SavepointArgs,
}

/// Takes a savepoint and prints where it is, or disposes of one.
///
/// # Errors
/// No such session or job (5), not complete in time (4), Flink's own refusal (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    if let Some(path) = &args.dispose {
        return runtime::block_on(dispose(path, &args.taken.wait, context));
    }
    let SavepointArgs { format, wait } = &args.taken;
    let trigger = Trigger::Savepoint { directory: args.directory.clone(), format: format.clone() };
    let job = args.job.as_deref().unwrap_or_default();
    snapshot::run(&Snapshot { job, args: wait, kind: "Savepoint", trigger }, context)
}

/// Deletes a savepoint.
async fn dispose(path: &str, args: &WaitArgs, context: &Context<'_>) -> Outcome {
    let mut interrupt = Interrupt::listen()?;
    let Target { client, sight, .. } = target(&args.session, context).await?;
    let here = &context.environment.directory;
    let path = arguments::snapshot_path(path, &sight, here, "--dispose")
        .map_err(|problem| Error::input(vec![problem]))?;
    let place = client.dispose(&path).await.map_err(failure)?;
    let timeout = Some(Duration::from_secs(args.timeout));
    let mut patience = Patience::new(timeout).hearing(Some(&mut interrupt));
    match until_done(&client, &place, &mut patience).await.map_err(failure)? {
        Driven::Done(_) => {
            context.printer.say(&format!("disposed of `{path}`"));
            Ok(Exit::Done)
        }
        Driven::TimedOut => {
            let message = format!(
                "`{path}` is not deleted after {} s; the JobManager continues",
                args.timeout
            );
            Err(Error::new(Kind::TimedOut, message))
        }
        Driven::Interrupted => {
            let message = format!("interrupted; disposing of `{path}` goes on");
            Err(Error::new(Kind::Interrupted, message))
        }
    }
}
