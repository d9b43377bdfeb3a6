//! Says what happened: in the log, and as events.

use nutkin_operator::turn::ResourceEvent;
use nutkin_shell::{Error, Kind};

use super::board::Board;
use super::world::Key;
use crate::Context;

/// Says what a turn has to say, each once.
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
    }
}

/// Says why work for a resource failed. That somebody else was faster is no news: it is looked at again.
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
