//! Figures of several runs: medians, ratios pair by pair, and how they are written.

use std::time::Duration;

const MIB: f64 = 1024.0 * 1024.0;

/// The middle one; of an even number the mean of the two in the middle. Nothing has a median of NaN.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (Some(figure), 1) => *figure,
        (Some(upper), _) => f64::midpoint(sorted[middle - 1], *upper),
        (None, _) => f64::NAN,
    }
}

/// The median of the ratios of each pair: a machine that gets slower in the middle slows both of a pair.
pub(crate) fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    median(&ratios)
}

/// What figures count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes, written as MiB.
    Bytes,
}

impl Unit {
    /// A duration in this unit. Bytes have none.
    pub(crate) fn of(self, duration: Duration) -> f64 {
        match self {
            Self::Milliseconds => duration.as_secs_f64() * 1000.0,
            Self::Seconds | Self::Bytes => duration.as_secs_f64(),
        }
    }

    /// A figure with its unit.
    pub(crate) fn text(self, figure: f64) -> String {
        match self {
            Self::Milliseconds if figure < 10.0 => format!("{figure:.1} ms"),
            Self::Milliseconds => format!("{figure:.0} ms"),
            Self::Seconds => format!("{figure:.2} s"),
            Self::Bytes => format!("{:.1} MiB", figure / MIB),
        }
    }

    /// Bytes of so many MiB, for limits.
    pub(crate) fn mebibytes(count: u32) -> f64 {
        f64::from(count) * MIB
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-9, "{actual} is not {expected}");
    }

    #[test]
    fn one_wild_run_does_not_move_a_median() {
        near(median(&[3.0, 1.0, 1000.0]), 3.0);
        near(median(&[4.0, 1.0, 2.0, 1000.0]), 3.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ratios_are_taken_in_pairs() {
        // The machine got ten times slower after the first pair.
        near(ratio(&[1.0, 10.0, 10.0], &[2.0, 20.0, 20.0]), 0.5);
    }

    #[test]
    fn figures_with_units() {
        assert_eq!(Unit::Milliseconds.text(4.96), "5.0 ms");
        assert_eq!(Unit::Milliseconds.text(412.3), "412 ms");
        assert_eq!(Unit::Seconds.text(7.456), "7.46 s");
        assert_eq!(Unit::Bytes.text(Unit::mebibytes(6)), "6.0 MiB");
        near(Unit::Milliseconds.of(Duration::from_micros(1500)), 1.5);
        near(Unit::Seconds.of(Duration::from_millis(1500)), 1.5);
    }
}
