//! What a cluster has for a session, before it is started. All of it is read side by side, nothing is changed.

use std::time::Duration;

use futures_util::future::{join, join5};
use futures_util::stream::{self, StreamExt as _};
use nutkin_core::kubernetes::resource::{
    CLAIMS, LIMIT_RANGES, NAMESPACES, NODES, PODS, RESOURCE_QUOTAS, STORAGE_CLASSES,
};
use nutkin_diagnosis::doctor::{ClusterSeen, Permission, StorageClass};
use nutkin_shell::Error;
use serde_json::{Value, json};

use super::api::{Api, escaped};
use super::error::{ApiError, failure};
use super::session::KubernetesSession;

/// Reviews that are asked at once: an API server answers so many side by side in little more time than one.
const AT_ONCE: usize = 16;

/// How long the API server may take for its release: who is not there is said soon.
const PATIENCE: Duration = Duration::from_secs(10);

/// The mark of the default storage class (`storageutil.IsDefaultStorageClassAnnotation`).
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// Looks at it. `needs`: who has to be allowed what, as rules of a Role; `None`: whoever asks. `name`: the session, whose pods may be there.
///
/// # Errors
/// Nothing: what cannot be read has the reason in its place.
pub async fn look(api: &Api, name: &str, needs: &[(Option<String>, Vec<Value>)]) -> ClusterSeen {
    let namespace = api.namespace().to_owned();
    let version = tokio::time::timeout(PATIENCE, api.read("/version", "ask for the release"));
    let version = match version.await {
        Ok(Ok(answer)) => Ok(answer["gitVersion"].as_str().unwrap_or("unknown").to_owned()),
        Ok(Err(error)) => Err(words(error)),
        Err(_) => Err("it does not answer in time".to_owned()),
    };
    let mut seen = ClusterSeen {
        version,
        namespace: namespace.clone(),
        has_namespace: Ok(None),
        permissions: Vec::new(),
        quotas: Ok(Vec::new()),
        limits: Ok(Vec::new()),
        nodes: Ok((Vec::new(), Vec::new())),
        claims: Ok(Vec::new()),
        storage_classes: Ok(Vec::new()),
        own: Ok(Vec::new()),
    };
    if seen.version.is_err() {
        return seen;
    }
    let asked = wanted(needs);
    let reviews = stream::iter(&asked).map(|one| allowed(api, one)).buffered(AT_ONCE);
    let pods = format!("{}?fieldSelector={}", PODS.everywhere(), escaped(PODS_THAT_RUN));
    let lists = join5(
        api.list(RESOURCE_QUOTAS, ""),
        api.list(LIMIT_RANGES, ""),
        join(api.list(NODES, ""), api.read(&pods, "list the pods of the cluster")),
        join(api.list(CLAIMS, ""), api.list(STORAGE_CLASSES, "")),
        join(api.get(NAMESPACES, &namespace), KubernetesSession::pods_of(api, name)),
    );
    let (permissions, lists) = join(reviews.collect::<Vec<_>>(), lists).await;
    seen.permissions = permissions;
    let (quotas, limits, (nodes, pods), (claims, classes), (has_namespace, own)) = lists;
    seen.quotas = quotas.map_err(words);
    seen.limits = limits.map_err(words);
    seen.nodes =
        nodes.and_then(|nodes| pods.map(|mut pods| (nodes, items(&mut pods)))).map_err(words);
    seen.claims = claims.map_err(words);
    seen.storage_classes = classes.map(storage_classes).map_err(words);
    seen.has_namespace = match has_namespace {
        Ok(found) => Ok(Some(found.is_some())),
        Err(error) if error.is("NotFound") => Ok(Some(false)),
        Err(error) if error.is("Forbidden") => Ok(None),
        Err(error) => Err(words(error)),
    };
    seen.own = own.map_err(words);
    seen
}

/// Field selector of pods that have not ended.
const PODS_THAT_RUN: &str = "status.phase!=Succeeded,status.phase!=Failed";

fn items(list: &mut Value) -> Vec<Value> {
    match list["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn storage_classes(classes: Vec<Value>) -> Vec<StorageClass> {
    let class = |class: Value| {
        let metadata = &class["metadata"];
        let is_default = metadata["annotations"][DEFAULT_CLASS] == "true";
        Some(StorageClass { name: metadata["name"].as_str()?.to_owned(), is_default })
    };
    classes.into_iter().filter_map(class).collect()
}

/// Every verb of every resource of the rules.
fn wanted(needs: &[(Option<String>, Vec<Value>)]) -> Vec<Permission> {
    let texts = |value: &Value| {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for (account, rules) in needs {
        for rule in rules {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    for verb in texts(&rule["verbs"]) {
                        let (account, group) = (account.clone(), group.clone());
                        let answer = Ok(true);
                        let resource = resource.clone();
                        all.push(Permission { account, verb, group, resource, answer });
                    }
                }
            }
        }
    }
    all
}

/// The same with the answer of the API server.
async fn allowed(api: &Api, one: &Permission) -> Permission {
    let namespace = api.namespace();
    let (resource, below) = one.resource.split_once('/').unwrap_or((&one.resource, ""));
    let attributes = json!({
        "namespace": namespace, "verb": one.verb, "group": one.group,
        "resource": resource, "subresource": below,
    });
    let (kind, spec) = match &one.account {
        None => ("SelfSubjectAccessReview", json!({"resourceAttributes": attributes})),
        Some(account) => {
            let of_namespace = format!("system:serviceaccounts:{namespace}");
            let spec = json!({
                "user": format!("system:serviceaccount:{namespace}:{account}"),
                "groups": ["system:serviceaccounts", of_namespace, "system:authenticated"],
                "resourceAttributes": attributes,
            });
            ("SubjectAccessReview", spec)
        }
    };
    let answer = api.review(kind, &spec).await.map_err(words);
    Permission { answer, ..one.clone() }
}

fn words(error: ApiError) -> String {
    let failure: Error = failure(error);
    format!("{:#}", failure.error)
}
