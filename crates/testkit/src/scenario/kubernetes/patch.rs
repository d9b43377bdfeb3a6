//! JSON patches (RFC 6902) and merge patches (RFC 7386), as far as they are sent.

use serde_json::Value;

/// Carries out the steps.
///
/// # Errors
/// What the API server says where a step cannot be made.
pub(super) fn apply(object: &mut Value, steps: &Value) -> Result<(), String> {
    for step in steps.as_array().into_iter().flatten() {
        let path = step["path"].as_str().unwrap_or_default();
        let value = step["value"].clone();
        match step["op"].as_str().unwrap_or_default() {
            "test" => {
                if object.pointer(path) != Some(&value) {
                    return Err(format!("testing path {path} value failed"));
                }
            }
            "add" => *entry(object, path)? = value,
            "replace" => match object.pointer_mut(path) {
                Some(old) => *old = value,
                None => {
                    return Err(format!(
                        "replace operation does not apply: doc is missing key: {path}"
                    ));
                }
            },
            "remove" => remove(object, path)?,
            other => return Err(format!("unexpected kind: {other}")),
        }
    }
    Ok(())
}

/// Lays a merge patch (RFC 7386) over an object.
pub(super) fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        object.clone_from(patch);
        return;
    };
    if !object.is_object() {
        *object = Value::Object(serde_json::Map::new());
    }
    let Value::Object(there) = object else { return };
    for (key, value) in fields {
        if value.is_null() {
            there.remove(key);
        } else {
            merge(there.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

fn parts(path: &str) -> (&str, String) {
    let (parent, last) = path.rsplit_once('/').unwrap_or(("", path));
    (parent, last.replace("~1", "/").replace("~0", "~"))
}

fn missing(path: &str) -> String {
    format!("add operation does not apply: doc is missing path: \"{path}\": missing value")
}

/// The place of a new value.
fn entry<'o>(object: &'o mut Value, path: &str) -> Result<&'o mut Value, String> {
    let (parent, last) = parts(path);
    match object.pointer_mut(parent) {
        Some(Value::Object(map)) => Ok(map.entry(last).or_insert(Value::Null)),
        Some(Value::Array(items)) => {
            let index = if last == "-" { items.len() } else { last.parse().unwrap_or(items.len()) };
            if items.len() < index {
                return Err(missing(path));
            }
            items.insert(index, Value::Null);
            Ok(&mut items[index])
        }
        _ => Err(missing(path)),
    }
}

fn remove(object: &mut Value, path: &str) -> Result<(), String> {
    let (parent, last) = parts(path);
    let removed = match object.pointer_mut(parent) {
        Some(Value::Object(map)) => map.shift_remove(&last).is_some(),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    };
    if removed { Ok(()) } else { Err(format!("Unable to remove nonexistent key: {path}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn steps() {
        #[track_caller]
        fn check(steps: Value, expected: Result<Value, &str>) {
            let mut object = json!({"a": {"b": 1, "c/d": 2}, "l": [1, 2]});
            let done = apply(&mut object, &steps).map(|()| object);
            match expected {
                Ok(expected) => assert_eq!(done, Ok(expected)),
                Err(words) => assert!(done.unwrap_err().contains(words)),
            }
        }
        let step =
            |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
        check(step("test", "/a/b", json!(1)), Ok(json!({"a": {"b": 1, "c/d": 2}, "l": [1, 2]})));
        check(step("test", "/a/b", json!(2)), Err("testing path"));
        check(
            step("add", "/a/e", json!(3)),
            Ok(json!({"a": {"b": 1, "c/d": 2, "e": 3}, "l": [1, 2]})),
        );
        check(step("add", "/l/-", json!(3)), Ok(json!({"a": {"b": 1, "c/d": 2}, "l": [1, 2, 3]})));
        check(step("add", "/x/y", json!(3)), Err("missing path"));
        check(
            step("replace", "/a/c~1d", json!(3)),
            Ok(json!({"a": {"b": 1, "c/d": 3}, "l": [1, 2]})),
        );
        check(step("replace", "/a/x", json!(3)), Err("missing key"));
        check(step("remove", "/l/0", json!(null)), Ok(json!({"a": {"b": 1, "c/d": 2}, "l": [2]})));
        check(step("remove", "/l/7", json!(null)), Err("nonexistent"));
    }
}
