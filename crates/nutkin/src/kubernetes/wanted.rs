//! The objects that a session shall be made of: core's plan, with what it needs to know of this machine.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use nutkin_core::flink::Origin;
use nutkin_core::plan::kubernetes::Objects;
use nutkin_core::plan::kubernetes::native::{self, Client, Seen};
use nutkin_core::session::Session;

use super::cluster::Access;
use crate::platform::Place;
use crate::{Context, Environment, Failure};

/// Plans the objects. A namespace on the command line is stronger than that of the file.
///
/// # Errors
/// Exit 2 with all that is wrong with options, templates and files.
pub fn plan(
    session: &Session,
    place: &Place,
    access: &Access,
    context: &Context<'_>,
) -> Result<Objects, Failure> {
    let mut session = session.clone();
    // The namespace that holds anyway is no option of the session's.
    let implied = access.context_namespace.as_deref().unwrap_or("default");
    let says =
        session.namespace.is_some() || session.configuration.contains("kubernetes.namespace");
    let given = place.namespace.as_ref().filter(|given| says || *given != implied);
    if let Some(namespace) = given {
        session.namespace = Some(namespace.clone());
        let origin = Origin::CommandLine;
        session.configuration.set("kubernetes.namespace", namespace.as_str(), origin);
    }
    let mut client = Client {
        context_namespace: access.context_namespace.clone(),
        environment: variables(context.environment),
        ..Client::default()
    };
    let directory = &context.environment.directory;
    for path in native::wanted(&session.configuration, session.flink, &client) {
        if let Some(seen) = look(&directory.join(&path)) {
            client.files.insert(path, seen);
        }
    }
    let objects = native::plan(&session, &client).map_err(Failure::input)?;
    for warning in &objects.warnings {
        let hint = warning.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        context.printer.warn(&format!("{warning}{hint}"));
    }
    Ok(objects)
}

/// The variables that the plan looks at.
fn variables(environment: &Environment) -> BTreeMap<String, String> {
    const READ: [&str; 4] = ["HADOOP_CONF_DIR", "HADOOP_HOME", "FLINK_JM_HEAP", "FLINK_TM_HEAP"];
    READ.iter()
        .filter_map(|name| Some(((*name).to_owned(), environment.text(name)?.to_owned())))
        .collect()
}

fn look(path: &Path) -> Option<Seen> {
    if path.is_dir() {
        return Some(Seen::Directory);
    }
    match std::fs::read(path) {
        Ok(bytes) => Some(Seen::File(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(Seen::Unreadable(error.to_string())),
    }
}
