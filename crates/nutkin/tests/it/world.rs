//! Sessions as whole processes, without a JVM: Flink's jars are empty files, and its `java` is a script that sleeps.
//! Everything of Nutkin is real: plan, state, supervisor, processes, signals.

use nutkin_shell::files::document;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nutkin_local::directory::SessionDirectory;
use nutkin_local::launch::{Launch, ProcessPhase, Running};
use nutkin_local::ownership;
use nutkin_testkit::Finished;
use serde_json::{Value, json};

/// Far more than anything here takes.
const LIMIT: Duration = Duration::from_mins(1);

/// A home of its own with a Flink and a Java. Dropped, none of its processes is left.
pub(crate) struct World {
    directory: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { directory: tempfile::tempdir().unwrap() };
        for jar in ["flink-dist-1.20.5.jar", "log4j-core-2.24.3.jar"] {
            world.file(&format!("flink/lib/{jar}"), jar);
        }
        world.java("java", "17.0.1", "exec sleep 600");
        fs::create_dir(world.path("work")).unwrap();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A Java whose JVMs run this shell script.
    pub(crate) fn java(&self, name: &str, version: &str, script: &str) {
        self.file(&format!("{name}/release"), &format!("JAVA_VERSION=\"{version}\"\n"));
        let java = self.file(&format!("{name}/bin/java"), &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(java, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn session(&self, name: &str) -> SessionDirectory {
        SessionDirectory::at(self.path("state/nutkin/sessions").join(name))
    }

    pub(crate) fn launch(&self, name: &str) -> Launch {
        document::read_json(&self.session(name).launch()).unwrap()
    }

    /// PIDs by name of what lives.
    pub(crate) fn living(&self, name: &str) -> Vec<(String, i32)> {
        let all = ownership::find_all(self.session(name).path());
        let mut all: Vec<_> =
            all.into_iter().map(|one| (one.process, one.pid.as_raw_pid())).collect();
        all.sort();
        all
    }

    /// Waits until the supervisor follows the newest orders and everything lives, and is seen to: while a process becomes
    /// another program the system shows no environment of it.
    #[track_caller]
    pub(crate) fn until_running(&self, name: &str) -> Vec<(String, i32)> {
        let mut living = Vec::new();
        eventually("everything runs", || {
            let running = document::read_json::<Running>(&self.session(name).processes()).ok();
            let launch = document::read_json::<Launch>(&self.session(name).launch()).ok();
            let Some((running, launch)) = running.zip(launch) else { return false };
            let follows = running.generation == launch.generation
                && running.processes.len() == launch.processes.len()
                && running.processes.iter().all(|one| one.phase == ProcessPhase::Running);
            living = self.living(name);
            follows
                && launch
                    .processes
                    .iter()
                    .all(|one| living.iter().any(|(name, _)| *name == one.name))
        });
        living
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_after("", args)
    }

    /// The command in a shell that does something before.
    pub(crate) fn command_after(&self, prefix: &str, args: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_nutkin");
        let_children_hear_ctrl_c();
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("{prefix} exec {binary} \"$@\""), "sh"])
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("FLINK_HOME", self.path("flink"))
            .env("JAVA_HOME", self.path("java"))
            .current_dir(self.path("work"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        finish(self.command(args).spawn().unwrap())
    }

    /// `nutkin up` on any port, without waiting for a Flink that never answers.
    pub(crate) fn up(&self, name: &str, more: &[&str]) -> Finished {
        self.run(&[&["up", name, "--no-wait", "-D", "rest.port=0"], more].concat())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let sessions = fs::read_dir(self.path("state/nutkin/sessions"));
        let mut left = Vec::new();
        for entry in sessions.into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let _ = self.command(&["down", &name, "--yes", "--force"]).output();
            left.extend(self.living(&name));
        }
        if !std::thread::panicking() {
            assert_eq!(left, [], "processes are left after `down`");
        }
    }
}

/// Waits for the end of a command, which must come.
#[track_caller]
pub(crate) fn finish(child: Child) -> Finished {
    nutkin_testkit::Running::of(child, "nutkin".to_owned()).plain().wait(LIMIT)
}

#[track_caller]
pub(crate) fn eventually(what: &str, is_so: impl FnMut() -> bool) {
    nutkin_testkit::eventually(what, LIMIT, is_so);
}

/// A JobManager's REST API that knows two questions. Lives as long as the test.
pub(crate) fn answer(port: u16, task_managers: u32, jobs: &[&str]) {
    answer_as(port, task_managers, jobs, &json!({}));
}

/// The same of a JobManager that says this of its options.
pub(crate) fn answer_as(port: u16, task_managers: u32, jobs: &[&str], options: &Value) {
    let options = options.to_string();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let overview = json!({
        "taskmanagers": task_managers, "slots-total": 2 * task_managers, "slots-available": 0,
        "jobs-running": jobs.len(), "jobs-finished": 0, "jobs-cancelled": 0, "jobs-failed": 0,
    });
    let jobs: Vec<Value> =
        jobs.iter().map(|name| json!({"jid": "ab", "name": name, "state": "RUNNING"})).collect();
    let jobs = json!({"jobs": jobs});
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let body = if request.starts_with("GET /jobs/overview ") {
                jobs.to_string()
            } else if request.starts_with("GET /jobmanager/config ") {
                options.clone()
            } else {
                overview.to_string()
            };
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        }
    });
}

/// The port of the session's JobManager.
pub(crate) fn rest_port(launch: &Launch) -> u16 {
    launch.ports["rest"]
}

/// A shell starts what it puts into the background deaf to Ctrl-C, and children inherit that, until a program asks
/// for the signal. Tests that press it early need children that begin as in a terminal: a signal that is caught
/// here is back to its default in them.
fn let_children_hear_ctrl_c() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
        // Bit n - 1 is signal n, and SIGINT is 2.
        if ignored & 0b10 != 0 {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let _guard = runtime.enter();
            let interrupt = tokio::signal::unix::SignalKind::interrupt();
            drop(tokio::signal::unix::signal(interrupt).unwrap());
        }
    });
}
