//! Reading memory options and the arithmetic of Flink's `MemorySize` and `RangeFraction`.

use crate::Problem;
use crate::java_double;
use crate::units::MemorySize;
use crate::values::{self, ValueError};
use crate::{Configuration, Entry};

/// A memory option: its key, then its old spellings in the order in which Flink looks for them.
pub(super) type Key = [&'static str];

/// The value that an option has under any of its spellings, and the spelling found.
pub(super) fn find<'a>(
    configuration: &'a Configuration,
    key: &'static Key,
) -> Option<(&'static str, &'a Entry)> {
    key.iter().find_map(|key| Some((*key, configuration.get(key)?)))
}

/// Whether an option is set under any of its spellings.
pub(super) fn is_set(configuration: &Configuration, key: &'static Key) -> bool {
    find(configuration, key).is_some()
}

/// A size in bytes, or `default`.
pub(super) fn size(
    configuration: &Configuration,
    key: &'static Key,
    default: u64,
) -> Result<u64, Problem> {
    let Some((spelling, entry)) = find(configuration, key) else { return Ok(default) };
    parse_size(spelling, &entry.value.to_string())
}

/// A size in bytes out of a text, blamed on `path`.
pub(super) fn parse_size(path: &str, text: &str) -> Result<u64, Problem> {
    let size: Result<MemorySize, _> = text.parse();
    size.map(MemorySize::bytes).map_err(|error| {
        Problem::new(path, format!("no memory size: {error}")).hint("write it as `1600m` or `2g`")
    })
}

/// A share of some other size with bounds, Flink's `RangeFraction`.
#[derive(Debug, Clone, Copy)]
pub(super) struct RangeFraction {
    pub(super) min: u64,
    pub(super) max: u64,
    fraction: f64,
}

/// Keys and defaults of a [`RangeFraction`].
pub(super) struct RangeKeys {
    pub(super) fraction: &'static Key,
    pub(super) default: f32,
    pub(super) min: (&'static Key, u64),
    pub(super) max: (&'static Key, u64),
}

/// Java's `MemorySize.MAX_VALUE`.
pub(super) const MAX: u64 = i64::MAX as u64;

impl RangeFraction {
    pub(super) fn read(configuration: &Configuration, keys: &RangeKeys) -> Result<Self, Problem> {
        let min = size(configuration, keys.min.0, keys.min.1)?;
        let max = size(configuration, keys.max.0, keys.max.1)?;
        let fraction = float(configuration, keys.fraction, keys.default)?;
        if max < min {
            let message =
                format!("the least size, {}, is above the largest, {}", show(min), show(max));
            return Err(Problem::new(keys.min.0[0], message)
                .hint(format!("lower `{}` or raise `{}`", keys.min.0[0], keys.max.0[0])));
        }
        Self::new(keys.fraction[0], fraction, min, max)
    }

    pub(super) fn new(path: &str, fraction: f32, min: u64, max: u64) -> Result<Self, Problem> {
        // NaN is in no range.
        if !(0.0..1.0).contains(&fraction) {
            return Err(Problem::new(path, format!("`{fraction}` is not a fraction"))
                .hint("a fraction is at least 0 and less than 1"));
        }
        // Java widens the float: 0.1 is used as 0.10000000149011612.
        Ok(Self { min, max, fraction: f64::from(fraction) })
    }

    /// The share of `base`.
    pub(super) fn of(&self, base: u64) -> Result<u64, Problem> {
        Ok(multiply(base, self.fraction)?.max(self.min).min(self.max))
    }

    /// The share of the whole of which `rest` is what remains without the share.
    pub(super) fn beside(&self, rest: u64) -> Result<u64, Problem> {
        let ratio = self.fraction / (1.0 - self.fraction);
        Ok(multiply(rest, ratio)?.max(self.min).min(self.max))
    }
}

/// `BigDecimal(bytes) * BigDecimal.valueOf(factor)`, truncated: the product of the shortest decimal
/// spelling of the factor, not of its binary value.
fn multiply(bytes: u64, factor: f64) -> Result<u64, Problem> {
    let (digits, mut shift) = if factor == 0.0 { (0, 0) } else { java_double::decimal(factor) };
    let mut product = u128::from(bytes) * digits;
    while shift < 0 && product != 0 {
        product /= 10;
        shift += 1;
    }
    while 0 < shift && product != 0 {
        product = product.checked_mul(10).ok_or_else(too_large)?;
        shift -= 1;
    }
    u64::try_from(product).ok().filter(|bytes| *bytes <= MAX).ok_or_else(too_large)
}

/// Adds sizes as Java's `Math.addExact` does: more than 2^63 - 1 bytes is an error.
pub(super) fn sum(parts: &[u64]) -> Result<u64, Problem> {
    parts.iter().try_fold(0_u64, |total, part| {
        total.checked_add(*part).filter(|total| *total <= MAX).ok_or_else(too_large)
    })
}

fn too_large() -> Problem {
    Problem::new("", "the memory sizes add up to more bytes than Flink can count")
}

/// What a parser of [`values`] makes of an option; `None` where it is not set.
fn parsed<T>(
    configuration: &Configuration,
    key: &'static Key,
    parse: impl Fn(&str) -> Result<T, ValueError>,
    hint: &str,
) -> Result<Option<T>, Problem> {
    let Some((spelling, entry)) = find(configuration, key) else { return Ok(None) };
    let text = entry.value.to_string();
    let blame =
        |error| Problem::new(spelling, format!("`{text}` is not right: {error}")).hint(hint);
    parse(&text).map(Some).map_err(blame)
}

/// A Java `float` option.
pub(super) fn float(
    configuration: &Configuration,
    key: &'static Key,
    default: f32,
) -> Result<f32, Problem> {
    let parse = |text: &str| {
        let double = values::double(text)?;
        // Java rounds the text once, not by way of a double. Only hexadecimal digits are not Rust's.
        let plain = text.trim_matches(|c| c <= ' ').trim_end_matches(['f', 'F', 'd', 'D']);
        #[allow(clippy::cast_possible_truncation, reason = "hexadecimal digits and NaN only")]
        Ok(plain.parse().unwrap_or(double as f32))
    };
    Ok(parsed(configuration, key, parse, "write a fraction as `0.4`")?.unwrap_or(default))
}

/// A Java `double` option.
pub(super) fn double(
    configuration: &Configuration,
    key: &'static Key,
) -> Result<Option<f64>, Problem> {
    parsed(configuration, key, values::double, "write it as `2.5`")
}

/// A Java `int` option.
pub(super) fn integer(
    configuration: &Configuration,
    key: &'static Key,
    default: i32,
) -> Result<i32, Problem> {
    let value = parsed(configuration, key, values::int, "write digits and nothing else")?;
    Ok(value.unwrap_or(default))
}

/// A Java `boolean` option.
pub(super) fn boolean(
    configuration: &Configuration,
    key: &'static Key,
    default: bool,
) -> Result<bool, Problem> {
    let value = parsed(configuration, key, values::boolean, "write `true` or `false`")?;
    Ok(value.unwrap_or(default))
}

/// Bytes as people read them: `1600m`, or bytes with a rounded size beside.
pub(super) fn show(bytes: u64) -> String {
    if bytes.is_multiple_of(MemorySize::MIB) {
        return MemorySize::from_bytes(bytes).to_string();
    }
    format!("{:.1} MiB", bytes as f64 / MemorySize::MIB as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_decimals() {
        #[track_caller]
        fn check(bytes: u64, factor: f64, expected: Option<u64>) {
            assert_eq!(multiply(bytes, factor).ok(), expected);
        }
        check(1 << 30, f64::from(0.1_f32), Some(107_374_184));
        check(1_342_177_280, f64::from(0.4_f32), Some(536_870_920));
        check(10, 0.0, Some(0));
        check(1048 << 20, f64::from(0.080_799_1_f32), Some(88_790_751));
        check(MAX, 1.0, Some(MAX));
        check(MAX, 2.0, None);
        check(MAX, 1e30, None);
        check(3, 1e-30, Some(0));
    }

    #[test]
    fn floats_are_those_of_java() {
        #[track_caller]
        fn check(text: &str, expected: Option<f32>) {
            let configuration = [("a", text)].into_iter().collect();
            assert_eq!(float(&configuration, &["a"], 9.0).ok(), expected, "{text:?}");
        }
        check(" 0.1 ", Some(0.1));
        check("0.1f", Some(0.1));
        check("1e-1", Some(0.1));
        check("0x1p-3", Some(0.125));
        check("0.99999998", Some(1.0));
        check("inf", None);
        check("0.1fd", None);
        check("", None);
    }
}
