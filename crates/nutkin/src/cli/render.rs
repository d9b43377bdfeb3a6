//! `nutkin render`.

use std::collections::BTreeMap;

use nutkin_core::change;
use nutkin_core::flink::options;
use nutkin_core::selection::Platform;
use serde_json::json;

use super::shared::{Output, OutputArgs, SpecArgs, document};
use super::{Context, render_objects, session_file};
use crate::local::launch::Definition;
use crate::local::up::{Purpose, decide};
use crate::{Exit, Outcome, native_client, runtime, select};

/// Arguments of `nutkin render`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin render                      the processes of a session on this machine
  nutkin render --on docker          a Compose file
  nutkin render -f session.yaml -o json
  nutkin render --on kubernetes -f session.yaml | kubectl apply --server-side -f -
  nutkin render --on kubernetes --conf-dir conf -D kubernetes.cluster-id=words")]
pub struct Args {
    #[command(flatten)]
    spec: SpecArgs,

    /// Number of TaskManagers
    #[arg(long, value_name = "N")]
    task_managers: Option<u32>,

    /// Print the values of sensitive options
    #[arg(long)]
    show_secrets: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// Prints what a session is made of: on Kubernetes its objects, on this machine files and command lines. Starts,
/// installs and fetches nothing: what is not there is assumed, and that is said.
///
/// # Errors
/// Bad input (2); a sensitive value would be printed without `--show-secrets` (2).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let session = session_file::load(&args.spec, None, args.task_managers, context)?;
    let place = select::place(&args.spec, &session, context)?;
    if place.platform == Platform::Kubernetes {
        return render_objects::print(
            &native_client::in_namespace(&session, place.namespace.as_deref(), None),
            args.output.output,
            args.show_secrets,
            context,
        );
    }
    let secret = session.configuration.iter().find(|(key, _)| options::is_sensitive(key));
    let secret = secret.map(|(key, _)| format!("the value of `{key}`"));
    render_objects::refuse_secret(secret, args.show_secrets)?;
    if place.platform == Platform::Docker {
        return runtime::block_on(async {
            let file = crate::docker::up::render(&session, context).await?;
            // For people and for `docker compose` alike.
            let output = match args.output.output {
                Output::Text => Output::Yaml,
                other => other,
            };
            context.printer.document(output, &file)?;
            Ok(Exit::Done)
        });
    }
    runtime::block_on(async {
        let decision = decide(&session, Purpose::Look, context).await?;
        for assumption in &decision.assumptions {
            context.printer.warn(assumption);
        }
        if args.output.output != Output::Text {
            let processes: Vec<_> = decision
                .new
                .processes
                .iter()
                .map(|one| {
                    json!({
                        "name": one.name,
                        "program": one.program,
                        "arguments": one.arguments,
                        "environment": environment(one, args.show_secrets),
                        "directory": one.directory,
                        "out": one.out,
                        "log": one.log,
                    })
                })
                .collect();
            let fields = json!({"name": session.name, "files": decision.files, "processes": processes,
                    "assumptions": decision.assumptions});
            context.printer.document(args.output.output, &document("Processes", fields))?;
            return Ok(Exit::Done);
        }
        let mut text = String::new();
        for (path, content) in &decision.files {
            text.push_str(&format!("# {}\n{content}\n", decision.directory.join(path).display()));
        }
        for one in &decision.new.processes {
            text.push_str(&format!("# {}\n{}", one.name, one.program.display()));
            for argument in &one.arguments {
                let separator = if argument.starts_with('-') { " \\\n  " } else { " " };
                text.push_str(&format!("{separator}{}", quoted(argument)));
            }
            text.push_str("\n\n");
        }
        context.printer.out(&text);
        Ok(Exit::Done)
    })
}

/// The variables of a process, passwords masked unless they are wanted.
fn environment(process: &Definition, show_secrets: bool) -> BTreeMap<&str, &str> {
    let is_hidden = |name| !show_secrets && change::is_secret_variable(name, options::is_sensitive);
    let shown = |(name, value)| (name, if is_hidden(name) { "******" } else { value });
    process.environment.iter().map(|(name, value)| shown((name.as_str(), value.as_str()))).collect()
}

/// An argument as a shell takes it.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}
