//! A namespace of a real API server, and Nutkin in it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nutkin_testkit::ApiProxy;
use serde_json::{Value, json};

use crate::{Finished, Nutkin};

/// Makes names of namespaces unique within one run of the tests, as the process' id does between runs.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Kinds that a session may consist of.
const KINDS: &str = "deployments,statefulsets,services,configmaps,secrets,serviceaccounts,roles,rolebindings,\
persistentvolumeclaims,networkpolicies,poddisruptionbudgets,ingresses";

/// A namespace of its own, which goes with this value.
#[derive(Debug)]
pub struct Cluster {
    /// Nutkin with a home of its own.
    pub nutkin: Nutkin,
    /// The namespace.
    pub namespace: String,
    kubeconfig: PathBuf,
}

/// Variable with the administrator's kubeconfig.
const KUBECONFIG: &str = "NUTKIN_TEST_KUBECONFIG";
/// Variable with the program that is kubectl, and, where it is one of several in one program, its name there.
const KUBECTL: [&str; 2] = ["NUTKIN_TEST_KUBECTL", "NUTKIN_TEST_KUBECTL_NAME"];

impl Default for Cluster {
    fn default() -> Self {
        Self::new()
    }
}

impl Cluster {
    /// An empty namespace.
    ///
    /// # Panics
    /// When `cargo xtask test` has not set up an API server.
    #[track_caller]
    pub fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self::in_namespace(&format!("t-{}-{number}", std::process::id()))
    }

    /// An empty namespace of this name, for files that name theirs. There must be none.
    ///
    /// # Panics
    /// As [`Self::new`].
    #[track_caller]
    pub fn in_namespace(name: &str) -> Self {
        let kubeconfig = std::env::var_os(KUBECONFIG).map(PathBuf::from);
        let Some(kubeconfig) = kubeconfig else {
            panic!("{KUBECONFIG} is not set: run these tests with `cargo xtask test kubernetes`")
        };
        let cluster = Self { nutkin: Nutkin::new(), namespace: name.to_owned(), kubeconfig };
        cluster.kubectl(&["create", "namespace", &cluster.namespace]);
        cluster
    }

    fn kubectl_command(&self) -> Command {
        let program = std::env::var_os(KUBECTL[0]);
        let mut command = Command::new(program.unwrap_or_else(|| "kubectl".into()));
        if let Some(name) = std::env::var_os(KUBECTL[1]) {
            command.arg(name);
        }
        command.arg("--kubeconfig").arg(&self.kubeconfig).stdin(Stdio::null());
        command
    }

    /// Runs kubectl as the administrator, in the namespace, and gives what it prints.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn kubectl(&self, args: &[&str]) -> String {
        let output = self.kubectl_command().args(["-n", &self.namespace]).args(args).output();
        let output = output.expect("kubectl starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {args:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The same for what may fail: everything that it says, on whichever stream.
    pub fn try_kubectl(&self, args: &[&str]) -> String {
        let output = self.kubectl_command().args(["-n", &self.namespace]).args(args).output();
        let Ok(output) = output else { return "kubectl does not start".to_owned() };
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        text
    }

    /// What the authorizer says: `kubectl auth can-i`.
    pub fn can_i(&self, args: &[&str]) -> bool {
        let mut command = self.kubectl_command();
        command.args(["-n", &self.namespace, "auth", "can-i", "--quiet"]).args(args);
        command.status().is_ok_and(|status| status.success())
    }

    /// Applies an object or a list of them.
    ///
    /// # Panics
    /// When the API server refuses.
    #[track_caller]
    pub fn apply(&self, object: &Value) {
        let file = self.nutkin.file("object.json", &object.to_string());
        self.kubectl(&["apply", "--server-side", "-f", file.to_str().expect("a path in UTF-8")]);
    }

    /// Applies an object that somebody else may have applied as well, and takes over what they set.
    ///
    /// # Panics
    /// When the API server refuses.
    #[track_caller]
    pub fn apply_by_force(&self, object: &Value) {
        let file = self.nutkin.file("object.json", &object.to_string());
        let file = file.to_str().expect("a path in UTF-8");
        self.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", file]);
    }

    /// One object; null where it is not there.
    ///
    /// # Panics
    /// When the API server cannot be asked.
    #[track_caller]
    pub fn get(&self, what: &str) -> Value {
        let text = self.kubectl(&["get", what, "-o", "json", "--ignore-not-found"]);
        if text.is_empty() { Value::Null } else { json_of(&text) }
    }

    /// All objects of the kinds that a session may consist of, by kind and name, without what differs between two
    /// sessions that were made in the same way.
    ///
    /// # Panics
    /// When the API server cannot be asked.
    #[track_caller]
    pub fn objects(&self) -> BTreeMap<String, Value> {
        let list = json_of(&self.kubectl(&["get", KINDS, "-o", "json"]));
        let items = list["items"].as_array().expect("a list").clone();
        let is_kubernetes = |name: &str| name == "kube-root-ca.crt" || name == "default";
        items
            .into_iter()
            .map(|item| {
                let name = item["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                (name, item)
            })
            .filter(|(name, _)| !is_kubernetes(name))
            .map(|(name, item)| {
                let kind = item["kind"].as_str().unwrap_or_default().to_owned();
                (format!("{kind}/{name}"), self.plain(item))
            })
            .collect()
    }

    fn plain(&self, mut item: Value) -> Value {
        if let Some(object) = item.as_object_mut() {
            object.remove("status");
        }
        if let Some(metadata) = item["metadata"].as_object_mut() {
            for key in
                ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"]
            {
                metadata.remove(key);
            }
        }
        if let Some(annotations) = item["metadata"]["annotations"].as_object_mut() {
            annotations.remove("deployment.kubernetes.io/revision");
        }
        if let Some(document) = item["data"].get_mut("record.json") {
            let ledger: Value = serde_json::from_str(document.as_str().unwrap_or_default())
                .expect("a ledger in JSON");
            let mut wanted = ledger["wanted"].clone();
            // Where the command ran, and who asked when, belong to the command.
            for key in ["directory", "source"] {
                if let Some(wanted) = wanted.as_object_mut() {
                    wanted.remove(key);
                }
            }
            *document = json!({"wanted": wanted, "jobs": ledger["jobs"]});
        }
        // Digests of what has the namespace's name in it.
        for place in ["/metadata/annotations", "/spec/template/metadata/annotations"] {
            let annotations = item.pointer_mut(place).and_then(Value::as_object_mut);
            for (key, value) in annotations.into_iter().flatten() {
                if key.starts_with("nutkin.dev/") && (key.ends_with("hash") || key.ends_with("for"))
                {
                    *value = json!("DIGEST");
                }
            }
        }
        let owners = item["metadata"]["ownerReferences"].as_array_mut();
        for owner in owners.into_iter().flatten() {
            owner["uid"] = json!("UID");
        }
        for key in ["clusterIP", "clusterIPs"] {
            let headless = item["spec"][key] == "None" || item["spec"][key] == json!(["None"]);
            if let Some(spec) = item["spec"].as_object_mut().filter(|_| !headless) {
                spec.remove(key);
            }
        }
        json_of(&item.to_string().replace(&self.namespace, "NAMESPACE"))
    }

    /// Nutkin as the administrator, in the namespace.
    pub fn command(&self, args: &[&str]) -> Command {
        // After the name of the command: what follows a jar would belong to the job.
        let (name, rest) =
            args.split_first().map_or(("--help", args), |(name, rest)| (*name, rest));
        let words = [&[name, "-n", &self.namespace][..], rest].concat();
        let mut command = self.nutkin.command(&words);
        command.env("KUBECONFIG", &self.kubeconfig).env("NUTKIN_PLATFORM", "kubernetes");
        command
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Finished {
        self.finish(self.command(args))
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn finish(&self, command: Command) -> Finished {
        self.nutkin.start(command).wait(std::time::Duration::from_mins(2))
    }

    /// Nutkin as a `ServiceAccount` of the namespace.
    ///
    /// # Panics
    /// When no token can be had.
    #[track_caller]
    pub fn command_as(&self, account: &str, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.env("KUBECONFIG", self.kubeconfig_of(account));
        command
    }

    /// The kubeconfig of a `ServiceAccount` of the namespace.
    ///
    /// # Panics
    /// When no token can be had.
    #[track_caller]
    pub fn kubeconfig_of(&self, account: &str) -> PathBuf {
        let token = self.kubectl(&["create", "token", account]);
        let mut config = json_of(&self.kubectl(&["config", "view", "--raw", "-o", "json"]));
        config["users"][0]["user"] = json!({"token": token.trim()});
        self.nutkin.file(&format!("{account}.kubeconfig"), &config.to_string())
    }

    /// Nutkin by way of a proxy that makes trouble.
    pub fn command_by(&self, proxy: &Proxied, args: &[&str]) -> Command {
        let server = proxy.proxy.url();
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}],
        });
        let path = self.nutkin.file("proxied.kubeconfig", &config.to_string());
        let mut command = self.command(args);
        command.env("KUBECONFIG", path);
        command
    }

    /// Starts a proxy before the API server.
    ///
    /// # Panics
    /// When kubectl does not proxy.
    #[track_caller]
    pub fn proxy(&self) -> Proxied {
        let mut command = self.kubectl_command();
        command.args(["proxy", "--port=0", "--accept-hosts=.*"]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("kubectl starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("kubectl says where it listens");
        let address = line.trim().rsplit(' ').next().unwrap_or_default();
        let address: SocketAddr = address.parse().expect("`Starting to serve on ADDRESS`");
        Proxied { proxy: ApiProxy::start(address).expect("a port"), kubectl: child }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = self.kubectl_command();
        let _ = command.args(["delete", "namespace", &self.namespace, "--wait=false"]).output();
    }
}

/// A proxy that makes trouble, before `kubectl proxy`, which brings the credentials.
pub struct Proxied {
    /// The proxy.
    pub proxy: ApiProxy,
    kubectl: Child,
}

impl Drop for Proxied {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

#[track_caller]
fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Compares objects, and shows where they differ.
///
/// # Panics
/// When they do.
#[track_caller]
pub fn assert_same(
    found: &BTreeMap<String, Value>,
    expected: &BTreeMap<String, Value>,
    when: &str,
) {
    let whole = |objects: &BTreeMap<String, Value>| json!(objects);
    let mut differences = Vec::new();
    differ("", &whole(found), &whole(expected), &mut differences);
    assert!(differences.is_empty(), "{when}: found, expected:\n{}", differences.join("\n"));
}

fn differ(path: &str, found: &Value, expected: &Value, differences: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
            for key in keys {
                differ(&format!("{path}.{key}"), &found[key], &expected[key], differences);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                differ(&format!("{path}[{index}]"), left, right, differences);
            }
        }
        _ if found == expected => {}
        _ => differences.push(format!("{path}: {found}, {expected}")),
    }
}
