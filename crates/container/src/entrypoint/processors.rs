//! How many processors a container may use.

/// What the control groups say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Text of `cpu.max` (version 2): `QUOTA PERIOD`, or `max PERIOD`.
    pub cpu_max: Option<String>,
    /// Text of `cpu.cfs_quota_us` (version 1): microseconds, or -1.
    pub cfs_quota: Option<String>,
    /// Text of `cpu.cfs_period_us`.
    pub cfs_period: Option<String>,
}

/// Processors of the machine, or of the limit where that is less; a part of one counts as one, as Java counts
/// them. At least 1.
pub fn count(machine: u32, limits: &Limits) -> u32 {
    let of_two = || {
        let (quota, period) = limits.cpu_max.as_deref()?.trim().split_once(' ')?;
        Some((quota.parse::<u64>().ok()?, period.trim().parse::<u64>().ok()?))
    };
    let of_one = || {
        let number = |text: &Option<String>| text.as_deref()?.trim().parse::<u64>().ok();
        Some((number(&limits.cfs_quota)?, number(&limits.cfs_period)?))
    };
    let limit = of_two()
        .or_else(of_one)
        .filter(|(quota, period)| 0 < *quota && 0 < *period)
        .and_then(|(quota, period)| u32::try_from(quota.div_ceil(period)).ok());
    limit.map_or(machine, |limit| limit.min(machine)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        #[track_caller]
        fn check(machine: u32, two: Option<&str>, one: Option<(&str, &str)>, expected: u32) {
            let limits = Limits {
                cpu_max: two.map(str::to_owned),
                cfs_quota: one.map(|one| one.0.to_owned()),
                cfs_period: one.map(|one| one.1.to_owned()),
            };
            assert_eq!(count(machine, &limits), expected, "{limits:?}");
        }
        check(8, None, None, 8);
        check(8, Some("200000 100000\n"), None, 2);
        check(8, Some("150000 100000\n"), None, 2);
        check(8, Some("50000 100000\n"), None, 1);
        check(8, Some("max 100000\n"), None, 8);
        check(2, Some("1600000 100000"), None, 2);
        check(8, None, Some(("300000\n", "100000\n")), 3);
        check(8, None, Some(("-1", "100000")), 8);
        check(8, Some("rubbish"), Some(("0", "0")), 8);
        check(0, None, None, 1);
    }
}
