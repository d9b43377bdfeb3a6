//! What becomes of jobs whose JobManager was lost, in words for people.

/// Somebody was ending it.
pub(crate) const WAS_ENDING: &str = "it was being stopped or canceled";

/// Nothing is there from which it could go on.
pub(crate) const NO_CHECKPOINT: &str = "no complete checkpoint of it is there";

/// It could go on, if that is wanted.
pub(crate) const MAY_HAVE_ENDED: &str =
    "whether it had been canceled or had failed before is not known";

/// It was on the way to its end.
pub(crate) fn was_seen(state: &str) -> String {
    format!("it was {state} when it was seen last")
}

/// It goes on from there.
pub(crate) fn goes_on(name: &str, from: &str) -> String {
    format!("job `{name}` has lost its JobManager and goes on from {from}")
}

/// It starts as it started.
pub(crate) fn begins_again(name: &str) -> String {
    format!("job `{name}` has lost its JobManager before its first checkpoint, and starts again")
}

/// It had ended before.
pub(crate) fn had_ended(name: &str, state: &str) -> String {
    format!("job `{name}` was {state} before its JobManager was lost")
}

/// It does not go on by itself.
pub(crate) fn stays_lost(name: &str, why: &str) -> String {
    format!("job `{name}` has lost its JobManager and does not go on by itself: {why}")
}

/// It was resumed, and has come to an end that is not its own.
pub(crate) fn was_resumed(name: &str, state: &str) -> String {
    format!("job `{name}` was resumed and is {state}; it does not go on by itself")
}
