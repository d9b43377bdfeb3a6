//! The objects that a session shall be made of: core's plan, with what it needs to know of this machine.

use nutkin_core::plan::kubernetes::{self, Objects};
use nutkin_core::session::Session;

use super::cluster::Access;
use crate::native_client;
use nutkin_shell::Place;
use nutkin_shell::{Context, Error};

/// Plans the objects. A namespace on the command line is stronger than that of the file.
///
/// # Errors
/// [`Kind::Invalid`](nutkin_shell::Kind) with all that is wrong with options, templates and files.
pub fn plan(
    session: &Session,
    place: &Place,
    access: &Access,
    context: &Context<'_>,
) -> Result<Objects, Error> {
    let implied = access.context_namespace.as_deref();
    let session = native_client::in_namespace(session, place.namespace.as_deref(), implied);
    let client = native_client::observe(&session, access.context_namespace.clone(), context);
    let objects = kubernetes::plan(&session, &client).map_err(Error::input)?;
    for warning in &objects.warnings {
        context.events.warn_problem(warning);
    }
    Ok(objects)
}
