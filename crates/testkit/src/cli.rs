//! Runs the built binary once and compares exit code, stdout and stderr completely: output that
//! nobody expected fails a test as surely as output that is missing.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use similar::TextDiff;
use tempfile::TempDir;

use crate::{Finished, Running};

/// Far more than any command takes that is run here.
const LIMIT: Duration = Duration::from_mins(3);

/// One run of `nutkin`, in a directory and with a home of its own.
///
/// What is not expected in so many words is expected to be empty, and the exit code to be 0.
#[derive(Debug)]
pub struct Test {
    directory: TempDir,
    args: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    stdin: String,
    stdout: Option<String>,
    stderr: Option<String>,
    code: i32,
}

/// What a run said, for a test that continues with it.
#[derive(Debug)]
pub struct Said {
    finished: Finished,
    /// Where it ran; removed when this is dropped.
    pub directory: TempDir,
}

impl Deref for Said {
    type Target = Finished;

    fn deref(&self) -> &Finished {
        &self.finished
    }
}

impl Default for Test {
    fn default() -> Self {
        Self::new()
    }
}

impl Test {
    /// A run without arguments, variables and files.
    ///
    /// # Panics
    /// When no temporary directory can be made.
    pub fn new() -> Self {
        Self {
            directory: TempDir::new().expect("a temporary directory"),
            args: Vec::new(),
            variables: Vec::new(),
            stdin: String::new(),
            stdout: Some(String::new()),
            stderr: Some(String::new()),
            code: 0,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable. No other one but `PATH` and `HOME` is there.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Writes a file below the working directory.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.directory.path().join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a directory for the file");
        }
        std::fs::write(path, text).expect("the file");
        self
    }

    /// What it reads.
    #[must_use]
    pub fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    /// The whole of standard output; `$DIR` stands for the working directory.
    #[must_use]
    pub fn stdout(mut self, text: &str) -> Self {
        self.stdout = Some(text.to_owned());
        self
    }

    /// The whole of standard error; `$DIR` stands for the working directory.
    #[must_use]
    pub fn stderr(mut self, text: &str) -> Self {
        self.stderr = Some(text.to_owned());
        self
    }

    /// Standard output is looked at by the test itself.
    #[must_use]
    pub fn any_stdout(mut self) -> Self {
        self.stdout = None;
        self
    }

    /// Standard error is looked at by the test itself.
    #[must_use]
    pub fn any_stderr(mut self) -> Self {
        self.stderr = None;
        self
    }

    /// The exit code.
    #[must_use]
    pub fn code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// Where it will run.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Runs and compares.
    ///
    /// # Panics
    /// When anything is not as expected; the message holds everything that was said.
    #[track_caller]
    pub fn run(self) -> Said {
        let mut finished = self.execute();
        for text in [&mut finished.stdout, &mut finished.stderr] {
            *text = text.replace(&*self.directory.path().to_string_lossy(), "$DIR");
        }
        let Finished { stdout, stderr, .. } = &finished;
        let mut faults = String::new();
        if finished.code != Some(self.code) {
            let _ = writeln!(faults, "expected exit code {}, got {:?}", self.code, finished.code);
        }
        for (name, expected, actual) in
            [("stdout", &self.stdout, stdout), ("stderr", &self.stderr, stderr)]
        {
            if let Some(expected) = expected.as_ref().filter(|expected| *expected != actual) {
                let diff = TextDiff::from_lines(expected.as_str(), actual.as_str());
                let diff = diff.unified_diff().header("expected", name).to_string();
                let _ = writeln!(faults, "{name} differs:\n{diff}");
            }
        }
        assert!(
            faults.is_empty(),
            "nutkin {:?}\n{faults}--- stdout\n{stdout}--- stderr\n{stderr}",
            self.args
        );
        Said { finished, directory: self.directory }
    }

    fn execute(&self) -> Finished {
        let mut command = command(self.directory.path());
        command
            .args(&self.args)
            .current_dir(self.directory.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let running = Running::of(child, format!("{command:?}"));
        // It may end before it has read everything, which is its right.
        let _ = std::io::Write::write_all(&mut stdin, self.stdin.as_bytes());
        drop(stdin);
        running.wait(LIMIT)
    }
}

/// The built binary with this home and no other variable but `PATH`.
pub fn command(home: &Path) -> Command {
    let mut command = Command::new(binary());
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", home).stdin(Stdio::null());
    command
}

/// The binary that cargo has built for the tests that run now.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("CARGO_BIN_EXE_nutkin") {
        return path.into();
    }
    // Tests are in `target/<profile>/deps`, binaries one level above.
    let test = std::env::current_exe().expect("the path of the test");
    let profile = test.ancestors().nth(2).expect("a test is in target/<profile>/deps");
    profile.join(format!("nutkin{}", std::env::consts::EXE_SUFFIX))
}
