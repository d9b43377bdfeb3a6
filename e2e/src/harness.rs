//! `Nutkin`: the binary with a home of its own, and the promise that nothing is left behind.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use nutkin_testkit::run::tails;
use nutkin_testkit::{Finished, Running, eventually_or};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::Setup;

/// A command that takes longer than this hangs. A session comes up in 10 s on a loaded machine of two
/// cores; an install from the network, the longest of all, happens before the tests.
const LIMIT: Duration = Duration::from_mins(3);
/// `down` of a session waits for its JVMs; they end in less than a second.
const DOWN_LIMIT: Duration = Duration::from_mins(1);
/// Between two looks at a process or a condition.
const POLL: Duration = Duration::from_millis(25);

/// The binary under test with private state and home, and the shared cache of distributions.
///
/// On drop every session is taken down, and a process that still belongs to one of them fails the test.
#[derive(Debug)]
pub struct Nutkin {
    setup: Setup,
    home: TempDir,
}

impl Default for Nutkin {
    fn default() -> Self {
        Self::new()
    }
}

impl Nutkin {
    /// With nothing running and no session known.
    ///
    /// # Panics
    /// When `cargo xtask test` has not set it up.
    #[track_caller]
    pub fn new() -> Self {
        let setup = Setup::of_process();
        let home = TempDir::with_prefix("nutkin-e2e-").expect("a temporary directory");
        std::fs::create_dir(home.path().join("work")).expect("a working directory");
        Self { setup, home }
    }

    /// What is set up for all tests.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The working directory of every command.
    pub fn directory(&self) -> PathBuf {
        self.home.path().join("work")
    }

    /// Where the sessions keep their files.
    pub fn sessions(&self) -> PathBuf {
        self.home.path().join("state/nutkin/sessions")
    }

    /// Writes a file below the working directory and gives its path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.directory().join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a directory for the file");
        }
        std::fs::write(&path, text).expect("the file is written");
        path
    }

    /// The command, for a test that wants to change it (variables, another cache) before it starts.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.setup.binary);
        command.args(args).current_dir(self.directory()).env_clear();
        // What the machine says about Java, the network and packages holds for the tests too.
        for name in ["PATH", "JAVA_HOME", "LANG", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        for (name, value) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["PIP_", "MAVEN_", "SSL_"].iter().any(|prefix| text.starts_with(prefix))
                || text.to_ascii_lowercase().ends_with("_proxy")
            {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path().join("state"))
            .env("XDG_CACHE_HOME", &self.setup.cache)
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Finished {
        self.start(self.command(args)).wait(LIMIT)
    }

    /// Runs and expects exit code 0.
    ///
    /// # Panics
    /// When it ends otherwise.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Finished {
        let finished = self.run(args);
        finished.expect(0);
        finished
    }

    /// Starts without waiting.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn start(&self, command: Command) -> Running {
        Running::start(command).with_logs(self.sessions())
    }

    /// PIDs of the processes that carry the token of a session of this home.
    pub fn processes(&self) -> Vec<i32> {
        let mark = self.sessions().into_os_string().into_encoded_bytes();
        let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
        entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
            .filter(|pid| {
                let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                // `NUTKIN_` variables of a session end in its directory; ours all stand below `mark`.
                environ.split(|byte| *byte == 0).any(|entry| {
                    entry.starts_with(b"NUTKIN_")
                        && entry.windows(mark.len()).any(|window| window == mark)
                })
            })
            .collect()
    }

    /// Asks again until it is so.
    ///
    /// # Panics
    /// When it is not so in time.
    #[track_caller]
    pub fn eventually(&self, what: &str, limit: Duration, is_so: impl FnMut() -> bool) {
        eventually_or(what, limit, POLL, || tails(&self.sessions()), is_so);
    }

    fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.sessions()) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Nutkin {
    fn drop(&mut self) {
        // Tests that damage a session's files leave nothing for `down` to read; what counts is what
        // is left of processes, and that is looked at below whatever `down` says.
        let mut said = String::new();
        for name in self.names() {
            let down = self.command(&["down", &name, "--yes", "--force"]);
            let finished = self.start(down).wait(DOWN_LIMIT);
            if finished.code != Some(0) {
                let _ = write!(said, "\n{}", finished.all());
            }
        }
        let left = self.processes();
        for pid in left.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            let _ = kill_process(pid, Signal::KILL);
        }
        if !std::thread::panicking() {
            assert!(left.is_empty(), "processes are left after `down`: {left:?}{said}");
        }
    }
}
