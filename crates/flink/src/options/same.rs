//! Whether two texts are one value of an option: `1600m` and `1677721600b`, `10 s` and `10000ms`, `TRUE` and `true`.

use super::find;
use crate::FlinkVersion;
use crate::units::MemorySize;
use crate::values;

/// Whether Flink reads the same from both texts. Of an option that no version knows, and of types that may be read by
/// others than Flink, only equal texts are the same.
pub fn is_same(key: &str, one: &str, other: &str, version: FlinkVersion) -> bool {
    if one == other {
        return true;
    }
    let info = find(key);
    let facts = info.as_ref().and_then(|info| info.at(version));
    match facts.map(|facts| facts.type_name) {
        Some("MemorySize") => {
            let bytes = |text: &str| text.parse::<MemorySize>().ok();
            bytes(one).is_some() && bytes(one) == bytes(other)
        }
        Some("Duration") => {
            let time = |text: &str| values::duration(text, version).ok();
            time(one).is_some() && time(one) == time(other)
        }
        Some("Boolean") => one.trim().eq_ignore_ascii_case(other.trim()),
        Some("Integer" | "Long") => {
            let number = |text: &str| text.trim().parse::<i64>().ok();
            number(one).is_some() && number(one) == number(other)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_other_words() {
        #[track_caller]
        fn check(key: &str, one: &str, other: &str, expected: bool) {
            let version = FlinkVersion::new(1, 20, 5);
            assert_eq!(is_same(key, one, other, version), expected, "{key}: {one}, {other}");
            assert_eq!(is_same(key, other, one, version), expected, "{key}: {other}, {one}");
        }
        check("jobmanager.memory.process.size", "1677721600b", "1600m", true);
        check("jobmanager.memory.process.size", "1600 mb", "1600m", true);
        check("execution.checkpointing.interval", "10s", "10000 ms", true);
        check("taskmanager.numberOfTaskSlots", "2", " 2", true);
        check("web.submit.enable", "TRUE", "true", true);
        // The controls: other values, texts that are none, and options that nobody knows.
        check("jobmanager.memory.process.size", "1677721600b", "1601m", false);
        check("jobmanager.memory.process.size", "a", "b", false);
        check("execution.checkpointing.interval", "10s", "10 min", false);
        check("web.submit.enable", "true", "false", false);
        check("my.size", "1k", "1024b", false);
        check("env.java.opts.all", "-Da=1k", "-Da=1024", false);
    }
}
