//! Commands that talk to scenario servers: a home of their own, a secret in every way in, and how faults are laid over
//! requests.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use nutkin_testkit::scenario::kubernetes::{forbidden, status};
use nutkin_testkit::scenario::{Answer, Backend, Docker, Fault, Kubernetes, Request, Server};
use nutkin_testkit::{Finished, Running};

/// Far more than anything here takes.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// The token by which commands come to the API server. Nobody shows it.
pub(crate) const TOKEN: &str = "token-that-nobody-shows";

/// The value of a sensitive option. Nobody shows it, and it lies nowhere but where Flink reads it.
pub(crate) const SECRET: &str = "password-that-nobody-shows";

/// The file of the session `a` of Deployments or StatefulSets with so many TaskManagers.
pub(crate) fn standalone(task_managers: u32) -> String {
    format!(
        "
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {{name: a}}
spec:
  flinkVersion: v1_20
  mode: standalone
  taskManager: {{replicas: {task_managers}}}
"
    )
}

/// A server and a home for the commands that talk to it.
pub(crate) struct Place<B> {
    pub(crate) server: Server<B>,
    home: tempfile::TempDir,
    platform: &'static str,
    variable: (&'static str, String),
}

impl Place<Kubernetes> {
    /// An empty cluster, in which workloads get no pods unless the test says so.
    pub(crate) fn kubernetes() -> Self {
        Self::kubernetes_with(Kubernetes::default())
    }

    /// A cluster that is in this state.
    pub(crate) fn kubernetes_with(kubernetes: Kubernetes) -> Self {
        let server = Server::start(kubernetes);
        let kubeconfig = Kubernetes::kubeconfig(server.url(), TOKEN);
        let place = Self::of(server, "kubernetes", ("KUBECONFIG", String::new()));
        let path = place.file("kubeconfig", &kubeconfig);
        Self { variable: ("KUBECONFIG", path.display().to_string()), ..place }
    }
}

impl Place<Docker> {
    /// A daemon that has the official image of the default Flink and nothing else. REST of its containers is at this port.
    pub(crate) fn docker(rest_port: u16) -> Self {
        let mut daemon = Docker::default().with_image("flink:1.20.5");
        daemon.rest_port = rest_port;
        Self::docker_with(daemon)
    }

    /// A daemon that is in this state.
    pub(crate) fn docker_with(daemon: Docker) -> Self {
        let home = tempfile::tempdir().unwrap();
        let server = Server::start_at(&home.path().join("docker.sock"), daemon);
        let url = server.url().to_owned();
        Self { server, home, platform: "docker", variable: ("DOCKER_HOST", url) }
    }
}

impl<B: Backend> Place<B> {
    pub(crate) fn of(
        server: Server<B>,
        platform: &'static str,
        variable: (&'static str, String),
    ) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { server, home, platform, variable }
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Where everything of this place is.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.home.path()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = nutkin_testkit::cli::command(self.home.path());
        let (name, value) = &self.variable;
        command
            .args(args)
            .current_dir(self.home.path())
            .env("NUTKIN_PLATFORM", self.platform)
            .env(name, value);
        command
    }

    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// Runs it to its end. Nothing that it says is a secret.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        finish(self.start(args))
    }

    /// The same under a rule, with the requests counted from 1; afterwards no rule holds.
    #[track_caller]
    pub(crate) fn run_under(
        &self,
        rule: impl FnMut(&Request) -> Fault + Send + 'static,
        args: &[&str],
    ) -> Finished {
        self.server.set(rule);
        let finished = self.run(args);
        self.server.set_rule(|_| Fault::None);
        finished
    }

    /// The same under one fault for the requests that are meant: the first `times` of them.
    #[track_caller]
    pub(crate) fn run_with(&self, fault: &On, args: &[&str]) -> Finished {
        self.run_under(fault.rule(), args)
    }

    /// How often requests came that contain this.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.server.seen().iter().filter(|seen| seen.request.line().contains(part)).count()
    }
}

/// Waits for the end of a command, which must come. Nothing that it says is a secret.
#[track_caller]
pub(crate) fn finish(running: Running) -> Finished {
    let finished = running.plain().wait(LIMIT);
    for secret in [TOKEN, SECRET] {
        let said = [&finished.stdout, &finished.stderr];
        assert!(said.iter().all(|text| !text.contains(secret)), "a secret\n{}", finished.all());
    }
    finished
}

/// A fault and the requests that it is for: those whose line contains this, and of these the first few.
#[derive(Debug, Clone)]
pub(crate) struct On {
    part: &'static str,
    times: usize,
    fault: Fault,
}

/// `fault` for the first request that contains `part`.
pub(crate) fn once(part: &'static str, fault: Fault) -> On {
    On { part, times: 1, fault }
}

/// `fault` for every request that contains `part`.
pub(crate) fn always(part: &'static str, fault: Fault) -> On {
    On { part, times: usize::MAX, fault }
}

/// `fault` for the first `times` requests that contain `part`.
pub(crate) fn times(times: usize, part: &'static str, fault: Fault) -> On {
    On { part, times, fault }
}

impl On {
    /// The fault as a rule of a server.
    pub(crate) fn rule(&self) -> impl FnMut(&Request) -> Fault + Send + 'static {
        let On { part, times, fault } = self.clone();
        let mut left = times;
        move |request| {
            if left == 0 || !request.line().contains(part) {
                return Fault::None;
            }
            left -= 1;
            fault.clone()
        }
    }
}

/// An answer of a proxy or a server in trouble.
pub(crate) fn trouble(status: u16) -> Fault {
    Fault::Answer(Answer::text(status, ""))
}

/// An API server's refusal: status, reason, words.
pub(crate) fn refused(code: u16, reason: &str, message: &str) -> Fault {
    Fault::Answer(status(code, reason, message))
}

/// The authorizer's refusal of these requests.
pub(crate) fn may_not(method: &'static str, path: &str) -> Fault {
    let request = Request {
        number: 0,
        method: method.to_owned(),
        path: path.to_owned(),
        query: std::collections::BTreeMap::new(),
        headers: std::collections::BTreeMap::new(),
        body: Vec::new().into(),
    };
    Fault::Answer(forbidden(&request))
}
