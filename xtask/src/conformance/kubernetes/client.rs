//! Flink's own client, run again and again in one JVM.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, anyhow, ensure};
use nutkin_testkit::recording::bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::api_server::{ApiServer, OTHER};
use super::case::Case;
use crate::java::Flink;

/// Longest that a run may take, in seconds. Clients that wait on purpose are not among the cases.
const LIMIT: u32 = 60;

/// Runs after which the JVM is started again: each leaves its classes behind.
const RUNS: usize = 200;

/// Name that Flink gives a cluster of its own accord, with zeros for its random digits.
const GENERATED: (&str, usize) = ("flink-cluster-", 31);

/// A JVM that runs the client.
pub(super) struct Client {
    jars: Vec<PathBuf>,
    /// Where the program is compiled to, and where cases have their files.
    work: TempDir,
    jvm: Option<Jvm>,
}

struct Jvm {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    runs: usize,
}

impl Drop for Jvm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Client {
    /// Compiles the program. A JDK 17 is needed: later ones cannot keep a client from ending the JVM.
    pub(super) fn new(flink: &Flink) -> Result<Self> {
        let mut jars = Vec::new();
        for entry in fs::read_dir(flink.home.join("lib"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "jar") {
                jars.push(path.canonicalize()?);
            }
        }
        jars.sort();
        ensure!(!jars.is_empty(), "`{}` holds no jars of Flink", flink.home.display());
        let work = tempfile::tempdir()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("java/ClientProbe.java");
        let status = Command::new("javac")
            .args(["-nowarn", "-Xlint:none", "-d"])
            .arg(work.path())
            .arg(&source)
            .stderr(Stdio::null())
            .status()
            .context("`javac` of a JDK 17 is needed")?;
        ensure!(status.success(), "`{}` does not compile", source.display());
        Ok(Self { jars, work, jvm: None })
    }

    /// Runs a case and gives its recording, as `nutkin_testkit::recording` reads it.
    pub(super) fn record(&mut self, case: &Case) -> Result<Value> {
        let root = tempfile::tempdir_in(self.work.path())?;
        let directory = root.path().canonicalize()?.display().to_string();
        let server = ApiServer::start(&case.server)?;
        let fill = |text: &str| text.replace("$CASE", &directory).replace("$SERVER", &server.url);
        for (name, content) in &case.files {
            let path = root.path().join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let bytes = match content {
                Value::String(text) => fill(text).into_bytes(),
                other => bytes(other["base64"].as_str().unwrap_or_default())
                    .map_err(|malformed| anyhow!("`{name}`: {}", malformed.0))?,
            };
            fs::write(&path, bytes)?;
        }
        let kubeconfig = root.path().join("kubeconfig");
        fs::write(&kubeconfig, kubeconfig_of(&server.url))?;
        let mut fields = vec![LIMIT.to_string(), (case.env.len() + 5).to_string()];
        for (name, value) in [
            ("PATH", "/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("HOME", &directory),
            ("FLINK_CONF_DIR", &format!("{directory}/conf")),
            ("KUBECONFIG", &kubeconfig.display().to_string()),
        ] {
            fields.extend([name.to_owned(), value.to_owned()]);
        }
        for (name, value) in &case.env {
            fields.extend([name.clone(), fill(value)]);
        }
        fields.extend(case.args.iter().map(|arg| fill(arg)));
        let (exit, said) = self.run(&fields)?;
        let hide = |text: String| hide_generated(&text.replace(&directory, "$CASE"));
        let requests = strings(Value::Array(server.requests()), &hide);
        let mut recording = case.to_json();
        recording["exit"] = exit;
        recording["said"] = json!(said.lines().last().unwrap_or_default());
        recording["requests"] = requests;
        Ok(recording)
    }

    fn run(&mut self, fields: &[String]) -> Result<(Value, String)> {
        if self.jvm.as_ref().is_none_or(|jvm| RUNS <= jvm.runs) {
            self.jvm = None;
            self.jvm = Some(self.start()?);
        }
        let jvm = self.jvm.as_mut().context("a JVM was just started")?;
        jvm.runs += 1;
        let line: Vec<String> = fields.iter().map(|field| hex(field)).collect();
        writeln!(jvm.input, "{}", line.join(" "))?;
        jvm.input.flush()?;
        let mut answer = String::new();
        jvm.output.read_line(&mut answer)?;
        let (code, said) = answer.trim_end().split_once(" x").context("the JVM died")?;
        let said = unhex(said);
        if code == "timeout" {
            self.jvm = None;
            return Ok((Value::Null, said));
        }
        Ok((json!(code.parse::<i64>()?), said))
    }

    fn start(&self) -> Result<Jvm> {
        let mut process = Command::new("java")
            .args([
                "-Xmx1g",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dfile.encoding=UTF-8",
            ])
            .args(["-Djava.security.manager=allow", "-Duser.language=en", "-Duser.country=US"])
            .args(["--add-opens=java.base/java.lang=ALL-UNNAMED"])
            .args(["--add-opens=java.base/java.util=ALL-UNNAMED", "-cp"])
            .arg(self.work.path())
            .arg("ClientProbe")
            .args(&self.jars)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("`java` of a JDK 17 is needed")?;
        let input = process.stdin.take().context("its input is a pipe")?;
        let output = process.stdout.take().context("its output is a pipe")?;
        Ok(Jvm { process, input, output: BufReader::new(output), runs: 0 })
    }
}

/// Two contexts. That of the name `other`, which recorded cases ask for, leads to the same server by another path.
fn kubeconfig_of(url: &str) -> String {
    let other = format!("{url}{OTHER}");
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "clusters": [
            {"name": "c", "cluster": {"server": url}},
            {"name": "c2", "cluster": {"server": other}},
        ],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": "main", "context": {"cluster": "c", "user": "u"}},
            {"name": "other", "context": {"cluster": "c2", "user": "u", "namespace": "other-ns"}},
        ],
    })
    .to_string()
}

/// A field of the protocol. The letter in front keeps an empty one visible.
fn hex(text: &str) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("x{digits}")
}

fn unhex(digits: &str) -> String {
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..digits.len() / 2).filter_map(|index| byte(index * 2)).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Applies a change to all texts of a document, keys included.
fn strings(value: Value, change: &dyn Fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.into_iter().map(|item| strings(item, change)).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (change(key), strings(value, change))).collect()
        }
        other => other,
    }
}

/// Zeros for the random digits of a name that the client made up.
fn hide_generated(text: &str) -> String {
    let (prefix, digits) = GENERATED;
    let mut hidden = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let (before, after) = rest.split_at(at + prefix.len());
        hidden.push_str(before);
        let is_random = after.len() >= digits
            && after.bytes().take(digits).all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
        rest = if is_random {
            hidden.push_str(&"0".repeat(digits));
            &after[digits..]
        } else {
            after
        };
    }
    hidden + rest
}
