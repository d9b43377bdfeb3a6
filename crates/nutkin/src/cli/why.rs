//! `nutkin why`.

use std::time::Duration;

use nutkin_core::kubernetes::shape;
use nutkin_core::ledger::Opened;
use nutkin_diagnosis::{Diagnosis, Evidence, diagnose};
use nutkin_flink::process::Role;
use serde_json::Value;

use super::select;
use super::shared::{Output, OutputArgs, PlatformArgs, document};
use crate::platform::Session;
use crate::{Context, Exit, Outcome, runtime};
use nutkin_shell::{Error, Kind, ledger};

/// Arguments of `nutkin why`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin why                          the only session
  nutkin why orders                   the session `orders`
  nutkin why taskmanager-2            a process of the only session
  nutkin why totals --session orders  a job, by its name or its id
  nutkin why orders -o json

Exit codes: 0 nothing is wrong, 1 something is, 5 no such session, process or job.")]
pub struct Args {
    /// A session, or a job, pod or process of one
    #[arg(value_name = "SESSION|JOB|POD|TASKMANAGER")]
    name: Option<String>,

    /// The session's name
    #[arg(long)]
    session: Option<String>,

    /// A session file that names it
    #[arg(long, short)]
    file: Option<std::path::PathBuf>,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Says what is wrong with a session, the earliest cause first, and what it led to. Nothing is changed.
///
/// # Errors
/// No such session, process or job (5).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let (session, of) = chosen(&args, context).await?;
        let evidence = collect(&session).await?;
        let mut found = diagnose(&evidence);
        if let Some(of) = &of {
            let name = subject(of, &evidence, &session)?;
            found.retain(|one| concerns(one, &name));
        }
        let printer = context.printer;
        if args.output.output == Output::Text {
            printer.show(&nutkin_diagnosis::text(session.name(), &found));
            if !found.is_empty() {
                printer.suggest("`nutkin explain CODE` says more about a code");
            }
        } else {
            let mut fields = nutkin_diagnosis::document(session.name(), &found);
            fields["platform"] = session.platform().to_string().into();
            printer.document(&args.output.output, &document("Diagnosis", fields))?;
        }
        Ok(if found.is_empty() { Exit::Done } else { Exit::Failed })
    })
}

/// The session, and what of it is meant where a word names something else.
async fn chosen(args: &Args, context: &Context<'_>) -> Result<(Session, Option<String>), Error> {
    let file = args.file.as_deref();
    if args.session.is_some() || file.is_some() {
        let session = select::find(args.session.as_deref(), file, &args.platform, context).await?;
        return Ok((session, args.name.clone()));
    }
    let named = select::find(args.name.as_deref(), None, &args.platform, context).await;
    match (named, &args.name) {
        (Ok(session), _) => Ok((session, None)),
        (Err(failure), Some(name)) if failure.kind == Kind::NotFound => {
            // Without another session to look into, the word was meant as one.
            match select::find(None, None, &args.platform, context).await {
                Ok(session) => Ok((session, Some(name.clone()))),
                Err(_) => Err(failure),
            }
        }
        (Err(failure), _) => Err(failure),
    }
}

/// What there is to see of a session, the jobs that its ledger knows included.
///
/// # Errors
/// It has ended, or its platform cannot be asked.
pub(super) async fn collect(session: &Session) -> Result<Evidence, Error> {
    Ok(collect_with_ledger(session).await?.0)
}

/// The same with the ledger, or why it cannot be read; `None`: the platform did not answer, and it was not tried.
///
/// # Errors
/// As of [`collect`].
pub(super) async fn collect_with_ledger(
    session: &Session,
) -> Result<(Evidence, Option<Result<Opened, Error>>), Error> {
    let mut evidence = match session.evidence().await {
        Ok(evidence) => evidence,
        // A platform that does not answer is what is wrong, as far as can be seen.
        Err(error) if matches!(error.kind, Kind::Denied | Kind::Retry | Kind::Broken) => {
            return Ok((unseen(session, &error), None));
        }
        Err(error) => return Err(error),
    };
    let opened = ledger::load(session).await;
    match &opened {
        Ok(opened) => {
            let jobs = evidence.flink.iter().flat_map(|flink| &flink.jobs);
            let row = |job: &'_ nutkin_diagnosis::JobEvidence| {
                let text = |key: &str| job.job[key].as_str().unwrap_or_default().to_owned();
                (text("jid"), text("state"))
            };
            let listed: Vec<(String, String)> = jobs.map(row).collect();
            let listed: Vec<(&str, &str)> =
                listed.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
            let gone = opened.ledger.gone(&listed).into_iter();
            let since = job_managers_since(&evidence);
            let of_file = since.map(|since| opened.ledger.missing_of_file(&listed, &since));
            let gone = gone.chain(of_file.into_iter().flatten());
            evidence.gone_jobs =
                gone.filter_map(|(name, job)| Some((job.id.clone()?, name.to_owned()))).collect();
        }
        Err(error) => evidence.unseen.push(nutkin_diagnosis::Unseen {
            what: "the session's ledger".to_owned(),
            why: error.error.to_string(),
        }),
    }
    Ok((evidence, Some(opened)))
}

/// Since when JobManagers live, the oldest of them; `None`: of one it is not known.
fn job_managers_since(evidence: &Evidence) -> Option<String> {
    let logs = evidence.logs.iter().filter(|log| log.role == Role::JobManager && !log.previous);
    let pods = evidence.objects.iter();
    let pods = pods.filter(|object| object["kind"] == "Pod" && shape::is_job_manager(object));
    let of_pod = |pod: &Value| {
        let all = pod["status"]["containerStatuses"].as_array()?;
        let started = all.iter().map(|one| one["state"]["running"]["startedAt"].as_str());
        Some(started.collect::<Option<Vec<&str>>>()?.into_iter().min()?.to_owned())
    };
    let pods: Vec<Option<String>> = pods.map(of_pod).collect();
    let all = if pods.is_empty() { logs.map(|log| log.started.clone()).collect() } else { pods };
    all.into_iter().collect::<Option<Vec<String>>>()?.into_iter().min()
}

/// How long a command that is about something else looks for causes: `why` itself takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// The causes of what is wrong with a session, in the words of `why`. None where nothing is known, or where only something is missing:
/// the command that asks says that itself.
pub(super) async fn causes(session: &Session) -> Vec<Diagnosis> {
    let collected = tokio::time::timeout(PATIENCE, collect(session)).await;
    let Ok(Ok(evidence)) = collected else { return Vec::new() };
    diagnose(&evidence).into_iter().filter(Diagnosis::is_cause).collect()
}

/// A failure of a session, with the earliest cause that is seen.
pub(super) async fn explained(failure: Error, session: &Session) -> Error {
    // Whatever else fails says itself why.
    if failure.kind != Kind::TimedOut && failure.reason != "ProcessDied" {
        return failure;
    }
    match causes(session).await.first() {
        Some(cause) => failure.hint(format!(
            "the earliest cause that is seen: {}; `nutkin explain {}` describes it",
            cause.line(),
            cause.rule().code
        )),
        None => failure,
    }
}

/// Of a session that could not be looked at, why.
fn unseen(session: &Session, error: &Error) -> Evidence {
    let what = format!("session `{}`", session.name());
    let unseen = nutkin_diagnosis::Unseen { what, why: format!("{:#}", error.error) };
    Evidence { session: session.name().to_owned(), unseen: vec![unseen], ..Evidence::default() }
}

/// The name by which findings know what a word names: a process, a pod, or a job by its name or the beginning of its id.
fn subject(word: &str, evidence: &Evidence, session: &Session) -> Result<String, Error> {
    let processes = evidence.processes.iter().map(|one| one.name.as_str());
    let pods = evidence.objects.iter().filter(|object| object["kind"] == "Pod");
    let pods = pods.filter_map(|pod| pod["metadata"]["name"].as_str());
    let names: Vec<&str> = processes.chain(pods).collect();
    if names.contains(&word) {
        return Ok(word.to_owned());
    }
    let flink = evidence.flink.iter().flat_map(|flink| &flink.jobs);
    let jobs = flink.filter_map(|job| Some((job.job["jid"].as_str()?, job.job["name"].as_str()?)));
    let gone = evidence.gone_jobs.iter().map(|(id, name)| (id.as_str(), name.as_str()));
    let jobs: Vec<(&str, &str)> = jobs.chain(gone).collect();
    let is_meant = |(id, name): &&(&str, &str)| *name == word || id.starts_with(word);
    if let Some((_, name)) = jobs.iter().find(is_meant) {
        return Ok((*name).to_owned());
    }
    let message = format!("session `{}` has no process and no job `{word}`", session.name());
    let known = names.into_iter().chain(jobs.iter().map(|(_, name)| *name));
    Err(Error::new(Kind::NotFound, message)
        .hint(format!("there are: {}", known.collect::<Vec<_>>().join(", "))))
}

/// Whether a finding, or something that it led to, is about this.
fn concerns(found: &Diagnosis, name: &str) -> bool {
    let is_about = |one: &Diagnosis| one.subjects.iter().any(|subject| subject == name);
    found.is_of_session() || is_about(found) || found.led_to.iter().any(is_about)
}
