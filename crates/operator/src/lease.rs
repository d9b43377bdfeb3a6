//! Who of several operators acts: the one that holds a Lease. Decided as client-go's leader election does, so that FKO and Nutkin could
//! stand for the same one.
//!
//! Another's clock is not believed: a lease counts as given up when it was seen unchanged for its duration by this clock.

use std::time::Duration;

use nutkin_core::ledger::LeaseMark;
use serde_json::{Value, json};

/// How long a lease holds, and how often it is written. Source: FKO's `leader-election.*` defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerms {
    /// After so long without a sign somebody else takes it.
    pub duration: Duration,
    /// Whoever could not write it for so long acts no more.
    pub deadline: Duration,
    /// How often it is looked at and written.
    pub retry: Duration,
}

impl Default for LeaseTerms {
    fn default() -> Self {
        let [duration, deadline, retry] = [15, 10, 2].map(Duration::from_secs);
        Self { duration, deadline, retry }
    }
}

/// What is done about a lease.
#[derive(Debug, Clone, PartialEq)]
pub enum LeaseTurn {
    /// It is written so: created where there is none, otherwise by compare and swap.
    Write(Value),
    /// Somebody else holds it.
    Wait(String),
}

/// The lease of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseName<'a> {
    /// The operator's own namespace.
    pub namespace: &'a str,
    /// `flink-operator-lease`.
    pub name: &'a str,
    /// Who wants it: the name of this pod.
    pub holder: &'a str,
}

/// How often the lease has changed hands: what fences writes of a holder that slept.
pub fn transitions(lease: &Value) -> i64 {
    lease["spec"]["leaseTransitions"].as_i64().unwrap_or(0)
}

/// What is written into ledgers by whoever holds it.
pub fn mark(lease: &Value) -> LeaseMark {
    let uid = lease["metadata"]["uid"].as_str().unwrap_or_default();
    let transitions = u64::try_from(transitions(lease)).unwrap_or(0);
    LeaseMark { lease: uid.to_owned(), transitions }
}

/// Who holds it.
pub fn holder(lease: &Value) -> Option<&str> {
    lease["spec"]["holderIdentity"].as_str().filter(|holder| !holder.is_empty())
}

/// Decides from the lease as it was found. `unchanged`: for how long it has been seen like this. `now`: RFC 3339 with microseconds.
pub fn lease(
    about: LeaseName<'_>,
    terms: LeaseTerms,
    found: Option<&Value>,
    unchanged: Duration,
    now: &str,
) -> LeaseTurn {
    let spec = |acquired: &Value, transitions: i64| {
        json!({
            "holderIdentity": about.holder,
            "leaseDurationSeconds": terms.duration.as_secs(),
            "acquireTime": acquired,
            "renewTime": now,
            "leaseTransitions": transitions,
        })
    };
    let Some(found) = found else {
        return LeaseTurn::Write(json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": about.name, "namespace": about.namespace},
            "spec": spec(&json!(now), 0),
        }));
    };
    let of = holder(found);
    let is_mine = of == Some(about.holder);
    let seconds = found["spec"]["leaseDurationSeconds"].as_u64();
    let lasts = seconds.map_or(terms.duration, Duration::from_secs);
    if let Some(other) = of.filter(|_| !is_mine && unchanged < lasts) {
        return LeaseTurn::Wait(other.to_owned());
    }
    let mut lease = found.clone();
    let acquired = if is_mine { found["spec"]["acquireTime"].clone() } else { json!(now) };
    lease["apiVersion"] = json!("coordination.k8s.io/v1");
    lease["kind"] = json!("Lease");
    lease["spec"] = spec(&acquired, transitions(found) + i64::from(!is_mine));
    LeaseTurn::Write(lease)
}

/// The lease as its holder leaves it, so that nobody has to wait; `None`: somebody else holds it by now.
pub fn released(about: LeaseName<'_>, lease: &Value, now: &str) -> Option<Value> {
    if holder(lease) != Some(about.holder) {
        return None;
    }
    let mut lease = lease.clone();
    lease["spec"]["holderIdentity"] = json!("");
    // As client-go does: whoever looks at its duration need not wait, either.
    lease["spec"]["leaseDurationSeconds"] = json!(1);
    lease["spec"]["renewTime"] = json!(now);
    Some(lease)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: LeaseName<'_> = LeaseName { namespace: "n", name: "l", holder: "me" };

    #[track_caller]
    fn check(found: Option<&Value>, unchanged: u64, expected: Result<(i64, &str), &str>) -> Value {
        let unchanged = Duration::from_secs(unchanged);
        match lease(ABOUT, LeaseTerms::default(), found, unchanged, "now") {
            LeaseTurn::Write(written) => {
                let acquired = written["spec"]["acquireTime"].as_str().unwrap_or_default();
                assert_eq!(Ok((transitions(&written), acquired)), expected);
                assert_eq!(holder(&written), Some("me"));
                written
            }
            LeaseTurn::Wait(other) => {
                assert_eq!(Err(other.as_str()), expected);
                Value::Null
            }
        }
    }

    #[test]
    fn a_lease_is_taken_when_it_is_free() {
        let mine = check(None, 0, Ok((0, "now")));
        // Renewed, as long as it may take to look.
        check(Some(&mine), 60, Ok((0, "now")));
        let mut other = mine.clone();
        other["spec"]["holderIdentity"] = json!("other");
        other["spec"]["acquireTime"] = json!("before");
        check(Some(&other), 14, Err("other"));
        check(Some(&other), 15, Ok((1, "now")));
        // Its own duration counts, and nobody's clock but mine.
        other["spec"]["leaseDurationSeconds"] = json!(60);
        other["spec"]["renewTime"] = json!("1999");
        check(Some(&other), 59, Err("other"));
        // Only who holds it gives it away.
        assert_eq!(released(ABOUT, &other, "now"), None);
        let about = LeaseName { holder: "other", ..ABOUT };
        let free = released(about, &other, "now").expect("its own");
        check(Some(&free), 0, Ok((1, "now")));
        other["spec"]["holderIdentity"] = json!("me");
        check(Some(&other), 0, Ok((0, "before")));
    }
}
