//! Nothing is wrong in the examples of session files.

use nutkin_check::{Input, Settings};

#[track_caller]
fn check(name: &str, text: &str) {
    let input = Input { name: format!("examples/{name}.yaml"), text: text.to_owned() };
    let report = nutkin_check::check(&[input], &Settings::default());
    let loud: Vec<_> = report.findings.iter().filter(|one| one.silenced.is_none()).collect();
    assert!(loud.is_empty(), "{loud:#?}");
    assert_eq!(report.sessions.len(), 1, "it is seen as a session");
}

#[test]
fn examples() {
    check("session", include_str!("../../../../examples/session.yaml"));
    check("node-port", include_str!("../../../../examples/node-port.yaml"));
    check("stateful-set", include_str!("../../../../examples/stateful-set.yaml"));
    check("native", include_str!("../../../../examples/native.yaml"));
    check("high-availability", include_str!("../../../../examples/high-availability.yaml"));
}
