//! A case: what goes into a run of Flink's client.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use nutkin_flink::FlinkVersion;
use nutkin_flink::dialect::Dialect;
use serde_json::{Map, Value, json};

use super::options::{self, Options};
use super::templates;
use crate::conformance::random::Random;

/// One case. `$CASE` in its texts stands for its directory.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// Its name: seed and number, or that of the recording it comes from.
    pub(super) name: String,
    /// Command line.
    pub(super) args: Vec<String>,
    /// Path below the directory to text, or to `{"base64": ..}`.
    pub(super) files: BTreeMap<String, Value>,
    /// Variables beside those that every run has.
    pub(super) env: BTreeMap<String, String>,
    /// What the API server holds and refuses.
    pub(super) server: Value,
}

impl Case {
    /// Case `index` of a seed.
    pub(super) fn random(seed: u64, index: u64, flink: FlinkVersion) -> Self {
        let mut random = Random::new(seed, index);
        let mut options = Options::random(&mut random);
        let mut case = Self {
            name: format!("seed-{seed}-{index:04}"),
            args: Vec::new(),
            files: BTreeMap::new(),
            env: BTreeMap::new(),
            server: json!({}),
        };
        case.mounts(&mut random, &mut options);
        case.templates(&mut random, &mut options);
        case.server(&mut random, &options);
        case.write(&mut random, options, flink);
        case
    }

    /// A case that was recorded.
    ///
    /// # Errors
    /// It is not a recording.
    pub(super) fn from_json(recorded: &Value) -> Result<Self> {
        let words = |name: &str| {
            let list = recorded[name].as_array().cloned().unwrap_or_default();
            list.into_iter()
                .map(|word| word.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
        };
        let map = |name: &str| recorded[name].as_object().cloned().unwrap_or_default();
        let text = |value: Value| value.as_str().map(str::to_owned);
        Ok(Self {
            name: recorded["case"].as_str().context("a case has a name")?.to_owned(),
            args: words("args").context("arguments are texts")?,
            files: map("files").into_iter().collect(),
            env: map("env")
                .into_iter()
                .map(|(name, value)| Some((name, text(value)?)))
                .collect::<Option<_>>()
                .context("variables are texts")?,
            server: Value::Object(map("server")),
        })
    }

    /// The first fields of its recording.
    pub(super) fn to_json(&self) -> Value {
        let mut fields = Map::from_iter([
            ("case".to_owned(), json!(self.name)),
            ("args".to_owned(), json!(self.args)),
            ("files".to_owned(), json!(self.files)),
        ]);
        if !self.env.is_empty() {
            fields.insert("env".to_owned(), json!(self.env));
        }
        if self.server.as_object().is_some_and(|server| !server.is_empty()) {
            fields.insert("server".to_owned(), self.server.clone());
        }
        Value::Object(fields)
    }

    /// Hadoop, Kerberos, and heap sizes of the environment.
    fn mounts(&mut self, random: &mut Random, options: &mut Options) {
        if random.one_in(6) {
            let (variable, place) = *random.pick(&[
                ("HADOOP_CONF_DIR", "hadoop"),
                ("HADOOP_HOME", "home/etc/hadoop"),
                ("HADOOP_HOME", "home/conf"),
            ]);
            for name in ["core-site.xml", "hdfs-site.xml", "yarn-site.xml"] {
                if !random.one_in(3) {
                    self.files
                        .insert(format!("{place}/{name}"), json!(format!("<!-- {name} -->\n")));
                }
            }
            let top = place.split('/').next().unwrap_or_default();
            self.env.insert(variable.to_owned(), format!("$CASE/{top}"));
        }
        if random.one_in(10) {
            self.files.insert("krb/a.keytab".to_owned(), json!({"base64": "BQIAAAA="}));
            let path = if random.one_in(6) { "/nowhere.keytab" } else { "$CASE/krb/a.keytab" };
            options.set("security.kerberos.login.keytab", path);
            if !random.one_in(6) {
                options.set("security.kerberos.login.principal", "me@EXAMPLE.COM");
            }
        }
        if random.one_in(10) {
            let name = random.word(&["krb5.conf", "other.conf"]);
            self.files.insert(format!("krb/{name}"), json!("[libdefaults]\n"));
            options.set("security.kerberos.krb5-conf.path", &format!("$CASE/krb/{name}"));
        }
        if random.one_in(30) {
            let size = random.word(&["1200m", "2g", "lots"]);
            self.env.insert("FLINK_JM_HEAP".to_owned(), size.to_owned());
        }
    }

    fn templates(&mut self, random: &mut Random, options: &mut Options) {
        for (key, name, rarity) in [
            ("kubernetes.pod-template-file.jobmanager", "jm.yaml", 3),
            ("kubernetes.pod-template-file.taskmanager", "tm.yaml", 8),
            ("kubernetes.pod-template-file", "old.yaml", 15),
            ("kubernetes.pod-template-file.default", "default.yaml", 15),
        ] {
            if random.one_in(rarity) {
                self.files.insert(format!("tpl/{name}"), json!(templates::random(random)));
                let path = if random.one_in(20) {
                    "/nowhere.yaml".to_owned()
                } else {
                    format!("$CASE/tpl/{name}")
                };
                options.set(key, &path);
            }
        }
    }

    /// Now and then something is there, or not allowed.
    fn server(&mut self, random: &mut Random, options: &Options) {
        let (id, namespace) =
            (options.text("kubernetes.cluster-id"), options.text("kubernetes.namespace"));
        let namespace = namespace.unwrap_or("default");
        if random.one_in(25)
            && let Some(id) = id
        {
            let kind = random.word(&["Deployment", "ConfigMap"]);
            let prefix = if kind == "ConfigMap" { "flink-config-" } else { "" };
            let metadata = json!({"name": format!("{prefix}{id}"), "namespace": namespace});
            self.server["objects"] = json!([{"kind": kind, "metadata": metadata}]);
        }
        if random.one_in(25) {
            let method = random.word(&["POST", "GET"]);
            let path = random.word(&["/deployments", "/services", "/configmaps", "/nodes$"]);
            self.server["fail"] =
                json!([{"method": method, "path": path, "code": 403, "reason": "Forbidden"}]);
        }
    }

    /// Puts options into the file or behind `-D`.
    fn write(&mut self, random: &mut Random, options: Options, flink: FlinkVersion) {
        let line = flink.line();
        let legacy = line.reads_flink_conf && (!line.reads_config_yaml || random.one_in(2));
        let dialect = if legacy { Dialect::FlinkConf } else { Dialect::ConfigYaml };
        let mut file = String::new();
        for (key, value) in options.into_entries(random) {
            if random.one_in(2) {
                file.push_str(&options::line(dialect, &key, &value));
            } else if random.one_in(8) {
                self.args.extend(["-D".to_owned(), format!("{key}={value}")]);
            } else {
                self.args.push(format!("-D{key}={value}"));
            }
        }
        self.files.insert(format!("conf/{}", dialect.file_name()), json!(file));
        for name in ["log4j-console.properties", "logback-console.xml", "log4j.properties"] {
            if random.one_in(2) {
                self.files.insert(format!("conf/{name}"), json!(format!("# {name}\n")));
            }
        }
    }
}
