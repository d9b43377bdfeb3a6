//! What the tests share: Nutkin with a daemon, Docker's own client as the second opinion, and nothing left behind.

use std::process::{Command, Output};
use std::time::Duration;

use nutkin_e2e::{Finished, Nutkin, Rest, Running};
use nutkin_testkit::eventually_or;
use serde_json::Value;

/// How long a session may take to be there again: JVMs start in a few seconds, on a loaded machine in twenty, and an
/// election of ZooKeeper's takes ten.
pub(crate) const RECOVERY: Duration = Duration::from_mins(2);
/// A command of Nutkin's that starts containers, or builds an image.
pub(crate) const LIMIT: Duration = Duration::from_mins(5);

/// A session's world. On drop the session is ended with all its data.
pub(crate) struct World {
    pub(crate) nutkin: Nutkin,
    pub(crate) session: &'static str,
    pub(crate) flink: &'static str,
}

impl World {
    /// For the session of this name, which no other test uses: the daemon is everybody's.
    pub(crate) fn new(session: &'static str) -> Self {
        Self::of(session, "1.20.5")
    }

    /// The same with another Flink.
    pub(crate) fn of(session: &'static str, flink: &'static str) -> Self {
        Self { nutkin: Nutkin::new(), session, flink }
    }

    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        self.start(args).wait(LIMIT)
    }

    /// Starts a command without waiting for it.
    #[track_caller]
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = self.nutkin.command(args);
        command.env("DOCKER_HOST", variable("DOCKER_HOST"));
        self.nutkin.start(command)
    }

    /// The same on a machine that has no Java, and no source of one: in a mount namespace of its own the place of all Javas
    /// is empty. This stage has root for that.
    #[track_caller]
    pub(crate) fn run_without_java(&self, args: &[&str], more: &[(&str, &str)]) -> Finished {
        let nutkin = self.nutkin.command(args);
        let script = "[ ! -d /usr/lib/jvm ] || mount -t tmpfs none /usr/lib/jvm || exit 9; \
                      unset JAVA_HOME; PATH=/nowhere; exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, "sh"]).arg(nutkin.get_program()).args(args);
        command.env_clear();
        command.envs(nutkin.get_envs().filter_map(|(name, value)| Some((name, value?))));
        // A port at which nobody listens.
        let nowhere = "http://127.0.0.1:9/";
        command.env("NUTKIN_JAVA_ARCHIVE", nowhere).env("PIP_INDEX_URL", nowhere);
        command.envs(more.iter().copied()).current_dir(self.nutkin.directory());
        self.nutkin.start(command).wait(LIMIT)
    }

    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> Finished {
        let finished = self.run(args);
        finished.expect(0);
        finished
    }

    /// `nutkin up` of this session, on a free port.
    #[track_caller]
    pub(crate) fn up(&self, more: &[&str]) -> Finished {
        let up = ["up", self.session, "--on", "docker", "--flink", self.flink];
        self.run(&[&up, SMALL, more].concat())
    }

    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        self.ok(&["status", self.session, "--on", "docker", "-o", "json"]).json()
    }

    #[track_caller]
    pub(crate) fn rest(&self) -> Rest {
        Rest::new(self.status()["restUrl"].as_str().expect("an address"))
    }

    #[track_caller]
    pub(crate) fn eventually(&self, what: &str, is_so: impl FnMut() -> bool) {
        let logs = ["logs", "--session", self.session, "--on", "docker", "--tail", "40"];
        let around = || self.run(&logs).all();
        eventually_or(what, RECOVERY, Duration::from_millis(200), around, is_so);
    }
}

/// Sizes that let two sessions live beside each other on a machine for tests.
pub(crate) const SMALL: &[&str] =
    &["-D", "jobmanager.memory.process.size=900m", "-D", "taskmanager.memory.process.size=1024m"];

impl Drop for World {
    fn drop(&mut self) {
        let down = ["down", self.session, "--on", "docker", "--delete-data", "--yes", "--force"];
        let mut command = self.nutkin.command(&down);
        command.env("DOCKER_HOST", variable("DOCKER_HOST"));
        let ended = self.nutkin.start(command).wait(LIMIT);
        if !std::thread::panicking() {
            assert!(matches!(ended.code, Some(0 | 5)), "{}", ended.all());
            assert_eq!(left(self.session), "", "of session {}", self.session);
        }
    }
}

/// What the daemon still has of a session: containers, networks, volumes.
pub(crate) fn left(session: &str) -> String {
    let label = format!("label=nutkin.dev/session={session}");
    let mut all = String::new();
    for what in [&["ps", "-a"][..], &["network", "ls"], &["volume", "ls"]] {
        all.push_str(&docker(&[what, &["-q", "--filter", &label]].concat()));
    }
    all
}

/// Docker's own client.
#[track_caller]
pub(crate) fn docker(args: &[&str]) -> String {
    let output = try_docker(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "docker {args:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
pub(crate) fn try_docker(args: &[&str]) -> Output {
    Command::new("docker").args(args).output().expect("Docker's client runs")
}

#[track_caller]
pub(crate) fn variable(name: &str) -> String {
    let value = std::env::var(name);
    value.unwrap_or_else(|_| panic!("{name} is not set: run these tests with `cargo xtask test`"))
}
