//! From arguments to a session: which one a command is about, and where it runs.

use std::path::{Path, PathBuf};

use futures_util::stream::{self, StreamExt as _};
use nutkin_core::selection::{
    self, Known, Naming, Placing, PlacingError, Platform, SelectionError,
};
use nutkin_core::session;
use nutkin_core::spec::SessionFile;
use nutkin_flink::Problem;

use super::shared::{self, PlatformArgs, SpecArgs};
use crate::Context;
use crate::platform::{self, Session};
use nutkin_kubernetes::native_client;
use nutkin_shell::{ClusterPlace, Error, Kind, Place};

/// Variable that names the session of a shell.
pub(super) const SESSION_VARIABLE: &str = "NUTKIN_SESSION";

/// The session that is named, or the only one.
///
/// # Errors
/// None is named and there is none (exit code 5) or there are several (2); the named one does not
/// exist (5).
pub async fn find(
    name: Option<&str>,
    file: Option<&Path>,
    args: &PlatformArgs,
    context: &Context<'_>,
) -> Result<Session, Error> {
    let wanted = Wanted::of(name, file, args)?;
    let place = wanted.place();
    let Wanted { platform: given, cluster, .. } = wanted.clone();
    let naming = Naming {
        given: name,
        file: wanted.of_file.as_deref(),
        variable: context.environment.text(SESSION_VARIABLE),
    };
    if let (Some(_), Some(name)) = (
        given.filter(|on| *on != Platform::Local),
        naming.given.or(naming.file).or(naming.variable),
    ) {
        // Who names both need not be told what else there is. Where it was started from here is where it is.
        let noted = noted(place.platform(), &cluster, context)?;
        let noted = noted.into_iter().find(|(one, _)| one.name == name).map(|(_, place)| place);
        return platform::open(name, &noted.unwrap_or(place), context).await;
    }
    let (known, places): (Vec<Known>, Vec<Place>) = match given {
        None | Some(Platform::Local) => platform::known(context.environment)?.into_iter().unzip(),
        Some(platform) => {
            let there = platform::all(&place, context).await?;
            let of = |name: &str| (Known { name: name.to_owned(), platform }, place.clone());
            let mut all: Vec<(Known, Place)> = there.iter().map(|one| of(one.name())).collect();
            for (one, place) in noted(platform, &cluster, context)? {
                if all.iter().all(|(known, _)| *known != one) {
                    all.push((one, place));
                }
            }
            all.into_iter().unzip()
        }
    };
    let chosen = match selection::choose(naming, given, &known) {
        Ok(chosen) => chosen,
        Err(error) => {
            // Its directory may have been removed while it runs.
            if let SelectionError::Unknown { name, .. } = &error
                && let Some(session) = platform::without_directory(name, context.environment)
            {
                return Ok(session);
            }
            return Err(not_chosen(error, file, naming.variable));
        }
    };
    let index = known.iter().position(|one| *one == chosen);
    let noted = index.map_or_else(|| place.clone(), |index| places[index].clone());
    platform::open(&chosen.name, &completed(cluster, noted), context).await
}

/// The session that is named, or the only one, but not on this platform. `from`: on which one.
///
/// # Errors
/// As [`find`].
pub async fn find_elsewhere(
    name: Option<&str>,
    but: Platform,
    from: Option<Platform>,
    context: &Context<'_>,
) -> Result<Session, Error> {
    let is_meant =
        |place: &Place| place.platform() != but && from.is_none_or(|from| place.platform() == from);
    let known = platform::known(context.environment)?;
    let (known, places): (Vec<Known>, Vec<Place>) =
        known.into_iter().filter(|(_, place)| is_meant(place)).unzip();
    let variable = context.environment.text(SESSION_VARIABLE);
    let naming = Naming { given: name, file: None, variable };
    let chosen = selection::choose(naming, None, &known).map_err(|error| match error {
        SelectionError::Ambiguous(_) => Error::new(Kind::Invalid, error.to_string())
            .hint("say where it is now: --from local, --from docker or --from kubernetes"),
        error => not_chosen(error, None, variable),
    })?;
    let index = known.iter().position(|one| *one == chosen);
    let place = index.map_or(Place::Local, |index| places[index].clone());
    platform::open(&chosen.name, &place, context).await
}

/// Sessions of a platform that were started from this machine, each with its place; none where the arguments say where to
/// look.
fn noted(
    platform: Platform,
    cluster: &ClusterPlace,
    context: &Context<'_>,
) -> Result<Vec<(Known, Place)>, Error> {
    if *cluster != ClusterPlace::default() {
        return Ok(Vec::new());
    }
    let known = platform::known(context.environment)?.into_iter();
    Ok(known.filter(|(one, _)| one.platform == platform).collect())
}

/// A session that is gone, by the data that it has left where the arguments look for it.
///
/// # Errors
/// The file cannot be read, the platform cannot be asked.
pub async fn find_left(
    name: Option<&str>,
    file: Option<&Path>,
    args: &PlatformArgs,
    context: &Context<'_>,
) -> Result<Option<Session>, Error> {
    let wanted = Wanted::of(name, file, args)?;
    let variable = context.environment.text(SESSION_VARIABLE);
    match name.or(wanted.of_file.as_deref()).or(variable) {
        Some(name) => platform::left(name, &wanted.place(), context).await,
        None => Ok(None),
    }
}

/// What arguments and a file say of a session.
#[derive(Clone)]
struct Wanted {
    /// The name in the file.
    of_file: Option<String>,
    /// The platform, where one is named.
    platform: Option<Platform>,
    /// Where on Kubernetes.
    cluster: ClusterPlace,
}

impl Wanted {
    fn of(name: Option<&str>, file: Option<&Path>, args: &PlatformArgs) -> Result<Self, Error> {
        let read = match file {
            Some(file) => Some(super::session_file::read(file)?),
            None => None,
        };
        let of_file = read.as_ref().map(|file| file.session.clone().unwrap_or_default());
        let platform = match (args.on, &read) {
            (Some(on), _) => Some(on.into()),
            (None, Some(file)) => {
                option(file, "nutkin.platform").as_deref().and_then(selection::parse)
            }
            (None, None) => None,
        };
        let mut cluster = cluster_of(args);
        if let Some(file) = &read {
            let namespace = file.namespace.clone();
            cluster = cluster.or(ClusterPlace {
                namespace: namespace.or_else(|| option(file, "kubernetes.namespace")),
                context: option(file, "kubernetes.context"),
                kubeconfig: option(file, "kubernetes.config.file").map(PathBuf::from),
            });
        }
        Ok(Self { of_file: of_file.filter(|_| name.is_none()), platform, cluster })
    }

    /// Where to look: locally unless a platform is named.
    fn place(&self) -> Place {
        Place::on(self.platform.unwrap_or(Platform::Local), self.cluster.clone())
    }
}

/// What was given, with what was noted for the rest.
fn completed(given: ClusterPlace, noted: Place) -> Place {
    let platform = noted.platform();
    Place::on(platform, given.or(noted.cluster()))
}

fn option(file: &SessionFile, key: &str) -> Option<String> {
    let found = file.options.iter().find(|(found, _, _)| found == key);
    found.map(|(_, value, _)| value.to_string())
}

/// All sessions that the arguments are about.
///
/// # Errors
/// A platform cannot be asked.
pub async fn all(args: &PlatformArgs, context: &Context<'_>) -> Result<Vec<Session>, Error> {
    if let Some(on) = args.on {
        return platform::all(&place_of(on.into(), args), context).await;
    }
    let known = platform::known(context.environment)?.into_iter().map(|(known, place)| async {
        let place = completed(cluster_of(args), place);
        let opened = platform::open(&known.name, &place, context).await;
        (known, opened)
    });
    let mut sessions = Vec::new();
    let mut opened = stream::iter(known).buffered(platform::AT_ONCE);
    while let Some((known, opened)) = opened.next().await {
        match opened {
            Ok(session) => sessions.push(session),
            // What was started elsewhere may be gone, or out of reach: the others are still of interest.
            Err(failure) if failure.kind == Kind::NotFound => {}
            Err(failure) => context.printer.warn(&format!(
                "session `{}` on {}: {:#}",
                known.name, known.platform, failure.error
            )),
        }
    }
    Ok(sessions)
}

/// Where a session shall be started, or is to be brought to what is wanted.
///
/// # Errors
/// Exit 2: the user has to say `--on`.
pub fn place(
    args: &SpecArgs,
    session: &session::Session,
    context: &Context<'_>,
) -> Result<Place, Error> {
    let option = session.configuration.text("nutkin.platform");
    let against = nutkin_core::spec::against_local(session);
    let known = platform::known(context.environment)?;
    let noted = known.into_iter().find(|(one, _)| one.name == session.name);
    let placing = Placing {
        given: args.platform.on.map(Platform::from),
        option: option.as_deref(),
        known: noted.as_ref().map(|(one, _)| one.platform),
        against_local: against.as_deref(),
    };
    let platform = selection::place(placing).map_err(|error| {
        let problem = match &error {
            PlacingError::Option(_) => Problem::new("nutkin.platform", error.to_string()),
            PlacingError::Unclear(_) => Problem::new("--on", error.to_string())
                .hint("say where it shall run: --on local, --on kubernetes"),
        };
        Error::input(vec![problem])
    })?;
    let noted = noted.filter(|(one, _)| one.platform == platform);
    Ok(with_note(place_of(platform, &args.platform), session, noted.map(|(_, place)| place)))
}

/// Where on Kubernetes a session is or would be.
///
/// # Errors
/// The state directory cannot be read.
pub fn place_on_kubernetes(
    args: &SpecArgs,
    session: &session::Session,
    context: &Context<'_>,
) -> Result<ClusterPlace, Error> {
    let platform = Platform::Kubernetes;
    let wanted = Known { name: session.name.clone(), platform };
    let noted = platform::known(context.environment)?.into_iter().find(|(one, _)| *one == wanted);
    let place = place_of(platform, &args.platform);
    Ok(with_note(place, session, noted.map(|(_, place)| place)).cluster())
}

/// What the command line says of a place, then the session, then the note on it.
fn with_note(given: Place, session: &session::Session, noted: Option<Place>) -> Place {
    let Some(noted) = noted else { return given };
    let ClusterPlace { namespace, context, kubeconfig } = noted.cluster();
    let namespace = namespace.filter(|_| !native_client::says_namespace(session));
    let cluster = ClusterPlace { namespace, context, kubeconfig };
    completed(given.cluster(), Place::on(noted.platform(), cluster))
}

/// A place as the command line alone says it.
pub fn place_of(platform: Platform, args: &PlatformArgs) -> Place {
    Place::on(platform, cluster_of(args))
}

/// What the command line alone says of a cluster.
pub fn cluster_of(args: &PlatformArgs) -> ClusterPlace {
    let (namespace, context) = (args.namespace.clone(), args.context.clone());
    ClusterPlace { namespace, context, kubeconfig: None }
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

fn not_chosen(error: SelectionError, file: Option<&Path>, variable: Option<&str>) -> Error {
    let message = error.to_string();
    match error {
        SelectionError::None => Error::new(Kind::NotFound, message)
            .hint("`nutkin up` starts one; `nutkin up -f FILE` the one of a file"),
        SelectionError::Ambiguous(_) => Error::new(Kind::Invalid, message)
            .hint("say where it runs: --on local, --on docker or --on kubernetes"),
        SelectionError::Several(_) => Error::new(Kind::Invalid, message)
            .hint("name one: as the argument, with --session, or in NUTKIN_SESSION"),
        SelectionError::Unknown { name, known } => {
            let failure = Error::new(Kind::NotFound, message);
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
            let names = known.iter().map(|one| one.name.as_str());
            let failure = match nutkin_flink::words::nearest(&name, names) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure,
            };
            failure.hint(format!("there are: {}", selection::list(&known)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Printer;
    use nutkin_shell::Environment;

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
        fn check(&self, name: Option<&str>, variable: &str, expected: Result<&str, (Kind, &str)>) {
            let state = self.temporary.path().to_str().unwrap();
            let variables = [("XDG_STATE_HOME", state), (SESSION_VARIABLE, variable)];
            let environment = Environment::of_test(&variables, "/".into());
            let printer = Printer::new(&environment, true);
            let events = nutkin_shell::Silent::sink();
            let context = Context::new(&printer, &events, &environment);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let found = runtime
                .block_on(find(name, None, &PlatformArgs::default(), &context))
                .map(|session| session.name().to_owned())
                .map_err(|failure| (failure.kind, failure.error.to_string()));
            let expected =
                expected.map(str::to_owned).map_err(|(exit, text)| (exit, text.to_owned()));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_only_one() {
        World::new(&["a"]).check(None, "", Ok("a"));
        World::new(&[]).check(None, "", Err((Kind::NotFound, "there is no session")));
    }

    #[test]
    fn one_of_several() {
        let world = World::new(&["a", "b"]);
        world.check(None, "", Err((Kind::Invalid, "there are several sessions: a, b")));
        world.check(None, "b", Ok("b"));
        world.check(Some("a"), "b", Ok("a"));
        world.check(Some("c"), "b", Err((Kind::NotFound, "there is no session `c`")));
    }
}
