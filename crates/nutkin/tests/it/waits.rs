//! Who may wait: a table of the files that sleep.

use std::collections::BTreeSet;
use std::path::Path;

use crate::house::code;
use crate::tidy::files;

/// Files that may sleep, each with its reason: drivers, and where what is waited for makes no sign. Everybody else
/// says that something takes time and leaves the waiting to a driver. Those with `thread` hold up a thread, which is
/// their own.
const MAY_SLEEP: [(&str, &str); 22] = [
    ("nutkin/src/cli/again.rs", "`--watch`: until the next look"),
    ("nutkin/src/jobs/drive.rs", "the driver of commands about jobs"),
    ("nutkin/src/operator/clock.rs", "the operator's driver"),
    ("nutkin/src/platform/attend.rs", "who attends the driver of sessions"),
    ("nutkin/src/platform/patience.rs", "a JobManager that misses one answer"),
    ("rest/src/client.rs", "one request while JobManagers elect a leader"),
    ("kubernetes/src/api.rs", "one request that the API server wants later (Retry-After)"),
    ("kubernetes/src/session.rs", "one question to a JobManager that starts to answer"),
    ("docker/src/view.rs", "the same"),
    ("local/src/suffering.rs", "the same"),
    ("kubernetes/src/logs.rs", "follows logs: new pods"),
    ("local/src/logs.rs", "follows logs: files that grow"),
    ("kubernetes/src/tunnel.rs", "the system has no socket left for the moment"),
    ("shell/src/files/lock.rs", "a lock of another process"),
    ("local/src/directory.rs", "a lock of another process"),
    ("local/src/store.rs", "a lock of another process"),
    ("docker/src/helper.rs", "a lock of another process"),
    ("fetch/src/dist/class_data.rs", "JVMs that record their classes"),
    ("fetch/src/dist/origin/pip.rs", "a download of another program"),
    ("local/src/supervisor.rs", "thread: the supervisor is a process of its own"),
    (
        "local/src/ownership.rs",
        "thread: /proc of a process that is becoming another program, microseconds",
    ),
    (
        "nutkin/src/entrypoint/background.rs",
        "thread: a container's entrypoint, which has no runtime",
    ),
];

#[test]
fn only_drivers_wait() {
    let mut sleepers = BTreeSet::new();
    let mut faults = Vec::new();
    for (path, text) in files() {
        let Some(file) = path.strip_prefix("crates/").filter(|file| file.contains("/src/")) else {
            continue;
        };
        let is_test = file.starts_with("testkit/") || file.contains("tests");
        if is_test || Path::new(file).extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let code = code(&text);
        let threads = code.contains("thread::sleep");
        let sleeps = ["sleep(", "time::interval("].iter().any(|one| code.contains(one));
        if !sleeps {
            continue;
        }
        sleepers.insert(file.to_owned());
        match MAY_SLEEP.iter().find(|(row, _)| *row == file) {
            None => faults.push(format!("{file} sleeps: that is a driver's affair")),
            Some((_, reason)) if threads != reason.starts_with("thread: ") => {
                faults.push(format!("{file} holds up a thread: {threads}"));
            }
            Some(_) => {}
        }
    }
    let stale = MAY_SLEEP.iter().filter(|(row, _)| !sleepers.contains(*row));
    faults.extend(stale.map(|(row, _)| format!("{row} does not sleep any more")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
