//! Characters that only look like the ones that are meant, where names, keys and paths are.

use std::collections::BTreeMap;

use super::LOOK_ALIKE;
use crate::embedded::Embedded;
use crate::finding::{Findings, Patch, Place};
use crate::kubernetes::{Object, Workload, last_line};
use crate::node::Walk;
use crate::source::FileKind;
use crate::system::World;
use nutkin_flink::yaml::{self, Node, NodeKind};

/// Characters that people see as `-`, a blank or a quote.
const ALIKE: &[(char, &str)] = &[
    ('\u{2010}', "a hyphen `-`"),
    ('\u{2011}', "a hyphen `-`"),
    ('\u{2012}', "a hyphen `-`"),
    ('\u{2013}', "a hyphen `-`"),
    ('\u{2212}', "a hyphen `-`"),
    ('\u{a0}', "a space"),
    ('\u{3000}', "a space"),
    ('\u{200b}', "nothing"),
    ('\u{feff}', "nothing"),
    ('\u{ff1a}', "a colon `:`"),
    ('\u{201c}', "a quote"),
    ('\u{201d}', "a quote"),
];

/// A colon of Chinese and Japanese keyboards.
const WIDE_COLON: char = '\u{ff1a}';

/// Whether a line of a configuration is left out for a colon that only looks like one: Flink starts, without the option
/// (`GlobalConfiguration.loadLegacyYAMLResource` divides lines at `: `; in config.yaml it is a part of a text).
pub(in crate::rules) fn is_left_out(line: &str) -> bool {
    let code = line.split('#').next().unwrap_or_default();
    code.contains(WIDE_COLON) && !code.contains(": ") && !is_free(code)
}

/// Whether a text is in another language than that of names, keys and paths.
fn is_free(code: &str) -> bool {
    code.chars().any(|c| c.is_alphabetic() && !c.is_ascii())
}

/// How much of a line is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    /// The blanks at its beginning: the rest is somebody's text, or about something else.
    Indentation,
    Nothing,
}

pub(super) fn check(world: &World, out: &mut Findings<'_>) {
    let held = Held::of(world);
    for (index, file) in world.files.iter().enumerate() {
        let Some(kind) = file.kind else { continue };
        // The text of an overlay has the files of which it is made.
        let is_part = world.applied.used.contains(&index);
        if file.text.is_ascii() || kind == FileKind::Logback || is_part {
            continue;
        }
        if kind == FileKind::Objects && held.is_foreign(index, &file.text) {
            continue;
        }
        let parts = held.parts(world, index);
        // Other YAML than a map is refused as a whole.
        let is_read = kind != FileKind::ConfigYaml || {
            let (documents, problems) = yaml::forgiving(&file.text, &file.name);
            problems.is_empty() && matches!(&documents[..], [one] if !one.entries().is_empty())
        };
        // Each such character once in a file, with the number of lines that have it; lines apart that Flink leaves out.
        let mut found: Vec<(char, &str, Place, usize, bool)> = Vec::new();
        for (number, line) in file.text.lines().enumerate() {
            let code = line.split('#').next().unwrap_or_default();
            let code = match parts.get(number).unwrap_or(&Part::All) {
                Part::All => code,
                Part::Indentation => &code[..code.len() - code.trim_start().len()],
                Part::Nothing => continue,
            };
            // Free text may hold what it likes; these are names, keys and paths.
            if is_free(code) {
                continue;
            }
            let alike = code
                .chars()
                .enumerate()
                .find_map(|(at, c)| Some((at, ALIKE.iter().find(|(alike, _)| *alike == c)?)));
            let Some((at, (character, meant))) = alike else { continue };
            let is_configuration = kind.is_options() || held.has_option_at(index, number);
            let is_left_out = is_read && is_configuration && is_left_out(code);
            let same = |one: &&mut (char, &str, Place, usize, bool)| {
                one.0 == *character && one.4 == is_left_out
            };
            if let Some(known) = found.iter_mut().find(same) {
                known.3 += 1;
                continue;
            }
            let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
            let column = u32::try_from(at + 1).unwrap_or(u32::MAX);
            found.push((*character, meant, Place { file: index, line, column }, 0, is_left_out));
        }
        for (character, meant, place, more, is_left_out) in found {
            let mut message = format!("U+{:04X} looks like {meant}", u32::from(character));
            if is_left_out {
                message.push_str(", and Flink leaves the line out: the option keeps its default");
            }
            if more != 0 {
                message.push_str(&format!("; {more} more lines have it"));
            }
            let patch = is_left_out.then(|| colon_in(place, out)).flatten();
            let finding = out.add(&LOOK_ALIKE, place, message);
            finding.patch = patch;
            if is_left_out {
                finding.only_warns();
            }
        }
    }
}

/// The line with a colon and a space behind it.
fn colon_in(place: Place, out: &Findings<'_>) -> Option<Patch> {
    let line = out.files[place.file].line(place.line)?;
    let (key, value) = line.split_once(WIDE_COLON)?;
    out.replace(place, &format!("{}: {}", key.trim(), value.trim_start()))
}

/// What files hold: objects and texts, by file.
struct Held<'a> {
    objects: BTreeMap<usize, Vec<&'a Object>>,
    texts: BTreeMap<usize, Vec<&'a Embedded>>,
}

impl<'a> Held<'a> {
    fn of(world: &'a World) -> Self {
        let mut held = Self { objects: BTreeMap::new(), texts: BTreeMap::new() };
        for object in &world.objects {
            held.objects.entry(object.file).or_default().push(object);
        }
        for text in &world.texts {
            held.texts.entry(text.start().file).or_default().push(text);
        }
        held
    }

    /// Whether YAML has neither objects nor texts of Flink, and does not begin like an object: it is about something else.
    fn is_foreign(&self, file: usize, text: &str) -> bool {
        !self.objects.contains_key(&file)
            && !self.texts.contains_key(&file)
            && !["apiVersion", "kind", "services"].iter().any(|word| text.contains(word))
    }

    /// Whether a line of a file, counted from 0, is one of a configuration of Flink inside it.
    fn has_option_at(&self, file: usize, line: usize) -> bool {
        self.texts.get(&file).into_iter().flatten().any(|text| {
            let first = text.start().line.saturating_sub(1) as usize;
            text.kind.is_options() && (first..first + text.text.lines().count()).contains(&line)
        })
    }

    /// What is looked at of each line of a file with objects.
    fn parts(&self, world: &World, file: usize) -> Vec<Part> {
        let mut parts = Vec::new();
        if world.files[file].kind != Some(FileKind::Objects) {
            return parts;
        }
        for object in self.objects.get(&file).into_iter().flatten() {
            if !concerns_flink(object) {
                mark(object.node.line, last_line(&object.node), Part::Indentation, &mut parts);
            }
            texts(&object.node, &mut parts);
        }
        for text in self.texts.get(&file).into_iter().flatten() {
            let lines = u32::try_from(text.text.lines().count()).unwrap_or(u32::MAX);
            let first = text.start().line;
            mark(first, first.saturating_add(lines.saturating_sub(1)), Part::All, &mut parts);
        }
        parts
    }
}

fn mark(first: u32, last: u32, part: Part, parts: &mut Vec<Part>) {
    let (first, last) = (first.saturating_sub(1) as usize, last as usize);
    if parts.len() < last {
        parts.resize(last, Part::All);
    }
    parts[first.min(last)..last].fill(part);
}

/// Leaves out texts of several lines, annotations, and what ConfigMaps and Secrets hold.
fn texts(node: &Node, parts: &mut Vec<Part>) {
    match &node.kind {
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                if value.block {
                    mark(key.line + 1, last_line(value).max(key.line + 1), Part::Nothing, parts);
                } else if matches!(key.name.as_str(), "annotations" | "data" | "stringData") {
                    mark(key.line + 1, last_line(value), Part::Indentation, parts);
                }
                texts(value, parts);
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| texts(item, parts)),
        _ => {}
    }
}

/// Whether an object is a part of a session, or what one needs.
fn concerns_flink(object: &Object) -> bool {
    const KINDS: [&str; 8] = [
        "Service",
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "PersistentVolumeClaim",
        "ConfigMap",
        "Secret",
        "Ingress",
    ];
    KINDS.contains(&object.kind.as_str())
        || object.is_of_operator("FlinkDeployment")
        || object.is_of_operator("FlinkSessionJob")
        || Workload::of(object).is_some()
        || Workload::boot(object).is_some()
}
