//! This machine as the client of a native Kubernetes session: the files and variables that its plan asks for.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use nutkin_core::plan::kubernetes::native::{self, ClientMachine, SeenPath};
use nutkin_core::session::{ConfDir, Session};
use nutkin_core::spec;
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::{Argument, Problem};
use nutkin_flink::{Configuration, FlinkVersion, Origin};

use crate::cluster;
use nutkin_shell::ClusterPlace;
use nutkin_shell::{Context, Error};

/// Variable that names the configuration directory, for Flink's scripts and for us.
pub const CONF_DIR_VARIABLE: &str = "FLINK_CONF_DIR";

/// The option that names the namespace.
const NAMESPACE: &str = "kubernetes.namespace";

/// Whether the session itself says its namespace.
pub fn says_namespace(session: &Session) -> bool {
    session.namespace.is_some() || session.configuration.contains(NAMESPACE)
}

/// The namespace of the kubeconfig's context, for commands that print what `up` would make and ask no cluster. Only
/// looked for where nothing stronger says one, and then told: what is printed depends on it.
///
/// # Errors
/// The kubeconfig cannot be used (exit 2).
pub fn implied_namespace(
    session: &Session,
    place: &ClusterPlace,
    context: &Context<'_>,
) -> Result<Option<String>, Error> {
    if place.namespace.is_some() || says_namespace(session) {
        return Ok(None);
    }
    let implied = cluster::implied_namespace(place, &session.configuration, context.environment)?;
    if let Some(namespace) = implied.as_deref().filter(|namespace| *namespace != "default") {
        context.events.say(&format!("namespace `{namespace}`, as the kubeconfig's context says"));
    }
    Ok(implied)
}

/// The session in the namespace that the command line gives. One that holds anyway is not an option of the session's.
pub fn in_namespace(session: &Session, given: Option<&str>, of_context: Option<&str>) -> Session {
    let mut session = session.clone();
    let implied = of_context.unwrap_or("default");
    let says = says_namespace(&session);
    if let Some(namespace) = given.filter(|given| says || *given != implied) {
        session.namespace = Some(namespace.to_owned());
        session.configuration.set(NAMESPACE, namespace, Origin::CommandLine);
    }
    session
}

/// Looks at everything that the plan of a session may need. `namespace` is that of the kubeconfig's context.
pub fn observe(
    session: &Session,
    namespace: Option<String>,
    context: &Context<'_>,
) -> ClientMachine {
    let environment: BTreeMap<String, String> = context
        .environment
        .variables()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())))
        .collect();
    let wanted = native::wanted(session, &environment).into_iter();
    let files = wanted
        .filter_map(|path| {
            let seen = look(&context.environment.directory.join(&path))?;
            Some((path, seen))
        })
        .collect();
    ClientMachine { context_namespace: namespace, environment, files }
}

/// What is at a path; `None` where nothing is.
fn look(path: &Path) -> Option<SeenPath> {
    if path.is_dir() {
        return Some(SeenPath::Directory);
    }
    match fs::read(path) {
        Ok(bytes) => Some(SeenPath::File(bytes)),
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
            None
        }
        Err(error) => Some(SeenPath::Unreadable(error.to_string())),
    }
}

/// The session of a Flink configuration directory and options. `name` counts where no option names the
/// cluster.
///
/// # Errors
/// [`Kind::Invalid`](nutkin_shell::Kind): the directory has no file that this Flink reads, or the file is wrong.
pub fn of_directory(
    directory: &Path,
    options: &Configuration,
    flink: FlinkVersion,
    name: &str,
    context: &Context<'_>,
) -> Result<Session, Error> {
    read_directory(directory, options, flink, name, context).map(|(session, _)| session)
}

/// The same, with what the file there says.
///
/// # Errors
/// As [`of_directory`].
pub fn read_directory(
    directory: &Path,
    options: &Configuration,
    flink: FlinkVersion,
    name: &str,
    context: &Context<'_>,
) -> Result<(Session, Configuration), Error> {
    let place = context.environment.directory.join(directory);
    let has = |dialect: Dialect| place.join(dialect.file_name()).is_file();
    let loaded = Dialect::loaded(flink, has(Dialect::FlinkConf), has(Dialect::ConfigYaml));
    let Some(dialect) = loaded else {
        let expected = Dialect::for_version(flink).file_name();
        let message =
            format!("`{}` has no `{expected}`, which Flink {flink} reads", directory.display());
        return Err(Error::input(vec![
            Problem::argument(Argument::ConfDir, message).hint(
                Argument::Flink
                    .within("name a directory of Flink's own form, or another release with ", ""),
            ),
        ]));
    };
    let file = directory.join(dialect.file_name()).display().to_string();
    let bytes = fs::read(place.join(dialect.file_name())).map_err(|error| {
        Error::input(vec![Problem::argument(
            Argument::ConfDir,
            format!("cannot read `{file}`: {error}"),
        )])
    })?;
    let reading =
        dialect::read(dialect, &String::from_utf8_lossy(&bytes), &file).map_err(Error::input)?;
    for warning in &reading.warnings {
        context.events.warn_problem(warning);
    }
    let conf_dir = ConfDir { path: directory.display().to_string(), dialect };
    let file = reading.configuration;
    let session = spec::of_directory(conf_dir, file.clone(), options, flink, name);
    Ok((session, file))
}
