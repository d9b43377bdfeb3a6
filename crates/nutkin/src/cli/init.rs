//! `nutkin init`.

mod from;

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use nutkin_core::spec::{DEFAULT_NAME, is_name};
use nutkin_flink::Problem;

use super::Context;
use super::shared::refuse_format;
use crate::{Exit, Outcome};
use nutkin_shell::Error;

/// Arguments of `nutkin init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin init orders                 writes orders.yaml
  nutkin init orders -o - | less     prints it
  nutkin init --from deploy/ --explain          one session file of hand-written ones
  nutkin init orders --from conf/ --as-is       without curing what is wrong in them")]
pub struct Args {
    /// The session's name; without one `default`, or that of the files
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// The file to write; `-` for standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write over an existing file
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    taken: from::FromArgs,
}

/// What a new user wants to change first, with the reason to.
const TEMPLATE: &str = "\
# A Flink session. `nutkin up -f FILE` starts it; again, after a change, it shows what changes and asks.
# The kinds are those of the Flink Kubernetes Operator.
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata:
  name: NAME
spec:
  # A release line, v1_13 to v2_3. `nutkin.flink.version: 1.20.5` below would pin one release of it.
  flinkVersion: v1_20
  flinkConfiguration:
    # Every option of Flink, as text. Jobs run in slots: one per parallel part of a job.
    taskmanager.numberOfTaskSlots: \"2\"
    # With checkpoints a job goes on after a failure instead of starting again.
    execution.checkpointing.interval: 30 s
    # Two JobManagers, so that jobs survive the loss of one. On this machine a ZooKeeper comes along.
    # high-availability.type: zookeeper
  jobManager:
    resource:
      memory: 1600m
  taskManager:
    replicas: 1
    resource:
      memory: 1728m
# A job that belongs to the session:
# ---
# apiVersion: flink.apache.org/v1beta1
# kind: FlinkSessionJob
# metadata:
#   name: NAME-job
# spec:
#   deploymentName: NAME
#   job:
#     jarURI: target/job.jar
#     args: [\"--rate\", \"10\"]
#     parallelism: 2
#     upgradeMode: savepoint
";

/// Writes a commented session file to start from.
///
/// # Errors
/// The name is none, or the file exists (2); it cannot be written (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    if let Some(name) = args.name.as_deref().filter(|name| !is_name(name)) {
        return Err(Error::input(vec![
            Problem::new("NAME", format!("`{name}` is not a valid session name"))
                .hint("lower-case letters, digits and `-`, a letter first"),
        ]));
    }
    if let Some(output) = &args.output {
        refuse_format(output)?;
    }
    if !args.taken.from.is_empty() {
        return from::run(&args, context);
    }
    let name = args.name.as_deref().unwrap_or(DEFAULT_NAME);
    let text = TEMPLATE.replace("NAME", name);
    let path = args.output.unwrap_or_else(|| format!("{name}.yaml").into());
    if path.as_os_str() == "-" {
        context.printer.out(&text);
        return Ok(Exit::Done);
    }
    save(&path, &text, args.force)?;
    context.printer.say(&format!("wrote `{0}`; start it with `nutkin up -f {0}`", path.display()));
    Ok(Exit::Done)
}

/// Refuses to go on where a file is already.
fn absent(path: &Path) -> Result<(), Error> {
    if path.exists() { Err(exists(path)) } else { Ok(()) }
}

fn exists(path: &Path) -> Error {
    Error::input(vec![
        Problem::new("--output", format!("`{}` exists", path.display()))
            .hint("--force writes over it; --output names another"),
    ])
}

/// Writes a file, over an existing one only by force.
fn save(path: &Path, text: &str, force: bool) -> Result<(), Error> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true).create_new(!force);
    let file = options.open(path);
    if file.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
        return Err(exists(path));
    }
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        anyhow::Error::new(error).context(format!("cannot write `{}`", path.display()))
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use nutkin_core::spec::{Inputs, read, resolve};

    /// With and without its commented parts.
    #[test]
    fn the_file_is_one_that_up_takes() {
        let text = super::TEMPLATE.replace("NAME", "orders");
        let file = read(&text, "orders.yaml").unwrap();
        let session = resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap();
        assert_eq!((session.name.as_str(), session.jobs.len()), ("orders", 0));

        let job = text.split_once("# ---").unwrap().1.replace("\n# ", "\n");
        let whole = format!("{text}\n---{job}");
        let file = read(&whole, "orders.yaml").unwrap();
        let session = resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap();
        assert_eq!(session.jobs[0].name, "orders-job");
    }
}
