//! Changes the number of TaskManagers of a session of which nobody noted what is wanted.

use nutkin_core::decide::kubernetes::{Step, scaling as decide};
use nutkin_core::kubernetes::resource::title;
use nutkin_core::kubernetes::shape::Shape;
use nutkin_shell::Error;

use crate::act::Actor;
use crate::error::refusal;
use crate::session::Session;

/// A change of the number of TaskManagers, not carried out.
#[derive(Debug)]
pub struct Scaling {
    /// TaskManagers that are asked for now.
    pub old: usize,
    session: Session,
    steps: Vec<Step>,
}

/// What changing the number of TaskManagers means.
///
/// # Errors
/// It has ended; Flink itself makes the TaskManagers; their workload is missing; the API server cannot be asked.
pub async fn scaling(session: &Session, wanted: u32) -> Result<Scaling, Error> {
    session.lives()?;
    let mut workload = session.workload.clone();
    let mut own = None;
    match Shape::of(&workload) {
        Shape::Native => {}
        Shape::Standalone => own = session.task_managers().await?,
        Shape::United(_) => {
            workload = session.now().await?.ok_or_else(|| {
                refusal(nutkin_core::decide::kubernetes::Refusal::Deleted {
                    workload: title(&session.workload),
                })
            })?;
        }
    }
    let decided = decide(&workload, own.as_ref(), wanted).map_err(refusal)?;
    let old = usize::try_from(decided.old).unwrap_or(usize::MAX);
    Ok(Scaling { old, session: session.clone(), steps: decided.steps })
}

impl Scaling {
    /// Asks for the new number of pods; Kubernetes does the rest, and touches no other pod.
    ///
    /// # Errors
    /// The workload is another one by now, or the API server refuses.
    pub async fn carry_out(&mut self) -> Result<(), Error> {
        let api = &self.session.api;
        let actor = Actor { api, session: &self.session.name };
        for step in &self.steps {
            let Step::Scale { target, .. } = step else { continue };
            actor.act(step).await.map_err(|undone| {
                let hint = format!("{} may be another one by now", target.title());
                undone.into_error(api, &self.session.name).hint(hint)
            })?;
        }
        Ok(())
    }
}
