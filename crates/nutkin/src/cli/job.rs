//! `nutkin job`.

use serde_json::{Value, json};

use super::Context;
use super::client::target;
use super::jobs::duration;
use super::shared::{Output, OutputArgs, SessionArgs, document, extend};
use crate::jobs::described;
use crate::report::{Style, table};
use crate::{Exit, Outcome, runtime};
use nutkin_rest::jobs::Described;

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
        let exception = root_exception(&exceptions);
        if args.output.output != Output::Text {
            let mut fields = job.document();
            let more = json!({
                "vertices": vertices,
                "checkpoints": {
                    "counts": checkpoints["counts"],
                    "lastCompleted": latest["completed"]["external_path"],
                    "lastSavepoint": latest["savepoint"]["external_path"],
                    "restoredFrom": latest["restored"]["external_path"],
                },
                "exception": exception,
            });
            extend(&mut fields, more);
            context.printer.document(args.output.output, &document("Job", fields))?;
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
            ("last savepoint", &latest["savepoint"]["external_path"]),
            ("restored from", &latest["restored"]["external_path"]),
        ] {
            if let Some(path) = path.as_str() {
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
        Ok(Exit::Done)
    })
}

/// The newest exception in one line, in the form of 1.13 and later, or the older one.
fn root_exception(exceptions: &Value) -> Option<String> {
    let newest = &exceptions["exceptionHistory"]["entries"][0]["stacktrace"];
    let trace = newest.as_str().or_else(|| exceptions["root-exception"].as_str())?;
    Some(trace.lines().next().unwrap_or_default().to_owned())
}
