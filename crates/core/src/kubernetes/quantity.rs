//! Quantities of Kubernetes: `2Gi`, `1500M`, `500m`, `2e9`.

/// Suffixes and what they multiply with (`apimachinery/pkg/api/resource/suffix.go`).
const UNITS: [(&str, f64); 16] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("", 1.0),
];

/// The amount of a quantity, as a number to compare; `None` where it is not one.
pub fn amount(text: &str) -> Option<f64> {
    let (number, factor) =
        UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))?;
    // An exponent before a suffix (`1e3Ki`) is taken, too, which Kubernetes refuses. Words that are numbers to Rust (`inf`) are not.
    let number = number.parse::<f64>().ok().filter(|number| number.is_finite())?;
    Some(number * factor)
}

/// Bytes, or another whole number: what is behind the point is cut off.
pub fn whole(text: &str) -> Option<u64> {
    counted(amount(text)?, f64::trunc)
}

/// Thousandths, as CPUs are counted.
pub fn thousandths(text: &str) -> Option<u64> {
    // In binary, a thousand times 4.007 is a little less than 4007.
    counted(amount(text)? * 1000.0, f64::round)
}

fn counted(number: f64, as_whole: impl Fn(f64) -> f64) -> Option<u64> {
    // Every f64 up to here is a whole number that fits.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was just checked"
    )]
    (0.0..9e18).contains(&number).then(|| as_whole(number) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(whole(text), expected, "{text:?}");
    }

    #[test]
    fn quantities() {
        check("2Gi", Some(2 << 30));
        check("2048Mi", Some(2 << 30));
        check("1500M", Some(1_500_000_000));
        check("1.5Gi", Some(3 << 29));
        check("1e9", Some(1_000_000_000));
        check("2 Gi", None);
        check("much", None);
        check("-1", None);
        check("1Pi", Some(1 << 50));
        check("1E", Some(1_000_000_000_000_000_000));
        check("9Ei", None);
        check("1e3Ki", Some(1_024_000));
        check("1999m", Some(1));
        check("inf", None);
        check("", None);
    }

    #[test]
    fn thousandths_of_quantities() {
        #[track_caller]
        fn check(text: &str, expected: Option<u64>) {
            assert_eq!(thousandths(text), expected, "{text:?}");
        }
        check("500m", Some(500));
        check("2", Some(2000));
        check("0.25", Some(250));
        check("4007m", Some(4007));
        check("1.001", Some(1001));
        check("1500000u", Some(1500));
        check("1000000n", Some(1));
        check("2k", Some(2_000_000));
        check("-0.0001", None);
        check("", None);
        for all in 1..=20_000 {
            check(&format!("{all}m"), Some(all));
        }
    }
}
