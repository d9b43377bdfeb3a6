//! What there is of a session, for a plan to be compared with.

use futures_util::future::{join_all, join3};
use nutkin_core::kubernetes::ownership::{self, Owner};
use nutkin_core::kubernetes::resource::{
    BUDGETS, CONFIG_MAPS, DEPLOYMENTS, INGRESSES, NETWORK_POLICIES, ROLE_BINDINGS, ROLES, Resource,
    SECRETS, SERVICE_ACCOUNTS, SERVICES, STATEFUL_SETS, title,
};
use nutkin_core::kubernetes::shape::Shape;
use nutkin_core::plan::kubernetes::{Objects, marks};
use serde_json::Value;

use super::api::Api;
use super::error::failure;
use super::record;
use nutkin_shell::{Error, Kind};

/// The objects of a session that exists.
#[derive(Debug, Clone)]
pub struct Live {
    /// The workload of the JobManagers.
    pub workload: Value,
    /// Objects that the plan has, too.
    pub others: Vec<Value>,
    /// Objects with the session's label that the plan has no more.
    pub extra: Vec<Value>,
    /// Accounts that the plan has and somebody else made: they are left as they are.
    pub shared: Vec<Value>,
    /// Accounts and permissions that the plan has no more. They go with the session and not before: pods that run may
    /// need them, and who took the option away may still name the account.
    pub permissions: Vec<Value>,
    /// Whether the session was made by somebody else and is to be taken over.
    pub adopted: bool,
}

impl Live {
    /// The object of the same kind and name.
    pub fn find(&self, object: &Value) -> Option<&Value> {
        let is_same = |one: &&Value| {
            one["kind"] == object["kind"] && one["metadata"]["name"] == object["metadata"]["name"]
        };
        std::iter::once(&self.workload).chain(&self.others).find(is_same)
    }
}

/// Kinds of which a session may have objects that a new plan does not want.
const KINDS: [Resource; 3] = [CONFIG_MAPS, SERVICES, INGRESSES];

/// More such kinds, of sessions in standalone mode. Claims hold data and are not among them.
const STANDALONE_KINDS: [Resource; 4] = [NETWORK_POLICIES, BUDGETS, DEPLOYMENTS, STATEFUL_SETS];

/// What `nutkin.rbac.create` makes.
const PERMISSIONS: [Resource; 3] = [SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS];

/// Looks at all objects of the plan at once. `None`: there is no workload of that kind and name.
///
/// # Errors
/// Something of another one is in the way, is named, and is not touched; a session of Flink's own client is there and
/// `adopt` is not said; the API server cannot be asked.
pub async fn look(api: &Api, objects: &Objects, adopt: bool) -> Result<Option<Live>, Error> {
    let id = &objects.cluster_id;
    let kind = Resource::of(objects.workload()).unwrap_or(DEPLOYMENTS);
    let others = objects.items[1..].iter().map(|item| async move {
        let Some(resource) = Resource::of(item) else { return Ok(None) };
        api.get(resource, item["metadata"]["name"].as_str().unwrap_or_default()).await
    });
    let labelled = format!("{}={id}", marks::SESSION);
    let is_native = Shape::of(objects.workload()) == Shape::Native;
    let more = if is_native { &[][..] } else { &STANDALONE_KINDS[..] };
    let listed = KINDS.iter().chain(more).map(|kind| api.list(*kind, &labelled));
    // The one Secret that a session may have; reading all of a namespace's would be too much to ask for.
    let keytab = format!("kerberos-keytab-{id}");
    let permissions = join_all(PERMISSIONS.map(|kind| api.list(kind, &labelled)));
    let extras = join3(join_all(listed), api.get(SECRETS, &keytab), permissions);
    let (workload, others, (listed, keytab, permissions)) =
        join3(api.get(kind, id), join_all(others), extras).await;
    let Some(workload) = workload.map_err(failure)? else {
        let owner = objects.workload();
        for other in others {
            let Some(other) = other.map_err(failure)? else { continue };
            let is_shared = other["kind"] == "ServiceAccount";
            if !is_shared && !ownership::is_of_session(&other, id, owner) {
                return Err(in_the_way(&other, id, api.namespace()));
            }
        }
        return Ok(None);
    };
    let adopted = check_owner(&workload, id, api.namespace(), adopt)?;
    let uid = workload["metadata"]["uid"].as_str().unwrap_or_default();
    let mut live = Live {
        workload: workload.clone(),
        others: Vec::new(),
        extra: Vec::new(),
        shared: Vec::new(),
        permissions: Vec::new(),
        adopted,
    };
    for other in others {
        let Some(other) = other.map_err(failure)? else { continue };
        // An account may be shared by whatever runs in the namespace: it is used as it is.
        if other["kind"] == "ServiceAccount" && !ownership::is_of_session(&other, id, &workload) {
            live.shared.push(other);
            continue;
        }
        if !adopted && !ownership::is_of_session(&other, id, &workload) {
            return Err(in_the_way(&other, id, api.namespace()));
        }
        // What Flink's client made is owned by its Deployment; anything else is not ours to take.
        if adopted && !ownership::is_owned_by(&other, uid) && !is_of_cluster(&other, id) {
            return Err(in_the_way(&other, id, api.namespace()));
        }
        live.others.push(other);
    }
    // Not by what was found: another command may have made it in between.
    let is_wanted = |one: &Value| {
        let name = &one["metadata"]["name"];
        let is_same =
            |item: &Value| item["kind"] == one["kind"] && item["metadata"]["name"] == *name;
        objects.items.iter().any(is_same)
    };
    // Who may not see them cannot have made them.
    let permissions = permissions.into_iter().flat_map(Result::unwrap_or_default);
    let permissions = permissions.filter(|one| ownership::is_owned_by(one, uid) && !is_wanted(one));
    live.permissions.extend(permissions);
    let listed = listed.into_iter().flat_map(Result::unwrap_or_default);
    for extra in listed.chain(keytab.unwrap_or_default()) {
        let wanted = is_wanted(&extra);
        let noted = extra["metadata"]["name"] == record::name(id);
        let is_own = extra["metadata"]["uid"] == uid;
        if !wanted && !noted && !is_own && ownership::is_of_session(&extra, id, &workload) {
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

/// Whether the workload is to be adopted; an error where it may not be touched.
fn check_owner(workload: &Value, id: &str, namespace: &str, adopt: bool) -> Result<bool, Error> {
    match ownership::of_workload(workload) {
        Owner::Nutkin(session) if session == *id => Ok(false),
        Owner::Flink(_) if adopt => Ok(true),
        Owner::Flink(_) => {
            let message = format!(
                "{} in namespace {namespace} is a Flink session that Nutkin did not start",
                title(workload)
            );
            Err(Error::new(Kind::Broken, message)
                .hint("--adopt takes it over: it gets Nutkin's label, and `down` may delete it")
                .hint(format!("`nutkin status {id} --on kubernetes` shows it as it is")))
        }
        _ => Err(in_the_way(workload, id, namespace)),
    }
}

/// An object of somebody else has the name that the session needs.
pub fn in_the_way(object: &Value, session: &str, namespace: &str) -> Error {
    let message = format!(
        "{} in namespace {namespace} is in the way: {}; it was not touched",
        title(object),
        ownership::describe(object)
    );
    let failed = Error::new(Kind::Broken, message);
    match object["metadata"]["labels"][marks::SESSION].as_str() {
        // The session of this name runs in another kind of workload.
        Some(one) if one == session => {
            failed.hint(format!("`nutkin down {session}` ends the session that it belongs to"))
        }
        _ => failed.hint("give the session another name, or another namespace (-n)"),
    }
}
