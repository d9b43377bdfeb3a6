//! A local address that leads through the API server into the cluster.
//!
//! REST is remote code execution for whoever reaches it, so that the address is on loopback, takes requests only under
//! its own name (a web page that the user has open elsewhere cannot use it), and, for the length of one command, only
//! below a path that nobody can guess.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use k8s_openapi::api::core::v1::Pod;
use kube::client::ConfigExt;
use tokio::net::{TcpListener, TcpStream};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, ServiceExt};

use super::api::Api;
use nutkin_rest::Tunnel;
use nutkin_shell::{Error, token};

type Body = BoxBody<Bytes, hyper::Error>;

/// What a request goes through.
type Server = BoxCloneSyncService<Request<Incoming>, Response<Incoming>, BoxError>;

/// Where a tunnel ends.
#[derive(Debug, Clone)]
pub enum TunnelEnd {
    /// What the API server's own proxy reaches: `/api/v1/namespaces/n/services/http:a-rest:8081/proxy`.
    Proxy(String),
    /// A port of a pod, by way of its kubelet.
    Pod(String, u16),
}

/// An open tunnel.
#[derive(Debug)]
pub struct Open {
    /// The local address, without a slash at the end.
    pub url: String,
    /// Closes it when dropped.
    pub tunnel: Tunnel,
}

/// Opens a tunnel. With `secret` the address has a part that nobody can guess.
///
/// # Errors
/// No port can be had on loopback, or the credentials cannot be used.
pub async fn open(api: &Api, target: TunnelEnd, secret: bool) -> Result<Open, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let prefix = if secret { format!("/{}", token::random::<16>()?) } else { String::new() };
    let url = format!("http://{address}{prefix}");
    let way = Arc::new(Way { server: server(api)?, api: api.clone(), target, address, prefix });
    let task = tokio::spawn(async move {
        // Connections end with the task that accepts them.
        let mut connections = tokio::task::JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => { connections.spawn(serve(stream, way.clone())); }
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    });
    Ok(Open { url, tunnel: Tunnel::of(task) })
}

struct Way {
    server: Server,
    api: Api,
    target: TunnelEnd,
    address: SocketAddr,
    prefix: String,
}

async fn serve(stream: TcpStream, way: Arc<Way>) {
    let service = service_fn(|request| {
        let way = way.clone();
        async move { Ok::<_, std::convert::Infallible>(way.answer(request).await) }
    });
    // A client that goes away is not news.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Way {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if !is_meant(request.headers(), self.address) {
            return refusal(StatusCode::FORBIDDEN, "this address is for programs of this machine");
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let Some(path) = path.strip_prefix(&self.prefix) else {
            return refusal(StatusCode::NOT_FOUND, "no such path");
        };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        match self.send(request, &path).await {
            Ok(answer) => answer.map(BodyExt::boxed),
            Err(error) => refusal(StatusCode::BAD_GATEWAY, &format!("nutkin: {error}")),
        }
    }

    async fn send(
        &self,
        mut request: Request<Incoming>,
        path: &str,
    ) -> Result<Response<Incoming>, BoxError> {
        request.headers_mut().remove(header::AUTHORIZATION);
        match &self.target {
            TunnelEnd::Proxy(prefix) => {
                request.headers_mut().remove(header::HOST);
                // Links in the API server's answers have its own paths.
                let path = if path.starts_with(prefix) {
                    path.to_owned()
                } else {
                    format!("{prefix}{path}")
                };
                *request.uri_mut() = path.parse::<Uri>()?;
                self.server.clone().oneshot(request).await
            }
            TunnelEnd::Pod(pod, port) => {
                *request.uri_mut() = path.parse::<Uri>()?;
                let pods: kube::Api<Pod> =
                    kube::Api::namespaced(self.api.client().clone(), self.api.namespace());
                let mut forwarder = pods.portforward(pod, &[*port]).await?;
                let stream = forwarder.take_stream(*port).ok_or("the port was not forwarded")?;
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(async move {
                    let _ = connection.await;
                    drop(forwarder);
                });
                Ok(sender.send_request(request).await?)
            }
        }
    }
}

/// Whether a request came for this address, and from no page of another one.
fn is_meant(headers: &HeaderMap, address: SocketAddr) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let names = [address.to_string(), format!("localhost:{}", address.port())];
    let host = text(header::HOST).is_some_and(|host| names.iter().any(|name| name == host));
    let origin = text(header::ORIGIN).is_none_or(|origin| {
        origin.strip_prefix("http://").is_some_and(|host| names.iter().any(|name| name == host))
    });
    host && origin
}

fn refusal(code: StatusCode, text: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(format!("{text}\n"))).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response
}

/// The API server with its TLS and our credentials; bodies pass through as they come.
fn server(api: &Api) -> Result<Server, Error> {
    let config = &api.access().config;
    let client = Client::builder(TokioExecutor::new()).build(config.rustls_https_connector()?);
    let client = client.map_err(BoxError::from);
    let base = config.base_uri_layer();
    let headers = config.extra_headers_layer()?;
    Ok(match config.auth_layer()? {
        Some(auth) => BoxCloneSyncService::new(base.layer(headers.layer(auth.layer(client)))),
        None => BoxCloneSyncService::new(base.layer(headers.layer(client))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_of_this_machine_are_meant() {
        #[track_caller]
        fn check(host: &str, origin: Option<&str>, expected: bool) {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(is_meant(&headers, "127.0.0.1:99".parse().unwrap()), expected);
        }
        check("127.0.0.1:99", None, true);
        check("localhost:99", Some("http://localhost:99"), true);
        check("evil.example:99", None, false);
        check("127.0.0.1:99", Some("http://evil.example"), false);
        check("127.0.0.1:99", Some("null"), false);
    }
}
