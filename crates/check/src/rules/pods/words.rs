//! Words of containers that start nothing that stays.

use super::ENDS;
use crate::finding::Findings;
use crate::image::{is_flinks_own, is_official};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::path;
use crate::shell;
use crate::slip::is_slip;

/// The words of the image's entrypoint that start a process (`docker-entrypoint.sh`, 1.13 to 2.3).
const VERBS: [&str; 4] = ["jobmanager", "taskmanager", "standalone-job", "history-server"];

/// Flink's scripts that start a process in the background unless they are told otherwise.
const SCRIPTS: [&str; 3] = ["jobmanager.sh", "taskmanager.sh", "standalone-job.sh"];

pub(super) fn check(workload: &Workload<'_>, out: &mut Findings<'_>) {
    let mut words = workload.words();
    let Some((mut first, mut node)) = words.next() else { return };
    let has_command = workload.container.get("command").is_some();
    let is_entrypoint = path::last(first) == "docker-entrypoint.sh";
    if has_command && is_entrypoint {
        let Some(next) = words.next() else { return };
        (first, node) = next;
    }
    let place = node.place(workload.file());
    let is_flinks = workload.image().and_then(Walk::text).is_some_and(is_flinks_own);
    if is_flinks && (!has_command || is_entrypoint) {
        let word = first.split_whitespace().next().unwrap_or_default();
        if VERBS.contains(&word) && word != first {
            let message = format!(
                "`{first}` of {} is one word, and no word of the entrypoint; `{word}` is",
                workload.title()
            );
            let finding = out.add(&ENDS, place, message);
            finding.cure = Some("Write each word as an item of the list of its own.".to_owned());
            return;
        }
        let plain = |word: &str| word.to_ascii_lowercase().replace(['-', '_'], "");
        let is_verb = VERBS.contains(&first);
        let meant = VERBS.iter().find(|verb| !is_verb && is_slip(&plain(first), &plain(verb), 2));
        if let Some(verb) = meant {
            let message = format!(
                "`{first}` of {} is not a word of the entrypoint; `{verb}` is",
                workload.title()
            );
            let patch = out.exchange(place, first, verb);
            out.add(&ENDS, place, message).patch = patch;
            return;
        }
    }
    // A verb of images before Flink 1.10.
    if is_flinks && (!has_command || is_entrypoint) && first == "local" {
        let message = format!(
            "`local` of {} is not a word of the entrypoint; `jobmanager` and `taskmanager` are",
            workload.title()
        );
        out.add(&ENDS, place, message);
        return;
    }
    let is_official = workload.image().and_then(Walk::text).is_some_and(is_official);
    if is_official && has_command && !is_entrypoint && VERBS.contains(&first) {
        let message = format!(
            "`{first}` of {} is a word for the entrypoint, and `command` takes the place of that",
            workload.title()
        );
        let finding = out.add(&ENDS, place, message);
        finding.cure = Some(format!("Write `args: [{first}]`, and no `command`."));
        return;
    }
    let last = shell_words(workload, first).or_else(|| {
        let second = words.next()?.0;
        Some(vec![first.to_owned(), second.to_owned()])
    });
    let Some([.., script, verb]) = last.as_deref() else { return };
    if SCRIPTS.contains(&path::last(script)) && verb == "start" {
        let message = format!("`{script} start` of {} ends at once", workload.title());
        let patch = (node.text() == Some(script)).then(|| {
            let (_, verb) = workload.words().find(|(word, _)| *word == "start")?;
            out.exchange(verb.place(workload.file()), "start", "start-foreground")
        });
        out.add(&ENDS, place, message).patch = patch.flatten();
    }
}

/// The last command of a text for a shell, without the options of `start`; `None`: the program is not a shell.
fn shell_words(workload: &Workload<'_>, first: &str) -> Option<Vec<String>> {
    if !matches!(path::last(first), "sh" | "bash" | "dash" | "ash") {
        return None;
    }
    let mut texts = workload.words().map(|(word, _)| word).filter(|word| word.contains(".sh "));
    let mut last = shell::commands(texts.next()?).pop()?;
    last.truncate(last.iter().position(|word| word == "start").map_or(last.len(), |at| at + 1));
    Some(last)
}
