//! Options that an entrypoint of the user's writes into the configuration when a container starts.

use std::collections::BTreeMap;

use crate::finding::Place;
use crate::node::Walk;
use crate::settings::Setting;
use crate::system::System;
use nutkin_flink::{FlinkVersion, Value, options};

/// The lines that scripts replace in `flink-conf.yaml` by `sed`, with the values of the container's variables.
pub(super) fn settings(system: &System<'_>, version: FlinkVersion) -> Vec<Setting> {
    let mut variables = BTreeMap::new();
    for entry in system.workloads.iter().flat_map(|w| w.container.items_of("env")) {
        if let (Some(name), Some(value)) = (entry.text_of("name"), entry.text_of("value")) {
            variables.insert(name, value);
        }
    }
    let mut found: Vec<Setting> = Vec::new();
    for script in system.scripts.iter().filter(|script| script.is_entrypoint) {
        let file = &system.world.files[script.file];
        for place in &script.edits {
            let line = file.line(place.line).unwrap_or_default();
            if let Some((key, value)) =
                replaced(line).and_then(|(key, value)| Some((key, filled(value, &variables)?)))
            {
                // Only what Flink reads: scripts replace other things as well.
                // Sizes of heaps made by hand are cured by `resource.memory`.
                let is_read = options::find(&options::canonical(key, version)).is_some();
                if is_read && !key.contains(".heap.") {
                    found.push(setting(key, value, *place));
                }
            }
        }
    }
    let has = |key: &str| found.iter().any(|setting| setting.key == key);
    let quorum = found.iter().find(|s| s.key == "high-availability.zookeeper.quorum");
    if let (Some(quorum), false) = (quorum, has("high-availability"))
        && system.high_availability().is_none()
    {
        // The script's other half of a file that is not here: nobody names a quorum without asking for it.
        let place = quorum.place;
        found.push(setting("high-availability", "zookeeper".to_owned(), place));
    }
    found
}

fn setting(key: &str, value: String, place: Place) -> Setting {
    let value = Value::Text(value);
    Setting { key: key.to_owned(), value, place, dialect: None, implied: false }
}

/// Key and new value of `sed -i "s|key: old|key: new|g" file`.
fn replaced(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("sed ")?;
    let start = ["s|", "s/", "s#", "s,"].iter().find_map(|begin| {
        let at = rest.find(&format!("\"{begin}")).or_else(|| rest.find(&format!("'{begin}")))?;
        Some(at + 2)
    })?;
    let mark = rest[start..].chars().next()?;
    let mut parts = rest[start + mark.len_utf8()..].split(mark);
    let (old, new) = (parts.next()?, parts.next()?);
    let (key, value) = new.split_once(": ")?;
    (old.split(": ").next() == Some(key)).then_some((key, value))
}

/// The text with the values of its variables, or `None` where one of them is not known.
fn filled(text: &str, variables: &BTreeMap<&str, &str>) -> Option<String> {
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        made.push_str(before);
        let (name, behind) = if let Some(braced) = after.strip_prefix('{') {
            braced.split_once('}')?
        } else {
            let end =
                after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            after.split_at(end)
        };
        let (name, default) = match name.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (name, None),
        };
        made.push_str(variables.get(name).copied().or(default)?);
        rest = behind;
    }
    made.push_str(rest);
    Some(made)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{filled, replaced};

    #[track_caller]
    fn check(line: &str, expected: Option<(&str, &str)>) {
        let variables = BTreeMap::from([("ID", "a/b"), ("SLOTS", "2")]);
        let found = replaced(line).and_then(|(key, new)| Some((key, filled(new, &variables)?)));
        assert_eq!(found.as_ref().map(|(key, value)| (*key, value.as_str())), expected, "{line}");
    }

    #[test]
    fn lines_that_sed_replaces() {
        let slots = Some(("taskmanager.numberOfTaskSlots", "2"));
        check(
            "sed -i 's/taskmanager.numberOfTaskSlots: 1/taskmanager.numberOfTaskSlots: $SLOTS/g' f",
            slots,
        );
        check(
            "sed -i -e \"s|a.b: .*|a.b: hdfs:///x/${ID}/y|\" f",
            Some(("a.b", "hdfs:///x/a/b/y")),
        );
        check("sed -i \"s|a: 1|a: ${NONE:-3}|g\" f", Some(("a", "3")));
        check("sed -i \"s|a: 1|a: ${NONE}|g\" f", None);
        check("sed -i \"s|a: 1|b: 2|g\" f", None);
        check("sed -i \"s|a: 1\" f", None);
        check("echo s/a/b/", None);
    }
}
