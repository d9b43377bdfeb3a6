//! The order in which a Java `HashMap` or `HashSet` walks texts, where Flink lets it be seen.

/// `String.hashCode`.
fn hash(text: &str) -> u32 {
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
    fn walks_as_java_does() {
        let mut names = ["gpu", "fpga"].map(str::to_owned);
        super::sort(&mut names);
        assert_eq!(names, ["fpga", "gpu"]);
        let mut names = ["gpu", "tpu"].map(str::to_owned);
        super::sort(&mut names);
        assert_eq!(names, ["tpu", "gpu"]);
    }
}
