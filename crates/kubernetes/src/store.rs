//! The ledger of a session on Kubernetes: the ConfigMap `nutkin-<session>`, which outlives the session's workload, and
//! a Secret of the same name beside it, only where there is something secret. `resourceVersion` is what is compared.

use k8s_openapi::ByteString;
use nutkin_core::decide::kubernetes::{Refusal, ledger_name as name};
use nutkin_core::kubernetes::ownership;
use nutkin_core::kubernetes::resource::{CONFIG_MAPS, Resource, SECRETS};
use nutkin_core::ledger::{Sealed, Secrets, Stored, Version};
use nutkin_core::plan::kubernetes::marks;
use nutkin_shell::ledger::{Saving, Store};
use nutkin_shell::{Error, Kind, Tenure};
use serde_json::{Map, Value, json};

use super::api::Api;
use super::error::{ApiError, failure, refusal};
use super::session::KubernetesSession;

/// Key of the document in the map.
const KEY: &str = "record.json";

/// How often values are added again because somebody else adds some at the same time.
const ATTEMPTS: usize = 10;

impl Store for KubernetesSession {
    fn session(&self) -> &str {
        &self.name
    }

    fn tenure(&self) -> Option<&Tenure> {
        self.api.access().tenure.as_ref()
    }

    async fn load(&self) -> Result<Stored, Error> {
        let Some(map) = ours(self, CONFIG_MAPS).await? else { return Ok(Stored::default()) };
        let document = map["data"][KEY].as_str().unwrap_or_default().to_owned();
        let secrets = if has_secrets(&document) {
            ours(self, SECRETS).await?.as_ref().map(values).unwrap_or_default()
        } else {
            Secrets::default()
        };
        Ok(Stored { document: Some(document), secrets, version: version(&map) })
    }

    async fn save(&self, sealed: &Sealed, expected: &Version) -> Result<Saving, Error> {
        let added = if sealed.secrets.is_empty() { None } else { Some(add(self, sealed).await?) };
        // An owner reference of a record that an older Nutkin wrote goes with this.
        let mut map = object(self, "ConfigMap", "data", json!({KEY: sealed.document}));
        let written = match &expected.0 {
            None => self.api.create(&map).await,
            Some(version) => {
                map["metadata"]["resourceVersion"] = json!(version);
                self.api.replace(&map).await
            }
        };
        let written = match written {
            Ok(written) => written,
            Err(error) if is_taken(&error) || error.is("NotFound") => return Ok(Saving::Changed),
            Err(error) => return Err(failure(error)),
        };
        if let Some(added) = added
            && values(&added) != sealed.secrets
        {
            // Whoever added some in the meantime needs them.
            let mut only = secret(self, &sealed.secrets);
            only["metadata"]["resourceVersion"] = added["metadata"]["resourceVersion"].clone();
            match self.api.replace(&only).await {
                Ok(_) => {}
                Err(error) if is_taken(&error) || error.is("NotFound") => {}
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(Saving::Saved(version(&written)))
    }

    async fn remove(&self, expected: &Version) -> Result<(), Error> {
        let map = ours(self, CONFIG_MAPS).await?;
        if map.as_ref().map(version).unwrap_or_default() != *expected {
            return Ok(());
        }
        let document = map.as_ref().and_then(|map| map["data"][KEY].as_str()).unwrap_or_default();
        // A command that was cut off may have written the values alone, or removed the document alone.
        let secret = match ours(self, SECRETS).await {
            Err(error) if error.kind == Kind::Denied && !has_secrets(document) => None,
            secret => secret?,
        };
        // The document shows that there is a ledger: it goes last.
        if let Some(secret) = secret {
            delete(self, SECRETS, &secret).await?;
        }
        if let Some(map) = map {
            delete(self, CONFIG_MAPS, &map).await?;
        }
        Ok(())
    }
}

/// Sessions of the namespace that have a ledger, by name, as if nothing else were left of them. Who may not list them
/// gets none.
///
/// # Errors
/// The API server cannot be asked.
pub async fn all(api: &Api) -> Result<Vec<KubernetesSession>, Error> {
    let maps = match api.list(CONFIG_MAPS, marks::SESSION).await {
        Ok(maps) => maps,
        Err(error) if error.is("Forbidden") => Vec::new(),
        Err(error) => return Err(failure(error)),
    };
    let session = |map: &Value| {
        let session = map["metadata"]["labels"][marks::SESSION].as_str()?;
        let is_ledger = map["metadata"]["name"] == name(session) && map["data"][KEY].is_string();
        is_ledger.then(|| KubernetesSession::gone(api, session))
    };
    let mut sessions: Vec<KubernetesSession> = maps.iter().filter_map(session).collect();
    sessions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sessions)
}

/// The session of that name, as if nothing but its ledger were left of it; `None`: there is no ledger, or it may not be
/// read.
///
/// # Errors
/// The API server cannot be asked.
pub async fn ended(api: &Api, session: &str) -> Result<Option<KubernetesSession>, Error> {
    match api.get(CONFIG_MAPS, &name(session)).await {
        Ok(found) => {
            let ours = found.filter(|map| ownership::is_ledger_of(map, session));
            Ok(ours.map(|_| KubernetesSession::gone(api, session)))
        }
        Err(error) if error.is("Forbidden") => Ok(None),
        Err(error) => Err(failure(error)),
    }
}

/// Adds values to those that lie beside the document. Gives the Secret as it is then.
async fn add(session: &KubernetesSession, sealed: &Sealed) -> Result<Value, Error> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let there = ours(session, SECRETS).await?;
        let all = there.as_ref().map(values).unwrap_or_default().with(&sealed.secrets);
        let written = match there {
            Some(there) if values(&there) == all => return Ok(there),
            Some(there) => {
                let mut wanted = secret(session, &all);
                wanted["metadata"]["resourceVersion"] =
                    there["metadata"]["resourceVersion"].clone();
                session.api.replace(&wanted).await
            }
            None => session.api.create(&secret(session, &all)).await,
        };
        match written {
            Ok(written) => return Ok(written),
            Err(error) if is_taken(&error) || error.is("NotFound") => last = Some(error),
            Err(error) => return Err(failure(error)),
        }
    }
    Err(last.map_or_else(|| Error::from(anyhow::anyhow!("no value was added")), failure))
}

/// The object of that kind, if there is one.
async fn ours(session: &KubernetesSession, resource: Resource) -> Result<Option<Value>, Error> {
    let found = session.api.get(resource, &name(&session.name)).await.map_err(failure)?;
    let Some(object) = found else { return Ok(None) };
    if !ownership::is_ledger_of(&object, &session.name) {
        return Err(refusal(Refusal::in_the_way(&object, &session.name, session.api.namespace())));
    }
    Ok(Some(object))
}

async fn delete(
    session: &KubernetesSession,
    resource: Resource,
    object: &Value,
) -> Result<(), Error> {
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
    let deleted = session.api.delete(resource, &name(&session.name), uid, "Background").await;
    deleted.map_err(failure)
}

fn object(session: &KubernetesSession, kind: &str, field: &str, data: Value) -> Value {
    let mut object = json!({
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {
            "name": name(&session.name),
            "labels": {marks::SESSION: session.name},
        },
    });
    object[field] = data;
    object
}

fn secret(session: &KubernetesSession, secrets: &Secrets) -> Value {
    let data = secrets.0.iter().map(|(name, value)| {
        let bytes = ByteString(value.clone().into_bytes());
        (name.clone(), serde_json::to_value(bytes).unwrap_or_default())
    });
    let mut object = object(session, "Secret", "data", Value::Object(data.collect::<Map<_, _>>()));
    object["type"] = json!("Opaque");
    object
}

fn values(secret: &Value) -> Secrets {
    let data = secret["data"].as_object().into_iter().flatten();
    let value = |(name, value): (&String, &Value)| {
        let ByteString(bytes) = serde_json::from_value(value.clone()).ok()?;
        Some((name.clone(), String::from_utf8(bytes).ok()?))
    };
    Secrets(data.filter_map(value).collect())
}

fn has_secrets(document: &str) -> bool {
    let document = serde_json::from_str::<Value>(document).unwrap_or_default();
    document["secrets"].as_object().is_some_and(|secrets| !secrets.is_empty())
}

fn version(object: &Value) -> Version {
    Version(object["metadata"]["resourceVersion"].as_str().map(str::to_owned))
}

/// Whether somebody else was faster.
fn is_taken(error: &ApiError) -> bool {
    error.is("Conflict") || error.is("AlreadyExists")
}
