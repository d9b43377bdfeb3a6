//! The way to a session's REST API from where we are.

use futures_util::future::join;
use http::StatusCode;
use nutkin_core::kubernetes::reach as rules;
use nutkin_core::kubernetes::resource::{CONFIG_MAPS, NODES, PODS, SERVICES};
use nutkin_core::kubernetes::{ha, ownership, shape};
use serde_json::Value;

use super::api::Api;
use super::error::{ApiError, failure};
use super::tunnel::{self, TunnelEnd};
use nutkin_core::remedy::Deed;
use nutkin_rest::Probe;
use nutkin_rest::Tunnel;
use nutkin_shell::{Error, Kind};

/// An address that leads to REST.
#[derive(Debug)]
pub struct Reached {
    /// Without a slash at the end.
    pub url: String,
    /// What keeps it working.
    pub tunnel: Option<Tunnel>,
}

/// Finds a way: 1. an address of the Service's own that answers; 2. the API server's proxy to the leading JobManager
/// or the Service; 3. a forwarded port, for who may not use the proxy. `secret` is for a way that one command uses.
///
/// # Errors
/// The session has no REST Service, or no way may be used.
pub async fn find(api: &Api, cluster_id: &str, secret: bool) -> Result<Reached, Error> {
    let name = format!("{cluster_id}-rest");
    let service = service(api, cluster_id).await?;
    if let Some(url) = direct(api, &service).await? {
        return Ok(Reached { url, tunnel: None });
    }
    let port = rules::service_port(&service)?;
    let (leader, pod_port) = leader(api, cluster_id).await;
    let namespace = api.namespace();
    let proxy = match &leader {
        Some(pod) => format!("pods/http:{pod}:{pod_port}"),
        None => format!("services/http:{name}:{port}"),
    };
    let proxy = format!("/api/v1/namespaces/{namespace}/{proxy}/proxy");
    let asked = api.text(&format!("{proxy}/overview"), "use the API server's proxy").await;
    let target = match asked {
        // The authorizer's word; a JobManager that does not answer yet is not a reason for another way.
        Err(error) if error.is("Forbidden") => match running(api, cluster_id, leader).await {
            Some(pod) => TunnelEnd::Pod(pod, pod_port),
            None => return Err(failure(error)),
        },
        // The Service leads to pods that are ready only; one that runs may answer all the same.
        Err(error) if error.code() == Some(StatusCode::SERVICE_UNAVAILABLE) => {
            let pod = running(api, cluster_id, leader).await;
            let port = rules::target_port(&service).unwrap_or(pod_port);
            TunnelEnd::Proxy(pod.map_or(proxy, |pod| {
                format!("/api/v1/namespaces/{namespace}/pods/http:{pod}:{port}/proxy")
            }))
        }
        _ => TunnelEnd::Proxy(proxy),
    };
    let open = tunnel::open(api, target, secret).await?;
    Ok(Reached { url: open.url, tunnel: Some(open.tunnel) })
}

/// The address that Flink's client would print, whether or not it answers; `None` where the Service has none yet.
/// `address_type` is `kubernetes.rest-service.exposed.node-port-address-type`.
///
/// # Errors
/// The session has no REST Service, or that has no port for it.
pub async fn announced(
    api: &Api,
    cluster_id: &str,
    address_type: &str,
) -> Result<Option<String>, Error> {
    let service = service(api, cluster_id).await?;
    let nodes = nodes(api, &service).await;
    Ok(rules::announced(&service, &nodes, address_type)?)
}

/// The REST Service of a session.
async fn service(api: &Api, cluster_id: &str) -> Result<Value, Error> {
    let name = format!("{cluster_id}-rest");
    api.get(SERVICES, &name).await.map_err(failure)?.ok_or_else(|| {
        let namespace = api.namespace();
        let message = format!("Service/{name} of the session is missing in namespace {namespace}");
        Error::new(Kind::Broken, message).hint(Deed::up().does("makes it again"))
    })
}

/// Nodes, where the Service needs them. They are the cluster's: who may not list them uses the API server.
async fn nodes(api: &Api, service: &Value) -> Vec<Value> {
    if !rules::needs_nodes(service) {
        return Vec::new();
    }
    api.list(NODES, "").await.unwrap_or_default()
}

/// The first address of the Service's own that answers.
async fn direct(api: &Api, service: &Value) -> Result<Option<String>, Error> {
    let nodes = nodes(api, service).await;
    let mut urls = Vec::new();
    for kind in ["InternalIP", "ExternalIP"] {
        for url in rules::addresses(service, &nodes, kind, api.access().inside)? {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
    }
    let probe = Probe::new(&urls)?;
    Ok(probe.overview().await.map(|(_, url)| url.to_owned()))
}

/// The pod of the leading JobManager, where high availability says which that is, and its REST port.
pub async fn leader(api: &Api, cluster_id: &str) -> (Option<String>, u16) {
    // Both are for the better way only: without them the Service chooses.
    let selector = format!("app={cluster_id}");
    let (maps, pods) = join(api.list(CONFIG_MAPS, &selector), job_managers(api, cluster_id)).await;
    let address = maps.ok().and_then(|maps| ha::leader(&maps));
    let address = address.as_deref().and_then(|url| url.rsplit_once("//")).map(|(_, host)| host);
    let Some((host, port)) = address.and_then(|host| host.rsplit_once(':')) else {
        return (None, DEFAULT_PORT);
    };
    // In a StatefulSet a JobManager's address begins with the name of its pod.
    let first = host.split('.').next();
    let is_leader =
        |pod: &&Value| pod["status"]["podIP"] == host || pod["metadata"]["name"].as_str() == first;
    let pods = pods.unwrap_or_default();
    let pod = pods.iter().find(is_leader).and_then(|pod| pod["metadata"]["name"].as_str());
    (pod.map(str::to_owned), port.parse().unwrap_or(DEFAULT_PORT))
}

/// `rest.port`, where nothing else is known.
const DEFAULT_PORT: u16 = 8081;

async fn job_managers(api: &Api, cluster_id: &str) -> Result<Vec<Value>, ApiError> {
    let types = ownership::TYPES.join(",");
    let mut pods = api.list(PODS, &format!("app={cluster_id},type in ({types})")).await?;
    pods.retain(shape::is_job_manager);
    Ok(pods)
}

/// The leader, or any JobManager that runs.
async fn running(api: &Api, cluster_id: &str, leader: Option<String>) -> Option<String> {
    if leader.is_some() {
        return leader;
    }
    let pods = job_managers(api, cluster_id).await.ok()?;
    let pod = pods.iter().find(|pod| pod["status"]["phase"] == "Running")?;
    pod["metadata"]["name"].as_str().map(str::to_owned)
}
