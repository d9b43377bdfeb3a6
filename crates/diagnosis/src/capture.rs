//! What an archive about a session holds: all that was seen of it in files, secrets hidden. The files are those of a case, which
//! [`Evidence::of_files`] reads again.

use std::collections::BTreeMap;

use nutkin_core::change::is_secret_variable;
use nutkin_core::ledger::{masked_line, masked_words};
use nutkin_flink::options::{HIDDEN, is_sensitive};
use serde_json::{Map, Value};

use crate::evidence::Evidence;

/// Shortest value that is looked for in all files: what is shorter is a part of many words.
const SHORTEST: usize = 4;

/// Fields that repeat what the others say, or who wrote it: the object as it was applied, and its managers.
const LEFT_OUT: [&str; 2] = ["kubectl.kubernetes.io/last-applied-configuration", "managedFields"];

/// The files by their names. `more`: other documents; `texts`: other texts; `secrets`: values that are known to be secret, which are hidden wherever they are.
pub fn files(
    evidence: &Evidence,
    more: &[(String, Value)],
    texts: &[(String, String)],
    secrets: &[String],
) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for log in &evidence.logs {
        let previous = if log.previous { ".previous" } else { "" };
        let name = format!("{}{previous}.log", log.process);
        files.entry(name).or_default().push_str(&masked_lines(&log.text));
    }
    for (name, text) in texts {
        files.insert(name.clone(), masked_lines(text));
    }
    let mut rest = evidence.clone();
    rest.logs.clear();
    let objects = Value::Array(std::mem::take(&mut rest.objects));
    let seen = serde_json::to_value(&rest).unwrap_or_default();
    let documents = [("objects.json".to_owned(), objects), ("seen.json".to_owned(), seen)];
    for (name, document) in documents.iter().chain(more) {
        files.insert(name.clone(), format!("{:#}\n", masked(document, false)));
    }
    let mut secrets: Vec<&str> =
        secrets.iter().map(String::as_str).filter(|value| SHORTEST <= value.len()).collect();
    // A value may be a part of another one.
    secrets.sort_by_key(|value| std::cmp::Reverse(value.len()));
    for text in files.values_mut() {
        for secret in &secrets {
            let quoted = Value::from(*secret).to_string();
            let inner = quoted.trim_start_matches('"').trim_end_matches('"');
            *text = text.replace(secret, HIDDEN).replace(inner, HIDDEN);
        }
    }
    files
}

fn masked_lines(text: &str) -> String {
    text.lines().map(|line| masked_line(line) + "\n").collect()
}

fn masked(value: &Value, is_secret: bool) -> Value {
    match value {
        Value::Object(fields) => Value::Object(masked_fields(fields, is_secret)),
        Value::Array(items) if !is_secret => masked_items(items),
        Value::Array(items) => items.iter().map(|item| masked(item, true)).collect(),
        Value::Null => Value::Null,
        _ if is_secret => HIDDEN.into(),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            // A document in a text, such as an annotation.
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => {
                masked(&inner, false).to_string().into()
            }
            _ => text.split('\n').map(masked_line).collect::<Vec<_>>().join("\n").into(),
        },
        Value::Number(_) | Value::Bool(_) => value.clone(),
    }
}

/// Items may be words of a command line: a value may follow its name, and need not be a text.
fn masked_items(items: &[Value]) -> Value {
    let word = |item: &Value| match item {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => item.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    };
    let words: Vec<String> = items.iter().map(word).collect();
    let items = items.iter().zip(&words).zip(masked_words(&words));
    let items = items.map(|((item, word), shown)| {
        let is_changed = shown != *word;
        match item {
            Value::String(_) => masked(&Value::String(shown), false),
            _ => masked(item, is_changed),
        }
    });
    items.collect()
}

fn masked_fields(fields: &Map<String, Value>, is_secret: bool) -> Map<String, Value> {
    // Lists of options and of variables: the name is in one field, the value in another.
    let named = ["key", "name"].iter().find_map(|field| fields.get(*field)?.as_str());
    let names_secret = named.is_some_and(|name| is_secret_variable(name, is_sensitive));
    let is_of_secret = fields.get("kind").is_some_and(|kind| kind == "Secret");
    let field = |(key, value): (&String, &Value)| {
        let hides = is_secret
            || is_sensitive(key)
            || names_secret && key == "value"
            || is_of_secret && ["data", "stringData"].contains(&key.as_str());
        (key.clone(), masked(value, hides))
    };
    fields.iter().filter(|(key, _)| !LEFT_OUT.contains(&key.as_str())).map(field).collect()
}

#[cfg(test)]
mod tests {
    use nutkin_flink::process::Role;
    use serde_json::json;

    use super::*;
    use crate::{LogEvidence, ProcessEvidence};

    const SECRET: &str = "value-that-nobody-shows";

    /// Everything that there is in one text.
    fn all(evidence: &Evidence, more: &[(String, Value)], secrets: &[String]) -> String {
        let files = files(evidence, more, &[], secrets);
        files.iter().map(|(name, text)| format!("{name}\n{text}")).collect()
    }

    fn log(text: &str) -> LogEvidence {
        LogEvidence {
            process: "taskmanager-1".to_owned(),
            role: Role::TaskManager,
            previous: true,
            started: None,
            offset: 0,
            text: text.to_owned(),
        }
    }

    #[test]
    fn secrets_are_hidden_in_whatever_they_are() {
        let pod = json!({"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{
            "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": SECRET}, {"name": "TZ", "value": "UTC"}],
            "args": ["run", "--password", SECRET, "-Ds3.secret-key=value-that-nobody-shows", "-Drest.port=8081"],
        }]}});
        let secret = json!({"kind": "Secret", "data": {"plain": SECRET}});
        let config = json!([{"key": "s3.secret-key", "value": SECRET}, {"key": "rest.port", "value": "8081"}]);
        let evidence = Evidence {
            objects: vec![pod, secret],
            logs: vec![log(&format!(
                "starts with password={SECRET} and rest.port=8081\nsecret-key: {SECRET}"
            ))],
            ..Evidence::default()
        };
        let more = [("rest/config.json".to_owned(), config)];
        let text = all(&evidence, &more, &[]);
        assert!(!text.contains(SECRET), "{text}");
        for kept in [
            "TZ",
            "UTC",
            "rest.port",
            "8081",
            "taskmanager-1.previous.log",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        let inner = json!([{"name": "DB_PASSWORD", "value": SECRET}]).to_string();
        let applied = json!({"metadata": {"annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": inner, "other": inner,
        }}});
        let annotated = Evidence { objects: vec![applied], ..Evidence::default() };
        let text = all(&annotated, &[], &[]);
        assert!(!text.contains(SECRET) && text.contains("other"), "{text}");
        // A plain word is hidden where it is known to be secret.
        let plain =
            Evidence { logs: vec![log(&format!("connects as {SECRET}"))], ..Evidence::default() };
        assert!(all(&plain, &[], &[]).contains(SECRET), "the control");
        assert!(!all(&plain, &[], &[SECRET.to_owned()]).contains(SECRET));
        // Words that follow the name of a secret need not be texts, and what is in a secret is one.
        let words = json!({
            "args": ["--password", 12345, "--port", 8081, {"a": "--token"}, "kept"],
            "token": [SECRET, [SECRET, {"a": SECRET}], 12345],
        });
        let text = all(&Evidence::default(), &[("ledger.json".to_owned(), words)], &[]);
        assert!(!text.contains(SECRET) && !text.contains("12345"), "{text}");
        assert!(text.contains("8081") && text.contains("kept"), "{text}");
        let quoted = "a\"quoted\"value".to_owned();
        let document = [("x.json".to_owned(), json!({"said": format!("it is {quoted}")}))];
        assert!(!all(&plain, &document, std::slice::from_ref(&quoted)).contains("quoted"));
        // A text is one as it is.
        let said = [("x.txt".to_owned(), format!("it is {quoted}\npassword={SECRET}\nthe end"))];
        let text = files(&plain, &[], &said, &[quoted])["x.txt"].clone();
        assert_eq!(text, "it is ******\npassword=******\nthe end\n");
    }

    #[test]
    fn what_was_seen_is_read_again() {
        let process = ProcessEvidence {
            name: "taskmanager-1".to_owned(),
            role: Role::TaskManager,
            runs: true,
            restarts: 1,
            hangs: false,
            paused: false,
            end: None,
        };
        let evidence = Evidence {
            session: "orders".to_owned(),
            processes: vec![process],
            logs: vec![log("2026-01-01 00:00:01,000 INFO  a.B [] - x\n")],
            objects: vec![json!({"kind": "Event"})],
            ..Evidence::default()
        };
        let files = files(&evidence, &[], &[], &[]);
        let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        assert_eq!(Evidence::of_files(files), evidence);
    }
}
