//! Says what happened: in the log, and as events.

use nutkin_core::kubernetes::resource::EVENTS;
use nutkin_kubernetes::api::Api;
use nutkin_kubernetes::error::{ApiError, failure};
use nutkin_operator::event::{ClusterEvent, EventType, Regarding};
use nutkin_operator::resource::CustomResource;
use nutkin_operator::turn::ResourceTurn;
use nutkin_shell::{Error, Kind};

use super::board::Board;
use super::clock;
use super::world::Key;
use crate::Context;

/// Says what a turn has to say. An event that cannot be written holds nothing up: FKO passes over one that is forbidden, too.
pub(super) async fn events(
    key: &Key,
    resource: &CustomResource,
    turn: &ResourceTurn,
    board: &Board,
    context: &Context<'_>,
) {
    let about = &resource.metadata;
    let news = board.news.borrow_mut().of(key, about, turn);
    for event in news {
        let line = format!("{key}: {}: {}", event.reason.word(), event.message);
        match event.severity() {
            EventType::Warning => context.printer.warn(&line),
            EventType::Normal => context.printer.say(&line),
        }
        let (namespace, name) = (key.namespace.as_str(), key.name.as_str());
        let about = Regarding { kind: key.kind.name(), name, namespace, uid: &about.uid };
        let written = write(&board.api(key), event, &about, &clock::turn().text).await;
        if let Err(error) = written
            && !error.is("Forbidden")
        {
            context.printer.warn(&format!("{key}: {:#}", failure(error).error));
        }
    }
    // It may have gone meanwhile.
    if !board.is_there(key) {
        board.news.borrow_mut().forget(key);
    }
}

/// Writes an event; one that is there already counts one more.
async fn write(
    api: &Api,
    event: &ClusterEvent,
    about: &Regarding<'_>,
    now: &str,
) -> Result<(), ApiError> {
    match api.create(&event.first(about, now)).await {
        Err(error) if error.is("AlreadyExists") => {
            let name = event.name(about);
            let Some(old) = api.get(EVENTS, &name).await? else { return Ok(()) };
            api.merge(EVENTS, &name, "", &event.again(&old, now)).await.map(drop)
        }
        written => written.map(drop),
    }
}

/// Says why work for a resource failed. That somebody else was faster is not worth a line: it is looked at again.
pub(super) fn failed(key: &Key, failure: &Error, context: &Context<'_>) {
    if failure.kind != Kind::Conflict {
        context.printer.warn(&format!("{key}: {:#}", failure.error));
    }
}

/// A failure in one line, with what is wrong.
pub(super) fn line(failure: &Error) -> String {
    let mut line = format!("{:#}", failure.error);
    for problem in &failure.problems {
        line += &format!("; {problem}");
    }
    line
}
