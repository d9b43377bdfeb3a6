//! What Flink's own client submits, for the ledger. It chooses the ids by itself, and what it prints goes where it always
//! went: so a job that the session has since the client began, and that no other command has noted, is taken for its.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nutkin_core::ledger::{Bringer, JobRecord};
use nutkin_flink::flink_cli::ProgramRun;
use nutkin_rest::{Client, RunRequest};
use nutkin_shell::files::digest::sha256_of_file;
use nutkin_shell::{Error, ledger};
use tokio::process::Command;

use super::client::Target;
use super::submitting::jars_of;
use super::{Context, submission};
use crate::jobs::{Jar, Jars, SLOTS_AFTER, waits_for_slots};

/// The first pause between two looks at the jobs: main() of most programs takes a few seconds.
const FIRST: Duration = Duration::from_millis(500);

/// The longest: a program that waits for its job may take days, and may submit another one at any time.
const LAST: Duration = Duration::from_secs(10);

/// Runs the client to its end. What it submits is in the ledger soon after it is in the session.
///
/// # Errors
/// It cannot be started.
pub(super) async fn run(
    mut command: Command,
    program: &ProgramRun,
    request: &RunRequest,
    target: &Target,
    context: &Context<'_>,
) -> Result<ExitStatus, Error> {
    // Without an answer there is no telling what is new.
    let before = ids(&target.client).await;
    let jars = jars_of(target.session.as_ref(), context).await?;
    let mut child = command.spawn()?;
    let Some(mut known) = before else { return Ok(child.wait().await?) };
    let record = JobRecord {
        jar: file(program, context),
        jar_digest: digest(program, &jars, target, context).await,
        ..submission::record(request, Bringer::Flink)
    };
    let (mut ours, mut seen, mut is_told) = (Vec::new(), None, false);
    let mut pause = FIRST;
    let status = loop {
        if let Ok(status) = tokio::time::timeout(pause, child.wait()).await {
            break status;
        }
        ours.extend(note(&mut known, &record, target, context).await);
        is_told = is_told || tell_of_slots(&ours, seen, target, context).await;
        if !ours.is_empty() && seen.is_none() {
            seen = Some(Instant::now());
        }
        pause = LAST.min(pause * 2);
    };
    let _ = note(&mut known, &record, target, context).await;
    Ok(status?)
}

async fn ids(client: &Client) -> Option<BTreeSet<String>> {
    Some(client.jobs().await.ok()?.into_iter().map(|job| job.id).collect())
}

/// Says which slots a job waits for that was seen some time ago: Flink's client says nothing of it. Whether it was said.
async fn tell_of_slots(
    ours: &[String],
    seen: Option<Instant>,
    target: &Target,
    context: &Context<'_>,
) -> bool {
    let Some(id) = ours.last().filter(|_| seen.is_some_and(|at| SLOTS_AFTER < at.elapsed())) else {
        return false;
    };
    let lack = waits_for_slots(&target.client, id).await;
    if let Some(lack) = &lack {
        context.printer.warn(lack);
    }
    lack.is_some()
}

/// Notes each job that is new since `known`, unless another command submitted it. Their ids; there is no ledger of a mere address.
async fn note(
    known: &mut BTreeSet<String>,
    record: &JobRecord,
    target: &Target,
    context: &Context<'_>,
) -> Vec<String> {
    let Some(now) = ids(&target.client).await else { return Vec::new() };
    let new: Vec<String> = now.difference(known).cloned().collect();
    known.extend(now);
    let Some(session) = target.session.as_ref().filter(|_| !new.is_empty()) else { return new };
    let noted = ledger::update(session, |ledger| {
        for id in &new {
            if ledger.job_of(id).is_none() {
                let job = JobRecord { id: Some(id.clone()), ..record.clone() };
                ledger.jobs.insert(id.clone(), job);
            }
        }
    });
    submission::told(noted.await.map(drop), context);
    new
}

/// The absolute path of the program; `None` for a module of Python's.
fn file(program: &ProgramRun, context: &Context<'_>) -> Option<String> {
    let file = match &program.python {
        Some(python) => python.file.as_deref()?,
        None => program.jar.as_str(),
    };
    if file.is_empty() {
        return None;
    }
    let is_address = file.contains("://");
    let whole = context.environment.directory.join(file).display().to_string();
    Some(if is_address { file.to_owned() } else { whole })
}

async fn digest(
    program: &ProgramRun,
    jars: &Jars<'_>,
    target: &Target,
    context: &Context<'_>,
) -> Option<String> {
    let path = file(program, context)?;
    if let Ok(jar) = Jar::read(Path::new(&path)).await {
        jars.keep(&jar, Some(&target.client), context).await;
        return Some(jar.digest);
    }
    tokio::task::spawn_blocking(move || sha256_of_file(Path::new(&path)).ok()).await.ok()?
}
