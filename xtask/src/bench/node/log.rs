//! When something happened, by the logs of Flink's processes: a line begins with its time.

use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Flink's usual pattern, `%d{yyyy-MM-dd HH:mm:ss,SSS}`. Pods have no other time zone than UTC.
const PATTERN: &str = "%Y-%m-%d %H:%M:%S";
/// `2026-11-21 15:04:05`, before the comma.
const SECONDS: usize = 19;

/// The time of a line.
fn time(line: &str) -> Option<SystemTime> {
    let seconds = DateTime::strptime(PATTERN, line.get(..SECONDS)?).ok()?;
    let millis: u64 = line.get(SECONDS..)?.strip_prefix(',')?.get(..3)?.parse().ok()?;
    let at = seconds.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(SystemTime::from(at) + Duration::from_millis(millis))
}

/// When a log began.
pub(super) fn first(log: &str) -> Option<SystemTime> {
    log.lines().find_map(time)
}

/// When these words were said for the first time.
pub(super) fn said(log: &str, words: &str) -> Option<SystemTime> {
    log.lines().filter(|line| line.contains(words)).find_map(time)
}

/// When these words were said for the last time.
pub(super) fn said_last(log: &str, words: &str) -> Option<SystemTime> {
    log.lines().rev().filter(|line| line.contains(words)).find_map(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_lines() {
        let log = "starting\n2026-11-21 15:04:05,250 INFO  a [] - one\n2026-11-21 15:04:06,000 INFO  b [] - two\n\
                   2026-11-21 15:04:07,125 INFO  b [] - two\n";
        let since = |at: Option<SystemTime>| {
            at.and_then(|at| at.duration_since(first(log)?).ok()).map(|time| time.as_millis())
        };
        assert_eq!(since(said(log, "one")), Some(0));
        assert_eq!(since(said(log, "two")), Some(750));
        assert_eq!(since(said_last(log, "two")), Some(1875));
        assert_eq!(since(said(log, "starting")), None);
        assert_eq!(first("nothing"), None);
    }
}
