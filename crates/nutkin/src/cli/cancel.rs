//! `nutkin cancel`.

use std::time::Duration;

use super::client::target;
use super::consent::{self, ConsentArgs};
use super::shared::{Output, OutputArgs, SessionArgs, document};
use super::{Context, outcomes};
use crate::jobs::{Ended, failure, until_it_ends};
use crate::progress::Spinner;
use crate::runtime::{self, Interrupt};
use crate::{Exit, Outcome};
use nutkin_rest::Client;
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin cancel 5f3a
  nutkin cancel --session orders \"Windowed WordCount\"")]
pub struct Args {
    /// Its name in the session file, its id or a unique beginning of that, or its unique name in Flink
    #[arg(value_name = "JOB")]
    job: String,

    /// How long to wait for the end
    #[arg(long, default_value = "60", value_name = "SECONDS")]
    timeout: u64,

    /// Also where the application of the job ends with it, and its other jobs
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    session: SessionArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Cancels a job and waits until it has ended. One that has ended is left alone.
///
/// # Errors
/// No such session or job (5), not ended in time (4); consent is needed, because other jobs end with it (6).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let target = target(&args.session, context).await?;
        let job = target.job(&args.job).await?;
        let client = &target.client;
        let state = if job.state.has_ended() {
            context.printer.say(&format!("job {} had ended already: {}", job.id, job.state));
            job.state
        } else {
            with_others(&job.id, client, args.force, context).await?;
            let mut interrupt = Interrupt::listen()?;
            client.cancel(&job.id).await.map_err(failure)?;
            let timeout = Some(Duration::from_secs(args.timeout));
            let progress = Spinner::at_terminal(context.printer);
            let ended = until_it_ends(
                client,
                &job.id,
                timeout,
                Some(&mut interrupt),
                progress,
                async || None,
            );
            let ended = match ended.await.map_err(failure)? {
                Ended::Job(state, _) => Ok(state),
                Ended::TimedOut(_) => Err(Kind::TimedOut),
                Ended::Interrupted => Err(Kind::Interrupted),
            };
            let state = ended.map_err(|kind| {
                let message = format!("job {} is being canceled, and has not ended yet", job.id);
                Error::new(kind, message).hint(format!("`nutkin job {}` shows it", job.id))
            })?;
            if let Some(session) = &target.session {
                let ended = [(job.id.clone(), state.to_string())];
                outcomes::note_ended(session, client, &ended).await;
            }
            context.printer.say(&format!("job {} is {state}", job.id));
            state
        };
        if args.output.output != Output::Text {
            let fields = serde_json::json!({"id": job.id, "state": state.to_string()});
            context.printer.document(&args.output.output, &document("Job", fields))?;
        }
        Ok(Exit::Done)
    })
}

/// The option that has an application end with any of its jobs (2.3.0: `true`).
const ENDS_WITH_ANY: &str = "execution.terminate-application-on-any-job-terminated-exceptionally";

/// Asks about the other jobs of the application that a job is of: Flink cancels them, too.
///
/// # Errors
/// Consent is needed (6).
async fn with_others(
    id: &str,
    client: &Client,
    force: bool,
    context: &Context<'_>,
) -> Result<(), Error> {
    let application = client.application_of(id).await.map_err(failure)?;
    let Some(application) = application else { return Ok(()) };
    let others: Vec<&str> =
        application.running().map(String::as_str).filter(|other| *other != id).collect();
    let options = client.configuration().await.map_err(failure)?;
    let goes_on = options.iter().any(|(key, value)| key == ENDS_WITH_ANY && value == "false");
    if others.is_empty() || goes_on {
        return Ok(());
    }
    context.printer.say(&format!(
        "jobs that Flink cancels with it, because they are of application `{}`: {}",
        application.name,
        others.join(", ")
    ));
    consent::ask(ConsentArgs { yes: false, force }, true, "Cancel them all?", context)
}
