//! Commands that run: started, waited for, and what they said when they ended.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Between two looks at a process or a condition: far below what anything that is waited for takes.
const POLL: Duration = Duration::from_millis(5);
/// Cases of one test that run at the same time: beside other tests that is more than cores, and little enough that none
/// waits long for one.
const SIDE_BY_SIDE: usize = 6;
/// Lines of each log that a failed assertion prints.
const LOG_LINES: usize = 60;
/// What a command that fails never shows to its user.
const TRACES: [&str; 4] = ["panicked", "RUST_BACKTRACE", "\tat ", "stack backtrace"];

/// A command that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Running {
    child: Option<Child>,
    started: Instant,
    command: String,
    logs: PathBuf,
    is_plain: bool,
    readers: [JoinHandle<String>; 2],
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
    is_plain: bool,
}

impl Running {
    /// Starts a command without waiting; what it says is read all the time.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self::of(child.expect("the binary under test starts"), format!("{command:?}"))
    }

    /// A child that was started already; what of it is piped is read. `command` is for messages.
    pub fn of(mut child: Child, command: String) -> Self {
        let readers = [reader(child.stdout.take()), reader(child.stderr.take())];
        let (started, logs) = (Instant::now(), PathBuf::new());
        Self { child: Some(child), started, command, logs, is_plain: false, readers }
    }

    /// Whatever happens, it shows its user no trace of its inside: [`Finished::expect`] holds it to that.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.is_plain = true;
        self
    }

    /// The ends of the logs below this directory belong to every message about the command.
    #[must_use]
    pub fn with_logs(mut self, logs: PathBuf) -> Self {
        self.logs = logs;
        self
    }

    /// PID of the command.
    ///
    /// # Panics
    /// Never: it has one until it is waited for.
    pub fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().expect("a child"))
    }

    /// Ctrl-C.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn interrupt(&self) {
        kill_process(self.pid(), Signal::INT).expect("the command runs");
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come in time.
    #[track_caller]
    pub fn wait(mut self, limit: Duration) -> Finished {
        let mut child = self.child.take().expect("a child");
        let (code, in_time) = loop {
            match child.try_wait().expect("the state of the child") {
                Some(status) => break (status.code(), true),
                None if self.started.elapsed() < limit => std::thread::sleep(POLL),
                None => {
                    let _ = child.kill();
                    let _ = child.wait();
                    break (None, false);
                }
            }
        };
        let took = self.started.elapsed();
        let [stdout, stderr] = self.take_readers().map(|reader| reader.join().unwrap_or_default());
        let finished = Finished {
            command: std::mem::take(&mut self.command),
            code,
            stdout,
            stderr,
            took,
            logs: std::mem::take(&mut self.logs),
            is_plain: self.is_plain,
        };
        assert!(in_time, "did not end within {limit:?}\n{}", finished.all());
        finished
    }

    fn take_readers(&mut self) -> [JoinHandle<String>; 2] {
        let none = || std::thread::spawn(String::new);
        std::mem::replace(&mut self.readers, [none(), none()])
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

fn reader(stream: Option<impl std::io::Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Finished {
    /// Expects an exit code, and of a plain command no trace of its inside.
    ///
    /// # Panics
    /// When it is otherwise.
    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert!(self.code == Some(code), "expected exit code {code}\n{}", self.all());
        for trace in TRACES.iter().filter(|_| self.is_plain) {
            assert!(!self.stderr.contains(trace), "a trace on stderr\n{}", self.all());
        }
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
        crate::schema::check(&value);
        value
    }

    /// Everything, for a message: the call, what it said, and the ends of the logs.
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

/// Checks all of these, a few at a time: cases that wait more than they work, each with a world of its own.
///
/// # Panics
/// When a check does.
pub fn side_by_side<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    let cases: Vec<T> = cases.into_iter().collect();
    let threads = SIDE_BY_SIDE.min(cases.len());
    let cases = Mutex::new(cases.into_iter());
    let next = || cases.lock().expect("no iterator of a list panics").next();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = next() {
                    check(case);
                }
            });
        }
    });
}

/// Asks again until it is so, and says how long that took.
///
/// # Panics
/// When it is not so in time.
#[track_caller]
pub fn eventually(what: &str, limit: Duration, is_so: impl FnMut() -> bool) -> Duration {
    eventually_or(what, limit, POLL, String::new, is_so)
}

/// The same with a pause of its own between two looks, and with what there is around it when it is not so in time.
///
/// # Panics
/// When it is not so in time.
#[track_caller]
pub fn eventually_or(
    what: &str,
    limit: Duration,
    pause: Duration,
    around: impl FnOnce() -> String,
    mut is_so: impl FnMut() -> bool,
) -> Duration {
    let started = Instant::now();
    loop {
        if is_so() {
            return started.elapsed();
        }
        if limit <= started.elapsed() {
            break;
        }
        std::thread::sleep(pause);
    }
    panic!("not within {limit:?}: {what}\n{}", around());
}

/// The last lines of every log below a directory.
pub fn tails(directory: &Path) -> String {
    let mut text = String::new();
    let mut directories = vec![directory.to_owned()];
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
