//! `nutkin check` on a repository full of deployments: what a commit hook or a CI job waits for.

use std::fs;

use anyhow::{Result, ensure};

use super::Bench;
use super::figures::Unit;
use super::measure::{Run, interleaved};
use super::page::{Row, Section};

/// Files to look at: four for each of 250 sessions.
const SESSIONS: usize = 250;
/// Wall time that it may take, in milliseconds.
const TIME: f64 = 1000.0;
/// MiB that it may take.
const MEMORY: u32 = 100;

/// Measures it.
///
/// # Errors
/// When a file cannot be written or the command fails.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let directory = bench.fresh("check")?;
    let files = directory.join("files");
    for index in 0..SESSIONS {
        let session = files.join(format!("team-{index}"));
        fs::create_dir_all(&session)?;
        let name = format!("orders-{index}");
        for (file, text) in [
            ("config-map.yaml", config_map(&name)),
            ("jobmanager.yaml", workload(&name, "jobmanager", 6123)),
            ("taskmanager.yaml", workload(&name, "taskmanager", 6122)),
            ("service.yaml", service(&name)),
        ] {
            fs::write(session.join(file), text)?;
        }
    }
    let look = || {
        let mut command = bench.nutkin(&directory, &directory);
        command.arg("check").arg(&files);
        command
    };
    let runs = interleaved(bench.runs(7), [&look])?;
    let [check] = &runs;
    ensure!(!check.is_empty(), "nothing was measured");
    let (ms, bytes) = (Unit::Milliseconds, Unit::Bytes);
    let time: Vec<f64> = check.iter().map(|run: &Run| ms.of(run.wall)).collect();
    let peak: Vec<f64> = check.iter().map(|run| run.peak as f64).collect();
    let rows = vec![
        Row::new("`nutkin check` of 1,000 files, time", ms, &time).at_most(ms, &time, TIME),
        Row::new("`nutkin check` of 1,000 files, peak memory", bytes, &peak).at_most(
            bytes,
            &peak,
            Unit::mebibytes(MEMORY),
        ),
    ];
    let intro = format!(
        "One process for {SESSIONS} sessions of four files each: a ConfigMap, two Deployments and a Service. \
         Median of {} runs.",
        check.len()
    );
    Ok(Section { title: "Checking files", intro, rows })
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
