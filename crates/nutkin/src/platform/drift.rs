//! Whether what runs is what the ledger wants: the decision that `up` without a file would show, of which nothing is done.

use std::time::Duration;

use nutkin_core::decide::{Drift, Goal};
use nutkin_core::ledger::Ledger;
use nutkin_core::session;
use nutkin_docker::{Aim, Run as DockerRun};
use nutkin_kubernetes::run::Run;
use nutkin_local::shell::LocalShell;
use nutkin_shell::{Context, Purpose, Shell as _, Silent, Wish, ledger};

use super::Session;
use super::ledger::surroundings;

/// How long `status` looks for drift beside its own look: a session whose platform answers takes far less.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of a session's drift.
#[derive(Debug)]
pub struct Drifted {
    /// What is not as it is wanted; none where everything is.
    pub drift: Vec<Drift>,
    /// Who wants it.
    pub ledger: Ledger,
}

/// Compares a session with its ledger. `None`: it cannot be known, because nothing is noted, something may not be asked or
/// is not on this machine, or the answer takes too long.
pub async fn of(session: &Session, context: &Context<'_>) -> Option<Drifted> {
    let events = Silent::sink();
    let context = Context { events: &events, environment: context.environment };
    tokio::time::timeout(PATIENCE, Box::pin(look(session, &context))).await.ok()?
}

async fn look(session: &Session, context: &Context<'_>) -> Option<Drifted> {
    let ledger = ledger::load(session).await.ok()?.ledger;
    let of_ledger = ledger.wanted.as_ref()?;
    let wanted = of_ledger.session().ok()?;
    let there = surroundings(of_ledger, context.environment);
    let environment = there.as_ref().unwrap_or(context.environment);
    let context = &Context { events: context.events, environment };
    let directory =
        wanted.conf_dir.as_ref().map(|one| context.environment.directory.join(&one.path));
    if directory.is_some_and(|directory| !directory.is_dir()) {
        // Its files are a part of what is wanted.
        return None;
    }
    let drift = Box::pin(compare(session, &wanted, context)).await?;
    Some(Drifted { drift, ledger })
}

async fn compare(
    session: &Session,
    wanted: &session::Session,
    context: &Context<'_>,
) -> Option<Vec<Drift>> {
    match session {
        Session::Local(directory) => {
            let mut shell = LocalShell::new(directory.clone());
            let (decision, _) = shell.look(Goal::Session(wanted), context).await.ok()?;
            decision.drift()
        }
        Session::Docker(docker) => {
            let aim = Aim::Session(Box::new(wanted.clone()));
            let mut run = DockerRun::new((**docker).clone(), aim);
            let seen = run.observe(context).await.ok()?;
            run.decide(&seen).ok()?.drift()
        }
        Session::Kubernetes(_) => {
            let place = session.exact_place();
            let wish =
                Wish { session: wanted, place: &place, purpose: Purpose::Look, adopt: false };
            let mut run = Run::new(wish, context).await.ok()?.without_jobs();
            let seen = run.observe().await.ok()?;
            run.decide(&seen).ok()?.drift()
        }
    }
}
