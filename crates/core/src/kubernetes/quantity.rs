//! Quantities of Kubernetes: `2Gi`, `1500M`, `500m`, `2e9`.

/// Suffixes and what they multiply with (`apimachinery/pkg/api/resource/suffix.go`).
const UNITS: &[(&str, f64)] = &[
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("m", 1e-3),
    ("", 1.0),
];

/// Bytes, or another whole number: what is behind the point is cut off.
pub fn whole(text: &str) -> Option<u64> {
    scaled(text, 1.0)
}

/// Thousandths, as CPUs are counted.
pub fn thousandths(text: &str) -> Option<u64> {
    scaled(text, 1000.0)
}

fn scaled(text: &str, by: f64) -> Option<u64> {
    let (number, factor) =
        UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))?;
    let number = number.parse::<f64>().ok().filter(|number| number.is_finite())? * factor * by;
    // Every f64 up to here is a whole number that fits.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was just checked"
    )]
    (0.0..9e18).contains(&number).then_some(number as u64)
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
        assert_eq!(thousandths("500m"), Some(500));
        assert_eq!(thousandths("2"), Some(2000));
        assert_eq!(thousandths("0.25"), Some(250));
    }
}
