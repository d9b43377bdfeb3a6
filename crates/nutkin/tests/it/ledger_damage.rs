//! A ledger on this machine that is damaged, of another Nutkin, or gone: what commands say, and what they leave alone.

use std::fs;

use serde_json::{Value, json};

use crate::world::{World, finish};

const UP: [&str; 2] = ["-D", "parallelism.default=2"];

/// What `up a` without a file makes of a ledger that somebody changed while the session runs.
struct Row<'r> {
    /// What becomes of the document; nothing: it is deleted.
    damage: &'r dyn Fn(&str) -> Option<String>,
    code: i32,
    says: &'r [&'r str],
    /// What the document wants afterwards of the option that was given, and whether a field of a newer Nutkin is there.
    left: (&'r str, bool),
}

#[track_caller]
fn check(row: &Row<'_>) {
    let world = World::new();
    world.up("a", &[&UP[..], &["--task-managers", "2"]].concat()).expect(0);
    let before = world.until_running("a");
    let path = world.session("a").record();
    let document = fs::read_to_string(&path).unwrap();
    match (row.damage)(&document) {
        Some(damaged) => fs::write(&path, damaged).unwrap(),
        None => fs::remove_file(&path).unwrap(),
    }
    // Whatever the ledger is like, the session is shown.
    world.run(&["status", "a"]).expect(0).prints("taskmanager-2");
    world.run(&["ls"]).expect(0).prints("a ");
    let up = world.run(&["up", "a", "--no-wait"]);
    up.expect(row.code);
    for text in row.says {
        up.says(text);
    }
    assert_eq!(world.until_running("a"), before, "nothing was touched");
    let now: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let wanted = now["wanted"]["options"]["parallelism.default"].as_str().unwrap_or("-");
    assert_eq!((wanted, now["later"].is_object()), row.left, "{now:#}");
}

fn with(document: &str, change: impl Fn(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(document).unwrap();
    change(&mut document);
    document.to_string()
}

#[test]
fn a_ledger_that_is_cut_off_or_gone_is_made_anew_from_what_runs() {
    let lost = &["no ledger says what is wanted of session `a`", "session `a` is unchanged"];
    let whole = &[lost[0], lost[1], "what it said is lost of: the whole document"];
    for (damage, says) in [
        (&|text: &str| Some(text[..text.len() / 2].to_owned()) as Option<String>, &whole[..]),
        (&|_: &str| Some("\u{0}\u{1}garbage".to_owned()), &whole[..]),
        (&|_: &str| Some(String::new()), &whole[..]),
        (&|_: &str| None, &lost[..]),
    ] as [(&dyn Fn(&str) -> Option<String>, &[&str]); 4]
    {
        check(&Row { damage, code: 0, says, left: ("2", false) });
    }
}

#[test]
fn a_part_that_cannot_be_read_costs_no_other() {
    check(&Row {
        damage: &|text| Some(with(text, |document| document["jobs"] = json!([1]))),
        code: 0,
        says: &["what it said is lost of: jobs", "session `a` is unchanged"],
        left: ("2", false),
    });
}

#[test]
fn of_a_newer_nutkin_fields_are_kept_and_another_form_is_refused() {
    let newer = |document: &mut Value| document["later"] = json!({"x": 1});
    check(&Row {
        damage: &|text| Some(with(text, newer)),
        code: 0,
        says: &["session `a` is unchanged"],
        left: ("2", true),
    });
    check(&Row {
        damage: &|text| {
            Some(with(text, |document| {
                newer(document);
                document["apiVersion"] = json!("nutkin/v2");
            }))
        },
        code: 2,
        says: &["is of a newer Nutkin: it says `nutkin/v2`", "use the Nutkin that wrote it"],
        left: ("2", true),
    });
}

#[test]
fn relative_paths_count_from_where_they_were_given() {
    let world = World::new();
    world.file("work/jars/u.jar", "");
    world.up("a", &["-D", "nutkin.libs=jars/u.jar"]).expect(0);
    let before = world.until_running("a");
    fs::create_dir(world.path("elsewhere")).unwrap();
    for args in [&["up", "a", "--no-wait"][..], &["plan", "a"]] {
        let mut command = world.command(args);
        command.current_dir(world.path("elsewhere"));
        let run = finish(command.spawn().unwrap());
        run.expect(0);
        assert!(
            run.all().contains("unchanged") || run.all().contains("no change"),
            "{}",
            run.all()
        );
    }
    assert_eq!(world.until_running("a"), before);
    // The control: said in so many words, it counts from here.
    let mut command =
        world.command(&["plan", "a", "-D", "rest.port=0", "-D", "nutkin.libs=jars/u.jar"]);
    command.current_dir(world.path("elsewhere"));
    finish(command.spawn().unwrap()).expect(2).says("jars/u.jar");
}

/// Orders that cannot be read hide the JobManager's address, and that the ZooKeeper was the session's own.
#[test]
fn the_end_of_a_damaged_session_neither_loses_jobs_nor_promises_them() {
    let world = World::new();
    world.up("a", &["-D", "high-availability.type=zookeeper"]).expect(0);
    let before = world.until_running("a");
    world.file("state/nutkin/data/a/ha/a/blob", "");
    fs::write(world.session("a").launch(), "{").unwrap();
    let path = world.session("a").record();
    let text = fs::read_to_string(&path).unwrap();
    let open = with(&text, |document| {
        document["jobs"]["00000000000000000000000000000001"] =
            json!({"generation": 1, "digest": "d", "origin": "run"});
    });
    // So does a ledger that is damaged as well.
    for ledger in [open, "{".to_owned(), with(&text, |document| document["jobs"] = json!([1]))] {
        fs::write(&path, ledger).unwrap();
        let down = world.run(&["down", "a", "--yes"]);
        down.expect(6).says("jobs that will be lost: unknown").says("run it again with --force");
        assert_eq!(world.living("a"), before);
    }
    // The control: the ledger knows of none.
    fs::write(&path, text).unwrap();
    let down = world.run(&["down", "a", "--yes"]);
    down.expect(0);
    assert!(!down.stderr.contains("finds it again"), "{}", down.all());
    assert!(!world.path("state/nutkin/data/a/ha").exists());
}

#[test]
fn a_session_that_can_go_on_is_ended_and_started_again_as_it_was() {
    let world = World::new();
    world.up("a", &[&UP[..], &["--task-managers", "2"]].concat()).expect(0);
    world.until_running("a");
    let path = world.session("a").record();
    let with_savepoint = with(&fs::read_to_string(&path).unwrap(), |document| {
        document["jobs"]["count"] =
            json!({"generation": 3, "digest": "d", "lastSavepoint": "file:/savepoint-1"});
    });
    fs::write(&path, with_savepoint).unwrap();
    let down = world.run(&["down", "a", "--yes", "--force"]);
    down.expect(0).says("kept the ledger of session `a`");
    down.says("job `count` can go on from file:/savepoint-1").says("`nutkin up a` starts it again");
    assert_eq!(world.living("a"), []);
    world.run(&["ls"]).expect(0).prints("ended");
    world.run(&["status", "a"]).expect(0).prints("ended").prints("`nutkin up a` starts it again");
    world.run(&["jobs", "--session", "a"]).expect(5).says("ended");
    world.run(&["up", "a", "--no-wait"]).expect(0);
    assert_eq!(world.until_running("a").len(), 4);
    assert_eq!(world.launch("a").options["parallelism.default"], "2");
    let down = world.run(&["down", "a", "--yes", "--force", "--delete-data"]);
    down.expect(0);
    assert!(!down.stderr.contains("can go on"), "{}", down.all());
    assert!(!world.session("a").path().exists());
    world.run(&["ls"]).expect(0).says("there is no session");
}

#[test]
fn what_is_not_repeated_is_shown_as_a_removal_and_asked_about() {
    let world = World::new();
    world.up("a", &["-D", "parallelism.default=2", "--task-managers", "2"]).expect(0);
    world.until_running("a");
    crate::world::answer(crate::world::rest_port(&world.launch("a")), 2, &[]);
    let wanted = || {
        let text = fs::read_to_string(world.session("a").record()).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["wanted"]["options"].to_string()
    };
    let before = wanted();
    let up = world.up("a", &["-D", "taskmanager.numberOfTaskSlots=2"]);
    up.expect(6).says("- no longer wanted: -D parallelism.default, --task-managers 2");
    assert_eq!(wanted(), before, "nothing is written without consent");
    world.up("a", &["-D", "taskmanager.numberOfTaskSlots=2", "--yes"]).expect(0);
    assert!(!wanted().contains("parallelism"), "{}", wanted());
    // Not before everything runs: what answers here would have taken the port of a session that does not.
    world.until_running("a");
    // The control: without a word everything stays as it is.
    world.run(&["up", "a", "--no-wait"]).expect(0).says("session `a` is unchanged");
    assert!(wanted().contains("numberOfTaskSlots"), "{}", wanted());
}
