//! The number of TaskManagers of a session, and changing it where nobody noted what is wanted.

use nutkin_core::decide::kubernetes::{Refusal, Scaling, Step, scaling as decide};
use nutkin_core::kubernetes::resource::title;
use nutkin_core::kubernetes::shape::WorkloadLayout;
use nutkin_shell::Error;

use crate::act::Actor;
use crate::error::refusal;
use crate::session::KubernetesSession;

/// The number of TaskManagers that are asked for now.
///
/// # Errors
/// It has ended; Flink itself makes the TaskManagers; their workload is missing; the API server cannot be asked.
pub async fn task_managers(session: &KubernetesSession) -> Result<usize, Error> {
    let old = decided(session, 0).await?.old;
    Ok(usize::try_from(old).unwrap_or(usize::MAX))
}

/// Asks for another number of pods; Kubernetes does the rest, and touches no other pod.
///
/// # Errors
/// As [`task_managers`]; the workload is another one by now, or the API server refuses.
pub async fn resize(session: &KubernetesSession, wanted: u32) -> Result<(), Error> {
    let api = &session.api;
    let actor = Actor { api, session: &session.name };
    for step in &decided(session, wanted).await?.steps {
        let Step::Scale { target, .. } = step else { continue };
        actor.act(step).await.map_err(|undone| {
            let hint = format!("{} may be another one by now", target.title());
            undone.into_error(api, &session.name).hint(hint)
        })?;
    }
    Ok(())
}

async fn decided(session: &KubernetesSession, wanted: u32) -> Result<Scaling, Error> {
    session.lives()?;
    let mut workload = session.workload.clone();
    let mut own = None;
    match WorkloadLayout::of(&workload) {
        WorkloadLayout::Native => {}
        WorkloadLayout::Standalone => own = session.task_managers().await?,
        WorkloadLayout::United(_) => {
            workload = session
                .now()
                .await?
                .ok_or_else(|| refusal(Refusal::Deleted { workload: title(&session.workload) }))?;
        }
    }
    decide(&workload, own.as_ref(), wanted).map_err(refusal)
}
