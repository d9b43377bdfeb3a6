//! Metaspace and overhead of a JVM, and which of the three routes a configuration takes.

use super::read::{self, Key, RangeFraction, RangeKeys, show, sum};
use super::{JvmMemory, MemoryInput};
use crate::Configuration;
use crate::Problem;

/// The options of one process that both processes have.
pub(super) struct ProcessKeys {
    pub(super) name: &'static str,
    pub(super) fine_grained: &'static [&'static Key],
    pub(super) flink: &'static Key,
    pub(super) process: &'static Key,
    pub(super) metaspace: &'static Key,
    pub(super) overhead: RangeKeys,
}

/// Default of `*.memory.jvm-metaspace.size`, both processes.
pub(super) const METASPACE: u64 = 256 << 20;

/// How a configuration determines the memory. Flink tries them in this order.
pub(super) enum Route {
    /// All required parts are given; the rest follows from them.
    FineGrained,
    /// Total Flink memory is given, in bytes.
    Flink(u64),
    /// Total process memory is given: what it leaves for Flink, and the JVM's own part.
    Process(u64, JvmMemory),
}

/// Whether any option determines the size of the process.
pub(super) fn has_size(
    input: &MemoryInput<'_>,
    keys: &ProcessKeys,
    legacy: [&'static Key; 2],
) -> bool {
    let is_set = |key: &'static Key| read::is_set(input.configuration, key);
    is_set(keys.process)
        || is_set(keys.flink)
        || keys.fine_grained.iter().all(|key| is_set(key))
        || (input.version.line().legacy_memory && legacy.into_iter().any(is_set))
}

/// Chooses the route.
pub(super) fn route(configuration: &Configuration, keys: &ProcessKeys) -> Result<Route, Problem> {
    if keys.fine_grained.iter().all(|key| read::is_set(configuration, key)) {
        return Ok(Route::FineGrained);
    }
    if read::is_set(configuration, keys.flink) {
        return Ok(Route::Flink(read::size(configuration, keys.flink, 0)?));
    }
    if !read::is_set(configuration, keys.process) {
        let fine: Vec<String> =
            keys.fine_grained.iter().map(|key| format!("`{}`", key[0])).collect();
        let message = format!("no memory size is set for the {}", keys.name);
        return Err(Problem::new(keys.process[0], message).hint(format!(
            "set `{}` (what the container or machine gives), or `{}`, or {}",
            keys.process[0],
            keys.flink[0],
            fine.join(" and ")
        )));
    }
    let process = read::size(configuration, keys.process, 0)?;
    let metaspace = read::size(configuration, keys.metaspace, METASPACE)?;
    let overhead = RangeFraction::read(configuration, &keys.overhead)?.of(process)?;
    let jvm = JvmMemory { metaspace, overhead };
    let flink = process.checked_sub(sum(&[metaspace, overhead])?).ok_or_else(|| {
        let message = format!(
            "{} is too small: metaspace {} and JVM overhead {} alone are more",
            show(process),
            show(metaspace),
            show(overhead)
        );
        Problem::new(keys.process[0], message)
            .hint(format!("raise it, or lower `{}`", keys.metaspace[0]))
    })?;
    Ok(Route::Process(flink, jvm))
}

/// The JVM's own part beside a known total Flink memory: what the process size leaves when that is set as
/// well, otherwise a share.
pub(super) fn beside(
    configuration: &Configuration,
    keys: &ProcessKeys,
    flink: u64,
) -> Result<JvmMemory, Problem> {
    let metaspace = read::size(configuration, keys.metaspace, METASPACE)?;
    let used = sum(&[flink, metaspace])?;
    if !read::is_set(configuration, keys.process) {
        let overhead = RangeFraction::read(configuration, &keys.overhead)?.beside(used)?;
        return Ok(JvmMemory { metaspace, overhead });
    }
    let process = read::size(configuration, keys.process, 0)?;
    let overhead = process.checked_sub(used).ok_or_else(|| {
        let message = format!(
            "{} is less than Flink's memory {} and metaspace {} together",
            show(process),
            show(flink),
            show(metaspace)
        );
        Problem::new(keys.process[0], message)
            .hint("raise it, or leave it out and let it follow from the parts")
    })?;
    let range = RangeFraction::read(configuration, &keys.overhead)?;
    if overhead < range.min || range.max < overhead {
        let message = format!(
            "leaves {} of JVM overhead, which is not between {} and {}",
            show(overhead),
            show(range.min),
            show(range.max)
        );
        return Err(Problem::new(keys.process[0], message).hint(format!(
            "change it, or the bounds `{}` and `{}`",
            keys.overhead.min.0[0], keys.overhead.max.0[0]
        )));
    }
    Ok(JvmMemory { metaspace, overhead })
}
