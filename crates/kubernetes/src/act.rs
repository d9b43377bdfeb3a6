//! Carries steps out: one request for each, or a few where an object is looked at before it is touched.

use futures_util::future::join_all;
use nutkin_core::decide::kubernetes::{Authors, Refusal, Step, Target};
use nutkin_core::kubernetes::resource::{PODS, Resource};
use nutkin_core::kubernetes::{managed, ownership, shape};
use nutkin_shell::Error;
use serde_json::Value;

use crate::api::Api;
use crate::error::{ApiError, failure, refusal};
use crate::session::KubernetesSession;

/// How often an object that changes at the same time is tried to be taken over.
const ATTEMPTS: usize = 4;

/// Why a step was not done.
#[derive(Debug)]
pub enum Undone {
    /// The API server's word.
    Api(ApiError),
    /// An object of somebody else has the name.
    InTheWay(Box<Value>),
}

impl Undone {
    /// Whether trying again would give the same.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Api(error) => error.code().is_some_and(|code| code.is_client_error()),
            Self::InTheWay(_) => true,
        }
    }

    /// As a failure of a command about the session of this name.
    pub fn into_error(self, api: &Api, session: &str) -> Error {
        match self {
            Self::Api(error) => failure(error),
            Self::InTheWay(object) => {
                refusal(Refusal::in_the_way(&object, session, api.namespace()))
            }
        }
    }
}

impl From<ApiError> for Undone {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// Makes requests for the session of this name.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// The API server.
    pub api: &'a Api,
    /// The cluster-id.
    pub session: &'a str,
}

impl Actor<'_> {
    /// Does a step, and gives the object that it was about as it is afterwards, where there is one. `CreateWorkload` gives
    /// none where there is a workload of that kind and name. Neither [`Step::Together`] nor what is not a request is done here.
    ///
    /// # Errors
    /// The API server refuses, or somebody else's object is in the way.
    pub async fn act(self, step: &Step) -> Result<Option<Value>, Undone> {
        let api = self.api;
        let object = match step {
            Step::CreateWorkload(object) => match api.create(object).await {
                Ok(made) => return Ok(Some(made)),
                Err(error) if error.is("AlreadyExists") => return Ok(None),
                Err(error) => return Err(error.into()),
            },
            Step::Create { object, workload, authors } => {
                let made = self.ensure(object, workload).await?;
                self.own(made, *authors).await
            }
            Step::Own { object, authors } => self.own(object.clone(), *authors).await,
            Step::Apply { object, authors } => {
                let made = api.apply(object, false).await?;
                self.own(made, *authors).await
            }
            Step::Replace { old, object, authors } => {
                let made = self.replace(old, object).await?;
                self.own(made, *authors).await
            }
            Step::Hold { target, patch } => api.patch(&target.object(), patch).await?,
            Step::Release { target, patch } => {
                let after = api.patch(&target.object(), patch).await?;
                self.own(after, Authors::Ours).await
            }
            Step::Note { target, patch, authors } | Step::Scale { target, patch, authors } => {
                let after = api.patch(&target.object(), patch).await?;
                self.own(after, *authors).await
            }
            Step::Delete { target, last } => {
                self.delete(target, if *last { "Foreground" } else { "Background" }).await?;
                return Ok(None);
            }
            Step::Undo(target) => {
                self.delete(target, "Background").await?;
                return Ok(None);
            }
            Step::EndPods(pods) => {
                self.end(pods).await?;
                return Ok(None);
            }
            Step::EndTaskManagers => {
                let pods = KubernetesSession::pods_of(api, self.session).await?;
                let workers = pods.iter().filter(|pod| !shape::is_job_manager(pod));
                self.end(&workers.map(Target::of).collect::<Vec<_>>()).await?;
                return Ok(None);
            }
            Step::SaveLedger | Step::Together(_) => return Ok(None),
        };
        Ok(Some(object))
    }

    /// Creates an object; one of this session that is there is brought to what it shall be.
    async fn ensure(self, item: &Value, workload: &Value) -> Result<Value, Undone> {
        let api = self.api;
        let error = match api.create(item).await {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        let (true, Some(resource)) = (error.is("AlreadyExists"), Resource::of(item)) else {
            return Err(error.into());
        };
        let name = item["metadata"]["name"].as_str().unwrap_or_default();
        match api.get(resource, name).await? {
            Some(there) if ownership::is_of_session(&there, self.session, workload) => {
                let mut item = item.clone();
                item["metadata"]["uid"] = there["metadata"]["uid"].clone();
                Ok(api.apply(&item, false).await?)
            }
            // An account may be shared by whatever runs in the namespace.
            Some(there) if there["kind"] == "ServiceAccount" => Ok(there),
            Some(there) => Err(Undone::InTheWay(Box::new(there))),
            // Gone between the two questions.
            None => Ok(api.create(item).await?),
        }
    }

    /// An object that has a field which cannot change is deleted and made again.
    async fn replace(self, old: &Target, item: &Value) -> Result<Value, Undone> {
        self.delete(old, "Background").await?;
        let mut item = item.clone();
        if let Some(metadata) = item["metadata"].as_object_mut() {
            metadata.remove("uid");
        }
        Ok(self.api.create(&item).await?)
    }

    async fn delete(self, target: &Target, policy: &str) -> Result<(), Undone> {
        let Some(resource) = Resource::of(&target.object()) else { return Ok(()) };
        Ok(self.api.delete(resource, &target.name, &target.uid, policy).await?)
    }

    async fn end(self, pods: &[Target]) -> Result<(), Undone> {
        let ended = pods.iter().map(|pod| self.api.delete(PODS, &pod.name, &pod.uid, "Background"));
        for one in join_all(ended).await {
            one?;
        }
        Ok(())
    }

    /// Makes what these authors manage ours by server-side apply, so that a later one can remove fields. What cannot be
    /// done now is done by the next `up`.
    async fn own(self, mut object: Value, authors: Authors) -> Value {
        let (api, manager) = (self.api, self.api.manager());
        for _ in 0..ATTEMPTS {
            let names = authors.names(manager);
            let Some(patch) = managed::take_over(&object, manager, &names) else { break };
            match api.patch(&object, &patch).await {
                Ok(after) => object = after,
                // A controller was faster.
                Err(error) if error.is("Conflict") => {
                    let Some(resource) = Resource::of(&object) else { break };
                    let name = object["metadata"]["name"].as_str().unwrap_or_default();
                    match api.get(resource, name).await {
                        Ok(Some(now)) => object = now,
                        _ => break,
                    }
                }
                Err(_) => break,
            }
        }
        object
    }
}
