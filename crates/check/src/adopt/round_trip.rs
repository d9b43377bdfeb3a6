//! Round trips: a system becomes a session file, the session file is planned, and whatever is otherwise in what
//! comes out has a reason.

use super::difference::{LineDifference, differences, rendered};
use super::{Adoption, AdoptionRequest, adopt};
use crate::{self as check, Input, Settings, Severity};

fn inputs(files: &[(&str, &str)]) -> Vec<Input> {
    files
        .iter()
        .map(|(name, text)| Input { name: (*name).to_owned(), text: (*text).to_owned() })
        .collect()
}

/// Nothing is otherwise without a reason, and nothing is wrong with what comes out.
#[track_caller]
fn check(files: &[(&str, &str)]) -> (Adoption, Vec<LineDifference>) {
    let request = AdoptionRequest::default();
    let inputs = inputs(files);
    let adoption = adopt(&inputs, &request).unwrap();
    let found = differences(&inputs, &request, &adoption).unwrap();
    let unexplained: Vec<String> = found
        .iter()
        .filter(|one| one.why.is_none())
        .map(|one| format!("{}: {}", one.object, one.line()))
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}\n{}", adoption.text);
    let made = Input { name: "made.yaml".to_owned(), text: rendered(&adoption).unwrap() };
    let report = check::check(&[made], &Settings::default());
    let alarms: Vec<_> =
        report.findings.iter().filter(|found| found.severity() != Severity::Note).collect();
    assert!(alarms.is_empty(), "{alarms:#?}\n{}", rendered(&adoption).unwrap());
    (adoption, found)
}

/// Texts of the differences of one object: `path: was -> is`.
fn lines<'a>(found: &'a [LineDifference], object: &'a str) -> impl Iterator<Item = String> + 'a {
    found.iter().filter(move |one| one.object == object).map(LineDifference::line)
}

macro_rules! fixture {
    ($name:literal) => {
        ($name, include_str!(concat!("../../fixtures/adopt/", $name)))
    };
}

#[test]
fn hand_written_deployments() {
    check(&[("session.yaml", include_str!("../../fixtures/check/standalone/session.yaml"))]);
    let (adoption, _) = check(&[
        ("session.yaml", include_str!("../../fixtures/check/kubernetes-ha/session.yaml")),
        ("access.yaml", include_str!("../../fixtures/check/kubernetes-ha/access.yaml")),
    ]);
    assert_eq!(adoption.name, "orders");
}

#[test]
fn stateful_sets_with_claims_budgets_and_sidecars() {
    let (adoption, found) = check(&[fixture!("stateful.yaml")]);
    assert_eq!(adoption.name, "lines");
    let text = &adoption.text;
    for line in [
        "nutkin.standalone.workload: statefulset",
        "nutkin.claim.scratch.size: 20Gi",
        "nutkin.claim.scratch.storage-class: local",
        "tier: stream",
        "team: rivers",
        "command:\n          - sh",
        "containerPort: 9249",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let of = |kind: &str| adoption.beside.iter().find(|object| object["kind"] == kind).unwrap();
    let selector = &of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"];
    assert_eq!((&selector["app"], &selector["tier"]), (&"lines".into(), &"stream".into()));
    let services = adoption.beside.iter().filter(|object| object["kind"] == "Service");
    let roles: Vec<_> = services.map(|one| &one["spec"]["selector"]["component"]).collect();
    assert_eq!(roles, ["jobmanager", "taskmanager"]);
    let limit = "spec.template.spec.containers[main].resources.limits.memory";
    assert!(!lines(&found, "JobManager").any(|line| line.starts_with(limit)), "{found:#?}");
}

/// Session files of the operator come out as they went in.
#[test]
fn session_files_are_kept() {
    for fixture in [
        fixture!("session.yaml"),
        fixture!("ha.yaml"),
        fixture!("pod-template.yaml"),
        fixture!("ingress.yaml"),
    ] {
        let (adoption, found) = check(&[fixture]);
        assert_eq!(adoption.text, fixture.1);
        assert!(found.is_empty() && adoption.cures.is_empty(), "{found:#?}");
    }
}

#[test]
fn what_a_cluster_wrote_into_session_files_is_left_out() {
    let (adoption, found) = check(&[fixture!("jobs.yaml")]);
    let text = &adoption.text;
    for gone in ["status", "READY", "uid", "4711", "finalizer", "last-applied"] {
        assert!(!text.contains(gone), "{gone} in\n{text}");
    }
    for kept in ["# Counts words", "name: count", "---\n", "cpu: 0.5"] {
        assert!(text.contains(kept), "{kept} in\n{text}");
    }
    assert!(found.iter().all(|one| one.why.as_deref() == Some("written by the cluster")));
}

#[test]
fn defects_of_session_files_are_cured_in_place() {
    let (adoption, found) = check(&[fixture!("old.yaml")]);
    let text = &adoption.text;
    assert!(
        text.contains(
            "    # the key that everybody knows\n    restart-strategy.type: fixed-delay\n"
        ),
        "{text}"
    );
    let codes: Vec<&str> = adoption.cures.iter().map(|cure| cure.rule.code).collect();
    assert_eq!(codes, ["NK0111", "NK0113"], "{found:#?}");
    let request = AdoptionRequest { as_is: true, ..AdoptionRequest::default() };
    let as_is = adopt(&inputs(&[fixture!("old.yaml")]), &request).unwrap();
    assert_eq!(as_is.text, fixture!("old.yaml").1);
}

/// A line that nothing explains is told: the guard itself works.
#[test]
fn a_lost_line_is_seen() {
    let files =
        inputs(&[("session.yaml", include_str!("../../fixtures/check/standalone/session.yaml"))]);
    let request = AdoptionRequest::default();
    let mut adoption = adopt(&files, &request).unwrap();
    adoption.text = adoption
        .text
        .replace("taskmanager.numberOfTaskSlots: \"", "taskmanager.numberOfTaskSlots: \"1");
    let found = differences(&files, &request, &adoption).unwrap();
    let told: Vec<&str> =
        found.iter().filter(|one| one.why.is_none()).map(|one| one.path.as_str()).collect();
    assert_eq!(told, ["taskmanager.numberOfTaskSlots"]);
}
