//! What the text of an option means: lists, maps, durations, booleans, numbers.
//!
//! Sources: `org.apache.flink.configuration.ConfigurationUtils`, `StructuredOptionsSplitter` and
//! `org.apache.flink.util.TimeUtils` of 1.13.6, 1.17.2, 1.20.5 and 2.3.0, and what they answered to
//! `cargo xtask conformance config`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::notation::{self, Dialect};
use crate::{FlinkVersion, java_double};

/// Why a text is not a value of the type that an option has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A quote that is not at the start or end of an item.
    #[error("a quote at character {0} does not stand at the start or end of an item")]
    StrayQuote(usize),
    /// A quote that is never closed.
    #[error("a quote is not closed")]
    OpenQuote,
    /// An item of a map that is not `key:value`.
    #[error("an item is not `key:value`; a part with `:` or `,` needs quotes, as in `'a:b'`")]
    NoPair,
    /// A key that a map has twice.
    #[error("the key `{0}` appears twice")]
    DuplicateKey(String),
    /// Not `true` or `false`.
    #[error("expected `true` or `false`")]
    Boolean,
    /// Not a whole number, or one outside the range.
    #[error("expected a whole number from {min} to {max}")]
    Integer {
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// Not a number.
    #[error("expected a number")]
    Number,
    /// Not a duration.
    #[error("expected a duration such as `10 s`, `500 ms` or `1 h`")]
    Duration,
    /// None of the allowed words.
    #[error("expected one of {0}")]
    Enumeration(String),
}

/// The items of a list option: `a;b`, and in `config.yaml` also `[a, b]`.
///
/// # Errors
/// When quotes are misplaced.
pub fn list(text: &str, dialect: Dialect) -> Result<Vec<String>, ValueError> {
    if dialect == Dialect::ConfigYaml
        && let Some(items) = notation::list(text)
    {
        return Ok(items);
    }
    split(text, ';')
}

/// The entries of a map option: `k:v,k2:v2`, and in `config.yaml` also `{k: v}`.
///
/// # Errors
/// When quotes are misplaced, an item has no `:` or too many, or a key appears twice.
pub fn map(text: &str, dialect: Dialect) -> Result<BTreeMap<String, String>, ValueError> {
    Ok(entries(text, dialect)?.into_iter().collect())
}

/// The same in the order of the text.
///
/// # Errors
/// As [`map`].
pub fn entries(text: &str, dialect: Dialect) -> Result<Vec<(String, String)>, ValueError> {
    if dialect == Dialect::ConfigYaml
        && let Some(entries) = notation::map(text)
    {
        return Ok(entries);
    }
    let mut entries: Vec<(String, String)> = Vec::new();
    for item in split(text, ',')? {
        let mut parts = split(&item, ':')?.into_iter();
        let (Some(key), Some(value), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(ValueError::NoPair);
        };
        if entries.iter().any(|(known, _)| *known == key) {
            return Err(ValueError::DuplicateKey(key));
        }
        entries.push((key, value));
    }
    Ok(entries)
}

/// The maps of an option that is a list of maps, such as `kubernetes.jobmanager.tolerations`.
///
/// # Errors
/// As [`list`] and [`map`].
pub fn maps(
    text: &str,
    dialect: Dialect,
    version: FlinkVersion,
) -> Result<Vec<BTreeMap<String, String>>, ValueError> {
    if dialect == Dialect::ConfigYaml
        && let Some(maps) = notation::maps(text)
    {
        return Ok(maps);
    }
    // Since 2.0 an item in the old notation may still be a map in the new one: `{a: b};{c: d}`.
    let of_items = if version.is_at_least(2, 0) { dialect } else { Dialect::FlinkConf };
    split(text, ';')?.iter().map(|item| map(item, of_items)).collect()
}

/// `true` or `false`, in any case. Flink knows no `yes` and trims nothing.
///
/// # Errors
/// When it is neither.
pub fn boolean(text: &str) -> Result<bool, ValueError> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(ValueError::Boolean),
    }
}

/// A Java `int`.
///
/// # Errors
/// When it is none. Blanks count: Flink does not trim numbers.
pub fn int(text: &str) -> Result<i32, ValueError> {
    integer(text).ok_or(ValueError::Integer { min: i32::MIN.into(), max: i32::MAX.into() })
}

/// A Java `long`.
///
/// # Errors
/// When it is none.
pub fn long(text: &str) -> Result<i64, ValueError> {
    integer(text).ok_or(ValueError::Integer { min: i64::MIN, max: i64::MAX })
}

fn integer<N: std::str::FromStr>(text: &str) -> Option<N> {
    // Rust and Java agree: an optional sign and decimal digits.
    text.parse().ok()
}

/// A Java `double`: blanks around it and a type suffix (`1.5f`, `1d`) are accepted, as is `NaN`.
///
/// # Errors
/// When it is none.
pub fn double(text: &str) -> Result<f64, ValueError> {
    java_double::parse(text).ok_or(ValueError::Number)
}

/// A double as Java prints it: `1.0`, `1.0E7`.
pub fn double_text(value: f64) -> String {
    java_double::text(value)
}

/// One of an enumeration's names, in any case. Flink trims nothing.
///
/// # Errors
/// When it is not one of them.
pub fn enumeration<'n>(text: &str, names: &[&'n str]) -> Result<&'n str, ValueError> {
    names
        .iter()
        .find(|name| name.eq_ignore_ascii_case(text))
        .copied()
        .ok_or_else(|| ValueError::Enumeration(names.join(", ")))
}

/// A duration: a number, perhaps a unit, milliseconds without one. Since 2.0 also ISO-8601 (`PT10S`).
/// 1.13 does not know `m` for minutes.
///
/// # Errors
/// When it is none, is negative, or is longer than Flink can count.
pub fn duration(text: &str, version: FlinkVersion) -> Result<Duration, ValueError> {
    let trimmed = text.trim_matches(|c| c <= ' ');
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = trimmed.split_at(digits);
    if number.is_empty() {
        return if version.is_at_least(2, 0) {
            iso_duration(trimmed).ok_or(ValueError::Duration)
        } else {
            Err(ValueError::Duration)
        };
    }
    let nanos = unit_nanos(unit.trim_matches(|c| c <= ' '), version).ok_or(ValueError::Duration)?;
    let number: u128 = number.parse().map_err(|_| ValueError::Duration)?;
    if !version.is_at_least(2, 0) && i64::try_from(number).is_err() {
        return Err(ValueError::Duration);
    }
    number.checked_mul(nanos).and_then(of_nanos).ok_or(ValueError::Duration)
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

fn of_nanos(nanos: u128) -> Option<Duration> {
    // Java's Duration counts seconds in a `long`.
    let seconds = i64::try_from(nanos / NANOS_PER_SECOND).ok()?;
    let seconds = u64::try_from(seconds).ok()?;
    let rest = u32::try_from(nanos % NANOS_PER_SECOND).ok()?;
    Some(Duration::new(seconds, rest))
}

fn unit_nanos(unit: &str, version: FlinkVersion) -> Option<u128> {
    Some(match unit.to_lowercase().as_str() {
        "ns" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => 1,
        // The micro sign; its lower case is itself, and Flink's table has no Greek mu.
        "µs" | "micro" | "micros" | "microsecond" | "microseconds" => 1_000,
        "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => NANOS_PER_SECOND,
        "min" | "minute" | "minutes" => 60 * NANOS_PER_SECOND,
        "m" if version.is_at_least(1, 14) => 60 * NANOS_PER_SECOND,
        "h" | "hour" | "hours" => 3_600 * NANOS_PER_SECOND,
        "d" | "day" | "days" => 86_400 * NANOS_PER_SECOND,
        _ => return None,
    })
}

/// `P1DT2H3M4.5S`, as `java.time.Duration.parse` reads it, without signs.
fn iso_duration(text: &str) -> Option<Duration> {
    let upper = text.to_ascii_uppercase();
    let rest = upper.strip_prefix('P')?;
    let (days, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (rest, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let mut nanos: u128 = 0;
    if !days.is_empty() {
        let days: u64 = days.strip_suffix('D')?.parse().ok()?;
        nanos = u128::from(days).checked_mul(86_400 * NANOS_PER_SECOND)?;
    }
    let mut rest = time;
    for (letter, unit) in [('H', 3_600), ('M', 60)] {
        if let Some((number, after)) = rest.split_once(letter) {
            let number: u64 = number.parse().ok()?;
            nanos = nanos.checked_add(u128::from(number).checked_mul(unit * NANOS_PER_SECOND)?)?;
            rest = after;
        }
    }
    if !rest.is_empty() {
        let seconds = rest.strip_suffix('S')?;
        let (whole, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, ""));
        let whole: u64 = whole.parse().ok()?;
        if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let fraction: u128 = format!("{fraction:0<9}").parse().ok()?;
        nanos = nanos.checked_add(u128::from(whole) * NANOS_PER_SECOND + fraction)?;
    }
    of_nanos(nanos)
}

/// Splits at a delimiter; a part in `'..'` or `".."` may hold it, and a doubled quote in such a part is
/// one. Unquoted parts are trimmed. Nothing stands before a first or after a last delimiter.
///
/// # Errors
/// When a quote is not closed or something other than the delimiter follows it.
pub fn split(text: &str, delimiter: char) -> Result<Vec<String>, ValueError> {
    enum Token {
        Quoted(String),
        Unquoted(String),
        Delimiter,
    }
    let chars: Vec<char> = text.chars().collect();
    let mut tokens: Vec<(usize, Token)> = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let start = at;
        if c == '\'' || c == '"' {
            let (part, next) = quoted(&chars, at, c)?;
            tokens.push((start, Token::Quoted(part)));
            at = next;
        } else if c == delimiter {
            tokens.push((start, Token::Delimiter));
            at += 1;
        } else if java_whitespace(c) {
            at += 1;
        } else {
            let end = (at..chars.len()).find(|&i| chars[i] == delimiter).unwrap_or(chars.len());
            let part: String = chars[at..end].iter().collect();
            tokens.push((start, Token::Unquoted(part.trim_matches(|c| c <= ' ').to_owned())));
            at = end;
        }
    }
    let mut parts = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some((_, token)) = tokens.next() {
        let next = tokens.peek();
        match token {
            Token::Quoted(part) => {
                if let Some((position, Token::Quoted(_) | Token::Unquoted(_))) = next {
                    return Err(ValueError::StrayQuote(position.saturating_sub(1)));
                }
                parts.push(part);
            }
            Token::Unquoted(part) => parts.push(part),
            Token::Delimiter => {
                if let Some((_, Token::Delimiter)) = next {
                    parts.push(String::new());
                }
            }
        }
    }
    Ok(parts)
}

/// The part that begins with the quote at `start`, and where the text goes on after it.
fn quoted(chars: &[char], start: usize, quote: char) -> Result<(String, usize), ValueError> {
    let mut part = String::new();
    let mut at = start + 1;
    while let Some(&c) = chars.get(at) {
        if c != quote {
            part.push(c);
            at += 1;
        } else if chars.get(at + 1) == Some(&quote) {
            part.push(c);
            at += 2;
        } else {
            return Ok((part, at + 1));
        }
    }
    Err(ValueError::OpenQuote)
}

/// `Character.isWhitespace` of Java: Unicode spaces without the no-break ones, and the separators.
fn java_whitespace(c: char) -> bool {
    match c {
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}' => false,
        '\u{1c}'..='\u{1f}' => true,
        _ => c.is_whitespace(),
    }
}

/// Quotes a part if it holds one of these characters or a quote, so that [`split`] gives it back.
pub fn quote(part: &str, special: &[char]) -> String {
    let needs = part.contains(['\'', '"'])
        || part.contains(special)
        || part.is_empty()
        || part.trim_matches(|c| c <= ' ').len() != part.len()
        || part.starts_with(java_whitespace);
    if needs { format!("'{}'", part.replace('\'', "''")) } else { part.to_owned() }
}

/// A list option as text that every Flink reads: `a;b`.
pub fn write_list<S: AsRef<str>>(items: &[S]) -> String {
    let items: Vec<String> = items.iter().map(|item| quote(item.as_ref(), &[';'])).collect();
    items.join(";")
}

/// A map option as text that every Flink reads: `k:v,k2:v2`.
pub fn write_map(map: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = map
        .iter()
        .map(|(key, value)| {
            quote(&format!("{}:{}", quote(key, &[':']), quote(value, &[':'])), &[','])
        })
        .collect();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V1_20: FlinkVersion = FlinkVersion::DEFAULT;
    const V2_3: FlinkVersion = FlinkVersion::new(2, 3, 0);
    const V1_13: FlinkVersion = FlinkVersion::new(1, 13, 6);

    #[track_caller]
    fn check_list(text: &str, dialect: Dialect, expected: Option<&[&str]>) {
        let items = list(text, dialect).ok();
        let items = items.as_deref().map(|i| i.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(items.as_deref(), expected, "{text:?} in {dialect:?}");
    }

    #[test]
    fn lists() {
        for dialect in [Dialect::FlinkConf, Dialect::ConfigYaml] {
            check_list("x;y", dialect, Some(&["x", "y"]));
            check_list("'a;b';c", dialect, Some(&["a;b", "c"]));
            check_list("x;;y;", dialect, Some(&["x", "", "y"]));
            check_list("[x", dialect, Some(&["[x"]));
            check_list("\"x\"y", dialect, None);
            check_list("'x", dialect, None);
            check_list("'it''s' ; b ", dialect, Some(&["it's", "b"]));
            check_list("", dialect, Some(&[]));
        }
        check_list("[x, y]", Dialect::FlinkConf, Some(&["[x, y]"]));
        check_list("[x, y]", Dialect::ConfigYaml, Some(&["x", "y"]));
        check_list("[a, 1, {b: c}]", Dialect::ConfigYaml, Some(&["a", "1", "{b: c}"]));
        // A null in a list throws inside Flink, which then tries the old notation.
        check_list("[1, null]", Dialect::ConfigYaml, Some(&["[1, null]"]));
        check_list("- a\n- b", Dialect::ConfigYaml, Some(&["a", "b"]));
    }

    #[track_caller]
    fn check_map(text: &str, dialect: Dialect, expected: Option<&[(&str, &str)]>) {
        let found = map(text, dialect).ok();
        let found = found.as_ref().map(|m| m.iter().map(|(k, v)| (&**k, &**v)).collect::<Vec<_>>());
        assert_eq!(found.as_deref(), expected, "{text:?} in {dialect:?}");
    }

    #[test]
    fn one_map() {
        for dialect in [Dialect::FlinkConf, Dialect::ConfigYaml] {
            check_map("k:v,k2:v2", dialect, Some(&[("k", "v"), ("k2", "v2")]));
            check_map("'url:''http://x'''", dialect, Some(&[("url", "http://x")]));
            check_map("'a:b':'c'", dialect, None);
            check_map("'k:http://x',b:c", dialect, None);
            check_map("k", dialect, None);
            check_map("a:b:c", dialect, None);
            check_map("a:b,a:c", dialect, None);
            check_map("a:b,,c:d", dialect, None);
        }
        check_map("{k: v}", Dialect::FlinkConf, Some(&[("{k", "v}")]));
        check_map("{k: v}", Dialect::ConfigYaml, Some(&[("k", "v")]));
        check_map(
            "{k: {x: y}, l: [1, 2], n: 07}",
            Dialect::ConfigYaml,
            Some(&[("k", "{x: y}"), ("l", "[1, 2]"), ("n", "7")]),
        );
    }

    #[test]
    fn several_maps() {
        let found = maps("k:v,l:w;k:x", Dialect::FlinkConf, V1_20).unwrap();
        assert_eq!(found.iter().map(write_map).collect::<Vec<_>>(), ["k:v,l:w", "k:x"]);
        let found = maps("[{a: b}, {c: 1}]", Dialect::ConfigYaml, V1_20).unwrap();
        assert_eq!(found.iter().map(write_map).collect::<Vec<_>>(), ["a:b", "c:1"]);
        assert!(maps("[a, b]", Dialect::ConfigYaml, V1_20).is_err());
        let found = |version| maps("{a: b}", Dialect::ConfigYaml, version).unwrap()[0].clone();
        assert_eq!(
            (write_map(&found(V1_20)), write_map(&found(V2_3))),
            ("{a:b}".into(), "a:b".into())
        );
    }

    #[track_caller]
    fn check_duration(text: &str, version: FlinkVersion, expected: Option<(u64, u32)>) {
        let found = duration(text, version).ok().map(|d| (d.as_secs(), d.subsec_nanos()));
        assert_eq!(found, expected, "{text:?} in {version}");
    }

    #[test]
    fn durations() {
        check_duration("10 s", V1_20, Some((10, 0)));
        check_duration("10", V1_20, Some((0, 10_000_000)));
        check_duration("1m", V1_20, Some((60, 0)));
        check_duration("1m", V1_13, None);
        check_duration("1H", V1_20, Some((3600, 0)));
        check_duration("1 µs", V1_20, Some((0, 1000)));
        check_duration(" 5ns ", V1_20, Some((0, 5)));
        check_duration("PT1H", V1_20, None);
        check_duration("PT1H", V2_3, Some((3600, 0)));
        check_duration("P1DT2H3M4.5S", V2_3, Some((93_784, 500_000_000)));
        check_duration("PT-5S", V2_3, None);
        check_duration("-5s", V2_3, None);
        check_duration("", V2_3, None);
        check_duration("P", V2_3, None);
        check_duration("PT", V2_3, None);
        check_duration("1 fortnight", V2_3, None);
        check_duration("99999999999999999999", V1_20, None);
        check_duration("99999999999999999999", V2_3, Some((99_999_999_999_999_999, 999_000_000)));
    }

    #[test]
    fn scalars() {
        assert_eq!(boolean("TRUE"), Ok(true));
        assert!(boolean("yes").is_err() && boolean(" true").is_err());
        assert_eq!(int("+7"), Ok(7));
        assert!(int("1.0").is_err() && int("3000000000").is_err() && int(" 7").is_err());
        assert_eq!(long("3000000000"), Ok(3_000_000_000));
        assert_eq!(double(" 1.5f"), Ok(1.5));
        assert_eq!(double("0x1p3"), Ok(8.0));
        assert_eq!(double("1e3"), Ok(1000.0));
        assert!(double("NaN").unwrap().is_nan());
        assert!(double("inf").is_err() && double("").is_err() && double("nan").is_err());
        assert_eq!(enumeration("red", &["RED", "GREEN"]), Ok("RED"));
        assert!(enumeration(" red", &["RED"]).is_err());
    }

    proptest! {
        #[test]
        fn a_list_is_read_back(items in proptest::collection::vec("[ -~é;'\"\\t]{0,8}", 0..5)) {
            prop_assert_eq!(list(&write_list(&items), Dialect::FlinkConf), Ok(items));
        }

        #[test]
        fn a_map_is_read_back(map in proptest::collection::btree_map("[ -~é]{0,8}", "[ -~é]{0,8}", 0..5)) {
            prop_assert_eq!(super::map(&write_map(&map), Dialect::FlinkConf), Ok(map));
        }

        #[test]
        fn nothing_panics(text in ".*") {
            for dialect in [Dialect::FlinkConf, Dialect::ConfigYaml] {
                let _ = (list(&text, dialect), map(&text, dialect), maps(&text, dialect, V2_3));
            }
            let _ = (duration(&text, V2_3), double(&text), int(&text), boolean(&text));
        }
    }
}
