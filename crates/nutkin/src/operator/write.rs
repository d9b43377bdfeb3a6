//! Writes what was decided about a resource: its finalizer and its status. Each only where it changes.

use nutkin_kubernetes::error::failure;
use nutkin_operator::resource::{CustomKind, CustomResource};
use nutkin_operator::status::merge_patch;
use nutkin_operator::turn::ResourceTurn;
use nutkin_shell::Error;
use serde_json::{Value, json};

use super::board::Board;
use super::said;
use super::world::Key;
use crate::Context;

/// Says and writes what a turn decided, in its order: what is said, the finalizer that is set, the status, the finalizer that is taken
/// away.
///
/// # Errors
/// Somebody else was faster, or the API server refuses.
pub(super) async fn turn(
    key: &Key,
    resource: &mut CustomResource,
    turn: &ResourceTurn,
    board: &Board,
    context: &Context<'_>,
) -> Result<(), Error> {
    said::events(key, resource, turn, board, context).await;
    if turn.hold == Some(true) {
        hold(key, resource, true, board).await?;
    }
    status(key, resource, &turn.status, board).await?;
    if turn.hold == Some(false) {
        hold(key, resource, false, board).await?;
    }
    Ok(())
}

/// Writes a status, unless it says so already. `resource` is then as it was written.
///
/// # Errors
/// Somebody else was faster, or the API server refuses.
pub(super) async fn status(
    key: &Key,
    resource: &mut CustomResource,
    wanted: &Value,
    board: &Board,
) -> Result<(), Error> {
    let Some(patch) = merge_patch(&resource.status, wanted) else { return Ok(()) };
    // A schema that lacks a field drops it, and would be asked for it for ever.
    let is_dropped = board
        .kept
        .borrow()
        .get(key)
        .is_some_and(|(asked, kept)| asked == wanted && *kept == resource.status);
    if is_dropped {
        return Ok(());
    }
    let body = json!({
        "metadata": {"resourceVersion": resource.metadata.resource_version},
        "status": patch,
    });
    let api = board.api(key);
    let written = api.merge(key.kind.resource(), &key.name, "status", &body).await;
    take(resource, written.map_err(failure)?, board, key.kind);
    if resource.status == *wanted {
        board.kept.borrow_mut().remove(key);
    } else {
        let kept = (wanted.clone(), resource.status.clone());
        board.kept.borrow_mut().insert(key.clone(), kept);
    }
    Ok(())
}

/// Sets the finalizer, or takes it away. One that is gone is not an error.
async fn hold(
    key: &Key,
    resource: &mut CustomResource,
    holds: bool,
    board: &Board,
) -> Result<(), Error> {
    let mut finalizers = resource.metadata.finalizers.clone();
    finalizers.retain(|one| one != key.kind.finalizer());
    if holds {
        finalizers.push(key.kind.finalizer().to_owned());
    }
    let body = json!({"metadata": {
        "resourceVersion": resource.metadata.resource_version,
        "finalizers": finalizers,
    }});
    match board.api(key).merge(key.kind.resource(), &key.name, "", &body).await {
        Ok(written) => {
            take(resource, written, board, key.kind);
            Ok(())
        }
        Err(error) if error.is("NotFound") && !holds => Ok(()),
        Err(error) => Err(failure(error)),
    }
}

/// Takes an answer as what the resource is now, before the watch brings it.
fn take(resource: &mut CustomResource, written: Value, board: &Board, kind: CustomKind) {
    let Ok(mut now) = serde_json::from_value::<CustomResource>(written) else { return };
    now.prune();
    *resource = now.clone();
    let key = Key::of(kind, &now);
    // Without a finalizer it is gone, and its end may have been heard before this answer came: it must not come back.
    if now.is_deleted() && now.metadata.finalizers.is_empty() {
        board.remove(&key);
        return;
    }
    // Its session or its jobs hear of it; who has written it needs not.
    if board.world.borrow_mut().put(key.clone(), now) && kind == CustomKind::Deployment {
        board.wake_jobs(&key);
    }
}
