//! Sizes as Flink reads them. Kubernetes quantities and durations differ and have their own types.

use std::fmt;
use std::str::FromStr;

/// A number of bytes in Flink's notation: `1g`, `512 mb`, `100` (bytes). All units are powers of 1024.
///
/// Source: `org.apache.flink.configuration.MemorySize`, the same in 1.13 to 2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MemorySize(u64);

impl MemorySize {
    /// One mebibyte.
    pub const MIB: u64 = 1 << 20;

    /// A size in bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A size in mebibytes.
    pub const fn from_mib(mib: u64) -> Self {
        Self(mib * Self::MIB)
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// Why a text is not a memory size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemorySizeError {
    /// No digits at the start.
    #[error("`{0}` does not start with a number")]
    NoNumber(String),
    /// The unit is not one of Flink's.
    #[error("`{0}` has a unit that Flink does not know: use b, k, m, g or t")]
    Unit(String),
    /// More than 2^63 - 1 bytes, Java's largest `long`.
    #[error("`{0}` is more bytes than Flink can count")]
    TooLarge(String),
}

impl FromStr for MemorySize {
    type Err = MemorySizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Java trims what is not above a blank, and nothing else.
        let is_blank = |c: char| c <= ' ';
        let trimmed = text.trim_matches(is_blank);
        let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = trimmed.split_at(digits);
        if number.is_empty() {
            return Err(MemorySizeError::NoNumber(text.to_owned()));
        }
        let shift = match unit.trim_matches(is_blank).to_lowercase().as_str() {
            "" | "b" | "bytes" => 0,
            "k" | "kb" | "kibibytes" => 10,
            "m" | "mb" | "mebibytes" => 20,
            "g" | "gb" | "gibibytes" => 30,
            "t" | "tb" | "tebibytes" => 40,
            _ => return Err(MemorySizeError::Unit(text.to_owned())),
        };
        let too_large = || MemorySizeError::TooLarge(text.to_owned());
        let number: u64 = number.parse().map_err(|_| too_large())?;
        let bytes = number.checked_mul(1 << shift).ok_or_else(too_large)?;
        if i64::try_from(bytes).is_err() {
            return Err(too_large());
        }
        Ok(Self(bytes))
    }
}

/// The shortest exact spelling: `1600m`, `1g`, `100b`.
impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, unit) in [(40, "t"), (30, "g"), (20, "m"), (10, "k")] {
            if self.0 != 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}b", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(text.parse::<MemorySize>().ok().map(MemorySize::bytes), expected, "{text:?}");
    }

    #[test]
    fn sizes() {
        check("1", Some(1));
        check(" 2 GB ", Some(2 << 30));
        check("1600m", Some(1600 << 20));
        check("3 kibibytes", Some(3 << 10));
        check("1t", Some(1 << 40));
        check("", None);
        check("-1m", None);
        check("1.5g", None);
        check("1600 mbb", None);
        check("1g\u{3000}", None);
        // The Kelvin sign is a `K` for Java.
        check("1\u{212a}", Some(1 << 10));
        check("9223372036854775807", Some(i64::MAX as u64));
        check("9223372036854775808", None);
        check("99999999999999999999", None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_read_back(bytes in 0..=i64::MAX as u64) {
            let size = MemorySize::from_bytes(bytes);
            proptest::prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
    }
}
