//! The order in which a Java `HashMap` or `HashSet` walks texts, where Flink lets it be seen.

/// `String.hashCode`, over units of UTF-16, as the 32 bits that it has.
pub fn hash(text: &str) -> u32 {
    text.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

/// Sorts distinct texts, given in order of insertion, as a `HashMap` that grew by itself walks them.
///
/// Source: `java.util.HashMap` since Java 8: 16 buckets, doubled at three quarters, the hash folded once.
/// A bucket keeps the order of insertion (trees, from 8 in one bucket on, are not followed).
pub fn sort(texts: &mut [String]) {
    let mut buckets: u32 = 16;
    while buckets / 4 * 3 < u32::try_from(texts.len()).unwrap_or(u32::MAX) && buckets < 1 << 30 {
        buckets *= 2;
    }
    texts.sort_by_key(|text| {
        let hash = hash(text);
        (hash ^ (hash >> 16)) & (buckets - 1)
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn hashes_are_those_of_java() {
        // As jshell prints them for `"...".hashCode()`.
        for (text, hash) in [
            ("", 0),
            ("a", 97),
            ("hello", 99_162_322),
            ("polygenelubricants", i32::MIN),
            ("ä", 228),
        ] {
            assert_eq!(super::hash(text).cast_signed(), hash, "{text}");
        }
        // Above U+FFFF there are two units.
        assert_eq!(super::hash("\u{1f43f}"), 0xd83d * 31 + 0xdc3f);
    }

    #[test]
    fn walks_as_java_does() {
        let mut names = ["gpu", "fpga"].map(str::to_owned);
        super::sort(&mut names);
        assert_eq!(names, ["fpga", "gpu"]);
        let mut names = ["gpu", "tpu"].map(str::to_owned);
        super::sort(&mut names);
        assert_eq!(names, ["tpu", "gpu"]);
    }
}
