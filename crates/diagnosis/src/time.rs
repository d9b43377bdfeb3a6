//! Times, as those who write them down do: milliseconds since 1970 here.

use jiff::Timestamp;
use jiff::civil::DateTime;

/// A time in RFC 3339.
pub(crate) fn of_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// The time at the beginning of a line of Flink's log (`yyyy-MM-dd HH:mm:ss,SSS`, the layout of its log4j and logback
/// files), which was written so many seconds ahead of UTC.
pub(crate) fn of_log(line: &str, offset: i32) -> Option<i64> {
    let (text, fraction) = line.get(..23)?.split_once([',', '.'])?;
    let millis: i64 = fraction.parse().ok()?;
    let time: DateTime = text.replacen(' ', "T", 1).parse().ok()?;
    let offset = jiff::tz::Offset::from_seconds(offset).ok()?;
    Some(offset.to_timestamp(time).ok()?.as_millisecond() + millis)
}

/// In RFC 3339, to the second.
pub(crate) fn shown(millis: i64) -> String {
    let time = Timestamp::from_second(millis.div_euclid(1000));
    time.map_or_else(|_| millis.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_all_forms() {
        let moment = Some(1_767_225_661_250);
        assert_eq!(of_rfc3339("2026-01-01T00:01:01.25Z"), moment);
        assert_eq!(of_log("2026-01-01 00:01:01,250 INFO  a.B [] - c", 0), moment);
        assert_eq!(of_log("2026-01-01 02:01:01,250 INFO  a.B [] - c", 7200), moment);
        assert_eq!(shown(1_767_225_661_250), "2026-01-01T00:01:01Z");
    }

    #[test]
    fn what_is_not_a_time() {
        for line in [
            "",
            "a",
            "2026-13-01 00:00:00,000 INFO",
            "Exception in thread \"main\" java",
            "é".repeat(30).as_str(),
        ] {
            assert_eq!(of_log(line, 0), None, "{line}");
        }
        assert_eq!(of_rfc3339("yesterday"), None);
    }
}
