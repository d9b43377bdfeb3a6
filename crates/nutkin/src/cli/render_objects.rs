//! `nutkin render --on kubernetes`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use nutkin_core::plan::kubernetes::{self, Objects, kustomize};
use nutkin_core::session::Session;
use nutkin_flink::options;
use nutkin_flink::yaml;
use serde_json::json;

use super::shared::Output;
use super::{Context, session_file};
use crate::{Exit, Outcome};
use nutkin_kubernetes::native_client;
use nutkin_shell::ClusterPlace;
use nutkin_shell::{Error, Kind};

/// Options whose keys sound like secrets, and whose values are names of Secrets.
const NAMES_OF_SECRETS: [&str; 3] = [
    "kubernetes.secrets",
    "kubernetes.env.secretKeyRef",
    "kubernetes.container.image.pull-secrets",
];

/// Plans the objects of a session, in the namespace that `up` would take.
///
/// # Errors
/// Bad input (2); a secret would be printed that nobody asked for (2).
pub(super) fn plan(
    session: &Session,
    place: &ClusterPlace,
    show_secrets: bool,
    context: &Context<'_>,
) -> Result<Objects, Error> {
    let implied = native_client::implied_namespace(session, place, context)?;
    let given = place.namespace.as_deref();
    let session = &native_client::in_namespace(session, given, implied.as_deref());
    // A configuration directory may hold options of the user's own programs, as Flink's client takes it.
    if session.conf_dir.is_none() {
        session_file::check_options(session, context)?;
    }
    let client = native_client::observe(session, implied, context);
    let objects = kubernetes::plan(session, &client).map_err(Error::input)?;
    for warning in &objects.warnings {
        context.events.warn_problem(warning);
    }
    let mut keys = session.configuration.iter().map(|(key, _)| key);
    let option = keys.find(|key| options::is_sensitive(key) && !NAMES_OF_SECRETS.contains(key));
    let option = option.map(|key| format!("the value of `{key}`"));
    let data = objects.items.iter().find(|item| item["kind"] == "Secret");
    let data = data.map(|item| format!("the data of Secret {}", item["metadata"]["name"]));
    refuse_secret(option.or(data), show_secrets)?;
    Ok(objects)
}

/// Prints objects in order of creation: YAML documents, or a `List` in the other forms.
///
/// # Errors
/// One cannot be written as YAML.
pub(super) fn print(objects: &Objects, output: &Output, context: &Context<'_>) -> Outcome {
    if !matches!(output, Output::Text | Output::Yaml) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects.items});
        context.printer.document(output, &list)?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for item in &objects.items {
        text.push_str("---\n");
        text.push_str(&yaml::to_string(item)?);
    }
    context.printer.out(&text);
    Ok(Exit::Done)
}

/// Writes a directory for Kustomize: a new one, an empty one, or one that this wrote before.
///
/// # Errors
/// The directory has files of somebody else's (2), or cannot be written.
pub(super) fn write(
    objects: &Objects,
    directory: &Path,
    mark: &str,
    context: &Context<'_>,
) -> Outcome {
    let directory = context.environment.directory.join(directory);
    let shown = directory.display();
    let files = kustomize::files(objects, mark)?;
    let old = fs::read_to_string(directory.join(kustomize::FILE)).ok();
    let stale = old.as_deref().and_then(|old| kustomize::stale(old, &files, mark));
    let is_empty = fs::read_dir(&directory).is_ok_and(|mut entries| entries.next().is_none());
    if directory.exists() && !is_empty && stale.is_none() {
        let message = format!("`{shown}` has files that Nutkin did not write");
        return Err(Error::new(Kind::Invalid, message).hint("name another directory"));
    }
    let cannot = |what: &str| format!("`{shown}`: cannot write {what}");
    fs::create_dir_all(&directory).with_context(|| cannot("the directory"))?;
    for (name, text) in &files {
        fs::write(directory.join(name), text).with_context(|| cannot(name))?;
    }
    for name in stale.unwrap_or_default() {
        // One that is gone needs no removal.
        let _ = fs::remove_file(directory.join(name));
    }
    context.printer.say(&format!("wrote {} files to `{shown}`", files.len()));
    Ok(Exit::Done)
}

/// Refuses to print a secret unless it was asked for.
///
/// # Errors
/// Exit 2.
pub(super) fn refuse_secret(secret: Option<String>, show: bool) -> Result<(), Error> {
    match (secret, show) {
        (Some(secret), false) => {
            let message = format!("{secret} is a secret and would be printed");
            Err(Error::new(Kind::Invalid, message).hint("--show-secrets prints it"))
        }
        _ => Ok(()),
    }
}
