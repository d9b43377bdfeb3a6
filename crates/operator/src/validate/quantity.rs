//! Quantities of Kubernetes, and memory as FKO reads it, as numbers to compare.

use nutkin_core::kubernetes::quantity;
use nutkin_flink::units::MemorySize;

/// The amount of a quantity; `None` where it is not one.
pub(super) fn amount(text: &str) -> Option<f64> {
    let text = text.trim();
    // Kubernetes takes no exponent before a suffix: `1e3Ki`.
    let is_letter = |c: char| c.is_ascii_alphabetic();
    let number = text.trim_end_matches(is_letter);
    let has_both = number.len() < text.len() && number.contains(is_letter);
    if has_both { None } else { quantity::amount(text) }
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
        check("1e3Ki", None, None);
    }
}
