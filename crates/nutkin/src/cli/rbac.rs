//! `nutkin rbac`.

use nutkin_core::kubernetes::rbac;
use nutkin_core::plan::kubernetes;
use nutkin_core::session::Session;
use nutkin_flink::Problem;
use serde_json::{Value, json};

use super::select;
use super::shared::{Output, OutputArgs, SpecArgs};
use super::{Context, session_file};
use crate::{Exit, Outcome};
use nutkin_kubernetes::native_client;
use nutkin_shell::Error;

/// Arguments of `nutkin rbac`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin rbac -f session.yaml | kubectl apply -f -
                                         what the session's pods need
  nutkin rbac -D high-availability.type=kubernetes
  nutkin rbac --commands status,logs -n orders
                                         what people need for these commands")]
pub struct Args {
    /// The session's name
    #[arg(value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    spec: SpecArgs,

    /// Print what people need for these commands of Nutkin instead; for all commands by default
    #[arg(long, value_name = "COMMANDS", value_delimiter = ',', num_args = 0..)]
    commands: Option<Vec<String>>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Prints ServiceAccount, Role and RoleBinding. Asks nobody.
///
/// # Errors
/// Bad input (2).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let session = session_file::load(&args.spec, args.name.as_deref(), None, context)?;
    let place = select::place_on_kubernetes(&args.spec, &session, context)?;
    let implied = native_client::implied_namespace(&session, &place, context)?;
    let implied = implied.as_deref();
    let session = native_client::in_namespace(&session, place.namespace.as_deref(), implied);
    let namespace = kubernetes::namespace(&session, implied);
    let objects = match &args.commands {
        Some(commands) => of_commands(commands, &session, &namespace)?,
        None => rbac::objects(&session, &namespace),
    };
    match args.output.output {
        Output::Json | Output::Name | Output::JsonPath(_) => {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            context.printer.document(&args.output.output, &list)?;
        }
        // kubectl reads documents, not a table.
        Output::Text | Output::Yaml => {
            let documents: Vec<String> =
                objects.iter().map(nutkin_flink::yaml::to_string).collect::<Result<_, _>>()?;
            context.printer.out(&documents.join("---\n"));
        }
    }
    Ok(Exit::Done)
}

fn of_commands(
    commands: &[String],
    session: &Session,
    namespace: &str,
) -> Result<Vec<Value>, Error> {
    let known = rbac::commands();
    let unknown = commands.iter().filter(|one| !known.contains(&one.as_str()));
    let problems: Vec<Problem> = unknown
        .map(|one| {
            Problem::new("--commands", format!("`{one}` asks nothing of an API server"))
                .hint(format!("name some of: {}", known.join(", ")))
        })
        .collect();
    if !problems.is_empty() {
        return Err(Error::input(problems));
    }
    let wanted: Vec<&str> =
        if commands.is_empty() { known } else { commands.iter().map(String::as_str).collect() };
    Ok(vec![json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "nutkin", "namespace": namespace},
        "rules": rbac::for_session(&wanted, session),
    })])
}
