//! What the user wants, from the file and the command line.

use std::fs;
use std::io::Read;

use nutkin_core::Problem;
use nutkin_core::flink::dynamic;
use nutkin_core::flink::options::{self, Finding, Level};
use nutkin_core::session::Session;
use nutkin_core::spec::{self, Inputs};

use crate::cli::shared::SpecArgs;
use crate::{Context, Failure};

/// Reads the file, if any, and resolves the session.
///
/// # Errors
/// Exit 2 with all problems of the file and the command line.
pub fn load(
    args: &SpecArgs,
    name: Option<&str>,
    task_managers: Option<u32>,
) -> Result<Session, Failure> {
    let file = args.file.as_deref().map(read).transpose()?;
    let options = dynamic::parse(&args.options).map_err(Failure::input)?;
    let options =
        options.iter().map(|(key, entry)| (key.to_owned(), entry.value.to_string())).collect();
    let flink = match args.flink.as_deref().map(str::parse).transpose() {
        Ok(flink) => flink,
        Err(error) => {
            let error: nutkin_core::flink::version::UnknownVersion = error;
            return Err(Failure::input(vec![Problem::new("--flink", error.to_string())]));
        }
    };
    let inputs = Inputs { file, name: name.map(str::to_owned), options, flink, task_managers };
    spec::resolve(&inputs).map_err(Failure::input)
}

/// Checks every option against the table: values at which Flink would stop are problems, what it would
/// pass over is warned of.
///
/// # Errors
/// Exit 2 with all values that are wrong.
pub fn check_options(session: &Session, context: &Context<'_>) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for Finding { level, problem } in options::check(&session.configuration, session.flink) {
        match level {
            Level::Error => problems.push(problem),
            Level::Warning => {
                let hint = problem.hint.as_ref().map(|hint| format!("; {hint}"));
                context.printer.warn(&format!("{problem}{}", hint.unwrap_or_default()));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::input(problems)) }
}

/// Reads a session file; `-` is standard input.
///
/// # Errors
/// Exit 2: it cannot be read, or what it says is wrong.
pub fn read(path: &std::path::Path) -> Result<spec::SessionFile, Failure> {
    let name = path.display().to_string();
    let text = if name == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|error| {
        Failure::input(vec![
            Problem::new("-f", format!("cannot read `{name}`: {error}"))
                .hint("`nutkin init` writes a session file to start from"),
        ])
    })?;
    spec::read(&text, &name).map_err(Failure::input)
}
