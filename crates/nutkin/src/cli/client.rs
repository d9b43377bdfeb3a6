//! From the arguments that name a session to a client of its JobManagers.

use std::cell::Cell;
use std::time::{Duration, Instant};

use nutkin_core::jobs::arguments::Sight;
use nutkin_core::selection::Platform;
use nutkin_core::status::SessionState;
use nutkin_flink::FlinkVersion;

use super::Context;
use super::select;
use super::shared::SessionArgs;
use crate::jobs::{self, failure};
use crate::platform::Session;
use crate::progress::Spinner;
use crate::remedies::words;
use nutkin_rest::{Client, Job};
use nutkin_shell::{Error, ledger};

/// What a command about jobs talks to.
pub struct Target {
    /// Its client.
    pub client: Client,
    /// The session's name, or the address, for messages.
    pub name: String,
    /// Where its JobManager looks for files.
    pub sight: Sight,
    /// Where it runs; `None` where only an address is known.
    pub platform: Option<Platform>,
    /// The session, where Nutkin knows it.
    pub session: Option<Session>,
}

impl Target {
    /// Talks to a session. `secret` as for [`Session::connect`].
    ///
    /// # Errors
    /// No way leads to the session.
    pub async fn of(session: Session, secret: bool) -> Result<Self, Error> {
        let connected = session.connect(secret).await?;
        let is_here = connected.platform == Platform::Local;
        // Which directory a JobManager runs in is its own affair: only absolute paths are sure to be found.
        let sight = if is_here { Sight::Here { directory: None } } else { Sight::Elsewhere };
        let platform = Some(connected.platform);
        let (client, name) = (connected.client()?, connected.name);
        Ok(Self { client, name, sight, platform, session: Some(session) })
    }

    /// The job that the user means: by its name in the session file, its id or a unique beginning of that, or the name
    /// that it gave itself.
    ///
    /// # Errors
    /// There is none (exit 5), or there are several (2).
    pub async fn job(&self, wanted: &str) -> Result<Job, Error> {
        // Without a record that can be read, the file is one that names no namespace.
        let namespace = match &self.session {
            Some(session) => {
                ledger::load(session).await.ok().and_then(|opened| opened.ledger.namespace)
            }
            None => None,
        };
        jobs::find(&self.client, namespace.as_deref(), wanted).await
    }
}

/// How long one of several JobManagers may take to answer before a person is told that this is waited for.
const NOTICED: Duration = Duration::from_secs(2);

/// Says that a leader is waited for, where of several JobManagers none answers at once: nothing else would be
/// seen until there is one.
async fn tell_of_an_election(target: &Target, context: &Context<'_>) {
    if tokio::time::timeout(NOTICED, target.client.answering()).await.is_err() {
        let name = &target.name;
        context.printer.say(&format!(
            "no JobManager of session `{name}` leads at the moment: waiting for one"
        ));
    }
}

/// How long a JobManager may be silent that has answered before: it collects garbage, or another one is elected.
const PAUSES: Duration = Duration::from_secs(15);

/// Waits for a session that is starting, and says what for: a job is given to it as soon as it answers. One that hangs is not
/// starting: that is said.
///
/// # Errors
/// It cannot be looked at.
pub async fn until_started(target: &Target, context: &Context<'_>) -> Result<(), Error> {
    let Some(session) = &target.session else { return Ok(()) };
    let mut hangs = None;
    let asked = Instant::now();
    let pauses = Cell::new(false);
    let starts = async || {
        let view = session.look().await?;
        let reason = view.messages.first().map(|message| message.line(words));
        let is_degraded = view.state == SessionState::Degraded;
        // What the supervisor starts again is not lost: who can be connected to has one.
        let is_kept = is_degraded && view.platform == Platform::Local && !view.has_started();
        // A pause is not the end: it may be collecting garbage, or electing a leader.
        let is_pausing = is_degraded && view.overview.is_none() && asked.elapsed() < PAUSES;
        pauses.set(is_pausing);
        let is_coming = view.state == SessionState::Starting || is_kept || is_pausing;
        if is_degraded && !is_coming && view.overview.is_none() {
            hangs.clone_from(&reason);
        }
        Ok(reason.filter(|_| is_coming))
    };
    let mut spinner = Spinner::new(context.printer);
    let mut is_told = false;
    let tell = |reason: &str| {
        if !std::mem::replace(&mut is_told, true) {
            let name = &target.name;
            let is = if pauses.get() { "does not answer" } else { "is starting" };
            context.printer.say(&format!("session `{name}` {is}: waiting for its JobManager"));
        }
        spinner.say(reason);
    };
    jobs::until_it_answers(&target.client, starts, tell).await?;
    drop(spinner);
    if let Some(reason) = hangs {
        context.printer.say(&format!("session `{}`: {reason}", target.name));
    }
    Ok(())
}

/// The session or the address that the arguments name.
///
/// # Errors
/// As [`select::find`] and [`Target::of`]; with `--address` the JobManager does not answer.
pub async fn target(args: &SessionArgs, context: &Context<'_>) -> Result<Target, Error> {
    let Some(address) = &args.address else {
        let (name, file) = (args.session.as_deref(), args.file.as_deref());
        let session = select::find(name, file, &args.platform, context).await?;
        let target = Target::of(session, true).await?;
        // Kubernetes may never make a pod: only `run` waits for one.
        let starts_soon = matches!(target.platform, Some(Platform::Local | Platform::Docker));
        if 1 < target.client.urls().len() {
            tell_of_an_election(&target, context).await;
        } else if starts_soon {
            until_started(&target, context).await?;
        }
        return Ok(target);
    };
    let url = if address.contains("://") { address.clone() } else { format!("http://{address}") };
    let urls = [url.trim_end_matches('/').to_owned()];
    let probe = Client::new(&urls, FlinkVersion::DEFAULT)?;
    let version = probe.flink_version().await.map_err(failure)?;
    let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next());
    let is_here = authority.is_some_and(nutkin_rest::http::is_loopback);
    let sight = if is_here { Sight::Here { directory: None } } else { Sight::Elsewhere };
    let client = Client::new(&urls, version)?;
    Ok(Target { client, name: address.clone(), sight, platform: None, session: None })
}
