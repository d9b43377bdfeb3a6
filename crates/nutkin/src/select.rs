//! Finds the session that a command is about.

use std::path::Path;

use nutkin_core::flink::FlinkVersion;
use nutkin_core::selection::{Naming, Platform, SelectionError, choose};

use crate::Context;
use crate::cli::shared::{self, SessionArgs};
use crate::local::directory::{self, SessionDirectory, StateError};
use crate::local::launch::Launch;
use crate::{Exit, Failure};

/// Variable that names the session of a shell.
const SESSION_VARIABLE: &str = "NUTKIN_SESSION";

/// A session that was found, and how to reach it.
#[derive(Debug, Clone)]
pub struct Connected {
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub platform: Platform,
    /// REST addresses, one for each JobManager, without a slash at the end. With high availability any
    /// of them may be the one that answers.
    pub rest_urls: Vec<String>,
    /// Its Flink release.
    pub flink: FlinkVersion,
    /// Where its state is.
    pub directory: SessionDirectory,
}

impl Connected {
    /// The address to show to people.
    pub fn rest_url(&self) -> &str {
        self.rest_urls.first().map_or("", String::as_str)
    }
}

/// The session that a command about jobs is about.
///
/// # Errors
/// None is named and there is none (exit code 5) or there are several (2); the named one does not
/// exist (5); its state is damaged (1).
pub fn connect(args: &SessionArgs, context: &Context<'_>) -> Result<Connected, Failure> {
    only_local(args.platform.on)?;
    let directory = find(args.session.as_deref(), args.file.as_deref(), context)?;
    connect_to(directory)
}

/// How to reach a session whose directory is known.
///
/// # Errors
/// Its state is damaged.
pub fn connect_to(directory: SessionDirectory) -> Result<Connected, Failure> {
    let launch = read_launch(&directory)?;
    let flink = launch.flink_version.parse()?;
    Ok(Connected {
        name: directory.name().to_owned(),
        platform: Platform::Local,
        rest_urls: launch.rest_urls,
        flink,
        directory,
    })
}

/// The directory of the session that is named, or of the only one.
///
/// # Errors
/// As [`connect`], without the state.
pub fn find(
    name: Option<&str>,
    file: Option<&Path>,
    context: &Context<'_>,
) -> Result<SessionDirectory, Failure> {
    let known = SessionDirectory::all(context.environment)?;
    let names: Vec<_> = known.iter().map(|one| one.name().to_owned()).collect();
    let from_file = match file {
        Some(file) if name.is_none() => Some(session_name(file, context)?),
        _ => None,
    };
    let naming = Naming {
        given: name,
        file: from_file.as_deref(),
        variable: context.environment.text(SESSION_VARIABLE),
    };
    let chosen =
        choose(naming, &names).map_err(|error| not_chosen(error, file, naming.variable))?;
    SessionDirectory::of(context.environment, &chosen)
}

/// Reads a session's `launch.json`.
///
/// # Errors
/// It is missing or damaged: what to do is said.
pub fn read_launch(directory: &SessionDirectory) -> Result<Launch, Failure> {
    directory::read_json(&directory.launch()).map_err(|error| damaged(directory, error))
}

/// A session whose state cannot be read.
pub fn damaged(directory: &SessionDirectory, error: StateError) -> Failure {
    let name = directory.name();
    let context = format!("the state of session `{name}` is damaged");
    Failure::from(anyhow::Error::new(error).context(context))
        .hint(format!("`nutkin down {name}` ends what runs of it and removes the rest"))
}

/// Says no to platforms that this build does not have.
///
/// # Errors
/// Docker or Kubernetes was asked for.
pub fn only_local(on: Option<shared::Platform>) -> Result<(), Failure> {
    match on {
        None | Some(shared::Platform::Local) => Ok(()),
        Some(other) => {
            let message = format!("`--on {}` is not in this build yet", Platform::from(other));
            Err(Failure::new(Exit::Failed, message)
                .hint("sessions run on this machine: --on local"))
        }
    }
}

impl From<shared::Platform> for Platform {
    fn from(platform: shared::Platform) -> Self {
        match platform {
            shared::Platform::Local => Self::Local,
            shared::Platform::Docker => Self::Docker,
            shared::Platform::Kubernetes => Self::Kubernetes,
        }
    }
}

fn not_chosen(error: SelectionError, file: Option<&Path>, variable: Option<&str>) -> Failure {
    let message = error.to_string();
    match error {
        SelectionError::None => Failure::new(Exit::NotFound, message)
            .hint("`nutkin up` starts one; `nutkin up -f FILE` the one of a file"),
        SelectionError::Several(_) => Failure::new(Exit::BadInput, message)
            .hint("name one: as the argument, with --session, or in NUTKIN_SESSION"),
        SelectionError::Unknown { name, known } => {
            let failure = Failure::new(Exit::NotFound, message);
            let failure = match file {
                Some(file) => failure.hint(format!("`nutkin up -f {}` starts it", file.display())),
                None if variable == Some(name.as_str()) => {
                    failure.hint(format!("the name comes from the variable {SESSION_VARIABLE}"))
                }
                None => failure,
            };
            if known.is_empty() {
                return failure.hint("there is none at all: `nutkin up` starts one");
            }
            failure.hint(format!("there are: {}", known.join(", ")))
        }
    }
}

/// The name in a session file.
fn session_name(file: &Path, _context: &Context<'_>) -> Result<String, Failure> {
    let read = crate::cli::session_file::read(file)?;
    Ok(read.session.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;
    use crate::report::Printer;

    struct World {
        temporary: tempfile::TempDir,
    }

    impl World {
        fn new(sessions: &[&str]) -> Self {
            let temporary = tempfile::tempdir().unwrap();
            for name in sessions {
                let path = temporary.path().join("nutkin/sessions").join(name);
                std::fs::create_dir_all(&path).unwrap();
                std::fs::write(path.join("launch.json"), "{").unwrap();
            }
            Self { temporary }
        }

        #[track_caller]
        fn check(&self, name: Option<&str>, variable: &str, expected: Result<&str, (Exit, &str)>) {
            let state = self.temporary.path().to_str().unwrap();
            let variables = [("XDG_STATE_HOME", state), (SESSION_VARIABLE, variable)];
            let environment = Environment::of_test(&variables, "/".into());
            let printer = Printer::new(&environment, true);
            let context = Context { printer: &printer, environment: &environment };
            let found = find(name, None, &context)
                .map(|directory| directory.name().to_owned())
                .map_err(|failure| (failure.exit, failure.error.to_string()));
            let expected =
                expected.map(str::to_owned).map_err(|(exit, text)| (exit, text.to_owned()));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_only_one() {
        World::new(&["a"]).check(None, "", Ok("a"));
        World::new(&[]).check(None, "", Err((Exit::NotFound, "there is no session")));
    }

    #[test]
    fn one_of_several() {
        let world = World::new(&["a", "b"]);
        world.check(None, "", Err((Exit::BadInput, "there are several sessions: a, b")));
        world.check(None, "b", Ok("b"));
        world.check(Some("a"), "b", Ok("a"));
        world.check(Some("c"), "b", Err((Exit::NotFound, "there is no session `c`")));
    }

    #[test]
    fn damage_is_said_with_the_way_out() {
        let world = World::new(&["a"]);
        let path = world.temporary.path().join("nutkin/sessions/a");
        let failure = connect_to(SessionDirectory::at(path)).unwrap_err();
        assert_eq!(failure.error.to_string(), "the state of session `a` is damaged");
        assert_eq!(failure.hints, ["`nutkin down a` ends what runs of it and removes the rest"]);
    }
}
