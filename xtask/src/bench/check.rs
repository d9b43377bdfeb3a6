//! `nutkin check` on a repository full of deployments: what a commit hook or a CI job waits for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::Bench;
use super::figures::Unit;
use super::measure::{Run, interleaved};
use super::page::{Row, Section};

/// Files to look at. In the first measurement four of them are a session, in the second each is one.
const FILES: usize = 1000;
/// Files of the third measurement, each a session: five times as many must not take more than a few times as long.
const MANY: usize = 5000;
/// Wall time that each measurement may take, in milliseconds.
const TIMES: [f64; 3] = [1000.0, 1000.0, 2000.0];
/// MiB that each may take.
const MEMORIES: [u32; 3] = [100, 100, 200];

/// Measures it.
///
/// # Errors
/// When a file cannot be written or the command fails.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let files = Files::write(&bench.fresh("check")?)?;
    let look = |files: &Path| look(bench, files);
    let many = bench.fresh("check-many")?;
    for index in 0..MANY {
        let name = format!("orders-{index}");
        fs::write(many.join(format!("{name}.yaml")), in_any_namespace(&name))?;
    }
    let runs = interleaved(
        bench.runs(7),
        [&|| look(&files.teams), &|| look(&files.crowd), &|| look(&many)],
    )?;
    ensure!(!runs[0].is_empty(), "nothing was measured");
    let (ms, bytes) = (Unit::Milliseconds, Unit::Bytes);
    let mut rows = Vec::new();
    let kinds = ["250 sessions of 4 files", "1,000 sessions of 1 file", "5,000 sessions of 1 file"];
    for (index, (what, runs)) in kinds.iter().zip(&runs).enumerate() {
        let time: Vec<f64> = runs.iter().map(|run: &Run| ms.of(run.wall)).collect();
        let peak: Vec<f64> = runs.iter().map(|run| run.peak as f64).collect();
        let row = |figure| format!("`nutkin check` of {what}, {figure}");
        rows.push(Row::new(&row("time"), ms, &time).at_most(ms, &time, TIMES[index]));
        let most = Unit::mebibytes(MEMORIES[index]);
        rows.push(Row::new(&row("peak memory"), bytes, &peak).at_most(bytes, &peak, most));
    }
    let intro = format!(
        "One process for 1,000 files, and for 5,000; a session is a ConfigMap, two Deployments and a Service. The sessions \
         of one file share a namespace. Median of {} runs.",
        runs[0].len()
    );
    Ok(Section { title: "Checking files", intro, rows })
}

/// Files to look at: the same deployments, laid out in two ways.
pub(crate) struct Files {
    /// 250 sessions of 4 files, each in a directory and a namespace of its own.
    pub(crate) teams: PathBuf,
    /// 1,000 sessions of 1 file, all in one namespace: each Service may select the pods of each session.
    pub(crate) crowd: PathBuf,
}

impl Files {
    /// Writes both below `directory`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn write(directory: &Path) -> Result<Self> {
        let (teams, crowd) = (directory.join("teams"), directory.join("crowd"));
        fs::create_dir_all(&crowd)?;
        for index in 0..FILES {
            let name = format!("orders-{index}");
            let objects = session(&name);
            if index < FILES / objects.len() {
                let team = teams.join(&name);
                fs::create_dir_all(&team)?;
                for (file, text) in &objects {
                    fs::write(team.join(file), text)?;
                }
            }
            fs::write(crowd.join(format!("{name}.yaml")), in_any_namespace(&name))?;
        }
        Ok(Self { teams, crowd })
    }
}

/// `nutkin check` of a directory.
pub(crate) fn look(bench: &Bench, files: &Path) -> Command {
    let mut command = bench.nutkin(&bench.directory, &bench.directory);
    command.arg("check").arg(files);
    command
}

/// A session in one file that names no namespace.
fn in_any_namespace(name: &str) -> String {
    let texts = session(name).map(|(_, text)| text.replace(&format!("  namespace: {name}\n"), ""));
    texts.join("---\n")
}

fn session(name: &str) -> [(&'static str, String); 4] {
    [
        ("config-map.yaml", config_map(name)),
        ("jobmanager.yaml", workload(name, "jobmanager", 6123)),
        ("taskmanager.yaml", workload(name, "taskmanager", 6122)),
        ("service.yaml", service(name)),
    ]
}

fn config_map(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {name}\ndata:\n  flink-conf.yaml: |\n    \
         jobmanager.rpc.address: {name}\n    blob.server.port: 6124\n    taskmanager.rpc.port: 6122\n    \
         taskmanager.numberOfTaskSlots: 2\n    jobmanager.memory.process.size: 1600m\n    \
         taskmanager.memory.process.size: 1728m\n    state.checkpoints.dir: file:///tmp/checkpoints\n  \
         log4j-console.properties: |\n    rootLogger.level = INFO\n    rootLogger.appenderRef.a.ref = Console\n    \
         appender.a.name = Console\n    appender.a.type = CONSOLE\n"
    )
}

fn workload(name: &str, role: &str, port: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}-{role}\n  namespace: {name}\nspec:\n  \
         replicas: 1\n  selector:\n    matchLabels: {{app: {name}, component: {role}}}\n  template:\n    metadata:\n      \
         labels: {{app: {name}, component: {role}}}\n    spec:\n      containers:\n      - name: {role}\n        \
         image: flink:1.20.5\n        args: [{role}]\n        livenessProbe:\n          tcpSocket: {{port: {port}}}\n        \
         volumeMounts:\n        - name: conf\n          mountPath: /opt/flink/conf\n      volumes:\n      - name: conf\n        \
         configMap:\n          name: {name}\n"
    )
}

fn service(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: {name}\nspec:\n  selector: {{app: {name}, \
         component: jobmanager}}\n  ports:\n  - {{name: rpc, port: 6123}}\n  - {{name: blob, port: 6124}}\n  - {{name: rest, port: 8081}}\n"
    )
}
