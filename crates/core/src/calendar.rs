//! Times as texts, as seconds, and as days of the calendar: all in UTC.

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// Seconds since 1970 of a time in RFC 3339 and UTC, to the second; `None`: it is none.
pub fn seconds_of(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let number = |text: &str| text.parse::<i64>().ok();
    let mut parts = date.splitn(3, '-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let time = time.split('.').next()?;
    let mut parts = time.splitn(3, ':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let is_right = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    is_right.then(|| days(year, month, day) * DAY + hour * 3600 + minute * 60 + second)
}

/// The same the other way around.
pub fn text_of(seconds: i64) -> String {
    let Date { year, month, day } = date(seconds.div_euclid(DAY));
    let rest = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: i64,
    /// From 1.
    pub(crate) day: i64,
}

/// Days since 1970 of a day. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub(crate) const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let days_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + days_of_era - 719_468
}

/// The same the other way around, `civil_from_days`.
pub(crate) const fn date(days: i64) -> Date {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
    Date { year, month, day }
}

/// The day of the week, in Quartz' numbers: Sunday is 1.
pub(crate) const fn weekday(days: i64) -> i64 {
    // 1970 began on a Thursday.
    (days + 4).rem_euclid(7) + 1
}

/// The last day of a month.
pub(crate) const fn last_day(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days(next_year, next, 1) - days(year, month, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_there_and_back() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56Z", 951_827_696),
            ("2026-11-30T14:05:00Z", 1_796_047_500),
            ("1969-12-31T23:59:59Z", -1),
        ] {
            assert_eq!((seconds_of(text), text_of(seconds)), (Some(seconds), text.to_owned()));
        }
        assert_eq!(seconds_of("2026-11-30T14:05:00.25Z"), Some(1_796_047_500));
        for text in ["", "2026-11-30", "2026-13-30T00:00:00Z", "2026-11-30T14:05:00+01:00"] {
            assert_eq!(seconds_of(text), None, "{text}");
        }
    }

    #[test]
    fn days_of_the_week_and_of_months() {
        // 2026-11-30 is a Monday.
        assert_eq!(weekday(days(2026, 11, 30)), 2);
        assert_eq!([last_day(2024, 2), last_day(2026, 2), last_day(2026, 12)], [29, 28, 31]);
        for day in (-800_000..800_000).step_by(997) {
            let Date { year, month, day: of_month } = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }
}
