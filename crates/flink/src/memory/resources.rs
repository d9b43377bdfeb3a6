//! What a TaskManager has beside memory: CPU cores and external resources such as GPUs.
//!
//! Source: `TaskExecutorProcessUtils`, `ExternalResourceUtils` and `Resource` of Flink, as observed.

use super::read::{self, Key};
use crate::Problem;
use crate::dialect::Dialect;
use crate::{Configuration, FlinkVersion, java_double, java_order, values};

pub(super) const SLOTS: &Key = &["taskmanager.numberOfTaskSlots"];
pub(super) const CPU: &Key = &["taskmanager.cpu.cores"];
pub(super) const EXTERNAL: &str = "external-resources";

/// Digits after the point that Flink keeps of a number of cores (`Resource.MAX_VALUE_SCALE`).
const CPU_DIGITS: i32 = 8;

/// The number of cores; one for each slot where none is set.
pub(super) fn cpu(
    configuration: &Configuration,
    version: FlinkVersion,
    slots: i32,
) -> Result<f64, Problem> {
    let cpu = read::double(configuration, CPU)?.unwrap_or_else(|| f64::from(slots));
    if !cpu.is_finite() || cpu <= 0.0 {
        let (path, text) = if read::is_set(configuration, CPU) {
            (CPU[0], "a TaskManager needs a number of CPU cores above 0")
        } else {
            (SLOTS[0], "a TaskManager needs at least one slot")
        };
        return Err(Problem::new(path, text).hint(format!("set `{path}` to a number above 0")));
    }
    // 1.13.6 keeps all digits; 1.17.2 and later cut off.
    Ok(if version.is_at_least(1, 14) { cut(cpu) } else { cpu })
}

/// Cuts off the decimal spelling, as `BigDecimal.valueOf(cpu).setScale(8, DOWN)` does.
fn cut(cpu: f64) -> f64 {
    let (digits, exponent) = java_double::decimal(cpu);
    let surplus = u32::try_from(-(CPU_DIGITS + exponent)).unwrap_or(0);
    if surplus == 0 {
        return cpu;
    }
    // Ten to the power of 39 is more than 128 bits hold, and any digits are nothing beside it.
    let scaled = 10_u128.checked_pow(surplus).map_or(0, |unit| digits / unit);
    format!("{scaled}e-{CPU_DIGITS}").parse().unwrap_or(cpu)
}

/// Names of the external resources in Flink's order, each with its amount.
pub(super) fn external(
    configuration: &Configuration,
    version: FlinkVersion,
) -> Result<Vec<(String, i64)>, Problem> {
    let Some(text) = configuration.text(EXTERNAL) else { return Ok(Vec::new()) };
    if text == "none" {
        return Ok(Vec::new());
    }
    let list = values::list(&text, Dialect::for_version(version)).map_err(|error| {
        Problem::new(EXTERNAL, format!("`{text}` is not a list: {error}"))
            .hint("write it as `gpu;fpga`")
    })?;
    let mut names: Vec<String> = Vec::new();
    for name in list {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    java_order::sort(&mut names);
    let mut resources = Vec::new();
    for name in names {
        let key = format!("external-resource.{name}.amount");
        // Without an amount, or with none above 0, Flink only warns and leaves the resource out.
        let Some(text) = configuration.text(&key) else { continue };
        let amount = values::long(&text).map_err(|error| {
            Problem::new(&key, format!("`{text}` is not an amount: {error}"))
                .hint("write it as `1`")
        })?;
        if 0 < amount {
            resources.push((name, by_way_of_double(amount)));
        }
    }
    Ok(resources)
}

/// Flink keeps an amount as a double and prints its low 64 bits.
fn by_way_of_double(amount: i64) -> i64 {
    let decimal = format!("{}", amount as f64);
    #[allow(clippy::cast_possible_truncation, reason = "what `BigDecimal.longValue` does")]
    decimal.parse::<i128>().map_or(amount, |amount| amount as i64)
}

#[cfg(test)]
mod tests {
    #[test]
    fn cores_are_cut_off() {
        #[track_caller]
        fn check(cpu: f64, expected: f64) {
            assert_eq!(super::cut(cpu).to_bits(), expected.to_bits(), "{cpu}");
        }
        check(2.5, 2.5);
        check(0.999_999_970_197_678, 0.999_999_97);
        check(0.000_000_029, 0.000_000_02);
        check(0.999_999_995, 0.999_999_99);
        check(1e-50, 0.0);
        check(1e300, 1e300);
    }

    #[test]
    fn large_amounts_wrap_as_in_flink() {
        assert_eq!(super::by_way_of_double(3), 3);
        assert_eq!(super::by_way_of_double(i64::MAX), -9_223_372_036_854_775_616);
    }
}
