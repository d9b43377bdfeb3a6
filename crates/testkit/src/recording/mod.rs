//! Recordings of Flink's own Kubernetes client: what went in, and every request that came out.
//!
//! One JSON line per case: `case`, `args`, `files` (path below the case's directory to text, or to
//! `{"base64": ..}`), `env`, `server` (what was in the cluster before), `stdin`, `exit`, `requests` (`method`,
//! `path`, `code`, `body`). `$CASE` stands for the directory, whose `conf/` is the configuration directory.

mod compare;
mod differences;
mod ours;

pub use compare::{Verdict, compare, with_settings};
pub use differences::all as differences;

use std::collections::BTreeMap;

use nutkin_core::plan::kubernetes::native::SeenPath;
use nutkin_flink::FlinkVersion;
use serde_json::Value;

/// One recorded run.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The release that ran.
    pub flink: FlinkVersion,
    /// Name of the case.
    pub case: String,
    /// Command line.
    pub args: Vec<String>,
    /// Files below the case's directory.
    pub files: BTreeMap<String, SeenPath>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Exit code; `None` where the client had to be stopped.
    pub exit: Option<i64>,
    /// All requests.
    pub requests: Vec<Request>,
}

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`...
    pub method: String,
    /// Path of the URL.
    pub path: String,
    /// Status of the answer.
    pub code: u64,
    /// What was sent.
    pub body: Value,
}

/// A line that is not a recording.
#[derive(Debug)]
pub struct Malformed(pub String);

impl Recording {
    /// Reads one line.
    ///
    /// # Errors
    /// It is not a recording.
    pub fn read(flink: FlinkVersion, line: &str) -> Result<Self, Malformed> {
        let value: Value =
            serde_json::from_str(line).map_err(|error| Malformed(error.to_string()))?;
        let text = |value: &Value| {
            value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| Malformed(format!("{value} is not text")))
        };
        let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
        let map = |name: &str| value[name].as_object().cloned().unwrap_or_default();
        let mut files = BTreeMap::new();
        for (path, content) in map("files") {
            let bytes = match &content {
                Value::String(text) => text.clone().into_bytes(),
                other => bytes(&text(&other["base64"])?)?,
            };
            for (at, _) in path.match_indices('/') {
                files.insert(format!("$CASE/{}", &path[..at]), SeenPath::Directory);
            }
            files.insert(format!("$CASE/{path}"), SeenPath::File(bytes));
        }
        let request = |value: &Value| {
            Ok(Request {
                method: text(&value["method"])?,
                path: text(&value["path"])?,
                code: value["code"].as_u64().unwrap_or_default(),
                body: value["body"].clone(),
            })
        };
        Ok(Self {
            flink,
            case: text(&value["case"])?,
            args: list("args").iter().map(text).collect::<Result<_, _>>()?,
            files,
            env: map("env")
                .iter()
                .map(|(name, value)| Ok((name.clone(), text(value)?)))
                .collect::<Result<_, _>>()?,
            exit: value["exit"].as_i64(),
            requests: list("requests").iter().map(request).collect::<Result<_, _>>()?,
        })
    }

    /// The objects that the client created or tried to create, in order.
    pub fn posted(&self) -> Vec<&Value> {
        let posts = self.requests.iter().filter(|request| request.method == "POST");
        let mut bodies: Vec<&Value> = posts.map(|request| &request.body).collect();
        // Old clients try a refused Deployment again in an older API.
        let mut seen = std::collections::BTreeSet::new();
        bodies.retain(|body| seen.insert(identity(body)));
        bodies
    }

    /// Whether an object was there before, and what the client did with it says nothing about its plan.
    pub fn was_there(&self, item: &Value) -> bool {
        let name = item["metadata"]["name"].as_str().unwrap_or_default();
        let kind = item["kind"].as_str().unwrap_or_default().to_lowercase();
        let path = format!("/{kind}s/{name}");
        self.requests.iter().any(|request| request.method == "PUT" && request.path.ends_with(&path))
    }
}

/// Kind and name.
fn identity(item: &Value) -> (String, String) {
    (item["kind"].to_string(), item["metadata"]["name"].to_string())
}

/// Base64 as RFC 4648 writes it.
///
/// # Errors
/// It is none.
pub fn bytes(text: &str) -> Result<Vec<u8>, Malformed> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.bytes().filter(|c| *c != b'=') {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(Malformed("no base64".to_owned())),
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if 8 <= count {
            count -= 8;
            bytes.extend((bits >> count).to_le_bytes().first());
        }
    }
    Ok(bytes)
}
