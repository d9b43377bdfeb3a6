//! Small moves on JSON objects.

use serde_json::{Map, Value};

/// The object under a key, made when it is not there.
pub(in crate::plan::kubernetes) fn object<'v>(
    parent: &'v mut Map<String, Value>,
    key: &str,
) -> &'v mut Map<String, Value> {
    let value = parent.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(object) => object,
        _ => unreachable!("made an object above"),
    }
}

/// Appends to the list under a key; an empty addition makes no list.
pub(in crate::plan::kubernetes) fn append(
    parent: &mut Map<String, Value>,
    key: &str,
    items: impl IntoIterator<Item = Value>,
) {
    let mut items = items.into_iter().peekable();
    if items.peek().is_none() {
        return;
    }
    let value = parent.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    if let Value::Array(list) = value {
        list.extend(items);
    }
}

/// Texts as a JSON object.
pub(in crate::plan::kubernetes) fn texts(
    pairs: impl IntoIterator<Item = (String, String)>,
) -> Map<String, Value> {
    pairs.into_iter().map(|(key, value)| (key, Value::String(value))).collect()
}

/// The list under a key; empty when there is none.
pub(in crate::plan::kubernetes) fn list<'v>(
    parent: &'v Map<String, Value>,
    key: &str,
) -> &'v [Value] {
    parent.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The text of `name` in each item of a list.
pub(in crate::plan::kubernetes) fn names<'v>(
    items: &'v [Value],
    key: &'v str,
) -> impl Iterator<Item = &'v str> {
    items.iter().filter_map(move |item| item.get(key)?.as_str())
}
