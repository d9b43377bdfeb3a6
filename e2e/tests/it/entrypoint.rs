//! The entrypoint with real JVMs: one start for each verb, in a container that is a directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nutkin_e2e::{Nutkin, Rest};
use rustix::process::{Pid, Signal, kill_process};

/// A JVM starts in 3 s, in 8 s on a loaded machine.
const START: Duration = Duration::from_mins(1);
/// `SIGTERM` of Java: 128 + 15. Flink's own entrypoint hands it on the same way.
const TERMINATED: i32 = 143;

/// Sizes that fit a small machine, ports that nobody else has, and nobody from outside.
const OPTIONS: &str = "\
jobmanager.memory.process.size: 800m
taskmanager.memory.process.size: 800m
taskmanager.memory.managed.size: 32m
taskmanager.memory.network.min: 16m
taskmanager.memory.network.max: 16m
taskmanager.bind-host: 127.0.0.1
jobmanager.bind-host: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.address: 127.0.0.1
rest.port: 0
jobmanager.rpc.port: 0
jobmanager.rpc.address: localhost
";

/// What a container has: a home of Flink's, its configuration, places to write.
struct Container {
    nutkin: Nutkin,
    version: &'static str,
    root: PathBuf,
    children: Vec<Child>,
}

impl Container {
    fn new(version: &'static str) -> Self {
        let nutkin = Nutkin::new();
        let root = nutkin.directory();
        let home = nutkin.ok(&["dist", "which", version]).stdout.trim().to_owned();
        for folder in ["bin", "flink", "conf", "tmp", "log"] {
            fs::create_dir(root.join(folder)).expect("a folder");
        }
        for part in ["lib", "opt", "plugins"] {
            std::os::unix::fs::symlink(Path::new(&home).join(part), root.join("flink").join(part))
                .expect("a link");
        }
        Self { nutkin, version, root, children: Vec::new() }
    }

    /// Flink's own file for the version, with the options of all tests.
    fn configure(self, more: &str) -> Self {
        let name = if self.version.starts_with('2') { "config.yaml" } else { "flink-conf.yaml" };
        fs::write(self.root.join("conf").join(name), format!("{OPTIONS}{more}")).expect("a file");
        self
    }

    /// The binary under one of its names.
    fn command(&self, name: &str, words: &[&str]) -> Command {
        let link = self.root.join("bin").join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(&self.nutkin.setup().binary, &link).expect("a link");
        }
        let mut command = self.nutkin.command(&[]);
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path);
        let path = path.expect("a PATH").to_owned();
        command = Command::new(&link);
        command
            .args(words)
            .env_clear()
            .env("PATH", path)
            .env("FLINK_HOME", self.root.join("flink"))
            .env("FLINK_CONF_DIR", self.root.join("conf"))
            .env("FLINK_LOG_DIR", self.root.join("log"))
            .env("FLINK_PID_DIR", self.root.join("pid"))
            .env("TMPDIR", self.root.join("tmp"))
            .env("DISABLE_JEMALLOC", "true")
            .current_dir(&self.root)
            .stdin(Stdio::null());
        if let Some(home) = std::env::var_os("JAVA_HOME") {
            command.env("JAVA_HOME", home);
        }
        command
    }

    /// Starts a process whose output is in a file; gives the number under which [`Self::end`] knows it.
    fn start(&mut self, mut command: Command) -> (usize, PathBuf) {
        let index = self.children.len();
        let out = self.root.join(format!("log/{index}.out"));
        let file = File::create(&out).expect("a file");
        let again = file.try_clone().expect("a file");
        let child = command.stdout(file).stderr(again).spawn().expect("the binary starts");
        self.children.push(child);
        (index, out)
    }

    /// Waits for a text in a process's output and gives what stands behind it, up to the next blank or bracket.
    #[track_caller]
    fn after(&self, out: &Path, text: &str) -> String {
        let read = || fs::read_to_string(out).unwrap_or_default();
        self.eventually(text, || {
            let said = read();
            said.contains(text) || is_over(&said)
        });
        let said = read();
        let at = said.find(text).unwrap_or_else(|| panic!("no `{text}` in\n{said}"));
        let rest = &said[at + text.len()..];
        rest.split([' ', ']', '\n']).next().unwrap_or_default().to_owned()
    }

    fn rest(&self, out: &Path) -> Rest {
        Rest::new(&format!("http://{}", self.after(out, "Rest endpoint listening at ")))
    }

    #[track_caller]
    fn task_managers(&self, rest: &Rest, count: u64, slots: u64) {
        self.eventually("the TaskManagers are there", || {
            rest.get("/overview").is_some_and(|overview| {
                overview["taskmanagers"] == count && overview["slots-total"] == slots
            })
        });
    }

    /// The option as the JobManager says it, once it has a leader: until then it answers 503.
    #[track_caller]
    fn option(&self, rest: &Rest, key: &str) -> Option<String> {
        let mut options = None;
        self.eventually("the JobManager says its options", || {
            options = rest.get("/jobmanager/config");
            options.is_some()
        });
        let options = options?;
        let found = options.as_array()?.iter().find(|option| option["key"] == key)?;
        Some(found["value"].as_str()?.to_owned())
    }

    /// Asks again until it is so; otherwise shows what all processes said.
    #[track_caller]
    fn eventually(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            if START < start.elapsed() {
                let logs = fs::read_dir(self.root.join("log")).expect("logs").flatten();
                let logs = logs.map(|log| fs::read_to_string(log.path()).unwrap_or_default());
                panic!(
                    "not within {START:?}: {what}\n{}",
                    logs.collect::<Vec<_>>().join("\n---\n")
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends a process as a container is ended, and expects Java's exit code.
    #[track_caller]
    fn end(&mut self, index: usize) {
        let child = &mut self.children[index];
        kill_process(Pid::from_child(child), Signal::TERM).expect("the process is there");
        let status = child.wait().expect("the end");
        assert_eq!(status.code(), Some(TERMINATED), "{status:?}");
    }

    /// Whether the process with this number is Java: that it took our place.
    #[track_caller]
    fn is_java(&self, index: usize) {
        let exe = format!("/proc/{}/exe", self.children[index].id());
        let exe = fs::read_link(exe).expect("the process runs");
        assert_eq!(exe.file_name().and_then(|name| name.to_str()), Some("java"));
    }
}

/// A JVM that ended by itself says no more.
fn is_over(said: &str) -> bool {
    said.starts_with("error: ") || said.contains("\nerror: ")
}

impl Drop for Container {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        // What was started in the background and not stopped, because an assertion came before.
        let mark = self.root.display().to_string();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let pid = process.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(pid) = pid.and_then(Pid::from_raw)
                && String::from_utf8_lossy(&words).contains(&mark)
            {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

#[test]
fn jobmanager_with_a_host_and_taskmanager_with_variables() {
    let mut container = Container::new("1.13.6").configure("parallelism.default: 1\nwho: $WHO\n");
    let mut command = container.command("docker-entrypoint.sh", &["jobmanager", "127.0.0.1"]);
    command
        .env("WHO", "me")
        .env("FLINK_PROPERTIES", "parallelism.default: 3\nblob.server.port: 0\nsome.text: a b c");
    let (job_manager, out) = container.start(command);
    let rest = container.rest(&out);
    container.is_java(job_manager);
    for (key, value) in [
        ("jobmanager.rpc.address", "127.0.0.1"),
        ("parallelism.default", "3"),
        ("some.text", "a b c"),
        ("who", "me"),
        ("query.server.port", "6125"),
    ] {
        assert_eq!(container.option(&rest, key).as_deref(), Some(value), "{key}");
    }
    let port = container.option(&rest, "jobmanager.rpc.port").expect("a port");
    let rpc = format!("-Djobmanager.rpc.port={port}");
    let mut command = container.command("docker-entrypoint.sh", &["taskmanager", &rpc]);
    command
        .env("JOB_MANAGER_RPC_ADDRESS", "127.0.0.1")
        .env("TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "3");
    let (task_manager, _) = container.start(command);
    container.task_managers(&rest, 1, 3);
    container.end(task_manager);
    container.end(job_manager);
    let file = fs::read_to_string(container.root.join("conf/flink-conf.yaml")).expect("the file");
    assert!(file.contains("who: $WHO"), "the mounted file was changed:\n{file}");
}

#[test]
fn a_local_cluster_and_the_history_server_without_places_to_write() {
    let mut container = Container::new("1.20.5").configure(
        "jobmanager.rpc.port: 0\nhistoryserver.web.port: 0\nhistoryserver.web.address: 127.0.0.1\n\
         historyserver.archive.fs.dir: file:///tmp/none-nutkin\n",
    );
    let mut command = container.command("docker-entrypoint.sh", &["history-server"]);
    command.env("FLINK_LOG_DIR", "/proc/none");
    let (server, out) = container.start(command);
    container.after(&out, "Web frontend listening at ");
    container.is_java(server);
    container.end(server);
    // The same by the script's name, in front and in the background.
    let (server, out) =
        container.start(container.command("historyserver.sh", &["start-foreground"]));
    container.after(&out, "Web frontend listening at ");
    container.is_java(server);
    container.end(server);
    let script = |word: &str| {
        let output = container.command("historyserver.sh", &[word]).output();
        let output = output.expect("the binary starts");
        assert!(output.status.success(), "{word}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(script("start").starts_with("Starting historyserver daemon on host "));
    assert!(script("stop").starts_with("Stopping historyserver daemon (pid: "));
    assert!(script("stop").starts_with("No historyserver daemon to stop"));
    // Two processes need a port that both know.
    let port = free_port().to_string();
    let mut command = container.command(
        "docker-entrypoint.sh",
        &["local", "-D", &format!("jobmanager.rpc.port={port}"), "-Dblob.server.port=0"],
    );
    command.env("TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "2");
    let (cluster, out) = container.start(command);
    let rest = container.rest(&out);
    container.task_managers(&rest, 1, 2);
    let task_manager = child_of(container.children[cluster].id()).expect("a TaskManager");
    container.end(cluster);
    // In a container it ends with PID 1; here nobody does that for it.
    kill_process(Pid::from_raw(task_manager).expect("a PID"), Signal::KILL).expect("it runs");
}

#[test]
fn scripts_start_and_stop_processes_in_the_background() {
    let container = Container::new("1.20.5").configure("");
    let port = free_port();
    let options = [format!("-Djobmanager.rpc.port={port}"), "-Drest.port=0".to_owned()];
    let run = |name: &str, words: &[&str]| {
        let words: Vec<&str> =
            words.iter().copied().chain(options.iter().map(String::as_str)).collect();
        let output = container.command(name, &words).output().expect("the binary starts");
        assert!(output.status.success(), "{name}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(
        run("jobmanager.sh", &["start"]).starts_with("Starting standalonesession daemon on host ")
    );
    assert!(run("taskmanager.sh", &["start"]).starts_with("Starting taskexecutor daemon on host "));
    let again = run("taskmanager.sh", &["start"]);
    assert!(
        again.starts_with("[INFO] 1 instance(s) of taskexecutor are already running"),
        "{again}"
    );
    let log = fs::read_dir(container.root.join("log")).expect("logs").flatten().map(|f| f.path());
    let log = log
        .into_iter()
        .find(|path| path.display().to_string().contains("standalonesession-0"))
        .expect("the JobManager's output");
    let rest = container.rest(&log.with_extension("log"));
    container.task_managers(&rest, 2, 2);
    assert!(run("taskmanager.sh", &["stop-all"]).contains("Stopping taskexecutor daemon (pid: "));
    assert!(run("jobmanager.sh", &["stop"]).contains("Stopping standalonesession daemon (pid: "));
    assert!(run("jobmanager.sh", &["stop"]).starts_with("No standalonesession daemon to stop"));
    assert_eq!(fs::read_dir(container.root.join("pid")).expect("PID files").count(), 0);
}

#[test]
fn start_cluster_starts_what_the_two_files_name_and_stop_cluster_ends_it() {
    let port = free_port();
    let more = format!("jobmanager.rpc.port: {port}\nblob.server.port: 0\n");
    let container = Container::new("1.13.6").configure(&more);
    fs::write(container.root.join("conf/masters"), "localhost:0\n").expect("a file");
    fs::write(container.root.join("conf/workers"), "localhost\n").expect("a file");
    let run = |name: &str| {
        let output = container.command(name, &[]).output().expect("the binary starts");
        assert!(output.status.success(), "{name}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = run("start-cluster.sh");
    assert!(said.contains("Starting standalonesession daemon on host "), "{said}");
    assert!(said.contains("Starting taskexecutor daemon on host "), "{said}");
    let logs = || fs::read_dir(container.root.join("log")).expect("logs").flatten();
    let log = || {
        let mut paths = logs().map(|file| file.path());
        paths.find(|path| path.display().to_string().contains("standalonesession-0"))
    };
    container.eventually("the JobManager writes its log", || log().is_some());
    let rest = container.rest(&log().expect("a log").with_extension("log"));
    container.task_managers(&rest, 1, 1);
    let said = run("stop-cluster.sh");
    assert!(said.contains("Stopping taskexecutor daemon (pid: "), "{said}");
    assert!(said.contains("Stopping standalonesession daemon (pid: "), "{said}");
    assert_eq!(fs::read_dir(container.root.join("pid")).expect("PID files").count(), 0);
}

#[test]
fn what_native_mode_sends_needs_no_shell_and_no_scripts() {
    let mut container = Container::new("2.3.0").configure("");
    let command = container.command("jobmanager.sh", &["start-foreground", "-Dblob.server.port=0"]);
    let (job_manager, out) = container.start(command);
    let rest = container.rest(&out);
    container.is_java(job_manager);
    let port = container.option(&rest, "jobmanager.rpc.port").expect("a port");
    let script = format!(
        "kubernetes-taskmanager.sh -Dtaskmanager.resource-id='it-is'\\''1' -Djobmanager.rpc.port='{port}' \
         -D taskmanager.cpu.cores=1.0 -D taskmanager.memory.task.heap.size=64m -D taskmanager.memory.task.off-heap.size=0b \
         -D taskmanager.memory.framework.heap.size=64m -D taskmanager.memory.framework.off-heap.size=64m \
         -D taskmanager.memory.network.min=16m -D taskmanager.memory.network.max=16m -D taskmanager.memory.managed.size=32m \
         -D taskmanager.memory.jvm-metaspace.size=128m -D taskmanager.memory.jvm-overhead.min=64m \
         -D taskmanager.memory.jvm-overhead.max=64m -D taskmanager.numberOfTaskSlots=1 "
    );
    let mut command = container.command("docker-entrypoint.sh", &["bash", "-c", &script]);
    // Nothing is found there: neither bash nor Flink's scripts.
    command.env("PATH", container.root.join("tmp"));
    command.env("JAVA_HOME", java_home()).env("FLINK_TM_JVM_MEM_OPTS", "-Xmx160m -Xms160m");
    command.env("_POD_NODE_ID", "here");
    let (task_manager, _) = container.start(command);
    container.task_managers(&rest, 1, 1);
    container.is_java(task_manager);
    let managers = rest.get("/taskmanagers").expect("TaskManagers");
    assert_eq!(managers["taskmanagers"][0]["id"], "it-is'1");
    container.end(task_manager);
    container.end(job_manager);
    let native = |container: &mut Container, script: &str| {
        let mut command = container.command("docker-entrypoint.sh", &["bash", "-c", script]);
        command.env("PATH", container.root.join("tmp")).env("JAVA_HOME", java_home());
        container.start(command).1
    };
    let out = native(&mut container, "kubernetes-jobmanager.sh kubernetes-session ");
    container.after(&out, "Starting KubernetesSessionClusterEntrypoint");
    // An application's JobManager needs a cluster only after it has found its job, which is what it complains of here.
    let script = "kubernetes-jobmanager.sh kubernetes-application -D'some.text=a b' ";
    let out = native(&mut container, script);
    container.after(&out, "Starting KubernetesApplicationClusterEntrypoint");
    container.after(&out, "Loading dynamic configuration property: some.text, a b");
    container.after(&out, "No JAR found on classpath");
}

#[test]
fn a_cluster_by_host_names_with_a_zookeeper_of_its_own() {
    let mut container = Container::new("1.20.5");
    let storage = container.root.join("ha").display().to_string();
    container = container.configure(&format!(
        "high-availability: zookeeper\nhigh-availability.storageDir: {storage}\nblob.server.port: 0\n"
    ));
    let [client, quorum, leader] = [free_port(), free_port(), free_port()];
    let data = container.root.join("zookeeper").display().to_string();
    let text = format!(
        "tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={data}\nclientPort={client}\n\
         clientPortAddress=127.0.0.1\nadmin.enableServer=false\nserver.1=127.0.0.1:{quorum}:{leader}\n"
    );
    fs::write(container.root.join("conf/zoo.cfg"), text).expect("a file");
    let command = container.command("zookeeper.sh", &["start-foreground", "1"]);
    let (zookeeper, _) = container.start(command);
    container.eventually("ZooKeeper answers", || {
        std::net::TcpStream::connect(("127.0.0.1", client)).is_ok()
    });
    container.is_java(zookeeper);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("a host name");
    let host = host.trim().split('.').next().unwrap_or_default().to_owned();
    let port = "-Dhigh-availability.jobmanager.port=0";
    let mut command = container.command("docker-entrypoint.sh", &["cluster", "ha", port]);
    command
        .env("JOB_MANGER_HOSTS", format!("elsewhere,{host}"))
        .env("FLINK_CLUSTER_IDENT", "team/words")
        .env("FLINK_ZK_QUORUM", format!("127.0.0.1:{client}"))
        .env("JOB_MANAGER_HEAP_MB", "300");
    let (cluster, out) = container.start(command);
    let rest = container.rest(&out);
    container.is_java(cluster);
    for (key, value) in [
        ("high-availability.cluster-id", "team/words"),
        ("high-availability.zookeeper.quorum", &format!("127.0.0.1:{client}")),
        // As Flink's own scripts pass it on.
        ("jobmanager.memory.heap.size", "314572800b"),
    ] {
        assert_eq!(container.option(&rest, key).as_deref(), Some(value), "{key}");
    }
    let said = fs::read_to_string(&out).expect("what it said");
    assert!(said.contains("is one of JOB_MANGER_HOSTS: starting a JobManager"), "{said}");
    // The same words on another host: it finds the JobManager through ZooKeeper.
    let mut command = container.command("docker-entrypoint.sh", &["cluster", "ha"]);
    command
        .env("JOB_MANAGER_HOSTS", "elsewhere")
        .env("FLINK_CLUSTER_IDENT", "team/words")
        .env("FLINK_ZK_QUORUM", format!("127.0.0.1:{client}"))
        .env("TASK_MANAGER_NUMBER_OF_TASK_SLOTS", "3");
    let (worker, out) = container.start(command);
    container.task_managers(&rest, 1, 3);
    let said = fs::read_to_string(&out).expect("what it said");
    assert!(said.contains("is not one of JOB_MANAGER_HOSTS (elsewhere): starting a"), "{said}");
    container.end(worker);
    container.end(cluster);
    container.end(zookeeper);
}

#[test]
fn an_application_from_usrlib_of_any_home() {
    let mut container = Container::new("2.3.0").configure("");
    let usrlib = container.root.join("flink/usrlib");
    fs::create_dir(&usrlib).expect("a folder");
    fs::copy(container.nutkin.setup().job("2.3.0", "MainThrows"), usrlib.join("job.jar"))
        .expect("the job");
    let words = ["standalone-job", "--job-classname", "MainThrows", "-Dblob.server.port=0"];
    let (_, out) = container.start(container.command("docker-entrypoint.sh", &words));
    container.after(&out, "Starting StandaloneApplicationClusterEntryPoint");
    // The job's own words: its jar was found, loaded and run.
    container.after(&out, "MainThrows.main");
}

/// A port that nobody has at the moment.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn java_home() -> PathBuf {
    if let Some(home) = std::env::var_os("JAVA_HOME") {
        return home.into();
    }
    let path = std::env::var_os("PATH").expect("a PATH");
    let java =
        std::env::split_paths(&path).map(|folder| folder.join("java")).find(|java| java.is_file());
    let java = fs::canonicalize(java.expect("Java")).expect("Java");
    java.ancestors().nth(2).expect("its home").to_owned()
}

/// The first child of a process.
fn child_of(pid: u32) -> Option<i32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
