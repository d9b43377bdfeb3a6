//! Commands that are killed after each of their requests in turn: the same command then brings about what an uncut one
//! does.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use nutkin_testkit::scenario::{Backend, Docker, Fault, Flink, Kubernetes, Server};
use nutkin_testkit::side_by_side;
use serde_json::{Value, json};

use crate::scenario::{Place, standalone};

/// Requests of one batch come in any order, and a look may cost one more or less: this long the last one is waited for.
const NEVER: Duration = Duration::from_secs(20);

/// The JobManager of all sessions on Docker, which answers that there are no jobs: one that does not answer is waited for.
static JOB_MANAGER: LazyLock<Server<Flink>> = LazyLock::new(|| Server::start(Flink::default()));

/// A backend whose state can be put under a fresh server, and looked at.
trait State: Backend + Clone {
    fn fresh() -> Self;
    fn place(state: Self) -> Place<Self>;
    fn look(&self) -> BTreeMap<String, Value>;
}

impl State for Kubernetes {
    fn fresh() -> Self {
        Self::default()
    }

    fn place(state: Self) -> Place<Self> {
        Place::kubernetes_with(state)
    }

    fn look(&self) -> BTreeMap<String, Value> {
        self.plain()
    }
}

impl State for Docker {
    fn fresh() -> Self {
        let mut daemon = Self::default().with_image("flink:1.20.5");
        daemon.rest_port = JOB_MANAGER.port();
        daemon
    }

    fn place(state: Self) -> Place<Self> {
        Place::docker_with(state)
    }

    fn look(&self) -> BTreeMap<String, Value> {
        self.plain()
    }
}

/// Kills the command after its k-th request was carried out, for every k that it has, and runs it again. `is_gone`: it
/// may have been done by then, and there is nothing left to be done it to.
#[track_caller]
fn check<B: State>(file: &str, before: &[&[&str]], args: &[&str], is_gone: bool) {
    check_after::<B>(file, before, |_| (), args, is_gone);
}

/// The same after something else has happened as well.
#[track_caller]
fn check_after<B: State>(
    file: &str,
    before: &[&[&str]],
    happens: fn(&mut B),
    args: &[&str],
    is_gone: bool,
) {
    let of = |state: B| {
        let place = B::place(state);
        place.file("session.yaml", file);
        place
    };
    let place = of(B::fresh());
    for args in before {
        place.run(args).expect(0);
    }
    let start = place.server.with(|backend| {
        happens(backend);
        backend.clone()
    });
    place.server.set(|_| Fault::None);
    place.run(args).expect(0);
    let expected = place.server.with(|backend| backend.look());
    assert_ne!(start.look(), expected, "the command changes something");
    let uncut = place.server.seen().len();
    assert!(1 < uncut, "{uncut} requests");
    let cuts = (1..=uncut).map(|cut| (cut, start.clone()));
    side_by_side(cuts, |(cut, start)| {
        let place = of(start);
        place.server.set(move |one| if one.number == cut { Fault::Hang } else { Fault::None });
        let running = place.start(args);
        let hangs = place.server.hangs_within(NEVER);
        drop(running);
        assert!(hangs, "request {cut} of {uncut} never came");
        let seen = place.server.seen();
        let last = seen.last().map(|seen| seen.request.line()).unwrap_or_default();
        place.server.set(|_| Fault::None);
        let again = place.run(args);
        let ended = again.code == Some(0) || (is_gone && again.code == Some(5));
        let found = place.server.with(|backend| backend.look());
        let differences = differences(&found, &expected);
        assert!(
            ended && differences.is_empty(),
            "cut after request {cut} of {uncut}, {last}: found, expected:\n{differences}\n{}",
            again.all()
        );
    });
}

fn differences(found: &BTreeMap<String, Value>, expected: &BTreeMap<String, Value>) -> String {
    let (mut titles, mut text): (Vec<_>, _) =
        (found.keys().chain(expected.keys()).collect(), String::new());
    titles.sort();
    titles.dedup();
    for title in titles {
        let (found, expected) = (found.get(title), expected.get(title));
        if found != expected {
            let show =
                |one: Option<&Value>| one.map_or_else(|| "nothing".to_owned(), Value::to_string);
            text.push_str(&format!("{title}:\n  {}\n  {}\n", show(found), show(expected)));
        }
    }
    text
}

const UP: &[&str] = &["up", "a", "--no-wait"];
const DOWN: &[&str] = &["down", "a", "--yes", "--force"];

const UP_FILE: &[&str] = &["up", "-f", "session.yaml", "--no-wait", "--yes"];

#[test]
fn a_new_session_on_kubernetes() {
    check::<Kubernetes>("", &[], UP, false);
}

#[test]
fn a_new_session_of_workloads_on_kubernetes() {
    check::<Kubernetes>(&standalone(1), &[], UP_FILE, false);
}

#[test]
fn a_change_on_kubernetes() {
    let change = [UP, &["--yes", "-D", "containerized.master.env.X=1"]].concat();
    check::<Kubernetes>("", &[UP], &change, false);
}

#[test]
fn a_change_of_workloads_on_kubernetes() {
    let change = [UP_FILE, &["-D", "taskmanager.numberOfTaskSlots=4"]].concat();
    check::<Kubernetes>(&standalone(1), &[UP_FILE], &change, false);
}

#[test]
fn a_scaling_on_kubernetes() {
    check::<Kubernetes>(&standalone(1), &[UP_FILE], &["scale", "a", "--task-managers", "3"], false);
}

#[test]
fn an_end_on_kubernetes() {
    check::<Kubernetes>("", &[UP], DOWN, true);
}

/// A session with values beside its ledger.
const UP_SECRET: &[&str] = &["up", "a", "--no-wait", "-D", "s3.secret-key=x"];

/// Nutkin has stopped a job with a savepoint.
fn leaves_a_savepoint(kubernetes: &mut Kubernetes) {
    let mut map = kubernetes.get("ConfigMap", "nutkin-a");
    let text = map["data"]["record.json"].as_str().unwrap_or_default();
    let mut document: Value = serde_json::from_str(text).unwrap();
    document["jobs"]["count"] =
        json!({"generation": 1, "lastSavepoint": "s3://bucket/savepoint-1"});
    map["data"]["record.json"] = json!(document.to_string());
    kubernetes.put("configmaps", map);
}

#[test]
fn a_new_session_with_secrets_on_kubernetes() {
    check::<Kubernetes>("", &[], UP_SECRET, false);
}

#[test]
fn an_end_with_secrets_on_kubernetes() {
    check::<Kubernetes>("", &[UP_SECRET], DOWN, true);
}

#[test]
fn an_end_that_keeps_the_ledger_on_kubernetes() {
    check_after::<Kubernetes>("", &[UP_SECRET], leaves_a_savepoint, DOWN, false);
}

#[test]
fn an_end_with_all_data_on_kubernetes() {
    let down = [DOWN, &["--delete-data"]].concat();
    check_after::<Kubernetes>("", &[UP_SECRET], leaves_a_savepoint, &down, true);
}

#[test]
fn a_new_session_on_docker() {
    check::<Docker>("", &[], UP, false);
}

#[test]
fn a_change_on_docker() {
    let change = [UP, &["--force", "-D", "env.java.opts.all=-Dx=y"]].concat();
    check::<Docker>("", &[UP], &change, false);
}

#[test]
fn more_task_managers_on_docker() {
    check::<Docker>("", &[UP], &["scale", "a", "--task-managers", "2"], false);
}

#[test]
fn fewer_task_managers_on_docker() {
    let up = [UP, &["--task-managers", "3"]].concat();
    check::<Docker>("", &[&up], &["scale", "a", "--task-managers", "1", "--yes"], false);
}

#[test]
fn an_end_on_docker() {
    check::<Docker>("", &[UP], DOWN, true);
}

#[test]
fn an_end_with_all_data_on_docker() {
    check::<Docker>("", &[UP], &[DOWN, &["--delete-data"]].concat(), true);
}
