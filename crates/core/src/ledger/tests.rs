//! The ledger as a whole: what is wanted comes back, no secret is in it, damage costs what is damaged.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::session::ConfDir;
use crate::spec::{self, Inputs};
use nutkin_flink::dialect::{self, Dialect};
use nutkin_flink::{Configuration, FlinkVersion};

/// Is part of every secret of these tests.
const SECRET: &str = "hunter2";

fn ann() -> Who {
    Who { user: "ann".to_owned(), host: "laptop".to_owned() }
}

fn event(words: &str) -> Event {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    Event::new("2026-11-29T12:00:00Z", &ann(), &words, Vec::new())
}

/// Saves and loads as a store does that understands nothing.
#[track_caller]
fn stored(ledger: &Ledger) -> Opened {
    let opened = open(Stored::default(), &ledger.name).unwrap();
    let opened = Opened { ledger: ledger.clone(), ..opened };
    let sealed = opened.seal("salt").unwrap();
    assert!(!sealed.document.contains(SECRET), "{}", sealed.document);
    let version = Version(Some("1".to_owned()));
    let stored = Stored { document: Some(sealed.document), secrets: sealed.secrets, version };
    open(stored, &ledger.name).unwrap()
}

fn source() -> Source {
    Source { file: "s.yaml".to_owned(), base: "/in".to_owned(), host: None }
}

#[track_caller]
fn wanted(text: &str, inputs: Inputs) -> (Wanted, crate::session::Session) {
    let (session, inputs) = spec::load_inputs(text, "s.yaml", inputs).expect("a session file");
    (Wanted::of(&inputs, &session, Some(source())), session)
}

const FILE: &str = "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: orders, labels: {team: a}}
spec:
  flinkVersion: v1_20
  restartNonce: 007
  flinkConfiguration:
    taskmanager.numberOfTaskSlots: 2
    s3: {access-key: me, secret-key: hunter2}
    env.java.opts.all: -Xint -Djavax.net.ssl.trustStorePassword=hunter2
    pipeline.jars: [a, 1, 0x10]
    a.secret: [hunter2, 1, {b: [hunter2]}]
    table.x: 1.50
    nothing:
  jobManager: {resource: {cpu: 0.50, memory: 2Gi}}
  taskManager: {replicas: +3, resources: {requests: {cpu: 010}, limits: {cpu: 20}}}
  logConfiguration:
    log4j-console.properties: |
      appender.kafka.password = hunter2
  podTemplate:
    spec:
      terminationGracePeriodSeconds: 010
      containers:
      - name: flink-main-container
        command: [x, --token, hunter2]
        env:
        - {name: DB_PASSWORD, value: hunter2}
        - {name: PIN_SECRET, value: 1234}
        - {name: PLAIN, value: a}
        - {name: KEY, valueFrom: {secretKeyRef: {name: k, key: k}}}
---
apiVersion: flink.apache.org/v1beta1
kind: FlinkSessionJob
metadata: {name: count}
spec:
  deploymentName: orders
  flinkConfiguration: {a.token: hunter2}
  job:
    jarURI: https://ann:hunter2@host/a.jar
    args: [--password, hunter2, '--x.secret=hunter2', nutkin-secret:x, 'nutkin-json:1']
    parallelism: 2
status: {x: y}
";

#[test]
fn the_same_session_comes_back() {
    let options = vec![("s3.secret-key".to_owned(), "hunter2-b".to_owned())];
    let (wanted, session) =
        wanted(FILE, Inputs { options, task_managers: Some(4), ..Inputs::default() });
    let mut ledger = Ledger::new("orders");
    ledger.wanted = Some(wanted);
    let opened = stored(&ledger);
    assert_eq!((opened.lost, opened.missing), (Vec::new(), Vec::new()));
    let again = opened.ledger.wanted.unwrap();
    assert_eq!(again.session(), Ok(session));
    assert_eq!(Some(again), ledger.wanted);
}

#[test]
fn values_that_are_gone_are_named_and_never_taken_for_values() {
    let (wanted, _) = wanted(FILE, Inputs::default());
    let mut ledger = Ledger::new("orders");
    ledger.wanted = Some(wanted);
    let opened = Opened { ledger, ..open(Stored::default(), "orders").unwrap() };
    let mut sealed = opened.seal("salt").unwrap();
    sealed.secrets.0.retain(|name, _| !name.contains("s3.secret-key"));
    let stored = Stored {
        document: Some(sealed.document.clone()),
        secrets: sealed.secrets,
        version: Version(Some("1".to_owned())),
    };
    let opened = open(stored, "orders").unwrap();
    let missing: Vec<&str> = opened.missing.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(missing, ["wanted.documents.0.spec.flinkConfiguration.s3.secret-key"]);
    let problems = opened.ledger.wanted.as_ref().unwrap().session().unwrap_err();
    assert_eq!(problems[0].path, "s3.secret-key");
    // Saved again, it is still known what is missing.
    let again = opened.seal("other").unwrap();
    let version = |text: &str| serde_json::from_str::<Value>(text).unwrap()["version"].clone();
    assert_eq!((version(&sealed.document), version(&again.document)), (json!(1), json!(2)));
    assert_eq!(again.document.replace("\"version\": 2", "\"version\": 1"), sealed.document);
}

#[test]
fn names_of_values_do_not_tell_the_values() {
    let mut ledger = Ledger::new("s");
    let options = [("s3.secret-key", "a"), ("x/y secret", "a")];
    let options = options.map(|(key, value)| (key.to_owned(), value.to_owned()));
    ledger.wanted = Some(Wanted { options: options.into(), ..Wanted::default() });
    let opened = Opened { ledger, ..open(Stored::default(), "s").unwrap() };
    let (one, other) = (opened.seal("1").unwrap(), opened.seal("2").unwrap());
    assert_ne!(one.document, other.document, "a digest is salted");
    assert_eq!(one.secrets.0["salt"], "1");
    for name in one.secrets.0.keys() {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)), "{name}");
    }
    let mut plain = open(Stored::default(), "s").unwrap();
    plain.ledger.jobs.insert("a".to_owned(), JobRecord::default());
    assert!(
        plain.seal("1").unwrap().secrets.is_empty(),
        "nothing beside it where nothing is secret"
    );
}

#[test]
fn the_directory_of_a_configuration_comes_back() {
    for (version, dialect, text) in [
        ("1.18.1", Dialect::FlinkConf, "a: 1\ns3.secret-key: hunter2\nb: 'x'\n"),
        (
            "2.0.0",
            Dialect::ConfigYaml,
            "a: 1\nb: [1, x]\nc: 1.50\nd: {e: true}\ns3.secret-key: hunter2\np.password: 1\n",
        ),
    ] {
        let flink: FlinkVersion = version.parse().unwrap();
        let read = dialect::read(dialect, text, "conf/x").unwrap().configuration;
        let options: Configuration = [("k", "v"), ("x.token", "hunter2")].into_iter().collect();
        let conf_dir = ConfDir { path: "conf".to_owned(), dialect };
        let session = spec::of_directory(conf_dir, read.clone(), &options, flink, "n");
        let mut ledger = Ledger::new("n");
        ledger.wanted = Some(Wanted::of_directory(&read, &options, "n", &session));
        assert_eq!(stored(&ledger).ledger.wanted.unwrap().session(), Ok(session));
    }
}

#[test]
fn what_is_not_repeated_is_told() {
    #[track_caller]
    fn check(new: &Wanted, expected: &[LeftOut]) {
        let (old, _) = wanted(
            FILE,
            Inputs {
                options: vec![("a.password".to_owned(), "hunter2".to_owned())],
                task_managers: Some(3),
                flink: Some("1.20.5".parse().unwrap()),
                ..Inputs::default()
            },
        );
        assert_eq!(old.left_out(&old), []);
        assert_eq!(old.left_out(new), expected);
    }
    let of_file = wanted(FILE, Inputs::default()).0;
    let password = || LeftOut::Option("a.password".to_owned());
    let flink = LeftOut::Flink("1.20.5".to_owned());
    check(&of_file, &[password(), flink, LeftOut::TaskManagers(3)]);
    let scaled =
        Wanted { task_managers: Some(4), flink: Some("2.0".to_owned()), ..Wanted::default() };
    check(&scaled, &[LeftOut::File("s.yaml".to_owned()), password()]);
}

/// What a Nutkin without a ledger wrote.
const OLD: &str = r#"{
  "apiVersion": "nutkin/v1", "kind": "SessionRecord", "name": "orders", "namespace": "flink",
  "jobs": {"count": {
    "generation": 3, "digest": "0123456789abcdef", "jarDigest": "aa", "lastSavepoint": "file:///s/1",
    "savepointTriggerNonce": 1, "restartNonce": 2, "suspended": true,
    "pending": {"generation": 4, "digest": "fedcba9876543210"}
  }}
}"#;

#[test]
fn a_record_of_before_the_ledger_is_read_and_written_as_it_was() {
    let Read { ledger, lost } = read(OLD, "orders").unwrap();
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(ledger.wanted, None);
    assert_eq!(ledger.resumable(), ["count"]);
    let job = &ledger.jobs["count"];
    assert_eq!((job.generation, job.pending.as_ref().unwrap().generation), (3, 4));
    assert_eq!(job.origin, Bringer::File);
    assert_eq!(serde_json::to_value(&ledger).unwrap(), serde_json::from_str::<Value>(OLD).unwrap());
}

#[test]
fn fields_of_a_newer_nutkin_are_kept() {
    let mut document: Value = serde_json::from_str(OLD).unwrap();
    document["drain"] = json!({"since": 1});
    document["jobs"]["count"]["owner"] = json!("ann");
    document["jobs"]["count"]["origin"] = json!("adopted");
    document["wanted"] = json!({"schedule": "@daily"});
    document["history"] =
        json!([{"time": "t", "user": "u", "host": "h", "command": "c", "why": "w"}]);
    let opened = stored(&read(&document.to_string(), "orders").unwrap().ledger);
    let mut again = serde_json::to_value(&opened.ledger).unwrap();
    again.as_object_mut().unwrap().remove("version");
    assert_eq!(again, document);
}

#[test]
fn another_form_is_refused_and_damage_costs_what_is_damaged() {
    #[track_caller]
    fn check(change: impl Fn(&mut Value), lost: &[&str], jobs: usize) {
        let mut document: Value = serde_json::from_str(OLD).unwrap();
        change(&mut document);
        let read = read(&document.to_string(), "orders").unwrap();
        assert_eq!(read.lost, lost);
        assert_eq!(read.ledger.jobs.len(), jobs);
        assert_eq!(
            (read.ledger.name.as_str(), read.ledger.api_version.as_str()),
            ("orders", API_VERSION)
        );
    }
    check(|_| {}, &[], 1);
    check(|it| it["jobs"] = json!(7), &["jobs"], 0);
    check(|it| it["jobs"]["other"] = json!([]), &["jobs.other"], 1);
    check(|it| it["jobs"]["count"]["generation"] = json!("x"), &["jobs.count.generation"], 1);
    check(|it| it["name"] = json!("else"), &["name"], 1);
    check(|it| it["apiVersion"] = json!(null), &["apiVersion"], 1);
    check(|it| it["phase"] = json!({}), &["phase"], 1);
    check(|it| it["wanted"] = json!({"options": {"a": 1}, "name": "n"}), &["wanted.options"], 1);
    check(|it| it["history"] = json!([{"time": "t"}, 1]), &["history.1"], 1);
    check(|it| *it = json!("nothing"), &["the whole document"], 0);
    assert_eq!(read("{\"jobs\": ", "orders").unwrap().lost, ["the whole document"]);
    let newer = read("{\"apiVersion\": \"nutkin/v2\", \"jobs\": {}}", "orders").unwrap_err();
    assert_eq!(newer.version, "nutkin/v2");
}

#[test]
fn it_stays_small_and_keeps_what_is_needed() {
    let mut ledger = Ledger::new("s");
    let long = "x".repeat(4000);
    for number in 0..300 {
        ledger.note(event(&format!("up {number} {long}")));
        let ended = (number % 2 == 0).then(|| "FINISHED".to_owned());
        let state = (number % 4 == 0).then(|| long.clone());
        let submitted = Some(format!("{number:03}"));
        let job = JobRecord { ended, last_savepoint: state, submitted, ..JobRecord::default() };
        ledger.jobs.insert(format!("{number:03}"), job);
    }
    let living = |ledger: &Ledger| ledger.jobs.values().filter(|job| job.ended.is_none()).count();
    assert_eq!(living(&ledger), 150);
    ledger.bound().unwrap();
    assert!(ledger.text().len() <= DOCUMENT_LIMIT);
    assert_eq!(living(&ledger), 150);
    let last = ledger.history.last().map(|event| event.command.starts_with("up 299"));
    assert_eq!(last, Some(true), "the newest line");
    assert_eq!(ledger.resumable().len(), 75, "history goes first");
    for number in 0..200 {
        let job = JobRecord { last_savepoint: Some(long.clone()), ..JobRecord::default() };
        ledger.jobs.insert(format!("living-{number}"), job);
    }
    let too_large = ledger.bound().unwrap_err();
    assert!(DOCUMENT_LIMIT < too_large.bytes);
}

#[test]
fn whoever_was_slower_makes_its_change_again() {
    let mut mine = open(Stored::default(), "s").unwrap();
    let mut theirs = mine.clone();
    mine.ledger.jobs.insert("a".to_owned(), JobRecord::default());
    assert!(mine.is_changed());
    theirs.ledger.note(event("scale 3"));
    let sealed = theirs.seal("salt").unwrap();
    theirs.saved(&sealed, Version(Some("1".to_owned())));
    assert!(!theirs.is_changed());
    mine.rebase(theirs.clone()).unwrap();
    assert_eq!((mine.version.clone(), mine.ledger.version), (theirs.version, 1));
    assert_eq!((mine.ledger.jobs.len(), mine.ledger.history.len()), (1, 1));
    assert!(mine.is_changed());
}

#[test]
fn two_changes_are_one_where_they_touch_different_parts() {
    let base = {
        let mut base = Ledger::new("s");
        base.jobs.insert("a".to_owned(), JobRecord::default());
        base.note(event("up"));
        base
    };
    let scaled = |number| {
        let mut ledger = base.clone();
        ledger.wanted = Some(Wanted { task_managers: Some(number), ..Wanted::default() });
        ledger.note(event(&format!("scale {number}")));
        ledger
    };
    let with_job = |name: &str, generation| {
        let mut ledger = base.clone();
        let job = JobRecord { generation, ..JobRecord::default() };
        ledger.jobs.insert(name.to_owned(), job);
        ledger
    };
    let merged = merge(&base, &with_job("b", 1), &scaled(3)).unwrap();
    assert_eq!(merged.jobs.len(), 2);
    assert_eq!(merged.wanted, scaled(3).wanted);
    assert_eq!(merged.history.len(), 2);
    assert_eq!(merge(&base, &scaled(3), &with_job("b", 1)).map(|one| one.jobs.len()), Ok(2));
    assert!(merge(&base, &with_job("a", 2), &with_job("a", 2)).is_ok(), "the same change");
    let mut gone = base.clone();
    gone.jobs.clear();
    assert_eq!(merge(&base, &gone, &with_job("b", 1)).map(|one| one.jobs.len()), Ok(1));
    let conflict = merge(&base, &scaled(3), &scaled(4)).unwrap_err();
    assert_eq!(
        conflict.to_string(),
        "another command changed what is wanted of session `s` in the meantime \
         (ann@laptop, 2026-11-29T12:00:00Z: scale 4)"
    );
    let conflict = merge(&base, &with_job("a", 2), &with_job("a", 3)).unwrap_err();
    assert_eq!(conflict.what, "job `a`");
}

#[test]
fn jobs_that_are_given_up_are_merged_as_the_rest() {
    #[track_caller]
    fn check(base: &str, ours: &str, theirs: &str, expected: &str) {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let of = |time| Ledger { given_up: text(time), ..Ledger::new("s") };
        let merged = merge(&of(base), &of(ours), &of(theirs)).unwrap();
        assert_eq!(merged.given_up, text(expected));
    }
    let [first, second, third] =
        ["2026-11-29T12:00:00Z", "2026-11-29T12:00:01Z", "2026-11-29T12:00:02Z"];
    // Whoever changed it, also back.
    check(first, second, first, second);
    check(first, first, second, second);
    check(second, first, second, first);
    check(second, "", second, "");
    check(second, second, "", "");
    // Both did: whichever is later.
    check(first, third, second, third);
    check(first, second, third, third);
    check(first, "", second, second);
}

/// Words for the values of random session files: of every YAML type, some of them secret.
fn word() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "x",
        "2",
        "007",
        "+5",
        "0x10",
        "1.50",
        "1e3",
        ".5",
        "-3",
        "true",
        "yes",
        "''",
        "'a b'",
        "~",
        "hunter2-a",
        "'--password=hunter2'",
        "'--password'",
        "hunter2",
        "'https://u:hunter2@h/x'",
        "[a, 1, 2.50]",
        "é",
        "'nutkin-secret:a'",
        "'nutkin-json:1'",
        "'-Dkey.secret=hunter2 -Da=b'",
    ];
    prop::sample::select(WORDS).prop_map(str::to_owned)
}

fn is_open(key: &str, value: &str) -> bool {
    // What no rule can know for a secret is not one.
    let says_so =
        value.contains("--password=") || value.contains("secret=") || value.contains("://");
    nutkin_flink::options::is_sensitive(key) || says_so || !value.contains(SECRET)
}

fn options() -> impl Strategy<Value = BTreeMap<String, String>> {
    let keys = prop::sample::select(
        &["a.b", "a.c", "s3.secret-key", "x.password", "env.java.opts.all", "k.token"][..],
    );
    let option = (keys, word()).prop_filter("known", |(key, value)| is_open(key, value));
    prop::collection::vec(option, 0..5)
        .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn lines(options: &BTreeMap<String, String>, indent: &str) -> String {
    options.iter().map(|(key, value)| format!("{indent}{key}: {value}\n")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_session_comes_back_and_no_secret_stands_in_its_ledger(
        of_session in options(),
        of_job in options(),
        said in options(),
        variable in prop::sample::select(&["PASSWORD", "A_TOKEN", "S3_SECRET"][..]),
        value in word(),
        cpu in prop::option::of(prop::sample::select(&["1", "0.50", "2.0", "1e0", "010"][..])),
        nonce in prop::option::of(prop::sample::select(&["1", "007", "-2", "+3"][..])),
        args in prop::collection::vec(
            word().prop_filter("an argument", |word| word.starts_with('\'') && is_open("", word)),
            0..6,
        ),
        task_managers in prop::option::of(1..9_u32),
        flink in prop::sample::select(&["v1_13", "v1_20", "v2_0"][..]),
    ) {
        let mut text = format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: s}}\nspec:\n  \
             flinkVersion: {flink}\n"
        );
        if let Some(nonce) = nonce {
            text += &format!("  restartNonce: {nonce}\n");
        }
        if let Some(cpu) = cpu {
            text += &format!("  jobManager: {{resource: {{cpu: {cpu}}}}}\n");
            text += &format!("  taskManager: {{resources: {{requests: {{cpu: {cpu}}}}}}}\n");
        }
        text += &format!("  flinkConfiguration:\n    z: 1\n{}", lines(&of_session, "    "));
        text += &format!(
            "  podTemplate: {{spec: {{containers: [{{env: [{{name: {variable}, value: {value}}}], n: [1, 2.50, 010]}}]}}}}\n"
        );
        text += "---\napiVersion: flink.apache.org/v1beta1\nkind: FlinkSessionJob\nmetadata: {name: j}\nspec:\n  \
                 deploymentName: s\n  job:\n    jarURI: a.jar\n";
        text += &format!("    args: [{}]\n", args.join(", "));
        text += &format!("  flinkConfiguration:\n    z: 1\n{}", lines(&of_job, "    "));
        let inputs = Inputs { options: said.into_iter().collect(), task_managers, ..Inputs::default() };
        let Ok((session, inputs)) = spec::load_inputs(&text, "s.yaml", inputs) else {
            return Err(TestCaseError::reject("not a session file"));
        };
        let mut ledger = Ledger::new("s");
        ledger.wanted = Some(Wanted::of(&inputs, &session, Some(source())));
        let job = &session.jobs[0];
        let record = JobRecord {
            args: job.args.clone(),
            options: job.configuration.iter().map(|(key, entry)| (key.to_owned(), entry.value.to_string())).collect(),
            pending: Some(Box::new(JobRecord { args: job.args.clone(), ..JobRecord::default() })),
            ..JobRecord::default()
        };
        ledger.jobs.insert("j".to_owned(), record);
        let opened = stored(&ledger);
        prop_assert_eq!(&opened.lost, &Vec::<String>::new());
        prop_assert_eq!(&opened.ledger.jobs, &ledger.jobs);
        prop_assert_eq!(opened.ledger.wanted.unwrap().session(), Ok(session));
    }
}

#[test]
fn the_later_of_two_sightings_is_kept() {
    #[track_caller]
    fn check(base: Option<u8>, ours: Option<u8>, theirs: Option<u8>, expected: Option<u8>) {
        let of = |second: Option<u8>| {
            let time = second.map(|second| format!("2026-11-29T12:00:0{second}Z"));
            let one = time.map(|time| Sighting { time, ..Sighting::default() });
            let sightings = one.map(|one| ("a".to_owned(), one)).into_iter().collect();
            Ledger { sightings, ..Ledger::new("s") }
        };
        let merged = merge(&of(base), &of(ours), &of(theirs)).unwrap();
        assert_eq!(merged.sightings, of(expected).sightings);
    }
    check(None, Some(1), None, Some(1));
    check(Some(1), Some(1), Some(2), Some(2));
    check(Some(1), None, Some(1), None);
    check(Some(1), Some(1), None, None);
    // Both: no conflict.
    check(Some(1), Some(2), Some(3), Some(3));
    check(Some(1), Some(3), Some(2), Some(3));
    check(None, Some(3), Some(2), Some(3));
    check(Some(1), None, Some(2), Some(2));
    check(Some(1), Some(2), None, Some(2));
}
