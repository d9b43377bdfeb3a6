//! `nutkin adopt-job`.

use std::path::PathBuf;

use nutkin_core::ledger::{Bringer, JobRecord};
use serde_json::json;

use super::Context;
use super::client::target;
use super::shared::{Output, OutputArgs, SessionArgs, document};
use super::submitting::jars_of;
use crate::jobs::{Jar, failure};
use crate::{Exit, Outcome, runtime};
use nutkin_flink::Problem;
use nutkin_shell::{Error, Kind, ledger};

/// Arguments of `nutkin adopt-job`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A job that was submitted in the web UI, with curl or by another client can be moved when its session changes, as \
soon as its jar and arguments are known. Nothing happens to the job now.

Examples:
  nutkin adopt-job 5f3a --jar target/orders.jar
  nutkin adopt-job Orders --jar orders.jar --class com.example.Orders --args --topic orders --from earliest"
)]
pub struct Args {
    /// Its id or a unique beginning of that, or its unique name in Flink
    #[arg(value_name = "JOB")]
    job: String,

    /// The jar that it runs
    #[arg(long, value_name = "PATH")]
    jar: PathBuf,

    /// Its main class, if it is not the one that the jar names
    #[arg(long, short, value_name = "CLASS")]
    class: Option<String>,

    /// Its parallelism, if it is not the one of the session
    #[arg(long, short, value_name = "N")]
    parallelism: Option<u32>,

    #[command(flatten)]
    session: SessionArgs,

    #[command(flatten)]
    output: OutputArgs,

    /// Arguments of its main(): everything that follows
    #[arg(long = "args", num_args = 0.., allow_hyphen_values = true, value_name = "ARGS")]
    of_main: Vec<String>,
}

/// Notes how a job that somebody else submitted is submitted again.
///
/// # Errors
/// No such session or job (5), the jar cannot be used or the job is known already (2).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(adopt(args, context))
}

async fn adopt(args: Args, context: &Context<'_>) -> Outcome {
    let target = target(&args.session, context).await?;
    let job = target.job(&args.job).await?;
    let id = job.id.clone();
    let Some(session) = &target.session else {
        let message = "an address alone has no ledger in which the job could be noted";
        return Err(Error::input(vec![Problem::new("--address", message)]));
    };
    if job.state.has_ended() {
        let message = format!("job {id} has ended: {}", job.state);
        return Err(Error::new(Kind::NotFound, message));
    }
    let application = target.client.application_of(&id).await.map_err(failure)?;
    if let Some(one) = application.filter(nutkin_rest::Application::is_of_several) {
        let message = format!(
            "job {id} is one of {} of application `{}`: its jar would start all of them again",
            one.jobs.len(),
            one.name
        );
        return Err(Error::input(vec![Problem::new("JOB", message)]));
    }
    let jars = jars_of(Some(session), context).await?;
    let path = context.environment.directory.join(&args.jar);
    let bad = |message: String| Error::input(vec![Problem::new("--jar", message)]);
    let jar = Jar::read(&path).await.map_err(|error| bad(error.to_string()))?;
    if args.class.is_none() && jar.main_class.is_none() {
        let problem = bad("the jar does not name its main class".to_owned());
        return Err(problem.hint("name it with `--class CLASS`"));
    }
    let record = JobRecord {
        generation: 1,
        origin: Bringer::Run,
        id: Some(id.clone()),
        jar: Some(path.display().to_string()),
        jar_digest: Some(jar.digest.clone()),
        entry_class: args.class,
        args: args.of_main,
        parallelism: args.parallelism,
        // Whatever was given up before: it runs now.
        submitted: Some(ledger::now()),
        start_is_unknown: true,
        ..JobRecord::default()
    };
    let mut is_known = false;
    ledger::update(session, |ledger| {
        is_known = ledger.jobs.values().any(|job| job.id.as_deref() == Some(&*id));
        if !is_known {
            ledger.jobs.insert(id.clone(), record);
            ledger.note(ledger::event(context.environment, vec![format!("adopts job {id}")]));
        }
    })
    .await?;
    if is_known {
        let message = format!("job {id} is known: Nutkin submitted it, or adopted it before");
        return Err(Error::input(vec![
            Problem::new("JOB", message).hint("`--jar JOB=PATH` of `up` gives it another jar"),
        ]));
    }
    jars.keep(&jar, Some(&target.client), context).await;
    context.printer.say(&format!("job {id} (`{}`) can be moved from now on", job.name));
    if args.output.output != Output::Text {
        let fields = json!({"id": id, "state": job.state.to_string()});
        context.printer.document(&args.output.output, &document("Job", fields))?;
    }
    Ok(Exit::Done)
}
