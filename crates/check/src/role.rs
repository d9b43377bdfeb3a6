//! What a container runs: told by the program that its words call, never by words that only appear in them.

use std::borrow::Cow;

use super::node::Walk;
use super::shell;
use nutkin_flink::yaml::Node;

/// What a container starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Program {
    /// A program beside Flink that says nothing of the container: `cp`, `sleep`, a loop that waits.
    Tool,
    /// A program that this table does not know.
    Unknown,
    /// A client of a session: `flink run`, the SQL gateway, a history server.
    Client,
    /// `kubernetes-session.sh`, which deploys a session and ends.
    Boot,
    /// A JobManager of a session.
    JobManager,
    /// A JobManager that asks Kubernetes for its TaskManagers.
    NativeJobManager,
    /// A JobManager for one job.
    Application,
    /// The same, which asks Kubernetes for its TaskManagers.
    NativeApplication,
    /// A TaskManager.
    TaskManager,
    /// A JobManager and a TaskManager, or whichever the container finds out to be.
    Both,
}

impl Program {
    /// Whether it is a process of a cluster, of either role.
    pub(super) const fn is_process(self) -> bool {
        matches!(
            self,
            Self::JobManager
                | Self::NativeJobManager
                | Self::Application
                | Self::NativeApplication
                | Self::TaskManager
                | Self::Both
        )
    }
}

/// What the words of a container start: `command` and `args` together. `None` where it has no words.
pub(super) fn program(container: &Node) -> Option<Program> {
    let words: Vec<&str> = texts(container).map(|(text, _)| text).collect();
    (!words.is_empty()).then(|| of_words(&words))
}

/// The words of the commands that start Flink, shell texts taken apart, each with the node that it is part of.
pub(super) fn words(container: &Node) -> Vec<(Cow<'_, str>, &Node)> {
    processes(container).concat()
}

/// The commands that start Flink, each as its words; where nothing is known to start it, all that may.
pub(super) fn processes(container: &Node) -> Vec<Vec<(Cow<'_, str>, &Node)>> {
    let all: Vec<(&str, &Node)> = texts(container).collect();
    let plain: Vec<&str> = all.iter().map(|(text, _)| *text).collect();
    let Some(at) = script(&plain) else {
        return vec![all.into_iter().map(|(text, node)| (Cow::Borrowed(text), node)).collect()];
    };
    let node = all[at].1;
    let program = |words: &[String]| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        of_words(&words)
    };
    let mut commands = shell::commands(all[at].0);
    commands.retain(|words| !matches!(program(words), Program::Tool | Program::Client));
    let starts = |words: &Vec<String>| {
        let program = program(words);
        program.is_process() || program == Program::Boot
    };
    if commands.iter().any(starts) {
        commands.retain(starts);
    }
    let placed = |words: Vec<String>| words.into_iter().map(|word| (Cow::Owned(word), node));
    commands.into_iter().map(|words| placed(words).collect()).collect()
}

/// The commands of a container that use a session, shell texts taken apart, each as its words with the node that it is part of.
pub(super) fn clients(container: &Node) -> Vec<Vec<(Cow<'_, str>, &Node)>> {
    let all: Vec<(&str, &Node)> = texts(container).collect();
    let plain: Vec<&str> = all.iter().map(|(text, _)| *text).collect();
    // One word may hold a whole command.
    let whole = || {
        let first = plain.iter().position(|word| !is_wrapper(word) && !word.starts_with('-'))?;
        plain[first].contains(char::is_whitespace).then_some(first)
    };
    let mut commands: Vec<Vec<(Cow<'_, str>, &Node)>> = match script(&plain).or_else(whole) {
        Some(at) => {
            let (text, node) = all[at];
            let placed =
                |words: Vec<String>| words.into_iter().map(|word| (Cow::Owned(word), node));
            shell::commands(text).into_iter().map(|words| placed(words).collect()).collect()
        }
        None => vec![all.into_iter().map(|(text, node)| (Cow::Borrowed(text), node)).collect()],
    };
    commands.retain(|command| {
        let words: Vec<&str> = command.iter().map(|(word, _)| word.as_ref()).collect();
        of_words(&words) == Program::Client
    });
    commands
}

fn texts(container: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let nodes = ["command", "args"].into_iter().flat_map(|key| container.items_of(key));
    nodes.filter_map(|node| Some((node.text()?, node)))
}

/// Where the text for a shell stands among words, if they call one: behind `bash -c`, whatever wraps the shell.
fn script(words: &[&str]) -> Option<usize> {
    let shell = words.iter().position(|word| !is_wrapper(word) && !word.starts_with('-'))?;
    if !is_shell(words[shell]) {
        return None;
    }
    let flag = words[shell + 1..].iter().position(|word| is_command_flag(word))?;
    let first = shell + 1 + flag + 1;
    let at = first + words.get(first..)?.iter().take_while(|word| **word == "--").count();
    (at < words.len()).then_some(at)
}

fn is_shell(word: &str) -> bool {
    matches!(base(word), "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh")
}

/// `-c`, alone or with other letters: `-exc`.
fn is_command_flag(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|flags| flags.ends_with('c') && flags.chars().all(|c| c.is_ascii_lowercase()))
}

/// Words in front of a program that start it.
fn is_wrapper(word: &str) -> bool {
    const WRAPPERS: &[&str] = &[
        "!",
        "{",
        "command",
        "do",
        "docker-entrypoint.sh",
        "dumb-init",
        "else",
        "env",
        "eval",
        "exec",
        "if",
        "nice",
        "nohup",
        "setsid",
        "stdbuf",
        "sudo",
        "then",
        "time",
        "tini",
        "until",
        "while",
    ];
    let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    is_assignment || WRAPPERS.contains(&base(word))
}

/// The last part of a path.
fn base(word: &str) -> &str {
    word.trim().rsplit('/').next().unwrap_or(word)
}

/// Programs that stand beside Flink in a shell text.
const TOOLS: &[&str] = &[
    "[", "[[", "apt-get", "awk", "break", "cat", "cd", "chmod", "chown", "cp", "curl", "date",
    "done", "echo", "envsubst", "esac", "exit", "export", "false", "fi", "find", "for", "getent",
    "grep", "gunzip", "hostname", "kill", "ln", "ls", "mkdir", "mv", "nc", "nslookup", "ping",
    "printenv", "printf", "read", "return", "rm", "sed", "set", "shift", "sleep", "source", "tail",
    "tar", "tee", "test", "touch", "trap", "true", "umask", "unset", "unzip", "wait", "wget",
    "whoami", "}", ".", "test", "pip", "pip3", "kubectl", "aws", "gsutil", "dig", "id", "ulimit",
    "case", "local", "xargs", ":",
];

/// Programs that use a session, or have nothing to do with one.
const CLIENTS: &[&str] = &[
    "flink",
    "sql-client.sh",
    "sql-gateway.sh",
    "historyserver.sh",
    "history-server",
    "pyflink-shell.sh",
    "start-scala-shell.sh",
    "zookeeper.sh",
    "yarn-session.sh",
    "kubernetes-taskmanager-diagnosis.sh",
    "help",
    "stop-cluster.sh",
    "sql-client",
    "sql-gateway",
    "historyserver",
    // Words of the entrypoint of the operator's image (`docker-entrypoint.sh`, Flink Kubernetes Operator 1.0 to 1.15).
    "operator",
    "webhook",
];

/// The main classes of Flink's processes (`flink-runtime`, `flink-kubernetes`), by the end of their names.
const CLASSES: &[(&str, Program)] = &[
    ("StandaloneSessionClusterEntrypoint", Program::JobManager),
    ("StandaloneApplicationClusterEntryPoint", Program::Application),
    ("StandaloneJobClusterEntryPoint", Program::Application),
    ("KubernetesSessionClusterEntrypoint", Program::NativeJobManager),
    ("KubernetesApplicationClusterEntrypoint", Program::NativeApplication),
    ("KubernetesTaskExecutorRunner", Program::TaskManager),
    ("TaskManagerRunner", Program::TaskManager),
    ("KubernetesSessionCli", Program::Boot),
];

/// What one command starts.
fn of_words(words: &[&str]) -> Program {
    let mut rest = words;
    loop {
        let Some((word, more)) = rest.split_first() else { return Program::Tool };
        if is_wrapper(word) {
            // Their own options, and the end of them.
            let options = more.iter().take_while(|word| word.starts_with('-')).count();
            rest = &more[options..];
            // What is behind the image's entrypoint may begin with an option of Flink's.
            if options != 0 && base(word) == "docker-entrypoint.sh" {
                return Program::Unknown;
            }
        } else if matches!(base(word), "gosu" | "su-exec" | "timeout" | "chroot" | "runuser") {
            rest = more.get(1..).unwrap_or_default();
        } else {
            break;
        }
    }
    let (program, arguments) = (rest[0], &rest[1..]);
    if is_shell(program) {
        return match arguments.iter().position(|word| is_command_flag(word)) {
            Some(flag) => {
                let mut texts = arguments[flag + 1..].iter().skip_while(|word| **word == "--");
                texts.next().map_or(Program::Tool, |text| of_script(text))
            }
            None if arguments.is_empty() => Program::Tool,
            None => {
                of_words(&arguments[arguments.iter().take_while(|w| w.starts_with('-')).count()..])
            }
        };
    }
    // One word may hold a whole command.
    if program.contains(char::is_whitespace) {
        return of_script(program);
    }
    if let Some(found) = verb(base(program), arguments) {
        return found;
    }
    if base(program).starts_with("java") || program.contains("JAVA") {
        return of_class(arguments).unwrap_or(Program::Client);
    }
    if let Some(found) = of_class(&rest[..1]) {
        return found;
    }
    if TOOLS.contains(&base(program)) {
        return Program::Tool;
    }
    if CLIENTS.contains(&base(program)) {
        return Program::Client;
    }
    // A program of the user's own: Flink's verb is its first argument, or follows `--`.
    let next = arguments.first().and_then(|word| verb(word, &arguments[1..]));
    let behind = || {
        let at = arguments.iter().position(|word| *word == "--")?;
        Some(of_words(&arguments[at + 1..]))
    };
    next.or_else(behind).or_else(|| of_name(base(program))).unwrap_or(Program::Unknown)
}

/// A word that starts a process of Flink: of the image's entrypoint, or one of Flink's scripts.
fn verb(word: &str, arguments: &[&str]) -> Option<Program> {
    let is_called = |word: &str| arguments.iter().any(|argument| argument.contains(word));
    Some(match word {
        "jobmanager.sh" | "taskmanager.sh" | "standalone-job.sh"
            if matches!(arguments.first(), Some(&("stop" | "stop-all"))) =>
        {
            Program::Tool
        }
        "jobmanager" | "jobmanager.sh" | "job-manager" => Program::JobManager,
        "standalone-job" | "standalone-job.sh" => Program::Application,
        "taskmanager" | "taskmanager.sh" | "task-manager" | "kubernetes-taskmanager.sh" => {
            Program::TaskManager
        }
        "kubernetes-jobmanager.sh" if is_called("application") => Program::NativeApplication,
        "native-k8s" if is_called("taskmanager") || is_called("TaskExecutor") => {
            Program::TaskManager
        }
        "kubernetes-jobmanager.sh" | "native-k8s" => Program::NativeJobManager,
        "kubernetes-session.sh" => Program::Boot,
        "start-cluster.sh" => Program::Both,
        _ => return None,
    })
}

fn of_class(words: &[&str]) -> Option<Program> {
    words.iter().find_map(|word| {
        let class = word.rsplit('.').next().filter(|_| word.contains("flink"))?;
        CLASSES.iter().find(|(name, _)| *name == class).map(|(_, program)| *program)
    })
}

/// What a script of the user's own is called after: `start-jobmanager.sh`, not `wait-for-jobmanager.sh`.
fn of_name(program: &str) -> Option<Program> {
    let name = program.strip_suffix(".sh")?.to_ascii_lowercase();
    let is_about = ["wait", "check", "init", "submit", "stop", "probe", "health"];
    if is_about.iter().any(|word| name.contains(word)) {
        return None;
    }
    let is = |words: [&str; 2]| words.iter().any(|word| name.contains(word));
    match (is(["jobmanager", "job-manager"]), is(["taskmanager", "task-manager"])) {
        (true, false) => Some(Program::JobManager),
        (false, true) => Some(Program::TaskManager),
        _ => None,
    }
}

/// What a shell text starts, all commands together.
pub(super) fn of_script(text: &str) -> Program {
    let mut found = Program::Tool;
    for command in shell::commands(text) {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let one = of_words(&words);
        let is_mixed = found != Program::Both
            && (found == Program::TaskManager && Program::JobManager <= one
                || one == Program::TaskManager && Program::JobManager <= found)
            && found != one;
        found = if is_mixed { Program::Both } else { found.max(one) };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], expected: Program) {
        assert_eq!(of_words(words), expected, "{words:?}");
    }

    #[test]
    fn verbs_and_scripts() {
        use Program::*;
        check(&["jobmanager"], JobManager);
        check(&["/docker-entrypoint.sh", "taskmanager"], TaskManager);
        check(
            &["tini", "-g", "--", "/opt/flink/bin/jobmanager.sh", "start-foreground"],
            JobManager,
        );
        check(&["standalone-job", "--job-classname", "com.example.TaskManager"], Application);
        check(&["bash", "-c", "kubernetes-jobmanager.sh kubernetes-session "], NativeJobManager);
        check(&["kubernetes-jobmanager.sh", "kubernetes-application"], NativeApplication);
        check(&["bash", "-c", "--", "exec /docker-entrypoint.sh jobmanager"], JobManager);
        check(&["gosu", "flink", "taskmanager.sh", "start-foreground"], TaskManager);
        check(
            &["java", "-cp", "/x/*", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"],
            TaskManager,
        );
        check(&["/opt/start-jobmanager.sh"], JobManager);
        check(&["/opt/run.sh", "taskmanager"], TaskManager);
    }

    #[test]
    fn words_in_arguments_are_no_roles() {
        use Program::*;
        check(&["jobmanager", "-D", "taskmanager.numberOfTaskSlots=2"], JobManager);
        check(&["task-manager", "-Djobmanager.rpc.address=flink-jobmanager"], TaskManager);
        check(
            &["taskmanager.sh", "start-foreground", "-Djobmanager.rpc.address=jobmanager"],
            TaskManager,
        );
        check(&["sh", "-c", "/opt/flink/bin/flink run -m flink-jobmanager:8081 -d a.jar"], Client);
        check(
            &["bash", "-c", "sql-gateway.sh start-foreground -Drest.address=flink-jobmanager"],
            Client,
        );
        check(&["flink", "run", "-m", "jobmanager"], Client);
        check(&["--flink-master-url=flink-jobmanager"], Unknown);
        check(&["python", "submit.py", "jobmanager:8081"], Unknown);
        check(
            &[
                "sh",
                "-c",
                "until nc -z jobmanager 6123; do sleep 1; done; taskmanager.sh start-foreground",
            ],
            TaskManager,
        );
        check(
            &["wait-for-it.sh", "jobmanager:6123", "--", "/docker-entrypoint.sh", "taskmanager"],
            TaskManager,
        );
        check(
            &["sh", "-ec", "cp x y && kubernetes-session.sh -Dkubernetes.cluster-id=jobmanager"],
            Boot,
        );
        check(
            &[
                "sh",
                "-c",
                "if [ $ROLE = jobmanager ]; then jobmanager.sh start-foreground; else taskmanager.sh start-foreground; fi",
            ],
            Both,
        );
        check(&["sh", "-c", "jobmanager.sh start; tail -f /dev/null"], JobManager);
        check(&["sleep", "infinity"], Tool);
        check(&["curl", "http://flink-jobmanager:8081/overview"], Tool);
    }
}
