//! `nutkin kubernetes-session`: a drop-in for `kubernetes-session.sh`, also when the binary is called so.
//!
//! It takes Flink's words and ends with Flink's exit codes. What Flink's client does wrong it does not do:
//! `docs/differences-from-flink.md` lists that.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nutkin_core::kubernetes::resource::title;
use nutkin_core::session::Session;
use nutkin_flink::Problem;
use nutkin_flink::flink_cli::kubernetes_session::{self as words, SessionCall, Typed};
use nutkin_flink::{Configuration, FlinkVersion, dynamic, values};

use super::Context;
use super::flink::failed;
use crate::jobs::random_id;
use crate::platform::{kubernetes, remember};
use crate::{Exit, Outcome, runtime};
use nutkin_fetch::dist::{Distribution, version_of_lib};
use nutkin_kubernetes::drop_in::{self, FoundSession};
use nutkin_kubernetes::native_client::{self, CONF_DIR_VARIABLE};
use nutkin_kubernetes::run::Run;
use nutkin_kubernetes::{reach, session};
use nutkin_shell::{Ending, Error, Harm, Kind};

/// Arguments of `nutkin kubernetes-session`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin kubernetes-session -Dkubernetes.cluster-id=words -Dkubernetes.namespace=flink
  echo stop | nutkin kubernetes-session -Dkubernetes.cluster-id=words -Dexecution.attached=true
  ln -s $(which nutkin) $FLINK_HOME/bin/kubernetes-session.sh")]
pub struct Args {
    /// The Flink distribution whose release and configuration count [env: FLINK_HOME]
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,

    /// What Flink's script takes: -Dkey=value; -Dexecution.attached=true for `help`, `stop` and `quit`
    #[arg(value_name = "WORDS", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// The name of Flink's script.
const SCRIPT: &str = "kubernetes-session.sh";

const HELP: &str = "\
kubernetes-session.sh [-Dkey=value]...

  -D key=value              an option of Flink; it wins over the configuration file
  -t, --target, -e TARGET   taken, and of no effect: the target is a session on Kubernetes

  -Dkubernetes.cluster-id=ID      the session's name; without it one is made up
  -Dkubernetes.namespace=NAME     where; `default` without it
  -Dexecution.attached=true       stay, and take the commands `help`, `stop` and `quit`

FLINK_CONF_DIR names the configuration directory. A session that exists is found, and left as it is; `nutkin up
--on kubernetes --conf-dir DIR` changes it. `nutkin --help` has more.
";

/// The arguments as `nutkin kubernetes-session --home .. -- ...`, where the binary is called `kubernetes-session.sh`.
pub fn in_its_place(arguments: Vec<OsString>) -> Vec<OsString> {
    let program = arguments.first().map(PathBuf::from).unwrap_or_default();
    if program.file_name().is_none_or(|name| name != SCRIPT) {
        return arguments;
    }
    let mut new: Vec<OsString> = vec![program.clone().into(), "kubernetes-session".into()];
    // Flink's script finds its distribution by where it lies itself.
    let home = program.parent().and_then(Path::parent).filter(|home| home.join("lib").is_dir());
    if let Some(home) = home {
        new.extend(["--home".into(), home.into()]);
    }
    new.push("--".into());
    new.extend(arguments.into_iter().skip(1));
    new
}

/// Does what Flink's script would do.
///
/// # Errors
/// Never: what goes wrong is printed as Flink prints it, and the exit code is 1.
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let options = match words::parse(&args.words) {
        Ok(SessionCall::Help) => {
            context.printer.out(HELP);
            return Ok(Exit::Done);
        }
        Ok(SessionCall::Session(options)) => options,
        Err(text) => {
            context.printer.out(&text);
            return Ok(Exit::Failed);
        }
    };
    let deployed = runtime::block_on(async {
        let session = wished(&options, args.home, context)?;
        let stays = is_attached(&session.configuration)?;
        let found = Box::pin(find_or_create(&session, context)).await?;
        if stays { attached(found, context).await } else { Ok(Exit::Done) }
    });
    deployed.or_else(|failure| Ok(failed(failure, context)))
}

/// The session that configuration directory and options describe.
fn wished(
    options: &[String],
    home: Option<PathBuf>,
    context: &Context<'_>,
) -> Result<Session, Error> {
    let options = dynamic::parse(options).map_err(Error::input)?;
    let home = home.or_else(|| context.environment.place("FLINK_HOME"));
    let version = match (options.text("nutkin.flink.version"), &home) {
        (Some(text), _) => Some(text),
        (None, Some(home)) => {
            let distribution = Distribution::open(FlinkVersion::DEFAULT, home).ok();
            distribution.and_then(|distribution| version_of_lib(&distribution.lib))
        }
        (None, None) => None,
    };
    let flink = match version {
        Some(text) => text.parse::<FlinkVersion>().map_err(|error| {
            Error::input(vec![Problem::new("nutkin.flink.version", error.to_string())])
        })?,
        None => FlinkVersion::DEFAULT,
    };
    let directory = context.environment.path(CONF_DIR_VARIABLE);
    let directory = directory.or_else(|| Some(home?.join("conf"))).ok_or_else(|| {
        Error::new(Kind::Broken, "the configuration directory was not specified")
            .hint(format!("name it in the variable {CONF_DIR_VARIABLE}, or Flink's in FLINK_HOME"))
    })?;
    let id = words::generated_id(&random_id()?);
    native_client::of_directory(&directory, &options, flink, &id, context)
}

/// `execution.attached`: whether commands are taken while the session runs.
fn is_attached(configuration: &Configuration) -> Result<bool, Error> {
    let text = configuration.text("execution.attached").unwrap_or_default();
    if text.is_empty() {
        return Ok(false);
    }
    let read = values::boolean(&text);
    read.map_err(|error| Error::input(vec![Problem::new("execution.attached", error.to_string())]))
}

/// The session, found or created, which is said as Flink's client says it.
async fn find_or_create(
    session: &Session,
    context: &Context<'_>,
) -> Result<session::KubernetesSession, Error> {
    let (verb, found) = match Box::pin(drop_in::find(session, context)).await? {
        FoundSession::There(found) => ("Retrieve", *found),
        FoundSession::Missing(run) => {
            let id = &session.name;
            let made = Box::pin(create(*run, context)).await;
            let made = made.map_err(|error| Error {
                error: error
                    .error
                    .context(format!("Could not create Kubernetes cluster \"{id}\".")),
                ..error
            })?;
            ("Create", made)
        }
    };
    announce(verb, &found, session, context).await?;
    Ok(found)
}

async fn create(run: Run, context: &Context<'_>) -> Result<session::KubernetesSession, Error> {
    let mut up = Box::pin(kubernetes::Up::decided(run, &|_| ())).await?;
    let name = up.run.plan.objects.cluster_id.clone();
    if up.decision.harm != Harm::None {
        let message =
            format!("session `{name}` is incomplete and was started with different options");
        return Err(Error::new(Kind::Broken, message)
            .hint("`nutkin up --on kubernetes --conf-dir DIR` shows the changes and asks"));
    }
    remember(context.environment, &name, &up.run.place(), None)?;
    up.carry_out(false).await?;
    Ok(up.run.session())
}

/// Says what Flink's client says once there is a session.
async fn announce(
    verb: &str,
    found: &session::KubernetesSession,
    session: &Session,
    context: &Context<'_>,
) -> Result<(), Error> {
    let kind = "kubernetes.rest-service.exposed.node-port-address-type";
    let kind = session.configuration.text(kind).unwrap_or_else(|| "InternalIP".to_owned());
    let kind_of_cluster = if verb == "Create" { "flink session cluster" } else { "flink cluster" };
    let url = reach::announced(&found.api, &found.name, &kind).await?;
    let url = match url {
        Some(url) => format!(", JobManager Web Interface: {url}"),
        None => String::new(),
    };
    let id = &found.name;
    context.printer.out(&format!("{verb} {kind_of_cluster} {id} successfully{url}\n"));
    let namespace = found.api.namespace();
    context.printer.hint(&format!(
        "`nutkin open {id} --on kubernetes -n {namespace}` leads there from everywhere"
    ));
    Ok(())
}

/// Takes commands until one of them, or the end of the input, ends that.
async fn attached(found: session::KubernetesSession, context: &Context<'_>) -> Outcome {
    // Nothing else goes on while somebody thinks: no thread is needed for it.
    for line in std::io::stdin().lines() {
        let line = line?;
        let (typed, said) = words::typed(line.trim_end_matches('\r'));
        if let Some(said) = said {
            context.printer.say(&said);
        }
        match typed {
            Typed::Other => {}
            Typed::Quit => break,
            Typed::Stop => {
                stop(&found, context).await?;
                break;
            }
        }
    }
    Ok(Exit::Done)
}

/// Ends the session that was found, and no other one of its name.
async fn stop(found: &session::KubernetesSession, context: &Context<'_>) -> Result<(), Error> {
    if !found.is_ours() {
        let what = title(&found.workload);
        context.printer.warn(&format!("{what} was started by another client, and is deleted"));
    }
    // Whoever types `stop` at a session by its name means it: that is all that Flink's client asks for.
    let ending = Ending { adopt: true, ..Ending::default() };
    let ended = kubernetes::end(found, ending, context).await?;
    for kept in ended.kept {
        context.printer.say(&format!(
            "kept: {} ({})",
            kept.what,
            kept.remark.line(crate::remedies::words)
        ));
    }
    Ok(())
}
