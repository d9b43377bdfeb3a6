//! A session on Kubernetes, until the API server has accepted it: beside Flink's own client, on the same API server.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Bench;
use super::figures::Unit;
use super::flink::VERSION;
use super::measure::{Run, floor, interleaved};
use super::page::{Row, Section};
use crate::kube::{Binaries, ControlPlane};
use crate::root::{run, target};

/// Wall time beside Flink's client.
const TIME: f64 = 1.0 / 20.0;
/// Memory beside Flink's client.
const MEMORY: f64 = 1.0 / 10.0;
/// Milliseconds and MiB that a command which only thinks may take.
const RENDER: (f64, u32) = (10.0, 20);
/// Where the sessions are made.
const NAMESPACE: &str = "bench";

/// What a configuration directory needs, and what most people add.
const CONFIG: &str = "\
jobmanager:
  memory:
    process:
      size: 1600m
taskmanager:
  memory:
    process:
      size: 1728m
  numberOfTaskSlots: 2
";

/// Measures on an API server of its own.
///
/// # Errors
/// When it does not start, or a command fails.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    with_api_server(|kubeconfig| Site::new(bench, kubeconfig, "s")?.measure(bench))
}

/// Starts a control plane, does `work` with its kubeconfig and ends it.
///
/// # Errors
/// When it does not start, or `work` fails.
pub(crate) fn with_api_server<T>(work: impl FnOnce(PathBuf) -> Result<T>) -> Result<T> {
    let binaries = Binaries::ensure()?;
    let directory = target().join("bench/kubernetes-plane");
    ControlPlane::stop(&directory)?;
    let done = ControlPlane::start(&binaries, &directory).and_then(|plane| {
        let mut create = binaries.command("kubectl");
        create.arg("--kubeconfig").arg(plane.kubeconfig());
        run(create.args(["create", "namespace", NAMESPACE]))?;
        work(plane.kubeconfig())
    });
    ControlPlane::stop(&directory)?;
    done
}

/// What the clients have in common.
pub(crate) struct Site {
    home: PathBuf,
    cache: PathBuf,
    state: PathBuf,
    conf: PathBuf,
    kubeconfig: PathBuf,
    /// Begins the names of its sessions: several sites share an API server.
    prefix: &'static str,
    /// Makes names of sessions.
    number: Cell<u32>,
}

impl Site {
    /// Writes the configuration that all read.
    ///
    /// # Errors
    /// When a file cannot be written, or Flink cannot be installed.
    pub(crate) fn new(bench: &Bench, kubeconfig: PathBuf, prefix: &'static str) -> Result<Self> {
        let flink = bench.flink()?;
        let state = bench.fresh("kubernetes")?;
        let conf = state.join("conf");
        fs::create_dir(&conf)?;
        fs::write(conf.join("config.yaml"), CONFIG)?;
        let text = "rootLogger.level = INFO\nrootLogger.appenderRef.file.ref = File\n\
                    appender.file.name = File\nappender.file.type = FILE\n\
                    appender.file.fileName = ${sys:log.file}\nappender.file.layout.type = PatternLayout\n\
                    appender.file.layout.pattern = %d %-5p %c %x - %m%n\n";
        fs::write(conf.join("log4j-session.properties"), text)?;
        fs::write(conf.join("log4j-console.properties"), "rootLogger.level = INFO\n")?;
        Ok(Self {
            home: flink.home.clone(),
            cache: flink.cache.clone(),
            state,
            conf,
            kubeconfig,
            prefix,
            number: Cell::new(0),
        })
    }

    /// A name that no session has.
    fn name(&self) -> String {
        self.number.set(self.number.get() + 1);
        format!("{}-{}", self.prefix, self.number.get())
    }

    fn nutkin(&self, bench: &Bench, words: &[&str]) -> Command {
        let mut command = bench.nutkin(&self.cache, &self.state);
        command.args(words).env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// `nutkin up --no-wait` with Flink's own configuration directory.
    pub(crate) fn up(&self, bench: &Bench) -> Command {
        let mut command = self.nutkin(bench, &["up", &self.name(), "--no-wait"]);
        command.args(["--on", "kubernetes", "-n", NAMESPACE, "--conf-dir"]).arg(&self.conf);
        command
    }

    /// `nutkin render --on kubernetes` of the same.
    pub(crate) fn render(&self, bench: &Bench) -> Command {
        let mut command = self.nutkin(bench, &["render", "--on", "kubernetes", "--conf-dir"]);
        command.arg(&self.conf).args(["-n", NAMESPACE, "-D", "kubernetes.cluster-id=s"]);
        command
    }

    fn options(&self, command: &mut Command) {
        command
            .arg(format!("-Dkubernetes.cluster-id={}", self.name()))
            .arg(format!("-Dkubernetes.namespace={NAMESPACE}"))
            .env("FLINK_CONF_DIR", &self.conf);
    }

    fn drop_in(&self, bench: &Bench) -> Command {
        let mut command = self.nutkin(bench, &["kubernetes-session"]);
        self.options(&mut command);
        command
    }

    /// The JVM that `kubernetes-session.sh` starts, with the options that it gives it.
    fn original(&self) -> Command {
        let java = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
        let mut command = Command::new(java.unwrap_or_else(|| "java".into()));
        let conf = self.conf.display();
        command
            .arg("-Xmx512m")
            .arg("-classpath")
            .arg(self.home.join("lib/*"))
            .arg(format!("-Dlog.file={}", self.state.join("flink.log").display()))
            .arg(format!("-Dlog4j.configuration=file:{conf}/log4j-session.properties"))
            .arg(format!("-Dlog4j.configurationFile=file:{conf}/log4j-session.properties"))
            .arg("org.apache.flink.kubernetes.cli.KubernetesSessionCli")
            .env("KUBECONFIG", &self.kubeconfig);
        self.options(&mut command);
        command
    }

    fn measure(&self, bench: &Bench) -> Result<Section> {
        let runs = interleaved(
            bench.runs(11),
            [&|| self.up(bench), &|| self.drop_in(bench), &|| self.render(bench), &|| {
                self.original()
            }],
        )
        .context("a client of the API server")?;
        let [up, drop_in, render, original] = &runs;
        let (ms, bytes) = (Unit::Milliseconds, Unit::Bytes);
        let time = |runs: &[Run]| -> Vec<f64> { runs.iter().map(|run| ms.of(run.wall)).collect() };
        let cpu = |runs: &[Run]| -> Vec<f64> { runs.iter().map(|run| ms.of(run.cpu)).collect() };
        let peak = |runs: &[Run]| -> Vec<f64> { runs.iter().map(|run| run.peak as f64).collect() };
        let rows_of = |what: &str, ours: &[Run]| {
            let row = |kind: &str| format!("{what}, {kind}");
            let [timed, theirs] = [time(ours), time(original)];
            let [weighed, their_peak] = [peak(ours), peak(original)];
            [
                Row::beside(&row("time"), ms, &timed, &theirs).ratio_at_most(TIME),
                Row::beside(&row("processor time"), ms, &cpu(ours), &cpu(original)),
                Row::beside(&row("peak memory"), bytes, &weighed, &their_peak)
                    .ratio_at_most(MEMORY),
            ]
        };
        let mut rows: Vec<Row> = rows_of("`nutkin up --no-wait --on kubernetes`", up).into();
        rows.extend(rows_of("`nutkin kubernetes-session`", drop_in));
        let what = "`nutkin render --on kubernetes`";
        let (limit, mebibytes) = RENDER;
        rows.push(Row::new(&format!("{what}, time"), ms, &time(render)).at_most(
            ms,
            &time(render),
            limit,
        ));
        let limit = Unit::mebibytes(mebibytes);
        rows.push(Row::new(&format!("{what}, peak memory"), bytes, &peak(render)).at_most(
            bytes,
            &peak(render),
            limit,
        ));
        let floor = floor().map(|floor| bytes.text(floor as f64)).unwrap_or_default();
        let intro = format!(
            "A native session of one configuration directory, from the start of the client until it is reaped, which is when \
             the API server has accepted all objects: etcd and API server of their own on this machine, over TLS. Beside it: \
             Flink's own client of {VERSION} (`KubernetesSessionCli`) in the JVM that `kubernetes-session.sh` starts, on the \
             same API server; the script's shell is left out, which favours it. Peak memory is what the kernel noted; below \
             {floor}, the size of the measuring program, it cannot tell. Median of {} interleaved runs.",
            original.len()
        );
        Ok(Section { title: "A session on Kubernetes", intro, rows })
    }
}
