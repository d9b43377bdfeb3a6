//! The supervisor with processes that are not JVMs: `sleep` and `sh`.

use nutkin_shell::files::document;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nutkin_local::control;
use nutkin_local::directory::SessionDirectory;
use nutkin_local::launch::{
    Definition, Launch, PROCESS_VARIABLE, ProcessPhase, ProcessState, RECOVERY, Role, Running,
    SUPERVISOR, TOKEN_VARIABLE, new_token,
};
use nutkin_local::{down, ownership};
use rustix::process::{Pid, Signal, kill_process};

/// A session in a directory of its own. Dropped, none of its processes is left.
struct Session {
    _temporary: tempfile::TempDir,
    directory: SessionDirectory,
    token: String,
    generation: u64,
    children: Vec<Child>,
}

/// Writes orders and has them obeyed.
fn give_orders(program: &Path, directory: &SessionDirectory, launch: &Launch) -> Option<Child> {
    document::write_json(&directory.launch(), launch).unwrap();
    control::have_obeyed(program, directory, &launch.token).unwrap()
}

impl Session {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let directory = SessionDirectory::at(temporary.path().join("sessions/s"));
        directory.create().unwrap();
        let token = new_token(directory.path()).unwrap();
        Self { _temporary: temporary, directory, token, generation: 0, children: Vec::new() }
    }

    /// Orders that these shell scripts run.
    fn order(&mut self, processes: &[(&str, &str)]) {
        self.generation += 1;
        let processes = processes.iter().map(|(name, script)| self.define(name, script)).collect();
        let launch = self.launch(processes);
        let program = Path::new(env!("CARGO_BIN_EXE_nutkin"));
        self.children.extend(give_orders(program, &self.directory, &launch));
    }

    fn launch(&self, processes: Vec<Definition>) -> Launch {
        Launch {
            generation: self.generation,
            token: self.token.clone(),
            flink_version: String::new(),
            rest_urls: Vec::new(),
            ports: BTreeMap::new(),
            options: BTreeMap::new(),
            files: BTreeMap::new(),
            recovers: false,
            processes,
        }
    }

    fn define(&self, name: &str, script: &str) -> Definition {
        // Without a shell before it: while a process becomes another program the system shows no environment of it,
        // and who looks at that moment does not see whose it is. On a machine with much to do that moment is long.
        let (program, arguments) = match script.strip_prefix("exec sleep ") {
            Some(seconds) => ("/bin/sleep", vec![seconds.to_owned()]),
            None => ("/bin/sh", vec!["-c".to_owned(), script.to_owned()]),
        };
        Definition {
            name: name.to_owned(),
            role: match name {
                _ if name.starts_with("zookeeper") => Role::ZooKeeper,
                _ if name.starts_with("jobmanager") => Role::JobManager,
                _ => Role::TaskManager,
            },
            program: PathBuf::from(program),
            arguments,
            environment: BTreeMap::from([(
                "PATH".to_owned(),
                std::env::var("PATH").unwrap_or_default(),
            )]),
            directory: self.directory.path().to_owned(),
            out: self.directory.log().join(format!("{name}.out")),
            log: PathBuf::new(),
            inputs: String::new(),
        }
    }

    /// Waits until `processes.json` is as wanted.
    #[track_caller]
    fn until(&self, what: &str, wanted: impl Fn(&Running) -> bool) -> Running {
        let start = Instant::now();
        loop {
            let running = document::read_json::<Running>(&self.directory.processes());
            if let Ok(running) = &running
                && running.generation == self.generation
                && wanted(running)
            {
                return running.clone();
            }
            assert!(start.elapsed() < Duration::from_secs(20), "never {what}: {running:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until exactly these run.
    #[track_caller]
    fn until_running(&self, names: &[&str]) -> Running {
        self.until(&format!("running {names:?}"), |running| {
            let all: Vec<_> = running.processes.iter().map(|process| &process.name).collect();
            all == names
                && running.processes.iter().all(|process| process.phase == ProcessPhase::Running)
        })
    }

    #[track_caller]
    fn kill_supervisor(&mut self) {
        let all = ownership::find_all(self.directory.path());
        let supervisor = all.iter().find(|owned| owned.process == SUPERVISOR).unwrap();
        kill_process(supervisor.pid, Signal::KILL).unwrap();
        for child in &mut self.children {
            child.wait().unwrap();
        }
        self.children.clear();
        assert!(!control::has_supervisor(&self.directory));
    }

    fn living(&self) -> Vec<String> {
        let all = ownership::find_all(self.directory.path());
        let mut names: Vec<_> = all.into_iter().map(|owned| owned.process).collect();
        names.sort();
        names.dedup();
        names
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = control::end(&self.directory);
        for child in &mut self.children {
            let _ = child.wait();
        }
    }
}

fn process<'a>(running: &'a Running, name: &str) -> &'a ProcessState {
    running.processes.iter().find(|process| process.name == name).unwrap()
}

fn pid(running: &Running, name: &str) -> Pid {
    Pid::from_raw(process(running, name).pid.unwrap()).unwrap()
}

#[test]
fn a_killed_process_comes_back() {
    let mut session = Session::new();
    session.order(&[("a", "exec sleep 60"), ("b", "exec sleep 60")]);
    let before = session.until_running(&["a", "b"]);
    kill_process(pid(&before, "a"), Signal::KILL).unwrap();
    let after = session.until("restarted", |running| process(running, "a").restarts == 1);
    assert_eq!(process(&after, "a").last_end.as_deref(), Some("was killed (SIGKILL)"));
    assert_ne!(pid(&after, "a"), pid(&before, "a"));
    assert_eq!(pid(&after, "b"), pid(&before, "b"), "the other one was left alone");
}

#[test]
fn one_that_keeps_dying_is_tried_ever_less_often() {
    let mut session = Session::new();
    session.order(&[("a", "echo no luck; exit 3")]);
    let start = Instant::now();
    let running = session.until("tried thrice", |running| process(running, "a").restarts == 3);
    // 0.2 + 0.4 + 0.8 s of waiting.
    assert!(Duration::from_millis(1400) <= start.elapsed(), "{:?}", start.elapsed());
    assert_eq!(process(&running, "a").last_end.as_deref(), Some("ended with exit code 3"));
    let earlier = session.directory.log().join("a.out.1");
    assert_eq!(fs::read_to_string(earlier).unwrap(), "no luck\n", "each life has its own file");
}

#[test]
fn a_program_that_is_not_there_is_said() {
    let mut session = Session::new();
    session.generation += 1;
    let mut definition = session.define("a", "");
    definition.program = PathBuf::from("/nowhere/java");
    let launch = session.launch(vec![definition]);
    let program = Path::new(env!("CARGO_BIN_EXE_nutkin"));
    session.children.extend(give_orders(program, &session.directory, &launch));
    let running = session.until("tried", |running| process(running, "a").last_end.is_some());
    let end = process(&running, "a").last_end.clone().unwrap();
    assert!(end.starts_with("`/nowhere/java` could not be started: No such file"), "{end}");
}

#[test]
fn new_orders_touch_only_what_they_change() {
    let mut session = Session::new();
    session.order(&[("a", "exec sleep 60"), ("b", "exec sleep 60"), ("c", "exec sleep 60")]);
    let before = session.until_running(&["a", "b", "c"]);
    session.order(&[("a", "exec sleep 60"), ("b", "exec sleep 61"), ("d", "exec sleep 60")]);
    let after = session.until_running(&["a", "b", "d"]);
    assert_eq!(pid(&after, "a"), pid(&before, "a"));
    assert_ne!(pid(&after, "b"), pid(&before, "b"));
    assert_eq!(process(&after, "b").restarts, 0, "a wanted restart is none");
    assert_eq!(session.living(), ["a", "b", "d", SUPERVISOR]);
}

#[test]
fn task_managers_wait_for_the_end_of_a_job_manager() {
    let mut session = Session::new();
    // It takes a second to end.
    let slow = "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.05; done";
    session.order(&[("jobmanager", slow), ("taskmanager-1", "exec sleep 600")]);
    let before = session.until_running(&["jobmanager", "taskmanager-1"]);
    session.order(&[("jobmanager", "exec sleep 601"), ("taskmanager-1", "exec sleep 602")]);
    let held = session.until("held", |running| {
        let task_manager = process(running, "taskmanager-1");
        task_manager.pid.is_none() && task_manager.phase == ProcessPhase::Ending
    });
    assert_eq!(pid(&held, "jobmanager"), pid(&before, "jobmanager"));
    assert_eq!(process(&held, "jobmanager").phase, ProcessPhase::Ending);
    let after = session.until_running(&["jobmanager", "taskmanager-1"]);
    assert_ne!(pid(&after, "jobmanager"), pid(&before, "jobmanager"));
    assert_eq!(process(&after, "taskmanager-1").restarts, 0);
}

#[test]
fn a_new_supervisor_adopts_what_the_killed_one_left() {
    let mut session = Session::new();
    session.order(&[("a", "exec sleep 60"), ("b", "exec sleep 60")]);
    let before = session.until_running(&["a", "b"]);
    session.kill_supervisor();
    assert_eq!(session.living(), ["a", "b"], "they do not notice");
    let seen = control::look(&session.directory);
    assert!(!seen.supervisor);
    assert!(seen.running.unwrap().processes.iter().all(|process| process.pid.is_some()));

    session.order(&[("a", "exec sleep 60"), ("b", "exec sleep 60")]);
    let after = session.until_running(&["a", "b"]);
    assert_eq!(pid(&after, "a"), pid(&before, "a"));
    assert_eq!(pid(&after, "b"), pid(&before, "b"));
    // They are not its children, yet it sees them die.
    kill_process(pid(&after, "a"), Signal::KILL).unwrap();
    session.until("restarted", |running| process(running, "a").restarts == 1);
}

#[test]
fn a_new_supervisor_starts_what_died_without_one() {
    let mut session = Session::new();
    session.order(&[("a", "exec sleep 60"), ("b", "exec sleep 60")]);
    let before = session.until_running(&["a", "b"]);
    session.kill_supervisor();
    kill_process(pid(&before, "b"), Signal::KILL).unwrap();
    while session.living() != ["a"] {
        std::thread::sleep(Duration::from_millis(5));
    }
    let seen = control::look(&session.directory).running.unwrap();
    assert_eq!(process(&seen, "b").pid, None, "the note alone does not count");
    session.order(&[("a", "exec sleep 60"), ("b", "exec sleep 60")]);
    let after = session.until_running(&["a", "b"]);
    assert_eq!(pid(&after, "a"), pid(&before, "a"));
}

#[test]
fn a_reused_pid_is_neither_adopted_nor_killed() {
    let mut session = Session::new();
    let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
    let stranger_pid = Pid::from_child(&stranger);
    // What a machine looks like whose PIDs went round since the supervisor's last words.
    let noted = Running {
        generation: 0,
        supervisor: stranger_pid.as_raw_pid(),
        processes: vec![ProcessState {
            name: "a".to_owned(),
            role: Role::TaskManager,
            phase: ProcessPhase::Running,
            pid: Some(stranger_pid.as_raw_pid()),
            start_time: ownership::stat(stranger_pid).map(|stat| stat.start_time),
            restarts: 0,
            hangs: false,
            last_end: None,
            out: session.directory.log().join("a.out"),
        }],
    };
    document::write_json(&session.directory.processes(), &noted).unwrap();
    assert_eq!(process(&control::look(&session.directory).running.unwrap(), "a").pid, None);

    session.order(&[("a", "exec sleep 60")]);
    let running = session.until_running(&["a"]);
    assert_ne!(pid(&running, "a"), stranger_pid);
    assert_eq!(control::end(&session.directory).unwrap(), ["a"]);
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger lives");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn the_end_leaves_nothing() {
    let mut session = Session::new();
    // One ends on request, one does not listen, one has a child and one a grandchild that went away.
    session.order(&[
        ("a", "exec sleep 60"),
        ("b", "trap '' TERM; while :; do sleep 0.1; done"),
        ("c", "sleep 60 & wait"),
        ("d", "setsid sleep 60 & wait"),
        ("zookeeper", "exec sleep 60"),
    ]);
    session.until_running(&["a", "b", "c", "d", "zookeeper"]);
    assert_eq!(control::end(&session.directory).unwrap(), ["a", "b", "c", "d", "zookeeper"]);
    assert!(session.living().is_empty());
    assert!(!control::has_supervisor(&session.directory));
}

#[test]
fn the_command_of_a_recovery_is_not_a_process_of_the_session() {
    use std::os::unix::process::CommandExt as _;
    let mut session = Session::new();
    let start = |session: &Session, name: &str| {
        let mut command = Command::new("/bin/sleep");
        command.arg("60").env(TOKEN_VARIABLE, &session.token).env(PROCESS_VARIABLE, name);
        command.process_group(0).spawn().unwrap()
    };
    let mut recovery = start(&session, RECOVERY);
    // The control: a TaskManager, which the orders do not name.
    let mut task_manager = start(&session, "taskmanager-9");
    while session.living() != [RECOVERY, "taskmanager-9"] {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(down::left(&session.directory), ["taskmanager-9"]);
    let seen = control::look(&session.directory).running.unwrap();
    let names: Vec<_> = seen.processes.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["taskmanager-9"]);
    // A supervisor takes over the one, which its orders do not have, and leaves the other alone.
    session.order(&[("a", "exec sleep 60")]);
    session.until_running(&["a"]);
    task_manager.wait().unwrap();
    assert!(recovery.try_wait().unwrap().is_none(), "it still runs");
    assert_eq!(control::end(&session.directory).unwrap(), ["a"]);
    assert!(recovery.wait().unwrap().code().is_none(), "the end has ended it");
}

#[test]
fn the_end_needs_no_supervisor_and_no_files() {
    let mut session = Session::new();
    session.order(&[("a", "exec sleep 60"), ("b", "exec sleep 60")]);
    session.until_running(&["a", "b"]);
    session.kill_supervisor();
    for file in [session.directory.launch(), session.directory.processes()] {
        fs::write(file, "{ damaged").unwrap();
    }
    assert!(control::look(&session.directory).damaged);
    assert_eq!(control::end(&session.directory).unwrap(), ["a", "b"]);
    assert!(session.living().is_empty());
}

#[test]
fn the_end_of_a_session_that_just_starts_leaves_nothing() {
    for pause in [0, 1, 2, 4, 8, 16] {
        let mut session = Session::new();
        session.order(&[("a", "exec sleep 60"), ("b", "exec sleep 60")]);
        std::thread::sleep(Duration::from_millis(pause));
        control::end(&session.directory).unwrap();
        assert!(session.living().is_empty(), "after {pause} ms");
    }
}

#[test]
fn there_is_one_supervisor() {
    let mut session = Session::new();
    session.order(&[("a", "exec sleep 60")]);
    session.until_running(&["a"]);
    let output = Command::new(env!("CARGO_BIN_EXE_nutkin"))
        .arg("supervise")
        .arg(session.directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: session `s` has a supervisor already\n"
    );
    session.until_running(&["a"]);
}

#[test]
fn processes_get_their_environment_and_no_more() {
    let mut session = Session::new();
    session.order(&[("a", "env | sort; exec sleep 60")]);
    session.until_running(&["a"]);
    let out = session.directory.log().join("a.out");
    let start = Instant::now();
    let text = loop {
        let text = fs::read_to_string(&out).unwrap_or_default();
        if text.contains("PWD=") || Duration::from_secs(10) < start.elapsed() {
            break text;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let names: Vec<_> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    for name in &names {
        let known = ["PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(name);
        assert!(known || name.starts_with("NUTKIN_"), "{name}");
    }
    assert!(text.contains(&format!("{PROCESS_VARIABLE}=a\n")), "{text}");
}
