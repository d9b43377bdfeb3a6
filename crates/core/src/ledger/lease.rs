//! Which operator wrote a ledger last, by the lease that it held: one that slept must not write over what the next one has said.

use serde::{Deserialize, Serialize};

/// The lease of an operator at one of its holders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseMark {
    /// The UID of the Lease. One that was made anew counts from the beginning.
    pub lease: String,
    /// How often it had changed hands.
    pub transitions: u64,
}

impl LeaseMark {
    /// Whether somebody else has taken the same lease since.
    pub fn is_deposed_by(&self, other: &Self) -> bool {
        self.lease == other.lease && self.transitions < other.transitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_holder_of_the_same_lease_deposes() {
        let mark = |lease: &str, transitions| LeaseMark { lease: lease.to_owned(), transitions };
        for (other, expected) in [
            (mark("l", 4), true),
            (mark("l", 3), false),
            (mark("l", 2), false),
            (mark("m", 9), false),
        ] {
            assert_eq!(mark("l", 3).is_deposed_by(&other), expected, "{other:?}");
        }
    }
}
