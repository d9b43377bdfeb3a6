//! Objects of one kind in a namespace or in all of them: listed page by page, watched, and written in parts.
//!
//! What is read has the reader's own slim type: what that does not know is skipped while it is parsed, so that no whole object is ever
//! kept.

use futures_util::io::AsyncBufReadExt as _;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Method, Request};
use kube::core::Status;
use nutkin_core::kubernetes::resource::Resource;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::{Api, MERGE_PATCH, deepest, escaped, no_text};
use crate::error::ApiError;

/// Objects in one page: as many as `kubectl` asks for at a time.
const PAGE: usize = 500;

/// Seconds after which the API server ends a watch, which then goes on where it was: a connection that broke without a word is noticed
/// by then.
pub const WATCH: u32 = 290;

/// Which objects are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Their kind.
    pub resource: Resource,
    /// Their namespace; `None`: all.
    pub namespace: Option<String>,
    /// A selector of labels; empty: all.
    pub selector: String,
}

/// A part of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The objects.
    pub items: Vec<T>,
    /// From where the next page goes on; `None`: this is the last one.
    pub next: Option<String>,
    /// The version of the whole list, from which changes can be watched.
    pub version: String,
}

/// What a watch tells.
#[derive(Debug)]
pub enum Told<T> {
    /// It is there, perhaps for the first time.
    There(T),
    /// It is gone.
    Gone(T),
    /// Nothing has happened up to this version.
    Nothing(String),
    /// What happened since is forgotten: it is listed again.
    Expired,
}

#[derive(Deserialize)]
struct List<T> {
    metadata: ListMetadata,
    items: Vec<T>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ListMetadata {
    resource_version: String,
    r#continue: String,
}

#[derive(Deserialize)]
struct Line<'a> {
    r#type: &'a str,
}

#[derive(Deserialize)]
struct Carried<T> {
    object: T,
}

#[derive(Deserialize)]
struct Versioned {
    metadata: ListMetadata,
}

impl Scope {
    fn path(&self) -> String {
        match &self.namespace {
            Some(namespace) => self.resource.path(namespace),
            None => self.resource.everywhere(),
        }
    }

    /// One page of the list; `from`: where the page before ended.
    ///
    /// # Errors
    /// See [`ApiError`]; `Expired` where the pages before are too old by now.
    pub async fn page<T: DeserializeOwned>(
        &self,
        api: &Api,
        from: Option<&str>,
    ) -> Result<Page<T>, ApiError> {
        let (path, selector) = (self.path(), escaped(&self.selector));
        let from = from.map(|from| format!("&continue={}", escaped(from))).unwrap_or_default();
        let path = format!("{path}?labelSelector={selector}&limit={PAGE}{from}");
        let what = format!("list {}", self.resource.plural);
        let list: List<T> = api.ask(Method::GET, &path, "", Vec::new(), &what).await?;
        let ListMetadata { resource_version: version, r#continue } = list.metadata;
        let next = Some(r#continue).filter(|next| !next.is_empty());
        Ok(Page { items: list.items, next, version })
    }

    /// What happens since a version, until the server ends the stream.
    ///
    /// # Errors
    /// See [`ApiError`]; in the stream, too.
    pub async fn watch<T: DeserializeOwned + Send + 'static>(
        &self,
        api: &Api,
        version: &str,
    ) -> Result<BoxStream<'static, Result<Told<T>, ApiError>>, ApiError> {
        let (path, selector) = (self.path(), escaped(&self.selector));
        let path = format!(
            "{path}?labelSelector={selector}&watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH}\
             &resourceVersion={version}"
        );
        let request = Request::get(&path).body(Vec::new());
        let request = request.map_err(|error| ApiError::Broken(error.to_string()))?;
        let stream = api.client().request_stream(request).await;
        let stream =
            stream.map_err(|error| no_text(error, &format!("watch {}", self.resource.plural)))?;
        let told = |line: std::io::Result<String>| {
            told(&line.map_err(|error| ApiError::Broken(deepest(&error)))?)
        };
        Ok(stream.lines().into_stream().map(told).boxed())
    }
}

/// Reads one line of a watch.
fn told<T: DeserializeOwned>(line: &str) -> Result<Told<T>, ApiError> {
    let Line { r#type } = serde_json::from_str(line).map_err(ApiError::Unreadable)?;
    let object = |line| serde_json::from_str::<Carried<T>>(line).map(|carried| carried.object);
    Ok(match r#type {
        "ADDED" | "MODIFIED" => Told::There(object(line).map_err(ApiError::Unreadable)?),
        "DELETED" => Told::Gone(object(line).map_err(ApiError::Unreadable)?),
        "BOOKMARK" => {
            let read: Carried<Versioned> =
                serde_json::from_str(line).map_err(ApiError::Unreadable)?;
            Told::Nothing(read.object.metadata.resource_version)
        }
        _ => {
            let read: Carried<Status> = serde_json::from_str(line).map_err(ApiError::Unreadable)?;
            // What happened since that version is not known any more.
            if read.object.code == 410 {
                return Ok(Told::Expired);
            }
            let (what, status) = ("watch".to_owned(), Box::new(read.object));
            return Err(ApiError::Refused { what, status });
        }
    })
}

impl Api {
    /// Changes fields of an object, or of its `status`, by a merge patch (RFC 7386). With a `resourceVersion` in the patch it is
    /// compare and swap.
    ///
    /// # Errors
    /// See [`ApiError`]; `Conflict` where somebody else was faster.
    pub async fn merge(
        &self,
        resource: Resource,
        name: &str,
        subresource: &str,
        change: &Value,
    ) -> Result<Value, ApiError> {
        let path = resource.path_of(self.namespace(), name);
        let part = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
        let path = format!("{path}{part}?fieldManager={}", self.manager());
        let what = format!("change {}/{name}", resource.kind);
        self.ask(Method::PATCH, &path, MERGE_PATCH, change.to_string().into(), &what).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_watch() {
        #[track_caller]
        fn check(line: &str, expected: &str) {
            let told = match told::<Value>(line) {
                Ok(Told::There(one)) => format!("there {one}"),
                Ok(Told::Gone(one)) => format!("gone {one}"),
                Ok(Told::Nothing(version)) => format!("nothing {version}"),
                Ok(Told::Expired) => "expired".to_owned(),
                Err(error) => error.to_string(),
            };
            assert_eq!(told, expected);
        }
        check(r#"{"type":"ADDED","object":1}"#, "there 1");
        check(r#"{"type":"DELETED","object":2}"#, "gone 2");
        check(r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}"#, "nothing 9");
        check(r#"{"type":"ERROR","object":{"kind":"Status","code":410}}"#, "expired");
        check("nonsense", "the answer of the API server cannot be read");
    }
}
