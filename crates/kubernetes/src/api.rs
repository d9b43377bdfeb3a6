//! Requests to an API server: the few that Nutkin makes, repeated where that is safe.
//!
//! Objects are plain JSON: a typed library would drop what it does not know, and what the user wrote in a pod template
//! does not concern us.

use std::time::Duration;

use futures_util::io::{AsyncBufReadExt as _, AsyncReadExt as _};
use futures_util::stream::{self, Stream};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use nutkin_core::kubernetes::resource::{PODS, Resource, title};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::cluster::Access;
use super::error::ApiError;
use nutkin_shell::{ClusterPlace, Error};

/// Who writes, for server-side apply, where nobody says another name.
const MANAGER: &str = "nutkin";

/// How long one answer may take. The API server itself gives up after 60 s, but then nobody knows what it did; what is
/// asked here takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest line of a log in bytes: what does not end before comes in several.
const LONGEST_LINE: u64 = 1 << 20;

/// How often a request is sent before its failure is one. With the pauses between them that is 3 s and more: an API
/// server that is replaced by another one of its kind is back by then.
const ATTEMPTS: u32 = 6;

/// The first pause; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest `Retry-After` that is obeyed. A server that wants more time than this had better be reported.
const LONGEST: Duration = Duration::from_secs(10);

/// Asks an API server, in one namespace.
#[derive(Clone)]
pub struct Api {
    client: Client,
    access: Access,
    manager: &'static str,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client and its configuration hold credentials.
        f.debug_struct("Api").field("namespace", &self.access.namespace).finish_non_exhaustive()
    }
}

impl Api {
    /// Prepares to ask. No request is made.
    ///
    /// # Errors
    /// Certificates or credentials cannot be used.
    pub fn new(access: Access) -> Result<Self, Error> {
        let mut config = access.config.clone();
        if config.cluster_url.scheme_str() == Some("http") {
            // Nobody proves who it is: the certificates of the system are not read.
            config.root_cert.get_or_insert_default();
        }
        let client = Client::try_from(config).map_err(|error| {
            Error::from(anyhow::Error::new(error).context("the kubeconfig cannot be used"))
        })?;
        let manager = access.manager.unwrap_or(MANAGER);
        Ok(Self { client, access, manager })
    }

    /// The same server, asked by another field manager: what each of them wrote is its own.
    #[must_use]
    pub const fn by(mut self, manager: &'static str) -> Self {
        self.manager = manager;
        self
    }

    /// The field manager.
    pub const fn manager(&self) -> &'static str {
        self.manager
    }

    /// How the cluster is reached.
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// The client, for connections that are not requests.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The namespace of all requests.
    pub fn namespace(&self) -> &str {
        &self.access.namespace
    }

    /// Where that is, to be found again.
    pub fn place(&self) -> ClusterPlace {
        let namespace = Some(self.namespace().to_owned());
        ClusterPlace { namespace, ..self.access.place.clone() }
    }

    /// The same server, another namespace.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        let mut other = self.clone();
        namespace.clone_into(&mut other.access.namespace);
        other
    }

    /// An object, if it is there.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn get(&self, resource: Resource, name: &str) -> Result<Option<Value>, ApiError> {
        let path = resource.path_of(self.namespace(), name);
        let what = format!("get {}/{name}", resource.kind);
        absent(self.ask(Method::GET, &path, "", Vec::new(), &what).await)
    }

    /// All objects that a label selector finds; all there are where it is empty.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn list(&self, resource: Resource, selector: &str) -> Result<Vec<Value>, ApiError> {
        let query = format!("?labelSelector={}", escaped(selector));
        self.listed(resource, &query).await
    }

    /// All objects that a field selector finds.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn list_fields(
        &self,
        resource: Resource,
        selector: &str,
    ) -> Result<Vec<Value>, ApiError> {
        let query = format!("?fieldSelector={}", escaped(selector));
        self.listed(resource, &query).await
    }

    /// The version of all objects that a label selector finds, from which changes can be watched.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn version(&self, resource: Resource, selector: &str) -> Result<String, ApiError> {
        let path = resource.path(self.namespace());
        let path = format!("{path}?labelSelector={}&limit=1", escaped(selector));
        let what = format!("list {}", resource.plural);
        let answer: Value = self.ask(Method::GET, &path, "", Vec::new(), &what).await?;
        Ok(answer["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned())
    }

    /// The path that streams what happens to these objects since a version.
    pub fn watch_path(&self, resource: Resource, selector: &str, version: &str) -> String {
        let path = resource.path(self.namespace());
        let selector = escaped(selector);
        format!("{path}?labelSelector={selector}&watch=true&resourceVersion={version}")
    }

    async fn listed(&self, resource: Resource, query: &str) -> Result<Vec<Value>, ApiError> {
        let path = format!("{}{query}", resource.path(self.namespace()));
        let what = format!("list {}", resource.plural);
        let mut answer: Value = self.ask(Method::GET, &path, "", Vec::new(), &what).await?;
        let items = answer["items"].take();
        let Value::Array(mut items) = items else { return Ok(Vec::new()) };
        // Items of a list do not say what they are.
        for item in &mut items {
            item["apiVersion"] = json!(resource.api_version);
            item["kind"] = json!(resource.kind);
        }
        Ok(items)
    }

    /// Creates an object. One of the same name that is there already is left as it is: an error whose reason is
    /// `AlreadyExists`.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn create(&self, object: &Value) -> Result<Value, ApiError> {
        let what = format!("create {}", title(object));
        let resource = known(object, &what)?;
        let path = format!("{}?fieldManager={}", resource.path(self.namespace()), self.manager);
        self.ask(Method::POST, &path, JSON, object.to_string().into(), &what).await
    }

    /// Server-side apply of a whole object that is there: its fields become these, and those that an earlier apply set
    /// and this one does not have are removed. With `dry_run` the answer is what it would be.
    ///
    /// # Errors
    /// See [`ApiError`]. With a UID in its metadata, `Conflict` where the object is another one by now.
    pub async fn apply(&self, object: &Value, dry_run: bool) -> Result<Value, ApiError> {
        let what = format!("change {}", title(object));
        let resource = known(object, &what)?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let path = resource.path_of(self.namespace(), name);
        let dry = if dry_run { "&dryRun=All" } else { "" };
        let path = format!("{path}?fieldManager={}&force=true{dry}", self.manager);
        self.ask(Method::PATCH, &path, APPLY, object.to_string().into(), &what).await
    }

    /// Patches an object with a JSON patch (RFC 6902).
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn patch(&self, object: &Value, steps: &Value) -> Result<Value, ApiError> {
        let what = format!("change {}", title(object));
        let resource = known(object, &what)?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let path = resource.path_of(self.namespace(), name);
        let path = format!("{path}?fieldManager={}", self.manager);
        self.ask(Method::PATCH, &path, JSON_PATCH, steps.to_string().into(), &what).await
    }

    /// Replaces an object that has the `resourceVersion` in `object`: compare and swap.
    ///
    /// # Errors
    /// See [`ApiError`]; `Conflict` where somebody else was faster.
    pub async fn replace(&self, object: &Value) -> Result<Value, ApiError> {
        let what = format!("change {}", title(object));
        let resource = known(object, &what)?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let path = resource.path_of(self.namespace(), name);
        let path = format!("{path}?fieldManager={}", self.manager);
        self.ask(Method::PUT, &path, JSON, object.to_string().into(), &what).await
    }

    /// Deletes the object with this UID, and no other one that took its name. One that is gone is not an error.
    ///
    /// # Errors
    /// See [`ApiError`]; `Conflict` where it is another one by now.
    pub async fn delete(
        &self,
        resource: Resource,
        name: &str,
        uid: &str,
        policy: &str,
    ) -> Result<(), ApiError> {
        let options = json!({"propagationPolicy": policy});
        self.delete_with(resource, name, uid, options).await
    }

    /// Ends a pod within so many seconds.
    ///
    /// # Errors
    /// As [`Api::delete`].
    pub async fn end_pod(&self, name: &str, uid: &str, seconds: u32) -> Result<(), ApiError> {
        self.delete_with(PODS, name, uid, json!({"gracePeriodSeconds": seconds})).await
    }

    async fn delete_with(
        &self,
        resource: Resource,
        name: &str,
        uid: &str,
        options: Value,
    ) -> Result<(), ApiError> {
        let path = resource.path_of(self.namespace(), name);
        let mut body = options;
        body["apiVersion"] = json!("v1");
        body["kind"] = json!("DeleteOptions");
        body["preconditions"] = json!({"uid": uid});
        let what = format!("delete {}/{name}", resource.kind);
        absent(self.ask(Method::DELETE, &path, JSON, body.to_string().into(), &what).await)?;
        Ok(())
    }

    /// Sends a request, again where it was refused for the moment only, or where doing it twice is doing it once.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        kind: &'static str,
        body: Vec<u8>,
        what: &str,
    ) -> Result<T, ApiError> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            let sent = self.once(&method, path, kind, body.clone(), what).await;
            let (error, wait) = match sent {
                Ok(value) => return Ok(value),
                Err((error, wait)) => (error, wait),
            };
            let Some(wait) = wait.filter(|_| attempt < ATTEMPTS) else { return Err(error) };
            tokio::time::sleep(wait.unwrap_or(pause).min(LONGEST)).await;
            pause *= 2;
        }
        unreachable!("attempts end with an answer")
    }

    /// One attempt. An error comes with the pause before another attempt, if there may be one: `Some(None)` leaves the
    /// length open.
    #[allow(clippy::type_complexity, reason = "one caller, right above")]
    async fn once<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        kind: &'static str,
        body: Vec<u8>,
        what: &str,
    ) -> Result<T, (ApiError, Option<Option<Duration>>)> {
        if is_change(method, path)
            && let Some(tenure) = &self.access.tenure
        {
            // Before each attempt: the pauses between them may take longer than it lasts.
            tenure.lasts().map_err(|over| (ApiError::Over(over), None))?;
        }
        let mut request = Request::builder().method(method).uri(path);
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let request = request.header(header::ACCEPT, JSON).body(Body::from(body));
        let request = request.map_err(|error| (ApiError::Broken(error.to_string()), None))?;
        let answer = tokio::time::timeout(PATIENCE, self.client.send(request)).await;
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            // Every request can be sent again: a second creation finds the first one's object, a deletion has its UID,
            // a patch says what shall be.
            Ok(Err(error)) => {
                let error = match error {
                    kube::Error::Auth(_) => ApiError::Broken(error.to_string()),
                    error if is_connect(&error) => {
                        let address = self.access.config.cluster_url.to_string();
                        ApiError::Unreachable(address, error)
                    }
                    error => ApiError::Broken(deepest(&error)),
                };
                return Err((error, Some(None)));
            }
            Err(_) => {
                let message = format!("no answer within {} s", PATIENCE.as_secs());
                return Err((ApiError::Broken(message), None));
            }
        };
        let code = answer.status();
        let after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let body = tokio::time::timeout(PATIENCE, answer.into_body().collect()).await;
        let body = match body {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) => return Err((ApiError::Broken(deepest(&error)), Some(None))),
            Err(_) => return Err((ApiError::Broken("the answer breaks off".to_owned()), None)),
        };
        if code.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|error| (ApiError::Unreadable(error), None));
        }
        let status = Box::new(status_of(code, &body));
        let again = match code {
            // Too busy, etcd elects, a webhook is restarted, a proxy has lost its server. With words of its own the server has
            // decided, and asking again would give the same.
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Some(after),
            _ => None,
        };
        Err((ApiError::Refused { what: what.to_owned(), status }, again))
    }

    /// Whether somebody is allowed something, by a review of that kind (`authorization.k8s.io/v1`).
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn review(&self, kind: &str, spec: &Value) -> Result<bool, ApiError> {
        let path = format!("/apis/authorization.k8s.io/v1/{}s", kind.to_lowercase());
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec});
        let body = review.to_string().into();
        let answer: Value =
            self.ask(Method::POST, &path, JSON, body, "ask what is allowed").await?;
        Ok(answer["status"]["allowed"] == true)
    }

    /// What is at a path. `what`: for messages.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn read(&self, path: &str, what: &str) -> Result<Value, ApiError> {
        self.ask(Method::GET, path, JSON, Vec::new(), what).await
    }

    /// A text, such as a log.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn text(&self, path: &str, what: &str) -> Result<String, ApiError> {
        let request = Request::get(path).body(Vec::new());
        let request = request.map_err(|error| ApiError::Broken(error.to_string()))?;
        self.client.request_text(request).await.map_err(|error| no_text(error, what))
    }

    /// A text line by line, as it comes. What is not UTF-8 in it is replaced.
    ///
    /// # Errors
    /// See [`ApiError`]; in the stream: the connection broke.
    pub async fn lines(
        &self,
        path: &str,
        what: &str,
    ) -> Result<impl Stream<Item = std::io::Result<String>> + Send + use<>, ApiError> {
        let request = Request::get(path).body(Vec::new());
        let request = request.map_err(|error| ApiError::Broken(error.to_string()))?;
        let answer = self.client.request_stream(request).await;
        let reader = Box::pin(answer.map_err(|error| no_text(error, what))?);
        Ok(stream::try_unfold(reader, async |mut reader| {
            let mut line = Vec::new();
            if (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line).await? == 0 {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&line);
            Ok(Some((text.trim_end_matches(['\n', '\r']).to_owned(), reader)))
        }))
    }
}

const JSON: &str = "application/json";
const APPLY: &str = "application/apply-patch+yaml";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";

/// Why a text does not come.
pub(crate) fn no_text(error: kube::Error, what: &str) -> ApiError {
    match error {
        kube::Error::Api(status) => ApiError::Refused { what: what.to_owned(), status },
        error => ApiError::Broken(deepest(&error)),
    }
}

/// Whether a request changes something.
fn is_change(method: &Method, path: &str) -> bool {
    let asks_only = path.contains("dryRun=All") || path.starts_with("/apis/authorization.k8s.io/");
    *method != Method::GET && !asks_only
}

/// What is not there is no error.
fn absent(answer: Result<Value, ApiError>) -> Result<Option<Value>, ApiError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(ApiError::Refused { status, .. })
            if status.code == 404 && !status.message.starts_with("namespaces ") =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The server's words, or the little that a proxy in between says.
fn status_of(code: StatusCode, body: &[u8]) -> Status {
    serde_json::from_slice::<Status>(body).ok().filter(|status| status.code != 0).unwrap_or_else(
        || Status {
            status: None,
            code: code.as_u16(),
            message: match String::from_utf8_lossy(body).trim() {
                "" => code.to_string(),
                text => text.to_owned(),
            },
            metadata: None,
            reason: code.canonical_reason().unwrap_or_default().replace(' ', ""),
            details: None,
        },
    )
}

fn known(object: &Value, what: &str) -> Result<Resource, ApiError> {
    Resource::of(object).ok_or_else(|| ApiError::Broken(format!("cannot {what}: no such kind")))
}

/// Whether no connection came about, so that nothing was asked.
fn is_connect(error: &kube::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        cause = error.source();
    }
    false
}

/// The deepest cause in one line: the outer ones only say that there is one.
pub(crate) fn deepest(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

/// A query's value: what is not plain is escaped.
pub(crate) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
