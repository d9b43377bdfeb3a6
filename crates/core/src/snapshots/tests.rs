//! Snapshots that are taken in memory: once, also with a cut before every single thing that happens; and which of them go.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::decide::Again;
use crate::jobs::{Answer, ObservedJob};
use crate::ledger::{JobRecord, SnapshotLimits, SnapshotOrigin, SnapshotState, Wanted};
use crate::session::Session;
use crate::spec::{self, Inputs};

const NOW: &str = "2026-11-30T12:00:00Z";

fn savepoint(name: &str) -> SnapshotDocument {
    SnapshotDocument {
        name: name.to_owned(),
        job: Some("count".to_owned()),
        what: WantedSnapshot::Savepoint { path: None, format: None, exists: false, disposes: true },
        backoff_limit: None,
    }
}

/// A JobManager in memory.
#[derive(Debug, Clone, Default, PartialEq)]
struct Memory {
    /// By trigger id: looks until it is there.
    triggers: BTreeMap<String, u32>,
    ids: usize,
    /// How often it fails first.
    fails: usize,
}

/// Runs a command until nothing is left, or until it is killed after so many changes of the world or the record.
fn run(
    document: &SnapshotDocument,
    memory: &mut Memory,
    record: &mut Option<SnapshotRecord>,
    state: Option<ObservedJob>,
    mut changes: usize,
) {
    let about = AboutSnapshot { document, origin: &SnapshotOrigin::Document, keeps: None };
    let mut is_asked = false;
    for look in 0..50 {
        for left in memory.triggers.values_mut() {
            *left = left.saturating_sub(1);
        }
        memory.ids += 1;
        let trigger = record.as_ref().and_then(|record| record.trigger.clone());
        let answer = trigger.map(|trigger| match memory.triggers.get(&trigger) {
            None => Answer::Unknown,
            Some(0) if 0 < memory.fails => Answer::Failed,
            Some(0) => Answer::Completed(Some("file:/sp/savepoint-1".to_owned())),
            Some(_) => Answer::InProgress,
        });
        if answer == Some(Answer::Failed) {
            memory.fails -= 1;
        }
        let seen = SeenSnapshot {
            job: state.map(|state| ("a1".to_owned(), state)),
            is_ready: 2 < look,
            answer,
            error: Some("full".to_owned()),
            is_asked,
            has_checkpoint_trigger: true,
            version: "1.20.5".to_owned(),
            now: NOW.to_owned(),
            deadline: "2026-11-30T12:10:00Z".to_owned(),
            trigger: Some(format!("t{}", memory.ids)),
        };
        let turn = about.turn(record.as_ref(), &seen);
        if record.as_ref() != Some(&turn.record) {
            if changes == 0 {
                return;
            }
            changes -= 1;
            *record = Some(turn.record);
        }
        if let Some(act) = turn.act {
            if changes == 0 {
                return;
            }
            changes -= 1;
            memory.triggers.entry(act.trigger.expect("an id that was chosen")).or_insert(3);
            is_asked = true;
        }
        if turn.again == Again::Done {
            return;
        }
    }
    panic!("it does not come to an end: {memory:?}, {record:?}");
}

#[test]
fn a_snapshot_is_taken_once_whatever_is_cut() {
    let document = savepoint("before");
    for cut in 0..6 {
        let (mut memory, mut record) = (Memory::default(), None);
        let running = Some(ObservedJob::Running);
        run(&document, &mut memory, &mut record, running, cut);
        run(&document, &mut memory, &mut record, running, 100);
        let is = record.clone().expect("a record");
        assert_eq!(
            (is.state.clone(), is.path.as_deref()),
            (SnapshotState::Completed, Some("file:/sp/savepoint-1"))
        );
        assert_eq!(memory.triggers.len(), 1, "cut after {cut}");
        // The same file again does nothing.
        run(&document, &mut memory, &mut record, running, 100);
        assert_eq!((record.as_ref(), memory.triggers.len()), (Some(&is), 1));
        // The control: another one of this name is taken.
        let other = SnapshotDocument { what: WantedSnapshot::Checkpoint, ..document.clone() };
        run(&other, &mut memory, &mut record, running, 100);
        assert_eq!((record.map(|record| record.generation), memory.triggers.len()), (Some(2), 2));
    }
}

#[track_caller]
fn check(
    document: &SnapshotDocument,
    state: Option<ObservedJob>,
    fails: usize,
    expected: &SnapshotState,
) -> SnapshotRecord {
    let (mut memory, mut record) = (Memory { fails, ..Memory::default() }, None);
    run(document, &mut memory, &mut record, state, 100);
    let record = record.expect("a record");
    assert_eq!(record.state, *expected);
    record
}

#[test]
fn what_becomes_of_a_snapshot() {
    let running = Some(ObservedJob::Running);
    let limited = |limit| SnapshotDocument { backoff_limit: Some(limit), ..savepoint("s") };
    check(&savepoint("s"), running, 0, &SnapshotState::Completed);
    check(&savepoint("s"), Some(ObservedJob::Finished), 0, &SnapshotState::Abandoned);
    check(&savepoint("s"), None, 0, &SnapshotState::Abandoned);
    check(&limited(0), running, 1, &SnapshotState::Failed);
    let again = check(&limited(1), running, 1, &SnapshotState::TriggerPending);
    assert_eq!(again.retry.as_deref(), Some("2026-11-30T12:00:10Z"));
    assert_eq!(failed(&again, None, "x", NOW).retry.as_deref(), Some("2026-11-30T12:00:20Z"));
    assert!(again.is_put_off(NOW) && !again.is_put_off("2026-11-30T12:00:10Z"));
    assert!(!again.is_put_off("2026-11-30T11:00:00Z"), "it was noted by a clock that was ahead");
    assert_eq!(failed(&again, Some(1), "x", NOW).state, SnapshotState::Failed);
    let what = WantedSnapshot::Savepoint {
        path: Some("/sp/x".to_owned()),
        format: None,
        exists: true,
        disposes: false,
    };
    let there = SnapshotDocument { what, job: None, ..savepoint("s") };
    let there = check(&there, None, 0, &SnapshotState::Completed);
    assert_eq!((there.path.as_deref(), there.disposes), (Some("/sp/x"), false));
}

fn record(origin: &SnapshotOrigin, path: &str, time: i64) -> SnapshotRecord {
    SnapshotRecord {
        kind: SAVEPOINT.to_owned(),
        job: Some("count".to_owned()),
        origin: origin.clone(),
        state: SnapshotState::Completed,
        path: Some(path.to_owned()),
        time: Some(text_of(time)),
        disposes: true,
        ..SnapshotRecord::default()
    }
}

fn session(text: &str) -> Session {
    let file = format!(
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: a}}\nspec: {{flinkVersion: v1_20}}\n{text}"
    );
    let file = spec::read(&file, "f").expect("a right file");
    spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).expect("a right session")
}

const JOB: &str = "---\napiVersion: flink.apache.org/v1beta1\nkind: FlinkSessionJob\nmetadata: {name: count}\n\
                   spec: {deploymentName: a, job: {jarURI: a.jar, entryClass: B";

fn steps(ledger: &Ledger, around: &Around<'_>) -> Vec<(String, &'static str)> {
    let removals = removals(ledger, around).into_iter();
    let word = |step: RemovalStep| match step {
        RemovalStep::Dispose(_) => "dispose",
        RemovalStep::Forget(_) | RemovalStep::Missing(_) => "forget",
        RemovalStep::Stays(..) => "stays",
    };
    removals.map(|one| (one.name, word(one.step))).collect()
}

#[test]
fn a_document_that_is_taken_out_goes_with_its_savepoint() {
    let path = "file:/sp/savepoint-aa-1";
    let mut ledger = Ledger::new("a");
    ledger.snapshots.insert("s".to_owned(), record(&SnapshotOrigin::Document, path, 0));
    let empty = session("");
    let around = |wanted| Around { wanted: Some(wanted), deletes: true, ..Around::default() };
    let one = |step| vec![("s".to_owned(), step)];
    assert_eq!(steps(&ledger, &around(&empty)), one("dispose"));
    let there = session(&format!(
        "{JOB}}}}}\n---\napiVersion: flink.apache.org/v1beta1\nkind: FlinkStateSnapshot\nmetadata: {{name: s}}\n\
         spec: {{jobReference: {{name: count}}, savepoint: {{}}}}\n"
    ));
    assert_eq!(steps(&ledger, &around(&there)), []);
    assert_eq!(steps(&ledger, &Around::default()), [], "nobody says that it is not wanted");
    // What others may refer to of whom nobody knows here is not deleted.
    assert_eq!(steps(&ledger, &Around { deletes: false, ..around(&empty) }), one("forget"));
    let mut elsewhere = ledger.clone();
    elsewhere.snapshots.get_mut("s").expect("there").path =
        Some("s3://b/savepoint-aa-1".to_owned());
    assert_eq!(steps(&elsewhere, &around(&empty)), one("forget"));
    // What a newer Nutkin knows is its affair.
    let mut newer = ledger.clone();
    newer.snapshots.get_mut("s").expect("there").state = SnapshotState::Other("NEW".to_owned());
    assert_eq!(steps(&newer, &around(&empty)), []);
    // Whoever refers to it keeps it.
    let option = format!(
        "{JOB}, state: suspended}}, flinkConfiguration: {{execution.savepoint.path: '{path}'}}}}\n"
    );
    let option = session(&option);
    assert_eq!(steps(&ledger, &around(&option)), one("stays"));
    let begins = session(&format!("{JOB}, initialSavepointPath: '{path}'}}}}\n"));
    assert_eq!(steps(&ledger, &around(&begins)), one("stays"));
    let restored = [path.to_owned()];
    let restored = Around { restored: &restored, ..around(&empty) };
    assert_eq!(steps(&ledger, &restored), one("stays"));
    let mut other = Ledger::new("b");
    let from = JobRecord {
        started_from: Some("file:///sp/savepoint-aa-1".to_owned()),
        ..JobRecord::default()
    };
    other.jobs.insert("x".to_owned(), from.clone());
    let others = [other];
    assert_eq!(steps(&ledger, &Around { others: &others, ..around(&empty) }), one("stays"));
    let mut own = ledger.clone();
    own.jobs.insert("count".to_owned(), from.clone());
    assert_eq!(steps(&own, &around(&empty)), one("stays"));
    own.snapshots.get_mut("s").expect("there").path = Some(format!("{path}/_metadata/"));
    assert_eq!(steps(&own, &around(&empty)), one("stays"), "by another name");
    // What it was started from before counts while it goes on from checkpoints.
    let mut again = from.clone();
    again.start_from(Some(&"/ck/chk-7".to_owned()));
    again.start_from(Some(&"/ck/chk-9".to_owned()));
    own.jobs.insert("count".to_owned(), again.clone());
    assert_eq!(steps(&own, &around(&empty)), one("stays"));
    again.start_from(Some(&"/sp/savepoint-bb-2".to_owned()));
    own.jobs.insert("count".to_owned(), again);
    assert_eq!(steps(&own, &around(&empty)), one("dispose"));
    // The control: that job has come to its end.
    let ended = JobRecord { ended: Some("FINISHED".to_owned()), ..from };
    own.jobs.insert("count".to_owned(), ended);
    assert_eq!(steps(&own, &around(&empty)), one("dispose"));
    let mut kept = ledger.clone();
    kept.snapshots.get_mut("s").expect("there").disposes = false;
    assert_eq!(steps(&kept, &around(&empty)), one("forget"));
}

#[test]
fn another_snapshot_of_the_same_name_leaves_the_files_of_the_first_one() {
    let mut ledger = Ledger::new("a");
    let old = SnapshotRecord {
        digest: "x".to_owned(),
        generation: 1,
        ..record(&SnapshotOrigin::Document, "/sp/savepoint-1", 0)
    };
    put(&mut ledger, "s", old.clone());
    put(&mut ledger, "s", SnapshotRecord { disposes: false, ..old.clone() });
    assert_eq!(ledger.snapshots.len(), 1);
    put(&mut ledger, "s", SnapshotRecord { digest: "y".to_owned(), generation: 1, ..old.clone() });
    assert_eq!(ledger.snapshots.keys().collect::<Vec<_>>(), ["s", "s@1"]);
    // Whatever becomes of the names, none is overwritten.
    put(&mut ledger, "s", SnapshotRecord { digest: "z".to_owned(), ..old.clone() });
    assert_eq!(ledger.snapshots.keys().collect::<Vec<_>>(), ["s", "s@1", "s@1+"]);
    ledger.snapshots.remove("s@1+");
    assert_eq!(steps(&ledger, &Around::default()), [("s@1".to_owned(), "forget")]);
}

#[test]
fn a_ledger_keeps_what_a_file_asks_for() {
    let there = "{jobReference: {name: count}, backoffLimit: 3, savepoint: {path: /sp, formatType: NATIVE}}";
    let text = format!(
        "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: a}}\n\
         spec: {{flinkVersion: v1_20}}\n{JOB}}}}}\n---\napiVersion: flink.apache.org/v1beta1\n\
         kind: FlinkStateSnapshot\nmetadata: {{name: s}}\nspec: {there}\nstatus: {{state: COMPLETED}}\n"
    );
    let (session, inputs) = spec::load_inputs(&text, "f", Inputs::default()).expect("a right file");
    assert_eq!(session.snapshots[0].backoff_limit, Some(3));
    let again = Wanted::of(&inputs, &session, None).session();
    assert_eq!(again.map(|again| again.snapshots), Ok(session.snapshots));
}

#[test]
fn one_that_is_being_deleted_is_not_there() {
    let document = savepoint("s");
    let about =
        AboutSnapshot { document: &document, origin: &SnapshotOrigin::Document, keeps: None };
    let mut ledger = Ledger::new("a");
    let taken = SnapshotRecord {
        digest: digest(&document),
        generation: 1,
        ..record(&SnapshotOrigin::Document, "/sp/savepoint-1", 0)
    };
    assert!(about.is_of(&taken));
    let marked = SnapshotRecord { disposing: true, dropped: true, ..taken };
    assert!(!about.is_of(&marked));
    // Its document comes back: another one is taken, and the deletion is seen through.
    put(&mut ledger, "s", marked.clone());
    put(&mut ledger, "s", about.turn(Some(&marked), &SeenSnapshot::default()).record);
    let around = Around { deletes: true, ..Around::default() };
    assert_eq!(steps(&ledger, &around), [("s@1".to_owned(), "dispose")]);
}

#[test]
fn failures_do_not_fill_a_ledger() {
    let (mut ledger, policies, policy) = with(&[("nutkin.snapshots.savepoint-interval", "1 s")]);
    for index in 0..9 {
        let failed = SnapshotRecord {
            state: SnapshotState::Failed,
            path: None,
            ..record(&SnapshotOrigin::Periodic, "", index)
        };
        ledger.snapshots.insert(format!("p{index}"), failed);
    }
    let around = Around { policies: Some(&policies), now: 99, ..Around::default() };
    let gone = steps(&ledger, &around);
    assert_eq!(gone.len(), 8, "the newest one stays: {gone:?}");
    // Files stay where the words of the operator do not say otherwise.
    let of = |options: &[(&str, &str)]| with(options).2;
    let key = "kubernetes.operator.periodic.savepoint.interval";
    assert!(policy.disposes && !of(&[(key, "1 h")]).disposes);
    let dispose = "kubernetes.operator.savepoint.dispose-on-delete";
    assert!(of(&[(key, "1 h"), (dispose, "true")]).disposes);
    let cleanup = "kubernetes.operator.savepoint.cleanup.enabled";
    let kept = of(&[("nutkin.snapshots.savepoint-interval", "1 h"), (cleanup, "false")]);
    assert!(!kept.disposes && kept.age.is_none());
}

/// A session with options, and a ledger with a job that was submitted at the beginning of time.
fn with(options: &[(&str, &str)]) -> (Ledger, BTreeMap<String, SnapshotPolicy>, SnapshotPolicy) {
    let options = options.iter().copied().collect();
    let policy = SnapshotPolicy::of(&options, &nutkin_flink::Configuration::new());
    let mut ledger = Ledger::new("a");
    let submitted = JobRecord { submitted: Some(text_of(0)), ..JobRecord::default() };
    ledger.jobs.insert("count".to_owned(), submitted);
    (ledger, [("count".to_owned(), policy.clone())].into(), policy)
}

#[test]
fn what_is_due() {
    let (mut ledger, policies, _) =
        with(&[("kubernetes.operator.periodic.savepoint.interval", "100 s")]);
    let at = |ledger: &Ledger, now| {
        let due = due(ledger, &policies, now);
        (due.now.iter().map(|one| one.time).collect::<Vec<_>>(), due.next)
    };
    assert_eq!(at(&ledger, 99), (vec![], Some(100)));
    assert_eq!(at(&ledger, 100), (vec![100], None));
    // Times that nobody watched are not made up for one by one, and whoever looks takes the same one.
    assert_eq!(at(&ledger, 1000), (vec![100], None));
    ledger.snapshots.insert("p".to_owned(), record(&SnapshotOrigin::Periodic, "/p", 1000));
    assert_eq!(at(&ledger, 1099), (vec![], Some(1100)));
    let open = ledger.snapshots.get_mut("p").expect("there");
    open.state = SnapshotState::InProgress;
    assert_eq!(at(&ledger, 9999), (vec![], None));
    // A clock that was ahead does not stop it.
    let (mut ahead, policies, _) = with(&[("nutkin.snapshots.savepoint-interval", "10 s")]);
    ahead.snapshots.insert("p".to_owned(), record(&SnapshotOrigin::Periodic, "/p", 99_999));
    let at = |ledger: &Ledger, now| {
        let due = due(ledger, &policies, now);
        (due.now.iter().map(|one| one.time).collect::<Vec<_>>(), due.next)
    };
    assert_eq!(at(&ahead, 9), (vec![], Some(10)), "the submission says since when");
    assert_eq!(at(&ahead, 50), (vec![10], None));
    ahead.snapshots.insert("q".to_owned(), record(&SnapshotOrigin::Periodic, "/q", 50));
    assert_eq!(at(&ahead, 55), (vec![], Some(60)));
    assert_eq!(at(&ahead, 60), (vec![60], None));
    // Nor one that was ahead when the job was submitted.
    ahead.jobs.get_mut("count").expect("there").submitted = Some(text_of(99_999));
    assert_eq!(at(&ahead, 60), (vec![60], None));
    ahead.snapshots.clear();
    assert_eq!(at(&ahead, 60), (vec![60], None), "nobody knows since when");
    // The control: of a job of which nobody knows that it was submitted.
    ahead.jobs.get_mut("count").expect("there").submitted = None;
    assert_eq!(at(&ahead, 60), (vec![], None));
    // The own option comes first; nothing is due of a job that has ended.
    let (mut ledger, policies, _) = with(&[
        ("kubernetes.operator.periodic.savepoint.interval", "100 s"),
        ("nutkin.snapshots.savepoint-interval", "10 s"),
    ]);
    assert_eq!(due(&ledger, &policies, 10).now.len(), 1);
    ledger.jobs.get_mut("count").expect("there").ended = Some("FINISHED".to_owned());
    assert_eq!(due(&ledger, &policies, 10), Due::default());
}

/// Periodic savepoints `p0`, `p1`, ... of these times, taken under what `kept` says.
fn taken(ledger: &mut Ledger, times: &[i64], kept: Option<SnapshotLimits>) {
    for (index, time) in times.iter().enumerate() {
        let path = format!("/sp/savepoint-{index}");
        let one = SnapshotRecord { keeps: kept, ..record(&SnapshotOrigin::Periodic, &path, *time) };
        ledger.snapshots.insert(format!("p{index}"), one);
    }
}

/// Names of those that are deleted at a time.
fn gone(
    ledger: &Ledger,
    policies: &BTreeMap<String, SnapshotPolicy>,
    now: i64,
) -> Vec<(String, &'static str)> {
    let around = Around { policies: Some(policies), now, deletes: true, ..Around::default() };
    steps(ledger, &around)
}

const INTERVAL: (&str, &str) = ("nutkin.snapshots.savepoint-interval", "1 s");

const COUNT: &str = "nutkin.snapshots.max-count";

const AGE: &str = "nutkin.snapshots.max-age";

#[test]
fn a_clock_that_was_ahead_makes_nothing_old() {
    let (mut ledger, policies, _) = with(&[INTERVAL, (AGE, "100 s")]);
    taken(&mut ledger, &[1000, 1010, 1020, 1030, 99_999], None);
    assert_eq!(gone(&ledger, &policies, 1040), []);
    // Also while it is ahead: one new one makes nothing old.
    assert_eq!(gone(&ledger, &policies, 99_999), []);
    // It takes nobody's place, either.
    let (_, two, _) = with(&[INTERVAL, (COUNT, "2")]);
    let delete = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), "dispose")).collect::<Vec<_>>()
    };
    assert_eq!(gone(&ledger, &two, 1040), delete(&["p0", "p1"]));
    // The control: they are old.
    ledger.snapshots.remove("p4");
    taken(&mut ledger, &[1000, 1010, 1020, 1200, 1300], None);
    assert_eq!(gone(&ledger, &policies, 1300), delete(&["p0", "p1", "p2"]));
}

#[test]
fn options_that_are_taken_out_delete_nothing_that_was_taken_under_them() {
    let of = |options: &[(&str, &str)]| with(options).1;
    let mut ledger = Ledger::new("a");
    let kept = SnapshotLimits { count: 4, age: Some(1_000_000) };
    taken(&mut ledger, &[0, 100_000, 200_000, 300_000], Some(kept));
    let now = 300_001;
    let stays =
        |policies: &BTreeMap<String, SnapshotPolicy>| assert_eq!(gone(&ledger, policies, now), []);
    // All of them, the job, those of the number and the age alone.
    stays(&of(&[]));
    stays(&of(&[(COUNT, "1"), (AGE, "1 s")]));
    stays(&BTreeMap::new());
    stays(&of(&[INTERVAL]));
    let policies = of(&[INTERVAL, (COUNT, "1"), (AGE, "1 s")]);
    let all = policies.iter().map(|(name, one)| (name.clone(), one.clone().keeping_all()));
    stays(&all.collect());
    // Nor anything of which nobody knows under what it was taken.
    let mut old = ledger.clone();
    old.snapshots.values_mut().for_each(|one| one.keeps = None);
    assert_eq!(gone(&old, &of(&[INTERVAL]), now), []);
    // What is not to be deleted any more is only forgotten.
    let kept_files =
        of(&[INTERVAL, (COUNT, "3"), ("kubernetes.operator.savepoint.dispose-on-delete", "no")]);
    assert_eq!(gone(&ledger, &kept_files, now), [("p0".to_owned(), "forget")]);
    // The controls: options say so again, and what was taken under the default.
    let one = [("p0".to_owned(), "dispose")];
    assert_eq!(gone(&ledger, &of(&[INTERVAL, (COUNT, "3")]), now), one);
    let age = of(&[INTERVAL, (AGE, "150000 s")]);
    assert_eq!(gone(&ledger, &age, now), one);
    let kept = with(&[INTERVAL]).2.keeps();
    ledger.snapshots.values_mut().for_each(|one| one.keeps = Some(kept));
    assert_eq!(gone(&ledger, &of(&[INTERVAL]), now).len(), 2);
}

#[test]
fn booleans_are_those_of_flink() {
    let disposes = |key, text| with(&[INTERVAL, (key, text)]).2.disposes;
    let cleanup = "kubernetes.operator.savepoint.cleanup.enabled";
    let dispose = "kubernetes.operator.savepoint.dispose-on-delete";
    for key in [cleanup, dispose] {
        for (text, expected) in
            [("true", true), ("TRUE", true), ("false", false), ("False", false), ("yes", false)]
        {
            assert_eq!(disposes(key, text), expected, "{key}: {text}");
        }
    }
    let told = |text: &str| {
        warnings(&session(&format!("{JOB}}}, flinkConfiguration: {{{cleanup}: {text}}}}}\n")))
    };
    assert_eq!(told("'False'"), [""; 0]);
    assert!(told("'no'")[0].contains("nothing is deleted"));
}

#[test]
fn options_that_are_wrong_are_told() {
    let told = |options: &str| {
        let session = session(&format!("{JOB}}}, flinkConfiguration: {{{options}}}}}\n"));
        problems(&session).into_iter().map(|one| one.path).collect::<Vec<_>>()
    };
    assert_eq!(told("nutkin.snapshots.savepoint-interval: 6 h"), [""; 0]);
    let key = "kubernetes.operator.periodic.checkpoint.interval";
    assert_eq!(told(&format!("{key}: soon")), [""; 0], "as the operator, which takes none");
    assert_eq!(told("nutkin.snapshots.max-count: few"), ["nutkin.snapshots.max-count"]);
    assert_eq!(told("nutkin.snapshots.max-age: old"), ["nutkin.snapshots.max-age"]);
}

proptest! {
    /// Whatever is there, and however old: what anybody refers to is not deleted, nor is the newest; no more stay than may,
    /// but for those that somebody needs; and doing it leaves nothing to do.
    #[test]
    fn what_is_referred_to_is_never_deleted(
        times in prop::collection::vec(0_i64..5000, 1..12),
        referred in prop::collection::btree_set(0_usize..12, 0..4),
        count in 1_usize..5,
        age in 0_i64..5000,
        by in 0_usize..4,
    ) {
        let count_text = count.to_string();
        let age_text = format!("{age} s");
        let (mut ledger, policies, _) = with(&[
            ("nutkin.snapshots.savepoint-interval", "1 s"),
            ("nutkin.snapshots.max-count", &count_text),
            ("kubernetes.operator.savepoint.history.max.age", &age_text),
        ]);
        let path = |index: usize| format!("file:/sp/savepoint-{index:02}-x");
        for (index, time) in times.iter().enumerate() {
            let one = record(&SnapshotOrigin::Periodic, &path(index), *time);
            ledger.snapshots.insert(format!("p{index:02}"), one);
        }
        let needed: BTreeSet<usize> = referred.into_iter().filter(|one| *one < times.len()).collect();
        let mut other = Ledger::new("b");
        let mut restored = Vec::new();
        let mut jobs = String::new();
        for index in &needed {
            let from = JobRecord { started_from: Some(path(*index)), ..JobRecord::default() };
            match by {
                0 => drop(ledger.jobs.insert(format!("j{index}"), from)),
                1 => drop(other.jobs.insert(format!("j{index}"), from)),
                2 => restored.push(path(*index)),
                _ => jobs.push_str(
                    &format!("{JOB}, initialSavepointPath: '{}'}}}}\n", path(*index))
                        .replace("name: count", &format!("name: j{index}")),
                ),
            }
        }
        let wanted = session(&jobs);
        let others = [other];
        let around = Around {
            wanted: (by == 3).then_some(&wanted),
            others: &others,
            restored: &restored,
            policies: Some(&policies),
            now: 5000,
            deletes: true,
        };
        let gone: BTreeSet<String> = removals(&ledger, &around)
            .into_iter()
            .filter(|one| !matches!(one.step, RemovalStep::Stays(..)))
            .map(|one| one.name)
            .collect();
        for index in &needed {
            prop_assert!(!gone.contains(&format!("p{index:02}")), "{index} is needed");
        }
        let newest = (0..times.len()).max_by_key(|index| (times[*index], *index)).expect("one");
        let newest = format!("p{newest:02}");
        prop_assert!(!gone.contains(&newest));
        let stay = times.len() - gone.len();
        prop_assert!(stay <= count.max(1) + needed.len());
        let mut after = ledger.clone();
        after.snapshots.retain(|name, _| !gone.contains(name));
        let again = removals(&after, &around);
        prop_assert!(again.iter().all(|one| matches!(one.step, RemovalStep::Stays(..))));
    }
}
