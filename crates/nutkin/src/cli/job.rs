//! `nutkin job`.

use serde_json::{Value, json};

use super::Context;
use super::client::target;
use super::job_details::duration;
use super::shared::{Output, OutputArgs, SessionArgs, document, extend};
use crate::jobs::described;
use crate::report::{Style, table};
use crate::{Exit, Outcome, runtime};
use nutkin_core::ledger::{JobRecord, Ledger, SnapshotRecord};
use nutkin_rest::jobs::Described;
use nutkin_rest::last_savepoint;
use nutkin_shell::ledger;

/// Arguments of `nutkin job`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin job orders                      the job `orders` of the session file
  nutkin job 5f3a
  nutkin job \"Windowed WordCount\" -o json")]
pub struct Args {
    /// Its name in the session file, its id or a unique beginning of that, or its unique name in Flink
    #[arg(value_name = "JOB")]
    job: String,

    #[command(flatten)]
    session: SessionArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Shows one job: state, vertices, checkpoints, exceptions.
///
/// # Errors
/// No such session or job (5).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    runtime::block_on(async {
        let target = target(&args.session, context).await?;
        let listed = target.job(&args.job).await?;
        let client = &target.client;
        let Described { job, answer: details, .. } = described(client, &listed).await?;
        let checkpoints = client.job(&job.id, "/checkpoints").await.unwrap_or(Value::Null);
        let exceptions = client.job(&job.id, "/exceptions").await.unwrap_or(Value::Null);
        let vertices: Vec<Value> = details["vertices"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|vertex| {
                json!({
                    "name": vertex["name"],
                    "parallelism": vertex["parallelism"],
                    "state": vertex["status"],
                })
            })
            .collect();
        let latest = &checkpoints["latest"];
        let known = match &target.session {
            Some(session) => ledger::load(session).await.ok().map(|opened| opened.ledger),
            None => None,
        };
        let known = known.as_ref().and_then(|ledger| Some((ledger, record_of(ledger, &job.id)?)));
        let noted_savepoint = known.and_then(|(_, (_, record))| record.savepoint.as_ref());
        let savepoint = last_savepoint(&checkpoints, noted_savepoint, &job.id);
        let exception = root_exception(&exceptions);
        if args.output.output != Output::Text {
            let mut fields = job.document();
            let more = json!({
                "vertices": vertices,
                "checkpoints": {
                    "counts": checkpoints["counts"],
                    "lastCompleted": latest["completed"]["external_path"],
                    "lastSavepoint": savepoint,
                    "restoredFrom": latest["restored"]["external_path"],
                },
                "exception": exception,
                "ledger": known.map(|(ledger, of)| noted(ledger, of, &job.name)),
            });
            extend(&mut fields, more);
            context.printer.document(&args.output.output, &document("Job", fields))?;
            return Ok(Exit::Done);
        }
        let printer = context.printer;
        printer.show(&format!(
            "{}  {}\n  id         {}\n  running    {}\n",
            printer.style_out(Style::Bold, &job.name),
            job.state,
            job.id,
            duration(job.duration)
        ));
        let completed = checkpoints["counts"]["completed"].as_u64().unwrap_or(0);
        if 0 < completed {
            let path = latest["completed"]["external_path"].as_str().unwrap_or("not kept");
            printer.show(&format!("  checkpoints  {completed} completed, last: {path}\n"));
        }
        for (name, path) in [
            ("last savepoint", savepoint.as_deref()),
            ("restored from", latest["restored"]["external_path"].as_str()),
        ] {
            if let Some(path) = path {
                printer.show(&format!("  {name}  {path}\n"));
            }
        }
        let mut rows = vec![["  STATE", "PARALLEL", "VERTEX"].map(str::to_owned)];
        for vertex in &vertices {
            let text = |key: &str| vertex[key].as_str().unwrap_or_default().to_owned();
            rows.push([
                format!("  {}", text("state")),
                vertex["parallelism"].to_string(),
                text("name"),
            ]);
        }
        printer.show(&table(&rows));
        if let Some(exception) = exception {
            printer.show(&format!("  last exception: {exception}\n"));
        }
        if let Some((ledger, (name, record))) = known {
            for line in told(ledger, name, record, &job.name) {
                printer.show(&format!("  {line}\n"));
            }
        }
        Ok(Exit::Done)
    })
}

/// What the ledger has of a job, by the name that it has there.
fn record_of<'l>(ledger: &'l Ledger, id: &str) -> Option<(&'l String, &'l JobRecord)> {
    let is_it = |(name, record): &(&String, &JobRecord)| {
        name.as_str() == id || record.id.as_deref() == Some(id)
    };
    // A job that was resumed is known by its first id, and another one may run under that.
    let of_id = ledger.jobs.iter().find(|(_, record)| record.id.as_deref() == Some(id));
    of_id.or_else(|| ledger.jobs.iter().find(is_it))
}

/// The same for programs.
fn noted(ledger: &Ledger, (name, record): (&String, &JobRecord), of_flink: &str) -> Value {
    let history = ledger.history_of(&[name, of_flink]).into_iter().map(|(event, changes)| {
        json!({
            "time": event.time,
            "user": event.who.user,
            "host": event.who.host,
            "command": event.command,
            "changes": changes,
        })
    });
    json!({
        "name": name,
        "generation": record.generation,
        "submitted": record.submitted,
        "startedFrom": record.started_from,
        "lastSavepoint": record.last_savepoint,
        "snapshots": ledger.snapshots_of(name).map(snapshot).collect::<Vec<_>>(),
        "history": history.collect::<Vec<_>>(),
    })
}

/// A snapshot that the file or the clock asked for.
fn snapshot((name, record): (&String, &SnapshotRecord)) -> Value {
    json!({
        "name": name,
        "kind": record.kind,
        "state": record.state.word(),
        "path": record.path,
        "time": record.time,
        "error": record.error,
    })
}

/// The same for people.
fn told(ledger: &Ledger, name: &str, record: &JobRecord, of_flink: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(time) = &record.submitted {
        let from = record.started_from.as_ref().map(|from| format!(" from {from}"));
        lines.push(format!("submitted  {time}{}", from.unwrap_or_default()));
    }
    lines.extend(ledger.snapshots_of(name).map(|(name, record)| record.line(name)));
    for (event, changes) in ledger.history_of(&[name, of_flink]) {
        let who = format!("{}@{}", event.who.user, event.who.host);
        lines.extend(
            changes.iter().map(|change| format!("{}  {who}: {}", event.time, change.trim())),
        );
    }
    lines
}

/// The newest exception in one line, in the form of 1.13 and later, or the older one.
fn root_exception(exceptions: &Value) -> Option<String> {
    let newest = &exceptions["exceptionHistory"]["entries"][0]["stacktrace"];
    let trace = newest.as_str().or_else(|| exceptions["root-exception"].as_str())?;
    Some(trace.lines().next().unwrap_or_default().to_owned())
}
