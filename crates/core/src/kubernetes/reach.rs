//! By which addresses a session's REST Service can be reached without help.
//!
//! The rules are those of Flink's client (`kubeclient/services/*`, 1.17 to 2.3), where they work: a load balancer's
//! own address, a node's address with the node port, and the Service's name for who is inside the cluster. Where
//! Flink's client goes wrong (the API server's host in 1.13, a node with the Service's port for a load balancer
//! without address), there is no address here, and the way leads through the API server.

use serde_json::Value;

use crate::words::refusal as words;

/// Why a Service cannot be REST's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// It has no port for REST.
    #[error("{}", words::no_rest_port(.0))]
    NoPort(String),
}

/// The port of a Service that is REST's: the one of that name, or the only one.
fn port(service: &Value) -> Result<&Value, ReachError> {
    let ports = service["spec"]["ports"].as_array().map_or(&[][..], Vec::as_slice);
    let named = ports.iter().find(|port| port["name"] == "rest");
    let only = || (ports.len() == 1).then(|| &ports[0]);
    named.or_else(only).ok_or_else(|| {
        ReachError::NoPort(service["metadata"]["name"].as_str().unwrap_or_default().to_owned())
    })
}

/// The number of REST's port in the Service.
///
/// # Errors
/// It has none.
pub fn service_port(service: &Value) -> Result<u16, ReachError> {
    let number = port(service)?["port"].as_u64().and_then(|port| u16::try_from(port).ok());
    Ok(number.unwrap_or(8081))
}

/// The port of a pod to which the Service leads, where that is a number.
pub fn target_port(service: &Value) -> Option<u16> {
    let port = port(service).ok()?;
    let target = if port["targetPort"].is_null() { &port["port"] } else { &port["targetPort"] };
    target.as_u64().and_then(|port| u16::try_from(port).ok())
}

/// Whether nodes have to be looked at.
pub fn needs_nodes(service: &Value) -> bool {
    service["spec"]["type"] == "NodePort"
}

/// Addresses that may work, most likely first, without a slash at the end. `inside` says that who asks runs in the
/// cluster itself; `address_type` is `kubernetes.rest-service.exposed.node-port-address-type`.
///
/// # Errors
/// The Service has no port for REST.
pub fn addresses(
    service: &Value,
    nodes: &[Value],
    address_type: &str,
    inside: bool,
) -> Result<Vec<String>, ReachError> {
    let port = port(service)?;
    let number = service_port(service)?;
    let mut found = Vec::new();
    if inside {
        let metadata = &service["metadata"];
        if let (Some(name), Some(namespace)) =
            (metadata["name"].as_str(), metadata["namespace"].as_str())
        {
            found.push(url(&format!("{name}.{namespace}"), number));
        }
    }
    match service["spec"]["type"].as_str() {
        Some("LoadBalancer") => {
            let ingress = service["status"]["loadBalancer"]["ingress"].as_array();
            for one in ingress.into_iter().flatten() {
                let host = one["ip"].as_str().or_else(|| one["hostname"].as_str());
                found.extend(host.filter(|host| !host.is_empty()).map(|host| url(host, number)));
            }
        }
        Some("NodePort") => {
            let node_port = port["nodePort"].as_u64().and_then(|port| u16::try_from(port).ok());
            let hosts = nodes.iter().filter(|node| node["spec"]["unschedulable"] != true);
            let hosts = hosts.filter_map(|node| address(node, address_type));
            found.extend(
                node_port.into_iter().flat_map(|port| {
                    hosts.clone().take(SOME_NODES).map(move |host| url(host, port))
                }),
            );
        }
        _ => {}
    }
    Ok(found)
}

/// The address that Flink's client prints for a session: the first that works from outside, for a Service without one
/// its name inside the cluster.
///
/// # Errors
/// The Service has no port for REST.
pub fn announced(
    service: &Value,
    nodes: &[Value],
    address_type: &str,
) -> Result<Option<String>, ReachError> {
    let is_exposed =
        service["spec"]["type"].as_str().is_some_and(|kind| !["ClusterIP", ""].contains(&kind));
    let found = addresses(service, nodes, address_type, !is_exposed)?;
    Ok(found.into_iter().next())
}

/// Nodes that are tried: one of them may be down, and nobody waits for a hundred.
const SOME_NODES: usize = 3;

fn address<'a>(node: &'a Value, kind: &str) -> Option<&'a str> {
    let addresses = node["status"]["addresses"].as_array()?;
    let of_kind = addresses
        .iter()
        .filter(|one| one["type"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(kind)));
    of_kind.filter_map(|one| one["address"].as_str()).find(|address| !address.is_empty())
}

fn url(host: &str, port: u16) -> String {
    // An IPv6 address needs brackets before a port.
    if host.contains(':') {
        format!("http://[{host}]:{port}")
    } else {
        format!("http://{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(kind: &str, ingress: &Value) -> Value {
        json!({
            "metadata": {"name": "a-rest", "namespace": "n"},
            "spec": {"type": kind, "ports": [
                {"name": "other", "port": 1},
                {"name": "rest", "port": 8081, "nodePort": 30081},
            ]},
            "status": {"loadBalancer": {"ingress": ingress}},
        })
    }

    #[track_caller]
    fn check(kind: &str, ingress: &Value, inside: bool, expected: &[&str]) {
        let node = |name: &str, unschedulable: bool, addresses: Value| {
            json!({
                "metadata": {"name": name},
                "spec": {"unschedulable": unschedulable},
                "status": {"addresses": addresses},
            })
        };
        let nodes = [
            node("1", true, json!([{"type": "InternalIP", "address": "10.0.0.1"}])),
            node("2", false, json!([{"type": "InternalIP", "address": ""}])),
            node(
                "3",
                false,
                json!([
                    {"type": "ExternalIP", "address": "1.2.3.4"},
                    {"type": "InternalIP", "address": "10.0.0.3"},
                ]),
            ),
        ];
        let found = addresses(&service(kind, ingress), &nodes, "InternalIP", inside);
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn as_flink_finds_them() {
        check("ClusterIP", &Value::Null, false, &[]);
        check("ClusterIP", &Value::Null, true, &["http://a-rest.n:8081"]);
        check("NodePort", &Value::Null, false, &["http://10.0.0.3:30081"]);
        check("LoadBalancer", &json!([{"ip": "5.6.7.8"}]), false, &["http://5.6.7.8:8081"]);
        check("LoadBalancer", &json!([{"hostname": "lb"}]), false, &["http://lb:8081"]);
        check("LoadBalancer", &json!([{"ip": "::1"}]), false, &["http://[::1]:8081"]);
        check("LoadBalancer", &json!([{}]), false, &[]);
        check("LoadBalancer", &Value::Null, false, &[]);
    }

    #[test]
    fn what_is_announced() {
        let announced = |kind, ingress: Value| {
            announced(&service(kind, &ingress), &[], "InternalIP").expect("a port")
        };
        assert_eq!(announced("ClusterIP", Value::Null).as_deref(), Some("http://a-rest.n:8081"));
        let balanced = announced("LoadBalancer", json!([{"ip": "5.6.7.8"}]));
        assert_eq!(balanced.as_deref(), Some("http://5.6.7.8:8081"));
        assert_eq!(announced("LoadBalancer", Value::Null), None);
        assert_eq!(announced("NodePort", Value::Null), None, "no node, no address");
    }

    #[test]
    fn a_service_without_rest() {
        let service = json!({"metadata": {"name": "x"}, "spec": {"ports": []}});
        let error = addresses(&service, &[], "InternalIP", false).unwrap_err();
        assert_eq!(error.to_string(), "Service/x has no port named `rest`");
    }
}
