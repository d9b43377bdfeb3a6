//! The table is complete, its defaults can be read, and values are read as FKO reads them.

use std::path::Path;

use nutkin_testkit::check_golden;

use super::*;

#[test]
fn the_table_has_the_80_options_in_order() {
    assert_eq!(OPTIONS.len(), 80);
    assert_eq!(OPTIONS.iter().filter(|option| option.scope == OptionScope::Resource).count(), 35);
    assert!(OPTIONS.is_sorted_by_key(|option| option.key));
    assert!(OPTIONS.windows(2).all(|pair| pair[0].key != pair[1].key));
    for option in OPTIONS {
        let Some(default) = option.default.filter(|default| !default.is_empty()) else { continue };
        assert_eq!(wrong(option.holds, default), None, "{}", option.key);
    }
}

#[test]
fn the_page_is_made_from_the_table() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operator-options.md"));
    check_golden(path, &page());
}

fn options(pairs: &[(&str, &str)]) -> Configuration {
    pairs.iter().map(|(key, value)| ([PREFIX, key].concat(), *value)).collect()
}

#[test]
fn without_a_word_the_defaults_count() {
    let wide = OperatorWide::of(&Configuration::new());
    assert_eq!(wide.namespaces, WatchedNamespaces::All);
    assert_eq!((wide.health, wide.lease.as_str()), (Some(8085), LEASE));
    let times = [wide.terms.duration, wide.terms.deadline, wide.terms.retry];
    assert_eq!(times.map(|time| time.as_secs()), [15, 10, 2]);
    assert_eq!(wide.jars, crate::validate::JarPolicy::default());
}

#[test]
fn values_are_read() {
    let wide = OperatorWide::of(&options(&[
        ("watched.namespaces", "default,flink"),
        ("label.selector", "team=a"),
        ("user.artifacts.allowed-schemes", "https, S3"),
        ("user.artifacts.disallow-restricted-hosts", "false"),
        ("health.probe.enabled", "false"),
        ("leader-election.lease-name", "mine"),
        ("leader-election.retry-period", "500 ms"),
    ]));
    let names = ["default", "flink"].map(str::to_owned).into();
    assert_eq!(wide.namespaces, WatchedNamespaces::These(names));
    assert_eq!((wide.selector.as_deref(), wide.lease.as_str()), (Some("team=a"), "mine"));
    assert_eq!(wide.terms.retry.as_millis(), 500);
    assert_eq!(wide.jars.schemes, ["https", "s3"]);
    assert!(!wide.jars.refuse_restricted && wide.health.is_none());
    let own = OperatorWide::of(&options(&[("watched.namespaces", "JOSDK_WATCH_CURRENT")]));
    assert_eq!(own.namespaces, WatchedNamespaces::Own);
}

#[test]
fn what_cannot_be_read_is_said_and_counts_as_the_default() {
    let wrong = options(&[
        ("leader-election.retry-period", "soon"),
        ("made.up", "x"),
        ("reconcile.parallelism", "-1"),
    ]);
    let found = problems(&wrong);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(OperatorWide::of(&wrong).terms.retry.as_secs(), 2);
}

#[test]
fn times_by_which_two_could_lead_do_not_count() {
    for (key, value) in [
        ("leader-election.renew-deadline", "15 s"),
        ("leader-election.lease-duration", "10 s"),
        ("leader-election.retry-period", "0 s"),
        ("leader-election.retry-period", "9 s"),
    ] {
        let wrong = options(&[(key, value)]);
        assert_eq!(problems(&wrong).len(), 1, "{key}: {value}");
        let wide = OperatorWide::of(&wrong);
        let times = [wide.terms.duration, wide.terms.deadline, wide.terms.retry];
        assert_eq!(times.map(|time| time.as_secs()), [15, 10, 2]);
    }
}

#[test]
fn listeners_are_found_under_any_name() {
    assert!(find("kubernetes.operator.plugins.listeners.mine.class").is_some());
    assert!(find("kubernetes.operator.plugins.listeners.class").is_none());
    assert!(find("kubernetes.operator.reconcile.interval").is_some());
    assert!(find("reconcile.interval").is_none());
}
