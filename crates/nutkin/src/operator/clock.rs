//! The operator's clock: what the time is, and all pauses. Only answers that take too long are given up elsewhere.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use nutkin_operator::turn::TurnTime;

/// The time of a turn.
pub(super) fn turn() -> TurnTime {
    let now = Timestamp::now();
    TurnTime { text: nutkin_shell::ledger::now(), millis: now.as_millisecond() }
}

/// The time with microseconds, as leases have it.
pub(super) fn micros() -> String {
    let printer = DateTimePrinter::new().precision(Some(6));
    let mut text = String::new();
    let _ = printer.print_timestamp(&Timestamp::now(), &mut text);
    text
}

/// Waits until then; without a time for ever.
pub(super) async fn until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits for so long.
pub(super) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
