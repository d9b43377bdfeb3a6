//! What there is of a session, for a plan to be compared with.

use futures_util::future::{join, join_all};
use nutkin_core::kubernetes::ownership::{self, Owner};
use nutkin_core::kubernetes::resource::{
    CONFIG_MAPS, DEPLOYMENTS, Resource, SECRETS, SERVICES, title,
};
use nutkin_core::plan::kubernetes::{Objects, marks};
use serde_json::Value;

use super::api::Api;
use super::error::failure;
use super::record;
use crate::{Exit, Failure};

/// The objects of a session that exists.
#[derive(Debug, Clone)]
pub struct Live {
    /// The JobManager's Deployment.
    pub deployment: Value,
    /// Objects that the plan has, too.
    pub others: Vec<Value>,
    /// Objects with the session's label that the plan has no more.
    pub extra: Vec<Value>,
    /// Accounts that the plan has and somebody else made: they are left as they are.
    pub shared: Vec<Value>,
    /// Whether the session was made by somebody else and is to be taken over.
    pub adopted: bool,
}

impl Live {
    /// The object of the same kind and name.
    pub fn find(&self, object: &Value) -> Option<&Value> {
        let is_same = |one: &&Value| {
            one["kind"] == object["kind"] && one["metadata"]["name"] == object["metadata"]["name"]
        };
        std::iter::once(&self.deployment).chain(&self.others).find(is_same)
    }
}

/// Kinds of which a session may have objects that a new plan does not want.
const KINDS: [Resource; 2] = [CONFIG_MAPS, SERVICES];

/// Looks at all objects of the plan at once. `None`: there is no Deployment of that name.
///
/// # Errors
/// Something of another one is in the way, is named, and is not touched; a session of Flink's own client is there and
/// `adopt` is not said; the API server cannot be asked.
pub async fn look(api: &Api, objects: &Objects, adopt: bool) -> Result<Option<Live>, Failure> {
    let id = &objects.cluster_id;
    let others = objects.items[1..].iter().map(|item| async move {
        let Some(resource) = Resource::of(item) else { return Ok(None) };
        api.get(resource, item["metadata"]["name"].as_str().unwrap_or_default()).await
    });
    let labelled = format!("{}={id}", marks::SESSION);
    let listed = KINDS.map(|kind| api.list(kind, &labelled));
    // The one Secret that a session may have; reading all of a namespace's would be too much to ask for.
    let keytab = format!("kerberos-keytab-{id}");
    let extras = join(join_all(listed), api.get(SECRETS, &keytab));
    let (deployment, (others, (listed, keytab))) =
        join(api.get(DEPLOYMENTS, id), join(join_all(others), extras)).await;
    let Some(deployment) = deployment.map_err(failure)? else { return Ok(None) };
    let adopted = check_owner(&deployment, id, api.namespace(), adopt)?;
    let uid = deployment["metadata"]["uid"].as_str().unwrap_or_default();
    let mut live = Live {
        deployment: deployment.clone(),
        others: Vec::new(),
        extra: Vec::new(),
        shared: Vec::new(),
        adopted,
    };
    for other in others {
        let Some(other) = other.map_err(failure)? else { continue };
        // An account may be shared by whatever runs in the namespace: it is used as it is.
        if other["kind"] == "ServiceAccount" && !ownership::is_of_session(&other, id, uid) {
            live.shared.push(other);
            continue;
        }
        if !adopted && !ownership::is_of_session(&other, id, uid) {
            return Err(in_the_way(&other, api.namespace()));
        }
        // What Flink's client made is owned by its Deployment; anything else is not ours to take.
        if adopted && !ownership::is_owned_by(&other, uid) && !is_of_cluster(&other, id) {
            return Err(in_the_way(&other, api.namespace()));
        }
        live.others.push(other);
    }
    let listed = listed.into_iter().flat_map(Result::unwrap_or_default);
    for extra in listed.chain(keytab.unwrap_or_default()) {
        // Not by what was found: another command may have made it in between.
        let is_same = |item: &Value| {
            item["kind"] == extra["kind"] && item["metadata"]["name"] == extra["metadata"]["name"]
        };
        let wanted = objects.items.iter().any(is_same);
        let noted = extra["metadata"]["name"] == record::name(id);
        if !wanted && !noted && ownership::is_of_session(&extra, id, uid) {
            live.extra.push(extra);
        }
    }
    Ok(Some(live))
}

fn is_of_cluster(object: &Value, cluster_id: &str) -> bool {
    let labels = &object["metadata"]["labels"];
    labels["app"] == cluster_id
        && labels["type"].as_str().is_some_and(|one| ownership::TYPES.contains(&one))
}

/// Whether the Deployment is to be adopted; an error where it may not be touched.
fn check_owner(
    deployment: &Value,
    id: &str,
    namespace: &str,
    adopt: bool,
) -> Result<bool, Failure> {
    match ownership::of_deployment(deployment) {
        Owner::Nutkin(session) if session == *id => Ok(false),
        Owner::Flink(_) if adopt => Ok(true),
        Owner::Flink(_) => {
            let message = format!(
                "Deployment/{id} in namespace {namespace} is a Flink session that Nutkin did not start"
            );
            Err(Failure::new(Exit::Failed, message)
                .hint("--adopt takes it over: it gets Nutkin's label, and `down` may delete it")
                .hint(format!("`nutkin status {id} --on kubernetes` shows it as it is")))
        }
        _ => Err(in_the_way(deployment, namespace)),
    }
}

/// An object of somebody else has the name that the session needs.
pub fn in_the_way(object: &Value, namespace: &str) -> Failure {
    let message = format!(
        "{} in namespace {namespace} is in the way: {}; it was not touched",
        title(object),
        ownership::describe(object)
    );
    Failure::new(Exit::Failed, message)
        .hint("give the session another name, or another namespace (-n)")
}
