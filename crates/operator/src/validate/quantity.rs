//! Quantities of Kubernetes, and memory as FKO reads it, as numbers to compare.

use nutkin_flink::units::MemorySize;

/// Suffixes and what they stand for. Source: `resource.Quantity` of Kubernetes' API machinery.
const SUFFIXES: [(&str, f64); 15] = [
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
];

/// The amount of a quantity; `None` where it is not one.
pub(super) fn amount(text: &str) -> Option<f64> {
    let text = text.trim();
    // `1e3` and `1E3` are numbers, and `1E` is 10^18.
    if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && let Ok(number) = text.parse::<f64>()
        && number.is_finite()
    {
        return Some(number);
    }
    let (number, factor) =
        SUFFIXES.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)))?;
    let is_number = |c: char| c.is_ascii_digit() || "+-.".contains(c);
    if !number.chars().all(is_number) {
        return None;
    }
    number.parse::<f64>().ok().map(|number| number * factor)
}

/// Bytes of a memory size: Flink's notation first, in which `1024m` is mebibytes, then Kubernetes'.
/// Source: `ResourceConfigUtils.parseResourceMemoryString`.
pub(super) fn memory(text: &str) -> Option<f64> {
    match text.parse::<MemorySize>() {
        #[expect(clippy::cast_precision_loss, reason = "sizes are compared, not counted")]
        Ok(size) => Some(size.bytes() as f64),
        Err(_) => amount(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, quantity: Option<f64>, size: Option<f64>) {
        assert_eq!((amount(text), memory(text)), (quantity, size), "{text}");
    }

    #[test]
    fn quantities_are_read_as_kubernetes_does() {
        check("2", Some(2.0), Some(2.0));
        check("500m", Some(0.5), Some(524_288_000.0));
        check("2Gi", Some(2_147_483_648.0), Some(2_147_483_648.0));
        check("2g", None, Some(2_147_483_648.0));
        check("1e3", Some(1000.0), Some(1000.0));
        check("1E", Some(1e18), Some(1e18));
        check("-1", Some(-1.0), Some(-1.0));
        check("", None, None);
        check("lots", None, None);
        check("Gi", None, None);
        check("inf", None, None);
    }
}
