//! Values of workloads that the API server refuses, as its validation says (`k8s.io/apimachinery`, `validation.go`).

use super::REFUSED_VALUE;
use crate::finding::Findings;
use crate::kubernetes::Workload;
use crate::node::Walk;
use nutkin_core::kubernetes::quantity;
use nutkin_flink::yaml::{Node, NodeKind};

/// Longest name of a port of a container (`IsValidPortName`).
const LONGEST: usize = 15;

pub(super) fn check(workload: &Workload<'_>, out: &mut Findings<'_>) {
    let object = workload.object;
    if object.compose.is_some() {
        return;
    }
    let file = object.file;
    let maps = [
        "metadata/labels",
        "metadata/annotations",
        "spec/template/metadata/labels",
        "spec/template/metadata/annotations",
        "spec/template/spec/nodeSelector",
    ];
    let texts = maps.iter().filter_map(|path| object.node.at(path)).flat_map(Walk::entries);
    let variables = workload.container.items_of("env").iter();
    let values = variables.filter_map(|entry| entry.entry("value"));
    for (key, value) in texts.chain(values).filter(|(_, value)| !is_text(value)) {
        let text = value.text().unwrap_or_default();
        let place = value.place(file);
        let message =
            format!("`{}` of {} is a text, and `{text}` is not", key.name, object.title());
        let patch = out.exchange(place, text, &format!("\"{text}\""));
        out.add(&REFUSED_VALUE, place, message).patch = patch;
    }
    if !is_name(&object.name)
        && let Some(name) = object.node.at("metadata/name")
    {
        let message =
            format!("`{}` is not a name: small letters, digits, `-` and `.`", object.name);
        out.add(&REFUSED_VALUE, name.place(file), message);
    }
    for name in workload.container.items_of("ports").iter().filter_map(|port| port.get("name")) {
        let text = name.text().unwrap_or_default();
        if LONGEST < text.len() && !text.contains('$') {
            let message = format!(
                "`{text}` has {} characters; names of ports have at most {LONGEST}",
                text.len()
            );
            out.add(&REFUSED_VALUE, name.place(file), message);
        }
    }
    for (key, node) in ["command", "args"].iter().filter_map(|key| workload.container.entry(key)) {
        if let NodeKind::Text(text) = &node.kind
            && !is_filled_in(text)
        {
            let place = node.place(file);
            let message =
                format!("`{}` of {} is a list, and this is a text", key.name, object.title());
            let is_word = !text.contains(char::is_whitespace);
            let patch = out.exchange(place, text, &format!("[{text}]")).filter(|_| is_word);
            out.add(&REFUSED_VALUE, place, message).patch = patch;
        }
    }
    let amount = |part: &str, what: &str| {
        let node = workload.container.at("resources")?.get(part)?.get(what)?;
        let text = node.text()?;
        // Of cpus parts count, of memory bytes.
        let is_cpu = what == "cpu";
        let number = if is_cpu { quantity::thousandths(text) } else { quantity::whole(text) };
        Some((node, number?))
    };
    for what in ["memory", "cpu", "ephemeral-storage"] {
        let (Some((node, wanted)), Some((limit, most))) =
            (amount("requests", what), amount("limits", what))
        else {
            continue;
        };
        if wanted <= most {
            continue;
        }
        let message = format!(
            "the request of {} is above the limit of {}",
            node.text().unwrap_or_default(),
            limit.text().unwrap_or_default()
        );
        out.add(&REFUSED_VALUE, node.place(file), message);
    }
}

/// Whether a text is one variable or parameter, in the place of which a list may come: `${ARGS}`, `$(ARGS)`, `$ARGS`.
fn is_filled_in(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let Some(rest) = text.trim().strip_prefix('$') else { return false };
    let inside = |begin: &str, end: &str| rest.strip_prefix(begin)?.strip_suffix(end);
    let name = inside("{{", "}}").or_else(|| inside("{", "}")).or_else(|| inside("(", ")"));
    match name {
        // What counts where the variable is empty may be any text: `${ARGS:-[taskmanager]}`.
        Some(name) => !name.is_empty() && !name.contains(['{', '}', '(', ')']),
        None => is_name(rest),
    }
}

/// Whether a value is text, or nothing.
const fn is_text(value: &Node) -> bool {
    !matches!(value.kind, NodeKind::Number(_) | NodeKind::Bool(_))
}

/// Whether a name may be that of a workload; what is filled in later may.
pub(super) fn is_name(name: &str) -> bool {
    let is_open = name.is_empty() || name.contains(['$', '{', '<', '%']);
    is_open
        || name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_filled_in() {
        #[track_caller]
        fn check(text: &str, expected: bool) {
            assert_eq!(super::is_filled_in(text), expected, "{text}");
        }
        for text in ["${ARGS}", "$(ARGS)", "$ARGS", "${{ARGS}}", "${ARGS:-[taskmanager]}"] {
            check(text, true);
        }
        for text in
            ["taskmanager", "$", "${}", "${A} ${B}", "$A $B", "run $(ARGS)", "$(ARGS) run", ""]
        {
            check(text, false);
        }
    }
}
