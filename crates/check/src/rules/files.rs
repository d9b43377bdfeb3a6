//! Files that cannot be read as they were meant.

use super::rules;
use super::schema;
use crate::finding::{Findings, Patch, Place};
use crate::kubernetes::Object;
use crate::node::key_place;
use crate::silence::Silence;
use crate::source::FileKind;
use crate::system::World;
use nutkin_core::spec;
use nutkin_flink::Fault;
use nutkin_flink::yaml::{Node, NodeKind};

rules! {
    SYNTAX "NK0001" Error "this is not YAML"
        happens "Kubernetes refuses the whole file, and nothing in it is created. `check` did not look at what follows the fault either."
        cure "Look at the indentation and the colons of this line and the one above. Tabs cannot indent in YAML.";
    MISSING_SEPARATOR "NK0002" Error "two objects without `---` between them"
        happens "To YAML this is one object with keys that appear twice. kubectl takes the last of them, so that only the second object is created, and says nothing of the first. Newer versions refuse the file."
        cure "Put a line `---` between the two.";
    DUPLICATE_KEY "NK0003" Error "a key appears twice in one map"
        happens "Kubernetes takes the last one and drops the first without a word; with strict validation, the default of kubectl since 1.27, it refuses the object."
        cure "Remove one of the two.";
    STRAY_FIELD "NK0004" Error "a field in a place where Kubernetes does not know it"
        happens "With strict validation, the default of kubectl since 1.27, the object is refused. Older versions create it without the field: a probe in the wrong place never runs, a pull policy in the wrong place never counts."
        cure "Move it, with its indentation, to where it belongs, or remove it.";
    SESSION_FILE "NK0005" Error "the session file has a problem"
        happens "`nutkin up` does not start the session, and the Flink Kubernetes Operator refuses it or leaves the field out."
        cure "Fix the field; `docs/fields.md` lists all of them.";
    BARE_SILENCE "NK0006" Warning "a code is silenced without a reason"
        happens "The finding is shown all the same: in a year nobody knows whether it still may be silent."
        cure "Write `# nutkin: allow CODE because REASON`.";
    LOOK_ALIKE "NK0007" Error "a character only looks like the one that is meant"
        happens "The name differs from what it looks like: the file is not found, the option does not exist. YAML that is indented with such spaces is refused. Such characters come from text that was copied from a web page or a chat."
        cure "Type the word or the spaces again by hand; an editor can replace all of them at once.";
}

pub(super) fn check(world: &World, silences: &[Silence], out: &mut Findings<'_>) {
    for (place, problem) in &world.broken {
        out.add(&SYNTAX, *place, problem.message.clone());
    }
    for object in &world.objects {
        missing_separator(world, object, out);
        duplicate_keys(object, &object.node, out);
        stray_fields(object, out);
    }
    session_files(world, out);
    for silence in silences.iter().filter(|silence| silence.reason.is_empty()) {
        let message = format!("`{}` is silenced here, and nobody says why", silence.code);
        out.add(&BARE_SILENCE, silence.place, message);
    }
    look_alikes(world, out);
}

fn missing_separator(world: &World, object: &Object, out: &mut Findings<'_>) {
    let Some(cut) = object.cut else { return };
    let above = world
        .objects
        .iter()
        .filter(|other| other.file == object.file && other.node.line < object.node.line)
        .max_by_key(|other| other.node.line);
    let message = match above {
        Some(above) => format!(
            "{} begins here, and nothing separates it from {} above",
            object.title(),
            above.title()
        ),
        None => format!("{} begins here without `---` above it", object.title()),
    };
    out.add(&MISSING_SEPARATOR, cut, message).patch =
        Some(Patch { line: cut.line, remove: Vec::new(), insert: vec!["---".to_owned()] });
}

fn duplicate_keys(object: &Object, node: &Node, out: &mut Findings<'_>) {
    match &node.kind {
        NodeKind::Map(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                let first = entries[..index].iter().find(|(known, _)| known.name == key.name);
                if let Some((first, _)) = first {
                    let message = format!(
                        "`{}` appears a second time; this one counts, and the one on line {} does not",
                        key.name, first.line
                    );
                    out.add(&DUPLICATE_KEY, key_place(key, object.file), message);
                }
                duplicate_keys(object, value, out);
            }
        }
        NodeKind::List(items) => items.iter().for_each(|item| duplicate_keys(object, item, out)),
        _ => {}
    }
}

fn stray_fields(object: &Object, out: &mut Findings<'_>) {
    for stray in schema::strays(object) {
        let message = format!("`{}` is not a field of {}", stray.key, stray.host);
        let finding = out.add(&STRAY_FIELD, stray.place, message);
        if let Some(home) = stray.home {
            finding.cure = Some(format!("Move `{}` to {home}.", stray.key));
        }
    }
}

/// What the reader of session files says, for every file that has one.
fn session_files(world: &World, out: &mut Findings<'_>) {
    for (index, file) in world.files.iter().enumerate() {
        let is_session = |object: &&Object| {
            object.file == index
                && matches!(object.kind.as_str(), "FlinkDeployment" | "FlinkSessionJob")
        };
        let all = world.objects.iter().filter(|object| object.file == index).count();
        let sessions = world.objects.iter().filter(is_session).count();
        if file.kind != Some(FileKind::Objects) || sessions == 0 {
            continue;
        }
        let Err(problems) = spec::read(&file.text, &file.name) else { continue };
        for problem in problems {
            let location = problem.location.as_ref();
            let line = location.and_then(|at| at.line).unwrap_or(1).clamp(1, file.count());
            let column = location.and_then(|at| at.column).unwrap_or(1);
            let place = Place { file: index, line, column };
            // Other objects beside a session are fine for this command, and syntax has its own code.
            let is_said = match problem.fault {
                Fault::StrangeKind => sessions < all,
                Fault::RepeatedKey => true,
                Fault::Told => false,
            };
            let known = is_said || world.broken.iter().any(|(other, _)| other.file == index);
            if known {
                continue;
            }
            let message = if problem.path.is_empty() {
                problem.message
            } else {
                format!("`{}`: {}", problem.path, problem.message)
            };
            out.add(&SESSION_FILE, place, message).cure =
                problem.hint.as_ref().map(|hint| hint.plain());
        }
    }
}

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

fn look_alikes(world: &World, out: &mut Findings<'_>) {
    for (index, file) in world.files.iter().enumerate() {
        let Some(kind) = file.kind else { continue };
        if file.text.is_ascii() || kind == FileKind::Logback {
            continue;
        }
        // Each such character once in a file, with the number of lines that have it.
        let mut found: Vec<(char, &str, Place, usize)> = Vec::new();
        for (number, line) in file.text.lines().enumerate() {
            let code = line.split('#').next().unwrap_or_default();
            // Free text may hold what it likes; these are names, keys and paths.
            if code.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
                continue;
            }
            let alike = code
                .chars()
                .enumerate()
                .find_map(|(at, c)| Some((at, ALIKE.iter().find(|(alike, _)| *alike == c)?)));
            let Some((at, (character, meant))) = alike else { continue };
            if let Some(known) = found.iter_mut().find(|(known, ..)| known == character) {
                known.3 += 1;
                continue;
            }
            let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
            let column = u32::try_from(at + 1).unwrap_or(u32::MAX);
            found.push((*character, meant, Place { file: index, line, column }, 0));
        }
        for (character, meant, place, more) in found {
            let mut message = format!("U+{:04X} looks like {meant}", u32::from(character));
            if more != 0 {
                message.push_str(&format!("; {more} more lines have it"));
            }
            out.add(&LOOK_ALIKE, place, message);
        }
    }
}
