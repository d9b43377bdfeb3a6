//! What the user wants, from the file and the command line.

use std::path::{Path, PathBuf};

use nutkin_core::ledger::Wanted;
use nutkin_core::session::{Mode, Session};
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::Problem;
use nutkin_flink::configuration::Origin;
use nutkin_flink::options::{self, Level, OptionFinding};
use nutkin_flink::version::UnknownVersion;
use nutkin_flink::{Configuration, FlinkVersion, dynamic};

use crate::cli::shared::{Platform, SpecArgs};
use crate::{Context, files};
use nutkin_kubernetes::native_client::{self, CONF_DIR_VARIABLE};
use nutkin_shell::Error;

/// The folder of the file: relative jars count from there.
pub(super) fn folder(file: Option<&Path>, context: &Context<'_>) -> PathBuf {
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    context.environment.directory.join(folder)
}

/// Reads the file, if any, and resolves the session.
///
/// # Errors
/// Exit 2 with all problems of the file and the command line.
pub fn load(
    args: &SpecArgs,
    name: Option<&str>,
    task_managers: Option<u32>,
    context: &Context<'_>,
) -> Result<Session, Error> {
    load_wanted(args, name, task_managers, context).map(|(session, _)| session)
}

/// The same, with what the ledger is to say of it.
///
/// # Errors
/// As [`load`].
pub fn load_wanted(
    args: &SpecArgs,
    name: Option<&str>,
    task_managers: Option<u32>,
    context: &Context<'_>,
) -> Result<(Session, Wanted), Error> {
    let options = dynamic::parse(&args.options).map_err(Error::input)?;
    if let Some(directory) = conf_dir(args, context)? {
        let flink = flink(args, &options)?;
        let name = name.unwrap_or(spec::DEFAULT_NAME);
        let (session, file) =
            native_client::read_directory(&directory, &options, flink, name, context)?;
        let wanted = Wanted::of_directory(&file, &options, name, &session);
        return Ok((session, wanted));
    }
    let file = args.file.as_deref().map(text_of).transpose()?;
    let options =
        options.iter().map(|(key, entry)| (key.to_owned(), entry.value.to_string())).collect();
    let flink = args.flink.as_deref().map(version).transpose()?;
    let name = name.map(str::to_owned);
    let inputs = Inputs { file: None, name, options, flink, task_managers };
    let read = match file {
        Some((file, text)) => spec::load_inputs(&text, &file, inputs),
        None => spec::resolve(&inputs).map(|session| (session, inputs)),
    };
    let (session, inputs) = read.map_err(Error::input)?;
    let wanted = Wanted::of(&inputs, &session, None);
    Ok((session, wanted))
}

/// Whether arguments say nothing of what the session shall be, but its name and where it is.
///
/// # Errors
/// As [`load`].
pub fn says_nothing(
    args: &SpecArgs,
    task_managers: Option<u32>,
    context: &Context<'_>,
) -> Result<bool, Error> {
    Ok(args.file.is_none()
        && args.options.is_empty()
        && args.flink.is_none()
        && task_managers.is_none()
        && conf_dir(args, context)?.is_none())
}

/// The Flink configuration directory that replaces a session file. `FLINK_CONF_DIR` counts only where nothing
/// else says what the session is: it may be set for other programs.
fn conf_dir(args: &SpecArgs, context: &Context<'_>) -> Result<Option<PathBuf>, Error> {
    let on_kubernetes = args.platform.on == Some(Platform::Kubernetes);
    if let (Some(_), false) = (&args.conf_dir, on_kubernetes) {
        let message = "a configuration directory describes a session on Kubernetes only";
        return Err(Error::input(vec![
            Problem::new("--conf-dir", message).hint("add --on kubernetes, or use a session file"),
        ]));
    }
    let variable = || {
        context.environment.path(CONF_DIR_VARIABLE).filter(|_| on_kubernetes && args.file.is_none())
    };
    Ok(args.conf_dir.clone().or_else(variable))
}

/// The release that the command line names, or the default.
fn flink(args: &SpecArgs, options: &Configuration) -> Result<FlinkVersion, Error> {
    match (&args.flink, options.text("nutkin.flink.version")) {
        (Some(text), _) => version(text),
        (None, Some(text)) => version(&text),
        (None, None) => Ok(FlinkVersion::DEFAULT),
    }
}

fn version(text: &str) -> Result<FlinkVersion, Error> {
    text.parse().map_err(|error: UnknownVersion| {
        Error::input(vec![Problem::new("--flink", error.to_string())])
    })
}

/// Checks every option against the table: values at which Flink would stop are problems, what it would
/// pass over is warned of.
///
/// # Errors
/// Exit 2 with all values that are wrong.
pub fn check_options(session: &Session, context: &Context<'_>) -> Result<(), Error> {
    let mut problems = Vec::new();
    for OptionFinding { level, problem } in options::check(&session.configuration, session.flink) {
        match level {
            Level::Error => problems.push(problem),
            Level::Warning if is_met_by_ours(session, &problem.path) => {}
            Level::Warning => {
                context.events.warn_problem(&problem);
            }
        }
    }
    if let Some(note) = options::note_on_operator(&session.configuration) {
        context.printer.say(&note);
    }
    let foreign = options::foreign(&session.configuration, session.flink);
    if !foreign.is_empty() {
        let keys: Vec<String> = foreign.iter().map(|key| format!("`{key}`")).collect();
        context.printer.say(&format!(
            "no release of Flink has these options, only programs can read them: {}",
            keys.join(", ")
        ));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::input(problems)) }
}

/// Whether an option stands for a field of the session file that has its effect although this Flink's client does not know
/// the option: CPUs are asked for in its own words, and pods of standalone mode are ours.
fn is_met_by_ours(session: &Session, key: &str) -> bool {
    let entry = session.configuration.get(key);
    let is_ours = session.mode == Some(Mode::Standalone) && key.starts_with("kubernetes.");
    (is_ours || key.ends_with(".cpu.amount"))
        && entry.is_some_and(|entry| matches!(entry.origin, Origin::Field(_)))
}

/// Reads a session file; `-` is standard input.
///
/// # Errors
/// Exit 2: it cannot be read, or what it says is wrong.
pub fn read(path: &Path) -> Result<spec::SessionFile, Error> {
    let (name, text) = text_of(path)?;
    spec::read(&text, &name).map_err(Error::input)
}

/// The name of a session file in messages, and its text.
fn text_of(path: &Path) -> Result<(String, String), Error> {
    let name = path.display().to_string();
    let text = files::text(path);
    let text = text.map_err(|error| {
        Error::input(vec![
            Problem::new("-f", format!("cannot read `{name}`: {error}"))
                .hint("`nutkin init` writes a session file to start from"),
        ])
    })?;
    Ok((name, text))
}
