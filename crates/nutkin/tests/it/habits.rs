//! What hands know from kubectl and from other programs: forms of output, `--watch`, `edit`, and what Nutkin keeps on a
//! machine: units for its start, and the cache.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nutkin_testkit::{Finished, schema};
use rustix::process::{Pid, Signal, kill_process};

use crate::world::{World, finish};

/// A world with a session whose JVMs only sleep.
fn with_session(options: &[&str]) -> World {
    let world = World::new();
    world.java("java", "17.0.1", "exec sleep 600");
    world.up("a", options).expect(0);
    world.until_running("a");
    world
}

/// `nutkin` with more variables.
fn with(world: &World, variables: &[(&str, &str)], args: &[&str]) -> Finished {
    let mut command = world.command(args);
    command.envs(variables.iter().copied());
    finish(command.spawn().unwrap())
}

#[test]
fn lists_as_kubectl_prints_them() {
    let world = with_session(&[]);
    assert_eq!(world.run(&["ls", "-o", "name"]).expect(0).stdout, "a\n");
    let template = "jsonpath={range .items[*]}{.name} on {.platform}{\"\\n\"}{end}";
    assert_eq!(world.run(&["ls", "-o", template]).expect(0).stdout, "a on local\n");
    assert_eq!(world.run(&["status", "a", "-o", "jsonpath={.name}"]).expect(0).stdout, "a");
    world.run(&["ls", "-o", "jsonpath={.items"]).expect(2).says("a `{` has no `}`");
    world.run(&["ls", "-o", "xml"]).expect(2).says("not one of text, json, yaml, name");
    assert_eq!(world.run(&["plan", "a", "-o", "name"]).expect(0).stdout, "a\n");
    world.run(&["self", "check", "-o", "name"]).expect(2).says("has no name");
    world.run(&["status", "aa"]).expect(5);
    assert_eq!(world.run(&["diff", "a"]).expect(0).stdout, world.run(&["plan", "a"]).stdout);
}

#[test]
fn a_session_name_with_a_slip_is_told() {
    let world = World::new();
    world.java("java", "17.0.1", "exec sleep 600");
    world.up("orders", &[]).expect(0);
    world.run(&["status", "ordres"]).expect(5).says("did you mean `orders`?");
}

#[test]
fn watching_looks_again_until_ctrl_c() {
    let world = with_session(&[]);
    let child = world.command(&["ls", "--watch=1", "-o", "name"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    kill_process(Pid::from_raw(child.id().try_into().unwrap()).unwrap(), Signal::INT).unwrap();
    let said = finish(child);
    assert!(1 < said.expect(0).stdout.matches("a\n").count(), "{}", said.stdout);
    world.run(&["ls", "--watch=0"]).expect(2);
}

#[test]
fn what_is_wanted_is_edited() {
    let world = with_session(&["-D", "taskmanager.numberOfTaskSlots=2"]);
    let edit = |editor: &str, more: &[&str]| {
        with(&world, &[("EDITOR", editor)], &[&["edit", "a"], more].concat())
    };
    edit("true", &[]).expect(0).says("nothing was changed; session `a` is as it was");
    edit("false", &[]).expect(1).says("the editor `false` failed");
    let renamed = edit("sed -i 's/name: a$/name: b/'", &[]);
    renamed.expect(2).says("a name cannot be changed").says("your text is kept in `");
    let more_slots = "sed -i 's/\\(numberOfTaskSlots: .*\\)2/\\13/'";
    edit(more_slots, &[]).expect(6).says("session `a` changes:");
    // Nothing answers in the end: the session is another one all the same.
    edit(more_slots, &["--yes", "--force", "--timeout", "1"]).expect(4);
    let conf = world.session("a").conf();
    let files =
        fs::read_dir(conf).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let text = files.collect::<String>().replace('\'', "");
    assert!(text.contains("numberOfTaskSlots: 3"), "{text}");
    assert_eq!(world.run(&["plan", "a", "--detailed-exitcode"]).code, Some(0));
}

#[test]
fn a_unit_starts_a_session_with_its_machine() {
    let world = World::new();
    world.java("java", "17.0.1", "exec sleep 600");
    let config = world.path("config").display().to_string();
    let variables = [("XDG_CONFIG_HOME", config.as_str())];
    let up = ["up", "a", "--no-wait", "-D", "rest.port=0", "--at-boot"];
    with(&world, &variables, &up).expect(0).says("at boot");
    let unit = world.path("config/systemd/user/nutkin-a.service");
    let text = fs::read_to_string(&unit).unwrap();
    verify(&unit);
    // As at a boot: nothing runs, and only the unit says what is meant.
    let unquoted = |word: &str| word.trim_matches('"').replace("%%", "%");
    let value = |key: &'static str| text.lines().filter_map(move |line| line.strip_prefix(key));
    let mut words = value("ExecStart=").next().unwrap().split(' ').map(unquoted);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).env_clear().arg0("nutkin").current_dir("/");
    for variable in value("Environment=") {
        let variable = unquoted(variable);
        let (name, value) = variable.split_once('=').unwrap();
        command.env(name, value);
    }
    for (_, pid) in world.living("a") {
        // Those whose parent is the supervisor end twice.
        let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!world.until_running("a").is_empty());
    with(&world, &variables, &["down", "a", "--yes"])
        .expect(0)
        .says("does not start at boot any more");
    assert!(!unit.exists());
    let elsewhere = ["up", "b", "--at-boot", "--on", "docker"];
    with(&world, &variables, &elsewhere).expect(2).says("only sessions on this machine");
}

/// systemd's own opinion of a unit, where it is installed.
fn verify(unit: &Path) {
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(unit).output();
    if let Ok(verified) = verified {
        let said = String::from_utf8_lossy(&verified.stderr);
        let about: Vec<&str> = said.lines().filter(|line| line.contains("nutkin-a")).collect();
        assert!(about.is_empty(), "{about:?}");
    }
}

#[test]
fn what_is_cached_is_shown_and_pruned() {
    let world = World::new();
    world.java("java", "17.0.1", "exec sleep 600");
    // A plugin that was fetched: the orders name a folder of links to it.
    let plugin = "cache/nutkin/artifacts/https/0a/plugin.jar";
    world.file(plugin, "jar");
    world.up("a", &["-D", &format!("nutkin.plugins=../{plugin}")]).expect(0);
    world.until_running("a");
    let release = "cache/nutkin/dist/flink-1.19.3";
    world.file(&format!("{release}/lib/flink-dist-1.19.3.jar"), "jar");
    let manifest = r#"{"apiVersion":"nutkin/v1","kind":"DistributionManifest","version":"1.19.3","source":"apache","files":{}}"#;
    world.file(&format!("{release}/nutkin-dist.json"), manifest);
    world.file("cache/nutkin/class-data/flink-1.19.3-0a/jobmanager.jsa", "archive");
    // A jar that was not installed is said.
    let checked = world.run(&["self", "check", "-o", "json"]);
    let document = schema::read(&checked.expect(1).stdout);
    let items = document["cache"]["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["what"] == "Flink 1.19.3"), "{items:?}");
    assert_eq!(document["state"]["sessions"], 1);
    checked.says("something that is installed is damaged");
    world
        .run(&["cache", "prune", "--dry-run"])
        .expect(0)
        .says("would be deleted")
        .says("Flink 1.19.3");
    world.run(&["cache", "prune"]).expect(6).says("consent is needed");
    assert!(world.path(release).is_dir());
    world.run(&["cache", "prune", "--yes"]).expect(0).says("freed");
    assert!(!world.path(release).exists());
    assert!(world.path(plugin).is_file(), "a session uses it");
    assert!(world.run(&["self", "check"]).expect(0).stdout.starts_with("nutkin "));
    world
        .run(&["cache", "prune", "--yes"])
        .expect(0)
        .says("nothing is cached that no session uses");
    assert!(!world.living("a").is_empty());
}
