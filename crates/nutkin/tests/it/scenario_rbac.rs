//! The rows of `nutkin rbac` are what commands ask of an API server: nothing is asked that has no row, and no row is
//! there for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use nutkin_core::kubernetes::rbac::COMMANDS;
use nutkin_testkit::scenario::{Fault, Kubernetes};
use nutkin_testkit::side_by_side;

use crate::scenario::{Place, standalone};
use crate::scenario_kept::{LEADER, leave};

/// Resource and verb: `deployments.apps get`.
pub(crate) type Asked = BTreeSet<String>;

const NATIVE: &str = "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: a}
spec:
  flinkVersion: v1_20
  flinkConfiguration: {s3.secret-key: x}
---
apiVersion: flink.apache.org/v1beta1
kind: FlinkSessionJob
metadata: {name: count}
spec:
  deploymentName: a
  job: {jarURI: ./count.jar, args: [--password, y]}
";

/// What is asked without a row: whoever may not do it loses nothing.
const UNLISTED: &[(&str, &str)] = &[
    ("roles.rbac.authorization.k8s.io list", NO_PERMISSIONS),
    ("rolebindings.rbac.authorization.k8s.io list", NO_PERMISSIONS),
    ("serviceaccounts list", NO_PERMISSIONS),
];
const NO_PERMISSIONS: &str = "who may not list permissions cannot have made any";

/// Rows that these scenarios do not use: a part of the row with its command, and what it is for.
const UNUSED: &[(&str, &str)] = &[
    ("pods/proxy", "REST of the leader, of a session with high availability"),
    ("services/proxy", "the scenario's JobManager knows few questions, and jobs need the others"),
    ("statefulsets.apps", "sessions of StatefulSets"),
    ("ingresses.networking.k8s.io", "sessions with an Ingress"),
    ("networkpolicies.networking.k8s.io", "sessions with a NetworkPolicy"),
    ("poddisruptionbudgets.policy", "sessions with a PodDisruptionBudget"),
    ("persistentvolumeclaims", "sessions with claims"),
    (
        "deployments.apps list",
        "commands that are not told a name, and workloads that nothing wants any more",
    ),
    ("pods/log get", "pods that fail or run: here they are gone, or say nothing"),
    ("replicasets.apps list", "waiting until old pods are replaced"),
    ("up: pods delete", "TaskManagers that Flink asked for: the scenario has none"),
    ("up: deployments.apps delete", "a creation that is taken back"),
    ("up: services delete", "a Service that must be made again"),
    ("up: configmaps delete", "a ConfigMap that nothing wants any more"),
    ("secrets patch", "keytabs, of sessions with Kerberos"),
    ("up: secrets delete", "a ledger that holds nothing secret any more"),
    ("run: configmaps", "jobs that are submitted: the scenario's JobManager takes none"),
    ("run: secrets", "jobs that are submitted: the scenario's JobManager takes none"),
    ("down: configmaps update", "the end of a session with jobs that can go on"),
    ("down: secrets", "the end of a session with jobs that can go on"),
    ("scale: pods list", "sessions whose TaskManagers are counted by their pods"),
    ("scale: services", "scaling that waits for jobs"),
    ("pods/exec", "checkpoints of a lost JobManager: `scenario_lost` has them"),
    ("configmaps list", "commands that are not told a name"),
    ("configmaps get", "commands about a session that has ended"),
];

/// What a request needs; `None`: every user may ask it.
pub(crate) fn needs(line: &str) -> Option<String> {
    let (method, path) = line.split_once(' ')?;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (group, rest) = match path.strip_prefix("/apis/") {
        Some(rest) => rest.split_once('/')?,
        None => ("", path.strip_prefix("/api/")?),
    };
    let (_, rest) = rest.split_once('/')?;
    let rest = rest.strip_prefix("namespaces/default/")?;
    let mut parts = rest.splitn(4, '/');
    let (kind, name, below) = (parts.next()?, parts.next(), parts.next());
    let verb = match (method, name) {
        ("GET", None) if query.contains("watch") => "watch",
        ("GET", None) => "list",
        ("GET", Some(_)) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        _ => "delete",
    };
    let kind = below.map_or_else(|| kind.to_owned(), |below| format!("{kind}/{below}"));
    let group = if group.is_empty() { String::new() } else { format!(".{group}") };
    Some(format!("{kind}{group} {verb}"))
}

/// The rows of a command.
pub(crate) fn rows(command: &str) -> Asked {
    let rules = COMMANDS.iter().filter(|one| one.commands.contains(&command));
    let rules = rules.flat_map(|one| one.rules);
    let row = |rule: &'static nutkin_core::kubernetes::rbac::PolicyRule| {
        let group = if rule.group.is_empty() { String::new() } else { format!(".{}", rule.group) };
        rule.verbs.iter().map(move |verb| format!("{}{group} {verb}", rule.resource))
    };
    rules.flat_map(row).collect()
}

/// What commands ask, by their name.
#[derive(Default)]
struct Sums(BTreeMap<&'static str, Asked>);

impl Sums {
    /// Runs a command, whatever becomes of it.
    fn run(&mut self, place: &Place<Kubernetes>, args: &[&'static str]) {
        place.server.set(|_| Fault::None);
        place.run(args);
        let seen = place.server.seen();
        let asked = seen.iter().filter_map(|seen| needs(&seen.request.line()));
        self.0.entry(args[0]).or_default().extend(asked);
    }

    fn add(&mut self, other: Self) {
        for (command, asked) in other.0 {
            self.0.entry(command).or_default().extend(asked);
        }
    }
}

/// A session that is made, changed, looked at, and ended.
fn life(sums: &mut Sums, file: &str, runs_pods: bool) {
    let place = Place::kubernetes();
    place.server.with(|one| one.runs_pods = runs_pods);
    place.file("session.yaml", file);
    place.file("count.jar", "x");
    let up = &["up", "-f", "session.yaml", "--no-jobs", "--timeout", "2"][..];
    sums.run(&place, up);
    sums.run(&place, &["up", "a", "--no-jobs", "--no-wait"]);
    let change = &["--yes", "-D", "taskmanager.numberOfTaskSlots=4", "-D", "other.password=z"];
    sums.run(&place, &["plan", "a", "-D", "taskmanager.numberOfTaskSlots=4"]);
    sums.run(&place, &[up, change].concat());
    for args in [
        &["status", "a"][..],
        &["why", "a"],
        &["doctor", "a"],
        &["doctor", "--pre", "-f", "session.yaml", "--on", "kubernetes"],
        &["capture", "a"],
        &["ls"],
        &["logs", "--session", "a"],
        &["scale", "a", "--task-managers", "3", "--yes"],
        &["jobs", "--session", "a"],
        &["run", "-f", "session.yaml"],
        &["down", "a", "--yes", "--force"],
        &["ls"],
        &["status", "a"],
    ] {
        sums.run(&place, args);
    }
    leave(&place, "gone", LEADER);
    sums.run(&place, &["gc", "--on", "kubernetes", "--yes"]);
}

#[test]
fn rows_are_what_commands_ask_for() {
    let all = Mutex::new(Sums::default());
    let standalone = standalone(2);
    let lives = [NATIVE, &standalone].into_iter().flat_map(|file| [(file, true), (file, false)]);
    side_by_side(lives, |(file, runs_pods)| {
        let mut sums = Sums::default();
        life(&mut sums, file, runs_pods);
        all.lock().unwrap().add(sums);
    });
    let sums = all.into_inner().unwrap();
    let (mut missing, mut unused) = (Vec::new(), Vec::new());
    for (command, asked) in &sums.0 {
        let rows = rows(command);
        let is_unlisted = |one: &&String| UNLISTED.iter().any(|(row, _)| row == one);
        let more = asked.difference(&rows).filter(|one| !is_unlisted(one));
        missing.extend(more.map(|one| format!("{command}: {one}")));
        let is_known = |one: &str| UNUSED.iter().any(|(row, _)| one.contains(row));
        let left = rows.difference(asked).map(|one| format!("{command}: {one}"));
        unused.extend(left.filter(|one| !is_known(one)));
    }
    assert!(
        missing.is_empty() && unused.is_empty(),
        "asked without a row: {missing:#?}\nrows that nothing asks for: {unused:#?}"
    );
}

#[test]
fn requests_are_told_apart() {
    let of = |line: &str| needs(line).unwrap_or_default();
    let names = "/api/v1/namespaces/default";
    assert_eq!(of(&format!("GET {names}/pods?labelSelector=a")), "pods list");
    assert_eq!(of(&format!("GET {names}/pods/a/log?x=y")), "pods/log get");
    assert_eq!(
        of(&format!("POST {names}/services/http:a:80/proxy/jars/upload")),
        "services/proxy create"
    );
    assert_eq!(
        of("PATCH /apis/apps/v1/namespaces/default/deployments/a"),
        "deployments.apps patch"
    );
    assert_eq!(of("GET /version"), "");
}
