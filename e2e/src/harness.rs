//! `Nutkin`: the binary with a home of its own, and the promise that nothing is left behind.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
/// Lines of each log that a failed assertion prints.
const LOG_LINES: usize = 60;

/// The binary under test with private state and home, and the shared cache of distributions.
///
/// On drop every session is taken down, and a process that still belongs to one of them fails the test.
#[derive(Debug)]
pub struct Nutkin {
    setup: Setup,
    home: TempDir,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How it was called, for messages.
    pub command: String,
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
    logs: PathBuf,
}

/// A command that runs.
#[derive(Debug)]
pub struct Running {
    child: Option<Child>,
    started: Instant,
    command: String,
    logs: PathBuf,
    readers: Vec<std::thread::JoinHandle<String>>,
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
    pub fn start(&self, mut command: Command) -> Running {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary under test starts");
        let mut stdout = child.stdout.take().expect("a pipe");
        let mut stderr = child.stderr.take().expect("a pipe");
        let readers = vec![
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stdout.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            }),
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stderr.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            }),
        ];
        Running {
            child: Some(child),
            started: Instant::now(),
            command: format!("{command:?}"),
            logs: self.sessions(),
            readers,
        }
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
    pub fn eventually(&self, what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            let logs = || tails(&self.sessions());
            assert!(start.elapsed() < limit, "not within {limit:?}: {what}\n{}", logs());
            std::thread::sleep(POLL);
        }
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

impl Running {
    /// PID of the command.
    ///
    /// # Panics
    /// Never: it has one until it is waited for.
    pub fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().expect("a child"))
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come in time.
    #[track_caller]
    pub fn wait(mut self, limit: Duration) -> Finished {
        let mut child = self.child.take().expect("a child");
        let mut code = None;
        let mut in_time = true;
        loop {
            match child.try_wait().expect("the state of the child") {
                Some(status) => {
                    code = status.code();
                    break;
                }
                None if self.started.elapsed() < limit => std::thread::sleep(POLL),
                None => {
                    in_time = false;
                    let _ = child.kill();
                    let _ = child.wait();
                    break;
                }
            }
        }
        let mut texts = self.readers.drain(..).map(|reader| reader.join().unwrap_or_default());
        let finished = Finished {
            command: std::mem::take(&mut self.command),
            code,
            stdout: texts.next().unwrap_or_default(),
            stderr: texts.next().unwrap_or_default(),
            took: self.started.elapsed(),
            logs: std::mem::take(&mut self.logs),
        };
        drop(texts);
        assert!(in_time, "did not end within {limit:?}\n{}", finished.all());
        finished
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Finished {
    /// Expects an exit code.
    ///
    /// # Panics
    /// When it is another one.
    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert!(self.code == Some(code), "expected exit code {code}\n{}", self.all());
        self
    }

    /// Expects a piece of text on stderr.
    ///
    /// # Panics
    /// When it is not there.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "stderr does not say `{text}`\n{}", self.all());
        self
    }

    /// Expects a piece of text on stdout.
    ///
    /// # Panics
    /// When it is not there.
    #[track_caller]
    pub fn prints(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text), "stdout does not hold `{text}`\n{}", self.all());
        self
    }

    /// Standard output as the one JSON document that it is.
    ///
    /// # Panics
    /// When it is not as its schema in `docs/schemas` says.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        let value: serde_json::Value = match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("stdout is not JSON: {error}\n{}", self.all()),
        };
        nutkin_testkit::schema::check(&value);
        value
    }

    /// Everything, for a message: the call, what it said, and the ends of the sessions' logs.
    pub fn all(&self) -> String {
        format!(
            "{}\nexit code {:?} after {:?}\n--- stdout\n{}\n--- stderr\n{}\n{}",
            self.command,
            self.code,
            self.took,
            self.stdout,
            self.stderr,
            tails(&self.logs)
        )
    }
}

/// The last lines of every log below the sessions' directory.
fn tails(sessions: &Path) -> String {
    let mut text = String::new();
    let mut directories = vec![sessions.to_owned()];
    while let Some(directory) = directories.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() {
                directories.push(path);
            } else if matches!(extension, Some("log" | "out" | "err")) {
                let log = std::fs::read(&path).unwrap_or_default();
                let log = String::from_utf8_lossy(&log);
                let lines: Vec<&str> = log.lines().collect();
                let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
                let _ = write!(text, "--- {}\n{tail}\n", path.display());
            }
        }
    }
    text
}
