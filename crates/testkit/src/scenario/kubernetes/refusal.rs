//! What an API server says when it refuses, in its own words.

use serde_json::{Value, json};

use super::path::Place;
use crate::scenario::server::{Answer, Request};

/// A refusal: HTTP status, reason, words.
pub fn status(code: u16, reason: &str, message: &str) -> Answer {
    Answer::json(code, &document(code, reason, message))
}

pub(super) fn document(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Status",
        "metadata": {},
        "status": "Failure",
        "reason": reason,
        "message": message,
        "code": code,
    })
}

/// The authorizer's refusal of a request.
pub fn forbidden(request: &Request) -> Answer {
    let verb = match request.method.as_str() {
        "GET" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        _ => "delete",
    };
    let Some(place) = Place::of(&request.path) else {
        return status(403, "Forbidden", "forbidden");
    };
    let verb = if verb == "get" && place.name.is_empty() { "list" } else { verb };
    let (group, _) = place.api_version.rsplit_once('/').unwrap_or_default();
    let (what, Place { plural, namespace, .. }) = (named(&place), &place);
    let message = format!(
        "{what} is forbidden: User \"jane\" cannot {verb} resource \"{plural}\" in API group \"{group}\" in the \
         namespace \"{namespace}\""
    );
    status(403, "Forbidden", &message)
}

pub(super) fn not_found_path(_path: &str) -> Answer {
    status(404, "NotFound", "the server could not find the requested resource")
}

pub(super) fn not_found(place: &Place) -> Answer {
    status(404, "NotFound", &format!("{} not found", named(place)))
}

pub(super) fn exists(place: &Place) -> Answer {
    status(409, "AlreadyExists", &format!("{} already exists", named(place)))
}

pub(super) fn modified(place: &Place) -> Answer {
    let message = format!(
        "Operation cannot be fulfilled on {}: the object has been modified; please apply your changes to the latest \
         version and try again",
        named(place)
    );
    status(409, "Conflict", &message)
}

pub(super) fn other_uid(place: &Place, wanted: &Value, found: &Value) -> Answer {
    let message = format!(
        "Operation cannot be fulfilled on {}: Precondition failed: UID in precondition: {}, UID in object meta: {}",
        named(place),
        wanted.as_str().unwrap_or_default(),
        found.as_str().unwrap_or_default(),
    );
    status(409, "Conflict", &message)
}

/// `deployments.apps "a"`.
fn named(place: &Place) -> String {
    let (group, _) = place.api_version.rsplit_once('/').unwrap_or_default();
    let dot = if group.is_empty() { "" } else { "." };
    format!("{}{dot}{group} \"{}\"", place.plural, place.name)
}

/// Whether an object is of the kind of a resource: `deployments` and `Deployment`, `ingresses` and `Ingress`.
pub(super) fn is_of(plural: &str, object: &Value) -> bool {
    let kind = object["kind"].as_str().unwrap_or_default().to_ascii_lowercase();
    let regular = [format!("{kind}s"), format!("{kind}es")];
    regular.iter().any(|one| one == plural)
        || plural == format!("{}ies", kind.trim_end_matches('y'))
}
