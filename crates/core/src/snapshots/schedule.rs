//! When a periodic snapshot is due: a duration of Flink, or a cron expression of Quartz, as the Java operator takes them.
//! Source: `SnapshotUtils.shouldTriggerAutomaticSnapshot` of the operator, `CronExpression` of Quartz 2. All times in UTC, the
//! time zone of the operator's image.

use std::collections::BTreeSet;

use crate::calendar::{DAY, Date, date, days, last_day, weekday};
use crate::words::snapshots as words;
use nutkin_flink::FlinkVersion;
use nutkin_flink::values;

/// A text that says neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", words::no_schedule(.0))]
pub struct BadSchedule(pub String);

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// So many seconds after the time before.
    Every(i64),
    /// At times of the calendar.
    At(Box<Cron>),
}

/// A cron expression: seconds, minutes, hours, day of the month, month, day of the week, and perhaps the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    seconds: BTreeSet<i64>,
    minutes: BTreeSet<i64>,
    hours: BTreeSet<i64>,
    months: BTreeSet<i64>,
    day: Day,
    /// `None`: every year.
    years: Option<BTreeSet<i64>>,
}

/// Which days of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Day {
    /// By number. `L` is the last one.
    OfMonth { days: BTreeSet<i64>, last: bool },
    /// One day: `L-3` is three before the last one, `15W` the working day nearest to the 15th in its month. A month without it has none.
    Single { number: i64, is_before_last: bool, is_working: bool },
    /// By day of the week, Sunday is 1.
    OfWeek(BTreeSet<i64>),
    /// `2#3`: the third Monday; `6L`: the last Friday, which is 0.
    Nth(i64, i64),
}

/// The release whose notation of durations holds, whatever the session runs: the operator reads them (`PT1H` since 2.0).
pub(super) const NOTATION: FlinkVersion = FlinkVersion::new(2, 3, 0);

/// Most days before the last one of a month, as in Quartz.
const MOST_BEFORE_LAST: i64 = 30;

/// Years that are looked through: Quartz knows none after 2099.
const LAST_YEAR: i64 = 2099;

/// Seconds of the longest interval: a century, so that nothing overflows.
const LONGEST: u64 = 100 * 366 * 86_400;

impl Schedule {
    /// Reads a text; `None`: nothing is periodic.
    ///
    /// # Errors
    /// It is neither a duration nor a cron expression, or never comes.
    pub fn read(text: &str) -> Result<Option<Self>, BadSchedule> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if let Ok(every) = values::duration(text, NOTATION) {
            let seconds = every.as_secs().min(LONGEST);
            if every.is_zero() {
                return Ok(None);
            }
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).max(1);
            return Ok(Some(Self::Every(seconds)));
        }
        let cron = cron(text).ok_or_else(|| BadSchedule(text.to_owned()))?;
        Ok(Some(Self::At(Box::new(cron))))
    }

    /// The first time after this one at which it is due, in seconds since 1970; `None`: never again.
    pub fn after(&self, before: i64) -> Option<i64> {
        match self {
            Self::Every(seconds) => Some(before + seconds),
            Self::At(cron) => cron.after(before),
        }
    }
}

impl Cron {
    fn after(&self, before: i64) -> Option<i64> {
        let from = before + 1;
        let mut day = from.div_euclid(DAY);
        // Of the first day only the rest.
        let mut rest = from.rem_euclid(DAY);
        let end = days(LAST_YEAR + 1, 1, 1);
        while day < end {
            let here = date(day);
            if !self.months.contains(&here.month)
                || self.years.as_ref().is_some_and(|years| !years.contains(&here.year))
            {
                // The first day of the next month.
                day = days(here.year, here.month, 1) + last_day(here.year, here.month);
                rest = 0;
                continue;
            }
            if self.day.is(here, day)
                && let Some(second) = self.second_of_day(rest)
            {
                return Some(day * DAY + second);
            }
            day += 1;
            rest = 0;
        }
        None
    }

    /// The first second of a day that is not before this one.
    fn second_of_day(&self, from: i64) -> Option<i64> {
        let (hour, minute, second) = (from / 3600, from / 60 % 60, from % 60);
        let first = |all: &BTreeSet<i64>| all.first().copied();
        for &h in self.hours.range(hour..) {
            let (minute, second) = if h == hour { (minute, second) } else { (0, 0) };
            for &m in self.minutes.range(minute..) {
                let found = if m == minute {
                    self.seconds.range(second..).next().copied()
                } else {
                    first(&self.seconds)
                };
                if let Some(s) = found {
                    return Some(h * 3600 + m * 60 + s);
                }
            }
        }
        None
    }
}

impl Day {
    fn is(&self, here: Date, day: i64) -> bool {
        let end = last_day(here.year, here.month);
        match self {
            Self::OfMonth { days, last } => days.contains(&here.day) || (*last && here.day == end),
            Self::Single { number, is_before_last, is_working } => {
                let wanted = if *is_before_last { end - number } else { *number };
                let of_week = weekday(day - here.day + wanted);
                (1..=end).contains(&wanted)
                    && here.day == if *is_working { nearest(wanted, of_week, end) } else { wanted }
            }
            Self::OfWeek(days) => days.contains(&weekday(day)),
            Self::Nth(of_week, 0) => weekday(day) == *of_week && end - 7 < here.day,
            Self::Nth(of_week, nth) => weekday(day) == *of_week && (here.day - 1) / 7 + 1 == *nth,
        }
    }
}

/// The day from Monday to Friday that is nearest to a day of a month, without leaving the month. `of_week`: of that day, `end`: the last
/// day of the month.
const fn nearest(day: i64, of_week: i64, end: i64) -> i64 {
    match of_week {
        SATURDAY if day == 1 => 3,
        SATURDAY => day - 1,
        SUNDAY if day == end => day - 2,
        SUNDAY => day + 1,
        _ => day,
    }
}

const SUNDAY: i64 = 1;
const SATURDAY: i64 = 7;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

fn cron(text: &str) -> Option<Cron> {
    let upper = text.to_ascii_uppercase();
    let fields: Vec<&str> = upper.split_ascii_whitespace().collect();
    let (fields, years) = match fields.split_at_checked(6)? {
        (fields, []) => (fields, None),
        (fields, [years]) => (fields, Some(*years)),
        _ => return None,
    };
    let &[seconds, minutes, hours, of_month, months, of_week] = fields else { return None };
    // One of the two days is `?`: Quartz takes no expression that says both.
    let day = match (of_month, of_week) {
        ("?", "?") => return None,
        (of_month, "?") => day_of_month(of_month)?,
        ("?", of_week) => day_of_week(of_week)?,
        // As Quartz, which reads `*` of one of them as `?`.
        (of_month, "*") => day_of_month(of_month)?,
        ("*", of_week) => day_of_week(of_week)?,
        _ => return None,
    };
    Some(Cron {
        seconds: list(seconds, 0, 59, &[])?,
        minutes: list(minutes, 0, 59, &[])?,
        hours: list(hours, 0, 23, &[])?,
        months: list(months, 1, 12, &MONTHS)?,
        day,
        years: match years {
            None | Some("*") => None,
            Some(years) => Some(list(years, 1970, LAST_YEAR, &[])?),
        },
    })
}

fn day_of_month(text: &str) -> Option<Day> {
    let (one, is_working) = text.strip_suffix('W').map_or((text, false), |one| (one, true));
    let before_last = if one == "L" { Some("0") } else { one.strip_prefix("L-") };
    if let Some(number) = before_last.map(|text| number(text, 0, MOST_BEFORE_LAST, &[])) {
        return Some(Day::Single { number: number?, is_before_last: true, is_working });
    }
    if is_working {
        let number = number(one, 1, 31, &[])?;
        return Some(Day::Single { number, is_before_last: false, is_working });
    }
    let mut last = false;
    let others: Vec<&str> = text
        .split(',')
        .filter(|part| {
            last |= *part == "L";
            *part != "L"
        })
        .collect();
    let days =
        if others.is_empty() { BTreeSet::new() } else { list(&others.join(","), 1, 31, &[])? };
    Some(Day::OfMonth { days, last })
}

fn day_of_week(text: &str) -> Option<Day> {
    if text == "L" {
        return Some(Day::OfWeek([7].into()));
    }
    if let Some(day) = text.strip_suffix('L') {
        return Some(Day::Nth(number(day, 1, 7, &WEEKDAYS)?, 0));
    }
    if let Some((day, nth)) = text.split_once('#') {
        return Some(Day::Nth(number(day, 1, 7, &WEEKDAYS)?, number(nth, 1, 5, &[])?));
    }
    Some(Day::OfWeek(list(text, 1, 7, &WEEKDAYS)?))
}

/// A list of numbers, ranges and steps. A range may go over the end (`22-2`).
fn list(text: &str, least: i64, most: i64, names: &[&str]) -> Option<BTreeSet<i64>> {
    let length = most - least + 1;
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step, 1, most, &[])?)),
            None => (part, None),
        };
        let (from, until) = if range == "*" || (range.is_empty() && step.is_some()) {
            (least, most)
        } else if let Some((from, until)) = range.split_once('-') {
            (number(from, least, most, names)?, number(until, least, most, names)?)
        } else {
            let from = number(range, least, most, names)?;
            (from, if step.is_some() { most } else { from })
        };
        let until = if until < from { until + length } else { until };
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        all.extend((from..=until).step_by(step).map(|one| (one - least) % length + least));
    }
    Some(all)
}

fn number(text: &str, least: i64, most: i64, names: &[&str]) -> Option<i64> {
    if let Some(index) = names.iter().position(|name| *name == text) {
        return i64::try_from(index).ok().map(|index| index + 1);
    }
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse::<i64>().ok()).flatten()?;
    (least..=most).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{seconds_of, text_of};

    #[track_caller]
    fn check(text: &str, before: &str, expected: &[&str]) {
        let schedule = Schedule::read(text).expect("it is right").expect("it is periodic");
        let mut time = seconds_of(before).expect("a time");
        for next in expected {
            time = schedule.after(time).expect("another one");
            assert_eq!(text_of(time), *next, "{text}");
        }
    }

    #[test]
    fn durations() {
        check("60s", "2026-11-30T14:05:00Z", &["2026-11-30T14:06:00Z", "2026-11-30T14:07:00Z"]);
        check("6 h", "2026-11-30T14:05:00Z", &["2026-11-30T20:05:00Z"]);
        check("PT1H", "2026-11-30T14:05:00Z", &["2026-11-30T15:05:00Z"]);
        for text in ["", " ", "0", "0 s"] {
            assert_eq!(Schedule::read(text), Ok(None));
        }
    }

    #[test]
    fn cron_expressions() {
        let before = "2026-11-30T14:05:00Z";
        check("0 0 3 * * ?", before, &["2026-12-01T03:00:00Z", "2026-12-02T03:00:00Z"]);
        check("0 */20 * ? * *", before, &["2026-11-30T14:20:00Z", "2026-11-30T14:40:00Z"]);
        check("0 0/5 14 * * ?", before, &["2026-11-30T14:10:00Z"]);
        check("0 15 10 ? * MON-FRI", before, &["2026-12-01T10:15:00Z", "2026-12-02T10:15:00Z"]);
        check("0 15 10 ? * 6L", before, &["2026-12-25T10:15:00Z", "2027-01-29T10:15:00Z"]);
        check("0 15 10 ? * 6#3", before, &["2026-12-18T10:15:00Z"]);
        check("0 15 10 L * ?", before, &["2026-12-31T10:15:00Z", "2027-01-31T10:15:00Z"]);
        // The 15th of November 2026 is a Sunday, that of August a Saturday, that of December a Tuesday.
        check(
            "0 0 3 15W 8,11,12 ?",
            "2026-08-01T00:00:00Z",
            &["2026-08-14T03:00:00Z", "2026-11-16T03:00:00Z", "2026-12-15T03:00:00Z"],
        );
        // Neither before the first day of a month nor behind its last one: a Saturday, a Sunday.
        check("0 0 3 1W 8 ?", "2026-07-30T00:00:00Z", &["2026-08-03T03:00:00Z"]);
        check("0 0 3 31W 5 ?", "2026-05-01T00:00:00Z", &["2026-05-29T03:00:00Z"]);
        check(
            "0 0 3 LW * ?",
            "2026-04-29T00:00:00Z",
            &["2026-04-30T03:00:00Z", "2026-05-29T03:00:00Z"],
        );
        check(
            "0 0 3 L-3 * ?",
            before,
            &["2026-12-28T03:00:00Z", "2027-01-28T03:00:00Z", "2027-02-25T03:00:00Z"],
        );
        check(
            "0 0 3 L-3W 1,2 ?",
            before,
            &["2027-01-28T03:00:00Z", "2027-02-25T03:00:00Z", "2028-01-28T03:00:00Z"],
        );
        // A month that is too short has none.
        check(
            "0 0 3 L-30 * ?",
            before,
            &["2026-12-01T03:00:00Z", "2027-01-01T03:00:00Z", "2027-03-01T03:00:00Z"],
        );
        check("0 0 3 31W * ?", "2026-11-01T00:00:00Z", &["2026-12-31T03:00:00Z"]);
        check("0 0 12 1 1 ? 2030", before, &["2030-01-01T12:00:00Z"]);
        check("0 0 22-1 * * ?", before, &["2026-11-30T22:00:00Z", "2026-11-30T23:00:00Z"]);
        check("0 0 0 29 2 ?", before, &["2028-02-29T00:00:00Z"]);
        check("0,30 5 14 * * ?", before, &["2026-11-30T14:05:30Z", "2026-12-01T14:05:00Z"]);
        check("0 11 11 11 NOV ?", before, &["2027-11-11T11:11:00Z"]);
    }

    #[test]
    fn texts_that_are_no_schedule() {
        for text in [
            "soon",
            "5 x",
            "0 0 3 * *",
            "0 0 25 * * ?",
            "0 0 3 ? * ?",
            "0 0 3 1 * 2",
            "60 0 3 * * ?",
            "0 0 3 * 13 ?",
            "0 0 3 32 * ?",
            "0 0 3 ? * 8",
            "a b c d e f",
            "0 0 -3 * * ?",
            "0 0 3 W * ?",
            "0 0 3 32W * ?",
            "0 0 3 1-15W * ?",
            "0 0 3 15W,20W * ?",
            "0 0 3 L-31 * ?",
            "0 0 3 L-3,15 * ?",
            "0 0 3 LW-3 * ?",
            "0 0 3 ? * 15W",
            "0 0 3 ? * L-3",
        ] {
            assert!(Schedule::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_never_comes() {
        let gone = Schedule::read("0 0 12 1 1 ? 2000").unwrap().unwrap();
        assert_eq!(gone.after(seconds_of("2026-11-30T14:05:00Z").unwrap()), None);
    }
}
