//! `nutkin render`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use nutkin_core::change;
use nutkin_core::plan::kubernetes::kustomize;
use nutkin_core::selection::Platform;
use nutkin_flink::options;
use nutkin_flink::words::shell_word;
use serde_json::json;

use super::select;
use super::shared::{Output, SpecArgs, document};
use super::{Context, render_objects, session_file};
use crate::{Exit, Outcome, runtime};
use nutkin_core::decide::local;
use nutkin_local::directory::SessionDirectory;
use nutkin_local::launch::Definition;
use nutkin_local::shell::LocalShell;
use nutkin_shell::{Error, Kind, Place};

/// Arguments of `nutkin render`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin render                      the processes of a session on this machine
  nutkin render --on docker          a Compose file
  nutkin render -f session.yaml -o json
  nutkin render --on kubernetes -f session.yaml | kubectl apply --server-side -f -
  nutkin render --on kubernetes -f session.yaml -o kustomize --output-dir deploy
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

    /// How to print
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,

    /// The directory to write, for kustomize
    #[arg(long, value_name = "DIR", required_if_eq("output", "kustomize"))]
    output_dir: Option<PathBuf>,
}

/// How a session is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// The same as YAML.
    Yaml,
    /// A directory with a file for each Kubernetes object.
    Kustomize,
}

/// Prints what a session is made of: on Kubernetes its objects, on this machine files and command lines. Starts,
/// installs and fetches nothing: what is not there is assumed, and that is said.
///
/// # Errors
/// Bad input (2); a sensitive value would be printed without `--show-secrets` (2).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let session = session_file::load(&args.spec, None, args.task_managers, context)?;
    let place = select::place(&args.spec, &session, context)?;
    let output = match (args.output, &args.output_dir) {
        (Format::Json, None) => Output::Json,
        (Format::Yaml, None) => Output::Yaml,
        (Format::Kustomize, _) if place.platform() != Platform::Kubernetes => {
            let failed = Error::new(Kind::Invalid, "Kustomize is for Kubernetes");
            return Err(failed.hint("add `--on kubernetes`"));
        }
        (Format::Text, None) | (Format::Kustomize, _) => Output::Text,
        (_, Some(_)) => {
            let failed = Error::new(Kind::Invalid, "--output-dir is for `-o kustomize`");
            return Err(failed.hint("leave it away: the other formats are printed"));
        }
    };
    if let Place::Kubernetes(place) = &place {
        let objects = render_objects::plan(&session, place, args.show_secrets, context)?;
        return match args.output_dir {
            Some(directory) => {
                render_objects::write(&objects, &directory, kustomize::SESSION_MARK, context)
            }
            None => render_objects::print(&objects, &output, context),
        };
    }
    let secret = session.configuration.iter().find(|(key, _)| options::is_sensitive(key));
    let secret = secret.map(|(key, _)| format!("the value of `{key}`"));
    render_objects::refuse_secret(secret, args.show_secrets)?;
    if place == Place::Docker {
        return runtime::block_on(async {
            let file = nutkin_docker::render::render(&session, context).await?;
            // For people and for `docker compose` alike.
            let output = match output {
                Output::Text => Output::Yaml,
                other => other,
            };
            context.printer.document(&output, &file)?;
            Ok(Exit::Done)
        });
    }
    runtime::block_on(async {
        let directory = SessionDirectory::of(context.environment, &session.name)?;
        let mut shell = LocalShell::new(directory.clone());
        let seen = shell.observe(Some(&session), context).await?;
        let planned = local::plan(&session, &seen).map_err(|refusal| shell.refused(refusal))?;
        planned.said.iter().for_each(|line| context.printer.say(line));
        planned.assumptions.iter().for_each(|line| context.printer.warn(line));
        if output != Output::Text {
            let processes: Vec<_> = planned
                .launch
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
            let fields = json!({"name": session.name, "files": planned.files, "processes": processes,
                    "assumptions": planned.assumptions});
            context.printer.document(&output, &document("Processes", fields))?;
            return Ok(Exit::Done);
        }
        let mut text = String::new();
        for (path, content) in &planned.files {
            text.push_str(&format!("# {}\n{content}\n", directory.join(path).display()));
        }
        for one in &planned.launch.processes {
            text.push_str(&format!("# {}\n{}", one.name, one.program.display()));
            for argument in &one.arguments {
                let separator = if argument.starts_with('-') { " \\\n  " } else { " " };
                text.push_str(&format!("{separator}{}", shell_word(argument)));
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
