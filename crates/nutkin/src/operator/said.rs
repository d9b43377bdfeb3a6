//! Says what happened: in the log, and as events.

use nutkin_kubernetes::error::failure;
use nutkin_operator::event::Regarding;
use nutkin_operator::turn::ResourceEvent;
use nutkin_shell::{Error, Kind};

use super::board::Board;
use super::world::Key;
use super::{clock, write};
use crate::Context;

/// Says what a turn has to say, each once. An event that cannot be written holds nothing up: FKO passes over one that is forbidden, too.
pub(super) async fn events(
    key: &Key,
    uid: &str,
    events: &[ResourceEvent],
    board: &Board,
    context: &Context<'_>,
) {
    for event in events {
        let name = format!("{uid} {} {} {}", event.component, event.reason, event.message);
        if !board.said.borrow_mut().insert(name) {
            continue;
        }
        let line = format!("{key}: {}: {}", event.reason, event.message);
        if event.is_warning {
            context.printer.warn(&line);
        } else {
            context.printer.say(&line);
        }
        let Some(cluster) = event.to_cluster() else { continue };
        let (namespace, name) = (key.namespace.as_str(), key.name.as_str());
        let about = Regarding { kind: key.kind.name(), name, namespace, uid };
        let written = write::event(&board.api(key), &cluster, &about, &clock::turn().text).await;
        if let Err(error) = written
            && !error.is("Forbidden")
        {
            context.printer.warn(&format!("{key}: {:#}", failure(error).error));
        }
    }
}

/// Says why work for a resource failed. That somebody else was faster is not worth a line: it is looked at again.
pub(super) fn failed(key: &Key, failure: &Error, _board: &Board, context: &Context<'_>) {
    if failure.kind != Kind::Conflict {
        context.printer.warn(&format!("{key}: {:#}", failure.error));
    }
}

/// A failure in one line, with what helps.
pub(super) fn line(failure: &Error) -> String {
    let mut line = format!("{:#}", failure.error);
    for problem in &failure.problems {
        line += &format!("; {problem}");
    }
    line
}
