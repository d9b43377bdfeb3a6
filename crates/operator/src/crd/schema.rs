//! Small pieces of an OpenAPI schema as the API server takes it.

use serde_json::{Map, Value, json};

/// An object with these fields.
pub(super) fn object<'n>(properties: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    let properties: Map<String, Value> =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    if properties.is_empty() {
        json!({"type": "object"})
    } else {
        json!({"type": "object", "properties": properties})
    }
}

/// Text of any length.
pub(super) fn text() -> Value {
    json!({"type": "string"})
}

/// Text of at most so many characters: without a bound a CEL rule that reads it exceeds the API server's budget.
pub(super) fn short(most: u32) -> Value {
    json!({"type": "string", "maxLength": most})
}

/// A whole number.
pub(super) fn whole() -> Value {
    json!({"type": "integer"})
}

/// One of these words.
pub(super) fn one_of(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

/// A map of texts.
pub(super) fn text_map() -> Value {
    json!({"type": "object", "additionalProperties": text()})
}

/// A list of such values.
pub(super) fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

/// An object of which the API server keeps every field.
pub(super) fn open() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// Puts a schema at a path of fields, and makes the objects on the way.
pub(super) fn put(root: &mut Value, path: &str, schema: Value) {
    *slot(root, path) = schema;
}

/// The schema at a path.
pub(super) fn slot<'v>(root: &'v mut Value, path: &str) -> &'v mut Value {
    let mut here = root;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        if here.is_null() {
            *here = object([]);
        }
        here = &mut here["properties"][part];
    }
    here
}
