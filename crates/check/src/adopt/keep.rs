//! Session files of an operator as input: kept with their comments, without what a cluster wrote into them, and
//! with what was found cured.

use std::collections::BTreeMap;

use super::{Adoption, AdoptionRequest, Maker, WRITTEN, beside, options, refuse};
use crate::finding::{Finding, Findings, Place};
use crate::kubernetes::Object;
use crate::node::Walk;
use crate::source::{File, is_json};
use crate::system::{System, World};
use crate::{rules, silence};
use nutkin_flink::Problem;
use nutkin_flink::yaml::{Key, Node};

/// Lines to replace: how many from one on, and by what.
struct Edit {
    line: u32,
    removed: u32,
    with: Vec<String>,
}

/// Makes one session file of a `FlinkDeployment` and its `FlinkSessionJob`s.
pub(super) fn keep(
    world: &World,
    system: &System<'_>,
    session: &Object,
    request: &AdoptionRequest,
) -> Result<Adoption, Vec<Problem>> {
    let mut maker = Maker::new(world, request);
    let is_job = |object: &&Object| {
        object.kind == "FlinkSessionJob"
            && object.shares_namespace(session)
            && object.node.at("spec/deploymentName").and_then(Walk::text)
                == Some(session.name.as_str())
    };
    let strays = world.objects.iter().filter(|object| {
        object.is_of_operator("FlinkSessionJob")
            && object.node.at("spec/deploymentName").and_then(Walk::text).is_some()
            && !is_job(object)
    });
    let notes = strays.map(|stray| {
        let at = maker.location(stray.place());
        let title = stray.title();
        format!("{title} ({at}) is a job of another session than `{}`: correct its `spec.deploymentName` or its namespace, or leave it out", session.name)
    });
    let notes: Vec<String> = notes.collect();
    let jobs = world.objects.iter().filter(is_job);
    let kept: Vec<&Object> = std::iter::once(session).chain(jobs).collect();
    let mut edits: BTreeMap<usize, Vec<Edit>> = BTreeMap::new();
    for object in &kept {
        for path in WRITTEN {
            let is_composed = is_written_anew(world, object);
            if let Some((key, _)) = entry(&object.node, path).filter(|_| !is_composed) {
                let last = end_of(&world.files[object.file], key);
                let place = Place { file: object.file, line: key.line, column: key.column };
                maker.put(place, key.name.clone(), "nowhere: written by the cluster");
                let edit = Edit { line: key.line, removed: last - key.line + 1, with: Vec::new() };
                edits.entry(object.file).or_default().push(edit);
            }
        }
        maker.put(object.place(), object.title(), "the session file");
    }
    if !request.as_is && !is_written_anew(world, session) {
        cure(system, &mut edits, &mut maker);
    }
    let mut text = String::new();
    for object in &kept {
        if !text.is_empty() {
            text.push_str("---\n");
        }
        let empty = Vec::new();
        document(world, object, edits.get(&object.file).unwrap_or(&empty), &mut text);
    }
    if let Some(name) = request.name.as_deref().filter(|name| *name != session.name) {
        let hint = format!("leave the name out, or write `{name}` in the file");
        let message = format!("the file is that of `{}`", session.name);
        return Err(vec![Problem::new("NAME", message).hint(hint)]);
    }
    let location = |key: &str| {
        let place = system.settings.get(key).map_or_else(|| session.place(), |one| one.place);
        Some(maker.location(place))
    };
    refuse::judge(&text, &session.name, true, location)?;
    let mut others = options::Options::default();
    let mut around = {
        let spec = session.node.to_json();
        beside::beside(world, system, (&session.name, &spec), &mut others, &mut maker)
    };
    around.retain(|value| {
        !kept.iter().any(|object| {
            value["kind"] == *object.kind && value["metadata"]["name"] == *object.name
        })
    });
    maker.placed.sort();
    Ok(Adoption {
        name: session.name.clone(),
        text,
        beside: around,
        placed: maker.placed,
        cures: maker.cures,
        notes,
    })
}

/// The last line of an entry: all that is indented more than its key follows, and items of a list at its column.
fn end_of(file: &File, key: &Key) -> u32 {
    let mut last = key.line;
    for number in key.line + 1..=file.count() {
        let line = file.line(number).unwrap_or_default();
        let blanks = line.chars().take_while(|c| *c == ' ').count();
        let indent = u32::try_from(blanks).unwrap_or(u32::MAX);
        let text = line.trim();
        let is_below = key.column <= indent;
        let is_item = indent + 1 == key.column && (text.starts_with("- ") || text == "-");
        if !text.is_empty() && !is_below && !is_item {
            break;
        }
        if !text.is_empty() {
            last = number;
        }
    }
    last
}

/// The entry at a path; `~1` in it is a slash.
fn entry<'a>(node: &'a Node, path: &str) -> Option<&'a (Key, Node)> {
    let (parents, last) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = if parents.is_empty() { Some(node) } else { node.at(parents) };
    let found = parent?.entry(&last.replace("~1", "/"))?;
    // A map without its only entry would be nothing, which is not a map.
    if !parents.is_empty() && parent?.entries().len() == 1 {
        return entry(node, parents);
    }
    Some(found)
}

/// Applies the patches of what was found, those that do not meet another edit.
fn cure(system: &System<'_>, edits: &mut BTreeMap<usize, Vec<Edit>>, maker: &mut Maker<'_>) {
    let mut findings = Findings::new(maker.files);
    rules::of_system(system, &mut findings);
    let mut found: Vec<(Place, Finding)> = findings.list;
    silence::apply(&silence::read(maker.files), &mut found);
    found.sort_by_key(|(place, _)| *place);
    for (place, finding) in found {
        let Some(patch) = finding.patch.filter(|_| finding.silenced.is_none()) else { continue };
        let of_file = edits.entry(place.file).or_default();
        let removed = u32::try_from(patch.remove.len()).unwrap_or(0);
        let is_free = of_file.iter().all(|edit| {
            patch.line + removed.max(1) <= edit.line
                || edit.line + edit.removed.max(1) <= patch.line
        });
        if is_free {
            let said = patch.insert.iter().map(|line| line.trim()).collect::<Vec<_>>().join(", ");
            let message = if said.is_empty() {
                finding.message.clone()
            } else {
                format!("{}: `{said}`", finding.message)
            };
            of_file.push(Edit { line: patch.line, removed, with: patch.insert });
            maker.cure(finding.rule.code, place, message);
        }
    }
}

/// Writes the lines of one document, edited: from the separator above it to the one below.
fn document(world: &World, object: &Object, edits: &[Edit], text: &mut String) {
    let file = &world.files[object.file];
    if is_written_anew(world, object) {
        return composed(object, text);
    }
    let line = |number: u32| file.line(number).unwrap_or_default();
    let is_separator =
        |number: u32| line(number).starts_with("---") || line(number).starts_with("...");
    let begin = (1..object.node.line).rev().find(|n| is_separator(*n)).map_or(1, |n| n + 1);
    let last = file.count();
    let end = (object.node.line + 1..=last).find(|n| is_separator(*n)).unwrap_or(last + 1);
    let mut number = begin;
    while number < end {
        // What is inserted only comes before the line.
        for edit in edits.iter().filter(|edit| edit.line == number && edit.removed == 0) {
            push(&edit.with, text);
        }
        if let Some(edit) = edits.iter().find(|edit| edit.line == number && 0 < edit.removed) {
            push(&edit.with, text);
            number += edit.removed;
        } else {
            text.push_str(line(number));
            text.push('\n');
            number += 1;
        }
    }
    for edit in edits.iter().filter(|edit| edit.line == end && edit.removed == 0) {
        push(&edit.with, text);
    }
    while text.ends_with("\n\n") {
        text.pop();
    }
}

/// Whether the lines of a file are not those of the object: a kustomization changes it, it is JSON, or a `List` holds it.
fn is_written_anew(world: &World, object: &Object) -> bool {
    let file = &world.files[object.file];
    file.is_composed() || is_json(&file.name) || 1 < object.node.column
}

/// The document of such an object.
fn composed(object: &Object, text: &mut String) {
    let mut value = object.node.to_json();
    for path in WRITTEN {
        beside::remove(&mut value, path);
    }
    // Numbers of YAML are all that could not be written, and these were read.
    text.push_str(&nutkin_flink::yaml::to_string(&value).unwrap_or_default());
}

fn push(lines: &[String], text: &mut String) {
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
}
