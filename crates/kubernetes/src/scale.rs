//! Changes the number of TaskManagers of a session in standalone mode.

use nutkin_core::kubernetes::resource::title;
use nutkin_core::kubernetes::shape::{self, Shape};
use serde_json::{Value, json};

use super::apply;
use super::error::failure;
use super::session::Session;
use nutkin_shell::{Error, Kind};

/// A change of the number of TaskManagers, not carried out.
#[derive(Debug)]
pub struct Scaling {
    /// TaskManagers that are asked for now.
    pub old: usize,
    session: Session,
    /// The workload that has them.
    workload: Value,
    /// How many pods it shall have.
    replicas: u64,
}

/// What changing the number of TaskManagers means.
///
/// # Errors
/// Flink itself makes the TaskManagers (2); their workload is missing; the API server cannot be asked.
pub async fn scaling(session: &Session, wanted: u32) -> Result<Scaling, Error> {
    let (workload, others) = match Shape::of(&session.workload) {
        Shape::Native => {
            let message = format!(
                "Flink itself starts and ends the TaskManagers of session `{}`, as jobs need them",
                session.name
            );
            return Err(Error::new(Kind::Invalid, message).hint(
                "`slotmanager.max-total-resource.cpu` bounds them, `resourcemanager.taskmanager-timeout` ends idle ones",
            ));
        }
        Shape::United(job_managers) => (session.now().await?, job_managers),
        Shape::Standalone => (session.task_managers().await?, 0),
    };
    let workload = workload.ok_or_else(|| {
        let message = format!("the workload of session `{}`'s TaskManagers is gone", session.name);
        Error::new(Kind::Broken, message).hint("`nutkin up` makes it again")
    })?;
    let old = usize::try_from(shape::replicas(&workload).saturating_sub(others));
    Ok(Scaling {
        old: old.unwrap_or(usize::MAX),
        session: session.clone(),
        replicas: others + u64::from(wanted),
        workload,
    })
}

impl Scaling {
    /// Asks for the new number of pods; Kubernetes does the rest, and touches no other pod.
    ///
    /// # Errors
    /// The workload is another one by now, or the API server refuses.
    pub async fn carry_out(&mut self) -> Result<(), Error> {
        let uid = &self.workload["metadata"]["uid"];
        let steps = json!([
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "add", "path": "/spec/replicas", "value": self.replicas},
        ]);
        let api = &self.session.api;
        let mut after = api.patch(&self.workload, &steps).await.map_err(|error| {
            let hint = format!("{} may be another one by now", title(&self.workload));
            failure(error).hint(hint)
        })?;
        if self.session.is_ours() {
            apply::own(api, std::iter::once(&mut after), &[super::api::MANAGER]).await;
        }
        Ok(())
    }
}
