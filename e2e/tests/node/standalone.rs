//! Sessions in standalone mode, from the examples as they stand but for images, sizes and where claims come from.

use std::path::{Path, PathBuf};
use std::time::Instant;

use nutkin_e2e::exactly_once::committed;
use nutkin_e2e::node::{World, seconds};
use serde_json::Value;

/// An example without the lines that begin with one of these words, and with others in their place.
#[track_caller]
fn example(world: &World, name: &str, without: &[&str], instead: &[(&str, &str)]) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../examples/{name}.yaml"));
    let mut text = std::fs::read_to_string(path).expect("the example");
    for word in without {
        assert!(text.contains(word), "the example has `{word}`");
        text = text.lines().filter(|line| !line.contains(word)).map(|l| format!("{l}\n")).collect();
    }
    for (old, new) in instead {
        assert!(text.contains(old), "the example has `{old}`");
        text = text.replace(old, new);
    }
    world.cluster.nutkin.file(&format!("{name}.yaml"), &text)
}

/// A pod is ready by its own probes.
fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
}

#[test]
fn a_session_and_a_task_manager_that_is_lost() {
    let world = World::new("example session, Flink 1.20.5");
    world.claim("data");
    let file = example(&world, "session", &[], &[]);
    let up = world.up_file(&file, "1.20.5", &["-D", "nutkin.claim.data.path=/data"]);
    up.expect(0).says("session `words` is up");
    let pods = || world.pods("app=words");
    assert_eq!(pods().len(), 3);
    world.eventually("all probes are green", || pods().iter().all(is_ready));
    let jar = world.cluster.nutkin.setup().job("1.20.5", "WordCount");
    std::fs::write(world.shared().join("words.txt"), "to be or not to be\n").expect("a file");
    let jar = jar.to_str().expect("a path in UTF-8");
    let run =
        ["run", "--session", "words", jar, "--input", "/data/words.txt", "--output", "/data/out"];
    world.ok(&run).says("has finished");
    let mut lines = committed(&world.shared().join("out"));
    lines.sort();
    assert_eq!(lines, ["be 2", "not 1", "or 1", "to 2"]);

    let slots = || world.status("words")["slots"]["total"].clone();
    assert_eq!(slots(), 4);
    let lost = world.pod_names("app=words,component=taskmanager").remove(0);
    world.cluster.kubectl(&["delete", "pod", &lost, "--grace-period=0", "--force"]);
    let started = Instant::now();
    let back = || {
        let names = world.pod_names("app=words,component=taskmanager");
        names.len() == 2 && !names.contains(&lost) && world.pods("app=words").iter().all(is_ready)
    };
    world.eventually("another TaskManager", back);
    world.eventually("its slots", || slots().as_u64() >= Some(4));
    world.measured("to resumed", seconds(started.elapsed()));

    // A change that only TaskManagers read: predicted, and seen.
    let change = ["-D", "nutkin.claim.data.path=/data", "-D", "taskmanager.debug.memory.log=true"];
    let job_manager = world.pod_names("app=words,component=jobmanager");
    let before = world.pod_names("app=words,component=taskmanager");
    let up = world.up_file(&file, "1.20.5", &[&change[..], &["--yes"]].concat());
    up.expect(0).says("restarts all TaskManagers");
    let after = world.pod_names("app=words,component=taskmanager");
    assert!(after.len() == 2 && after.iter().all(|pod| !before.contains(pod)), "{after:?}");
    assert_eq!(world.pod_names("app=words,component=jobmanager"), job_manager);
    world.ok(&["scale", "words", "--task-managers", "1", "--yes"]);
    world
        .eventually("one TaskManager", || world.pods("app=words,component=taskmanager").len() == 1);
    world.ok(&["down", "words"]);
}
