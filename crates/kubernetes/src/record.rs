//! What Nutkin remembers of a session, in a `ConfigMap` that goes with it: written by compare-and-swap.

use nutkin_core::decide::kubernetes::Refusal;
use nutkin_core::kubernetes::ownership;
use nutkin_core::kubernetes::resource::CONFIG_MAPS;
use nutkin_core::plan::kubernetes::marks;
use nutkin_core::record::SessionRecord;
use serde_json::{Value, json};

use super::error::{failure, refusal};
use super::session::Session;
use nutkin_shell::{Error, Kind};

/// Key of the document in the map.
const KEY: &str = "record.json";

/// Name of the map.
pub fn name(cluster_id: &str) -> String {
    format!("nutkin-{cluster_id}")
}

/// Reads the record; that there is none is not an error.
///
/// # Errors
/// It is damaged, or something of another one has its name.
pub async fn read(session: &mut Session) -> Result<SessionRecord, Error> {
    let name = name(&session.name);
    let found = session.api.get(CONFIG_MAPS, &name).await.map_err(failure)?;
    let Some(map) = found else {
        session.record_version = None;
        return Ok(SessionRecord::new(&session.name));
    };
    if !ownership::is_of_session(&map, &session.name, &session.workload) {
        return Err(refusal(Refusal::in_the_way(&map, &session.name, session.api.namespace())));
    }
    session.record_version = map["metadata"]["resourceVersion"].as_str().map(str::to_owned);
    serde_json::from_str(map["data"][KEY].as_str().unwrap_or_default()).map_err(|error| {
        let message = format!("ConfigMap/{name}, the record of the session, is damaged");
        Error::from(anyhow::Error::new(error).context(message)).hint(format!(
            "delete it to go on without what it knew: `kubectl delete configmap {name}`"
        ))
    })
}

/// Writes the record, unless somebody else wrote it since it was read.
///
/// # Errors
/// Somebody was faster, or the API server refuses.
pub async fn write(session: &mut Session, record: &SessionRecord) -> Result<(), Error> {
    let mut map = map(session, record)?;
    let written = match &session.record_version {
        None => session.api.create(&map).await,
        Some(version) => {
            map["metadata"]["resourceVersion"] = json!(version);
            session.api.replace(&map).await
        }
    };
    match written {
        Ok(written) => {
            session.record_version =
                written["metadata"]["resourceVersion"].as_str().map(str::to_owned);
            Ok(())
        }
        Err(error) if error.is("Conflict") || error.is("AlreadyExists") => {
            let message =
                format!("another command works on the jobs of session `{}`", session.name);
            Err(Error::new(Kind::Broken, message)
                .hint("run the same command again: it starts from what is there then"))
        }
        Err(error) => Err(failure(error)),
    }
}

fn map(session: &Session, record: &SessionRecord) -> Result<Value, Error> {
    Ok(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name(&session.name),
            "labels": {marks::SESSION: session.name},
            "ownerReferences": [{
                "apiVersion": session.kind().api_version,
                "kind": session.kind().kind,
                "name": session.name,
                "uid": session.uid(),
                "controller": true,
                "blockOwnerDeletion": true,
            }],
        },
        "data": {KEY: format!("{:#}\n", serde_json::to_value(record)?)},
    }))
}
