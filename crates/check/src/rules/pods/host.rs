//! The word after `jobmanager`, which Flink 1.x takes for the host to listen on.

use std::borrow::Cow;

use super::{HOST_1X, HOST_2X, ONE_WORD};
use crate::finding::{Findings, Patch, Place};
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::role;
use crate::system::System;
use nutkin_flink::yaml::Node;

pub(super) fn check(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    if !workload.role.is_job_manager() {
        return;
    }
    let commands = role::processes(workload.container);
    let mut starters = commands.iter().filter_map(|words| Some((words, after_starter(words)?)));
    let Some((words, (start, next))) = starters.next() else { return };
    let (starter, (word, node)) = (&*words[start].0, &words[next]);
    let word = &**word;
    // In a shell a variable may be several words, or none, and what is redirected is not an argument.
    let is_shell = node.text() != Some(word);
    let is_unknown = |word: &str| {
        is_shell
            && (word.contains('$') && !is_address_of_pod(word) || word.contains(['>', '<', '&']))
    };
    if is_unknown(word) {
        return;
    }
    let is_at_least = |major, minor| system.version.is_none_or(|v| v.is_at_least(major, minor));
    let place = node.place(workload.file());
    if word.starts_with('-') || word.is_empty() {
        let has_words = is_at_least(1, 16);
        if system.version.is_none_or(|v| v.is_at_least(2, 0))
            || !word.starts_with("-D")
            || has_words && word == "-D"
        {
            return;
        }
        let option = word.trim_start_matches("-D");
        let patch = split(place, word, option, out).filter(|_| has_words);
        let message = format!("`{word}` follows `{starter}`, in the place of the host");
        out.add(&ONE_WORD, place, message).patch = patch;
        return;
    }
    let is_new = system.version.is_some() && is_at_least(2, 0);
    if let Some((key, _)) = word.split_once('=') {
        let message = format!("`{word}` follows `{starter}` in the place of the host");
        let rule = if is_new { &HOST_2X } else { &ONE_WORD };
        // Options of Flink have a dot: `a=b` may be anything.
        let patch =
            split(place, word, word, out).filter(|_| is_at_least(1, 16) && key.contains('.'));
        out.add(rule, place, message).patch = patch;
        return;
    }
    if !is_new && !may_be_host(system, workload, word) {
        let message = format!(
            "`{word}` follows `{starter}`: the JobManager takes it for its own address, and no host of that name is in the files"
        );
        let finding = out.add(&ONE_WORD, place, message);
        finding.cure = Some(format!("Remove `{word}`, or write the address of the JobManager."));
        return;
    }
    if !is_new && let Some((third, node)) = words.get(next + 1).filter(|(w, _)| !is_unknown(w)) {
        // `jobmanager.sh` of 1.x takes it for the port, unless it is `-D` alone from 1.16 on.
        let is_option = third.starts_with('-') || third.contains('=');
        if is_option && !(third == "-D" && is_at_least(1, 16)) {
            let place = node.place(workload.file());
            let patch = split(place, third, third.trim_start_matches("-D"), out);
            let message = format!(
                "`{third}` follows the host `{word}`, in the place of the port of the web UI"
            );
            out.add(&ONE_WORD, place, message).patch = patch.filter(|_| is_at_least(1, 16));
            return;
        }
    }
    // Before 1.16 this is the only place for the address (FLINK-28733).
    if !is_at_least(1, 16) {
        return;
    }
    let rule = if is_new { &HOST_2X } else { &HOST_1X };
    let option = format!("jobmanager.rpc.address={word}");
    let patch = split(place, word, &option, out);
    let message = format!("`{word}` follows `{starter}` in the place of the host");
    out.add(rule, place, message).patch = patch;
}

/// What starts a JobManager, and the word behind it: their indices.
fn after_starter(words: &[(Cow<'_, str>, &Node)]) -> Option<(usize, usize)> {
    let is_starter =
        |word: &str| word == "jobmanager" || word.rsplit('/').next() == Some("jobmanager.sh");
    let at = words.iter().position(|(word, _)| is_starter(word))?;
    let mut next = at + 1;
    // The script's own first word.
    if words[at].0 != "jobmanager" && matches!(&*words.get(next)?.0, "start" | "start-foreground") {
        next += 1;
    }
    (next < words.len()).then_some((at, next))
}

/// Whether a word of a shell stands for an address: `$(hostname -i)`, `${POD_IP}`.
fn is_address_of_pod(word: &str) -> bool {
    let upper = word.to_ascii_uppercase();
    ["HOSTNAME", "POD_IP", "ADDRESS", "_HOST"].iter().any(|name| upper.contains(name))
}

/// Whether a word can be an address under which TaskManagers reach the JobManager.
fn may_be_host(system: &System<'_>, workload: &Workload<'_>, word: &str) -> bool {
    let name = word.split('.').next().unwrap_or(word);
    let is_address = word.contains('$') || word.contains(':') || name.parse::<u8>().is_ok();
    let is_set = system.settings_of_task_managers().value("jobmanager.rpc.address").as_deref()
        == Some(word)
        || workload.variable("JOB_MANAGER_RPC_ADDRESS").is_some_and(|(_, v)| v == Some(word));
    let is_named = system.world.all_named("Service", name).next().is_some()
        || name.starts_with(workload.object.name.as_str())
        || workload.pod.text_of("hostname") == Some(name);
    // A name with dots may be known to the DNS; one word has to be in the files, if Services are.
    let is_elsewhere = word.contains('.') || system.world.of_kind("Service").next().is_none();
    is_address || is_set || is_named || is_elsewhere && word != "cluster" && word != "local"
}

/// A patch that makes two arguments of a word, `-D` and an option, as the list is written: one item a line, or all in
/// one. `None` where the word cannot be seen in its line.
fn split(place: Place, word: &str, option: &str, out: &Findings<'_>) -> Option<Patch> {
    let line = out.files[place.file].line(place.line)?;
    let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let (at, _) = line.char_indices().nth(column)?;
    let (before, rest) = line.split_at(at);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'')).map(String::from);
    let quote = quote.unwrap_or_default();
    let behind = rest.strip_prefix(format!("{quote}{word}{quote}").as_str())?;
    if before.trim() == "-" && !behind.trim_start().starts_with(|c: char| c != '#') {
        let dash = before.trim_end_matches(' ');
        let items = format!("{dash} -D\n{before}{quote}{option}{quote}{behind}");
        return out.replace(place, &items.lines().map(str::trim).collect::<Vec<_>>().join("\n"));
    }
    // Letters that end a bare word between brackets.
    let is_bare = quote.is_empty() && option.contains([',', '[', ']', '{', '}', '#']);
    let is_item =
        before.trim_end().ends_with(['[', ',']) && behind.trim_start().starts_with([']', ',']);
    (is_item && !is_bare)
        .then(|| format!("{before}{quote}-D{quote}, {quote}{option}{quote}{behind}"))
        .and_then(|new| out.replace(place, new.trim()))
}
