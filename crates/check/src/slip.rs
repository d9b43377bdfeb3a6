//! Words of files that are nearly what is meant.

/// Longest word that is looked at: that of a DNS subdomain. No name or field is longer.
const LONGEST: usize = 253;

/// Shortest word of which a few letters tell what is meant.
pub(super) const SHORTEST: usize = 4;

/// Whether two words differ by some letters at most; two that change places are one.
pub(super) fn is_slip(one: &str, other: &str, most: usize) -> bool {
    // The lengths first: a word of a file may be of any length, and the distance takes memory for each pair of letters.
    one.len().max(other.len()) <= LONGEST
        && one.len().abs_diff(other.len()) <= most
        && strsim::damerau_levenshtein(one, other) <= most
}

#[cfg(test)]
mod tests {
    use super::is_slip;

    #[test]
    fn letters_that_differ() {
        #[track_caller]
        fn check(one: &str, other: &str, most: usize, expected: bool) {
            assert_eq!(is_slip(one, other, most), expected, "{one:.20} {other:.20}");
        }
        check("Deploymnet", "Deployment", 2, true);
        check("Deploymnet", "Deployment", 1, true);
        check("Depolymnet", "Deployment", 1, false);
        check("Pod", "PodTemplate", 2, false);
        let longest = "a".repeat(253);
        check(&longest, &longest.replacen('a', "b", 1), 2, true);
        // Two such names would take terabytes.
        let long = "a".repeat(1_000_000);
        check(&long, &long.replacen('a', "b", 1), 2, false);
    }
}
