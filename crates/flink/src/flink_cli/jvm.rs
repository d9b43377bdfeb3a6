//! Flink's own client (`CliFrontend`) as a process: what Flink's `flink` script makes of a configuration directory and words.

use std::collections::BTreeMap;

use crate::process::{class_path, java_flags, words};
use crate::{Configuration, Origin, log4j};

/// Where the client finds the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Host of a JobManager's REST API.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What stands before every path of it, without slashes; empty where nothing does.
    pub prefix: String,
}

impl Address {
    /// Reads `http://host:port/prefix`. `None` where it is none.
    pub fn of(url: &str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = authority.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let prefix = prefix.trim_matches('/').to_owned();
        Some(Self { host: host.to_owned(), port: port.parse().ok()?, prefix })
    }
}

/// The option that says what stands before every path of REST, for `RestClusterClient` (`RestOptions.PATH`; a client that
/// was run with `rest.url-prefix` asked without it).
pub const PREFIX: &str = "rest.path";

/// Options of a cluster's configuration that are its own: how it is found, by whom, and what it runs as.
const OF_CLUSTER: [&str; 8] = [
    "high-availability",
    "rest.",
    "web.",
    "kubernetes.",
    "jobmanager.rpc.",
    "internal.",
    "$internal.",
    "execution.target",
];

/// What REST shows in the place of a secret.
const HIDDEN: &str = "******";

/// The configuration of a client of this cluster: what the cluster says of jobs (parallelism, state, checkpoints), and
/// its address.
pub fn configuration(of_cluster: &Configuration, address: &Address) -> Configuration {
    let mut client = Configuration::new();
    for (key, entry) in of_cluster.iter() {
        let own = OF_CLUSTER.iter().any(|prefix| key.starts_with(prefix));
        let attached = key == "execution.attached";
        if !own && !attached && entry.value.to_string() != HIDDEN {
            client.set(key, entry.value.clone(), entry.origin.clone());
        }
    }
    let origin = Origin::Derived("the address of the session");
    client.set("execution.target", "remote", origin.clone());
    client.set("jobmanager.rpc.address", address.host.as_str(), origin.clone());
    client.set("rest.address", address.host.as_str(), origin.clone());
    client.set("rest.port", address.port.to_string(), origin.clone());
    if !address.prefix.is_empty() {
        client.set(PREFIX, format!("/{}", address.prefix), origin);
    }
    client
}

/// What the client runs on.
#[derive(Debug, Clone, Copy)]
pub struct ClientJvm<'m> {
    /// Flink's directory.
    pub home: &'m str,
    /// Names of the jars in its `lib`.
    pub lib: &'m [String],
    /// Major version of Java.
    pub java_major: u8,
    /// The configuration directory, with [`LOGGING`].
    pub conf: &'m str,
    /// The file that the client logs to.
    pub log: &'m str,
    /// The environment.
    pub environment: &'m BTreeMap<String, String>,
}

/// The client's logging configuration: its name in the configuration directory.
pub const LOGGING: &str = "log4j-cli.properties";

/// What is in it: the file alone, for the screen is the program's.
pub fn logging() -> &'static str {
    log4j::CLIENT
}

/// The arguments of `java`, and the variables that Flink's script sets.
pub fn command(
    machine: ClientJvm<'_>,
    configuration: &Configuration,
    call: &[String],
) -> (Vec<String>, Vec<(&'static str, String)>) {
    let ClientJvm { home, conf, log, environment, .. } = machine;
    let variable = |name: &str| environment.get(name).map(String::as_str).unwrap_or_default();
    let option = |name: &str| configuration.text(name).unwrap_or_default();
    let mut arguments = java_flags(machine.java_major);
    for text in [
        variable("JVM_ARGS"),
        &option("env.java.opts.all"),
        variable("FLINK_ENV_JAVA_OPTS"),
        &option("env.java.opts.client"),
        variable("FLINK_ENV_JAVA_OPTS_CLI"),
    ] {
        arguments.extend(words(text));
    }
    arguments.push(format!("-Dlog.file={log}"));
    arguments.push(format!("-Dlog4j.configuration=file:{conf}/{LOGGING}"));
    arguments.push(format!("-Dlog4j.configurationFile=file:{conf}/{LOGGING}"));
    arguments.push("-classpath".to_owned());
    arguments.push(class_path(home, machine.lib, &[], environment, configuration));
    arguments.push("org.apache.flink.client.cli.CliFrontend".to_owned());
    arguments.extend(call.iter().cloned());
    let variables = vec![
        ("FLINK_CONF_DIR", conf.to_owned()),
        ("FLINK_HOME", home.to_owned()),
        ("FLINK_BIN_DIR", format!("{home}/bin")),
        ("FLINK_LIB_DIR", format!("{home}/lib")),
        ("FLINK_OPT_DIR", format!("{home}/opt")),
        ("FLINK_PLUGINS_DIR", format!("{home}/plugins")),
    ];
    (arguments, variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        #[track_caller]
        fn check(url: &str, expected: Option<(&str, u16, &str)>) {
            let found = Address::of(url);
            let found = found.as_ref().map(|one| (one.host.as_str(), one.port, &one.prefix[..]));
            assert_eq!(found, expected, "{url}");
        }
        check("http://127.0.0.1:8081", Some(("127.0.0.1", 8081, "")));
        check("http://[::1]:8081/", Some(("::1", 8081, "")));
        check("http://127.0.0.1:1/secret", Some(("127.0.0.1", 1, "secret")));
        check("http://host", None);
        check("host:1", None);
    }

    #[test]
    fn what_a_client_takes_from_its_cluster() {
        let cluster = [
            ("parallelism.default", "4"),
            ("high-availability.type", "kubernetes"),
            ("rest.bind-address", "0.0.0.0"),
            ("s3.secret-key", "******"),
            ("execution.checkpointing.interval", "1 min"),
            ("execution.target", "kubernetes-session"),
        ];
        let cluster: Configuration = cluster.iter().copied().collect();
        let address = Address { host: "h".to_owned(), port: 1, prefix: "p".to_owned() };
        let client = configuration(&cluster, &address);
        let found: Vec<(&str, String)> =
            client.iter().map(|(key, entry)| (key, entry.value.to_string())).collect();
        let expected = [
            ("execution.checkpointing.interval", "1 min"),
            ("execution.target", "remote"),
            ("jobmanager.rpc.address", "h"),
            ("parallelism.default", "4"),
            ("rest.address", "h"),
            ("rest.path", "/p"),
            ("rest.port", "1"),
        ];
        assert_eq!(found, expected.map(|(key, value)| (key, value.to_owned())));
    }
}
