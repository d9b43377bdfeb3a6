//! What the entrypoint says of its decisions. No value of a sensitive option is in it.

use std::collections::BTreeMap;

use super::{Effective, ObservedContainer, Overridden, Rules, Start};
use nutkin_flink::options::mask;
use nutkin_flink::{Entry, Origin};

/// Lines about the configuration of a process: what was overridden, what is odd, and all options.
pub fn lines(start: &Start, effective: &Effective, observed: &ObservedContainer) -> Vec<String> {
    let mut lines = Vec::new();
    for problem in &effective.warnings {
        lines.push(format!("warning: {problem}"));
        lines.extend(problem.hint.iter().map(|hint| format!("  hint: {}", hint.plain())));
    }
    // Flink's own scripts say nothing, and Flink itself logs what it reads.
    if start.rules == Rules::Script {
        return lines;
    }
    lines.extend(overridden(effective));
    let mounted = observed.conf_directory.as_str();
    lines.push(format!("configuration of {} (from {mounted}):", start.service.name()));
    lines.extend(options(effective).into_iter().map(|(key, value)| format!("  {key}: {value}")));
    lines
}

/// One line for each option that is something else than somebody wrote, in the order of the keys.
pub fn overridden(effective: &Effective) -> Vec<String> {
    let written = effective.overridden.iter().filter(|one| {
        // What a default gave way to was nobody's wish.
        !matches!(one.was.origin, Origin::Default(_) | Origin::Derived(_))
    });
    let mut first = BTreeMap::new();
    for one in written {
        first.entry(one.key.as_str()).or_insert(one);
    }
    let line = |(key, one): (&str, &Overridden)| {
        let was = one.was.value.to_string();
        let (was, from) = (mask(key, &was), told(&one.was.origin));
        match effective.configuration.get(key) {
            Some(now) => {
                let value = now.value.to_string();
                let by = told(&now.origin);
                format!("{key}: {} ({by}) instead of {was} ({from})", mask(key, &value))
            }
            None => format!("{key}: not {was} ({from}) any more, because of {}", told(&one.by)),
        }
    };
    first.into_iter().map(line).collect()
}

/// All options, masked.
pub fn options(effective: &Effective) -> BTreeMap<&str, String> {
    let shown = |(key, entry): (_, &Entry)| (key, mask(key, &entry.value.to_string()).to_owned());
    effective.configuration.iter().map(shown).collect()
}

/// Arguments with the values of sensitive options masked.
pub fn masked(arguments: &[String]) -> Vec<String> {
    let hidden = |argument: &String| match argument.split_once('=') {
        Some((key, value)) => format!("{key}={}", mask(key, value)),
        None => argument.clone(),
    };
    arguments.iter().map(hidden).collect()
}

fn told(origin: &Origin) -> String {
    match origin {
        Origin::Default(reason) | Origin::Derived(reason) => (*reason).to_owned(),
        Origin::File(name, line) | Origin::SessionFile(name, line) => format!("{name}:{line}"),
        Origin::Field(name) | Origin::Environment(name) => name.clone(),
        Origin::CommandLine => "command line".to_owned(),
    }
}
