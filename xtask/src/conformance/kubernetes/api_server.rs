//! A stand-in for the API server: takes what Flink's client sends, remembers it, and judges nothing.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

/// A running server. Its threads end with their connections.
pub(super) struct ApiServer {
    /// `http://127.0.0.1:PORT`.
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

/// Namespace, resource, name.
type Key = (String, String, String);

#[derive(Default)]
struct State {
    objects: BTreeMap<Key, Value>,
    /// Address given to load balancers.
    ingress: Value,
    nodes: Value,
    /// Requests to refuse.
    failures: Vec<Failure>,
    writes: u64,
    requests: Vec<Value>,
}

/// A refusal on purpose.
struct Failure {
    method: String,
    /// Part of the path, or its end where a `$` stands behind it.
    path: String,
    code: u16,
    reason: String,
}

impl Failure {
    fn fits(&self, method: &str, path: &str) -> bool {
        let is_there = match self.path.strip_suffix('$') {
            Some(end) => path.ends_with(end),
            None => path.contains(&self.path),
        };
        self.method == method && is_there
    }
}

impl ApiServer {
    /// Starts one. `before` may hold `objects` that are there, the `ingress` of load balancers, `nodes`, and `fail`:
    /// requests to refuse, each with `method`, `path`, `code` and `reason`.
    pub(super) fn start(before: &Value) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port for the API server")?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut state = State {
            ingress: before.get("ingress").cloned().unwrap_or(json!([{"ip": "198.51.100.7"}])),
            nodes: before.get("nodes").cloned().unwrap_or_else(node),
            ..State::default()
        };
        for one in before["fail"].as_array().into_iter().flatten() {
            let code = one["code"].as_u64().and_then(|code| u16::try_from(code).ok());
            state.failures.push(Failure {
                method: text(&one["method"]),
                path: text(&one["path"]),
                code: code.unwrap_or(403),
                reason: text(&one["reason"]),
            });
        }
        for object in before["objects"].as_array().into_iter().flatten() {
            let resource = format!("{}s", text(&object["kind"]).to_lowercase());
            let metadata = &object["metadata"];
            state.store(
                (text(&metadata["namespace"]), resource, text(&metadata["name"])),
                object.clone(),
            );
        }
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || drop(serve(stream, &state)));
            }
        });
        Ok(Self { url, state })
    }

    /// All requests so far: `method`, `path`, `code`, and the `body` of what was sent to be kept.
    pub(super) fn requests(&self) -> Vec<Value> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }
}

/// A node that takes pods.
fn node() -> Value {
    json!([{
        "metadata": {"name": "n1"},
        "spec": {},
        "status": {"addresses": [
            {"type": "InternalIP", "address": "10.0.0.1"},
            {"type": "ExternalIP", "address": "203.0.113.1"},
        ]},
    }])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> Result<()> {
    let mut out = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let (code, answer) =
            state.lock().unwrap_or_else(PoisonError::into_inner).handle(&method, &path, body);
        let answer = answer.to_string();
        write!(
            out,
            "HTTP/1.1 {code} Answer\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
        out.flush()?;
    }
}

impl State {
    fn handle(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (code, answer) = self.answer(method, path, &body);
        let mut request = Map::from_iter([
            ("method".to_owned(), json!(method)),
            ("path".to_owned(), json!(path)),
            ("code".to_owned(), json!(code)),
        ]);
        if !body.is_null() && method != "DELETE" {
            request.insert("body".to_owned(), body);
        }
        self.requests.push(Value::Object(request));
        (code, answer)
    }

    fn answer(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        if let Some(failure) = self.failures.iter().find(|failure| failure.fits(method, path)) {
            return status(failure.code, &failure.reason);
        }
        let Some(key) = key(path) else { return status(404, "NotFound") };
        if method == "GET" && key.2.is_empty() {
            let items = if key.1 == "nodes" { self.nodes.clone() } else { json!([]) };
            return (
                200,
                json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}),
            );
        }
        if method == "POST" {
            let name = text(&body["metadata"]["name"]);
            let key = (key.0, key.1, name);
            if self.objects.contains_key(&key) {
                return status(409, "AlreadyExists");
            }
            return (201, self.store(key, body.clone()));
        }
        if !self.objects.contains_key(&key) {
            return status(404, "NotFound");
        }
        match method {
            "GET" => (200, self.objects[&key].clone()),
            "DELETE" => {
                self.objects.remove(&key);
                (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}))
            }
            _ => (200, self.store(key, body.clone())),
        }
    }

    fn store(&mut self, key: Key, mut object: Value) -> Value {
        self.writes += 1;
        object["metadata"]["namespace"] = json!(key.0);
        object["metadata"]["uid"] = json!(format!("00000000-0000-0000-0000-{:012}", self.writes));
        object["metadata"]["resourceVersion"] = json!(self.writes.to_string());
        if key.1 == "services" {
            let kind = text(&object["spec"]["type"]);
            let ports = object["spec"]["ports"].as_array_mut();
            if ["NodePort", "LoadBalancer"].contains(&kind.as_str()) {
                for port in ports.into_iter().flatten() {
                    port["nodePort"] = json!(31234);
                }
            }
            object["status"]["loadBalancer"] = match kind.as_str() {
                "LoadBalancer" => json!({"ingress": self.ingress}),
                _ => json!({}),
            };
        }
        self.objects.insert(key, object.clone());
        object
    }
}

/// A path below which the same server answers: clusters behind one address, as some providers have them.
pub(super) const OTHER: &str = "/k8s/clusters/c2";

/// Namespace, resource and name of a path; the name is empty for a list.
fn key(path: &str) -> Option<Key> {
    let path = path.strip_prefix(OTHER).unwrap_or(path);
    let rest = path.strip_prefix("/api/v1/").or_else(|| {
        let rest = path.strip_prefix("/apis/")?;
        rest.splitn(3, '/').nth(2)
    })?;
    let mut words = rest.split('/').map(str::to_owned);
    let first = words.next()?;
    if first != "namespaces" {
        return Some((String::new(), first, words.next().unwrap_or_default()));
    }
    Some((words.next()?, words.next()?, words.next().unwrap_or_default()))
}

fn status(code: u16, reason: &str) -> (u16, Value) {
    (
        code,
        json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": reason,
            "reason": reason,
            "code": code,
        }),
    )
}
