//! What options of a session mean for the network of the machine on which it runs: who reaches its processes, and which ports
//! they share.

use std::net::IpAddr;

use serde_json::Value;

use crate::words::refusal as words;
use nutkin_flink::{Configuration, Problem};

/// Options that say on which addresses Flink's processes listen, each with the one by which only those with a certificate are
/// heard (`SecurityOptions`): Flink itself asks nobody who he is.
const LISTENS: [(&str, &str); 3] = [
    ("rest.bind-address", REST_CERTIFICATES),
    ("jobmanager.bind-host", "security.ssl.internal.enabled"),
    ("taskmanager.bind-host", "security.ssl.internal.enabled"),
];

const REST_CERTIFICATES: &str = "security.ssl.rest.authentication-enabled";

/// Options that name a port of TaskManagers, of which each takes one for itself.
const OF_TASK_MANAGERS: [&str; 4] = [
    "taskmanager.rpc.port",
    "taskmanager.rpc.bind-port",
    "taskmanager.data.port",
    "taskmanager.data.bind-port",
];

/// The one of these that may be a range (`TaskManagerOptions`).
const RANGE: &str = "taskmanager.rpc.port";

/// What comes before the port of the debugger (`-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005`), without which a JVM
/// does not start.
const OF_DEBUGGER: &str = "address=";

/// The same of JMX.
const OF_JMX: &str = "-Dcom.sun.management.jmxremote.port=";

/// Whether nobody but the machine itself reaches what listens on this address.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Which options let others than this machine reach processes that run the code of whoever asks.
pub(crate) fn open(configuration: &Configuration) -> Vec<String> {
    let value = |key: &str| configuration.text(key).map(|text| text.trim().to_owned());
    let is_open = |(key, certificates): (&'static str, &str)| {
        let address = value(key).filter(|address| !address.is_empty() && !is_loopback(address))?;
        let is_closed = value(certificates).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        (!is_closed).then(|| words::open_to_all(&format!("{key}: {address}")))
    };
    LISTENS.into_iter().filter_map(is_open).collect()
}

/// That REST is published on an address of the daemon's machine where others reach it.
pub(crate) fn published(address: &str, configuration: &Configuration) -> Option<String> {
    let is_open = !asks_for_certificates(configuration) && !is_loopback(address);
    is_open.then(|| words::published_to_all(address))
}

/// Types of Services that lead into the cluster from outside of it.
const LEAD_IN: [&str; 2] = ["NodePort", "LoadBalancer"];

/// That a Service leads to REST from outside of the cluster, whatever it is planned for: an option of Flink's, its default in native
/// mode of 1.13, or a Service of the user's.
pub(crate) fn exposed(configuration: &Configuration, objects: &[Value]) -> Option<String> {
    if asks_for_certificates(configuration) {
        return None;
    }
    let services = || objects.iter().filter(|object| object["kind"] == "Service");
    let ports =
        |service: &'_ Value| service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let is_called_rest = |port: &Value| port["name"] == "rest";
    let rest: Vec<Value> = services()
        .flat_map(ports)
        .filter(is_called_rest)
        .map(|port| port["targetPort"].clone())
        .collect();
    let leads_to_rest = |service: &Value| {
        service["spec"]["selector"]["component"] != "taskmanager"
            && ports(service).iter().any(|port| rest.contains(&port["targetPort"]))
    };
    services().filter(|service| leads_to_rest(service)).find_map(|service| {
        let kind = service["spec"]["type"].as_str().filter(|kind| LEAD_IN.contains(kind))?;
        Some(words::exposed_to_all(service["metadata"]["name"].as_str()?, kind))
    })
}

fn asks_for_certificates(configuration: &Configuration) -> bool {
    let certificates = configuration.text(REST_CERTIFICATES);
    certificates.is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
}

/// Ports that several processes of this machine would have to share: all but one of them could not start.
pub(crate) fn shared(
    configuration: &Configuration,
    job_managers: u32,
    task_managers: u32,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for key in OF_TASK_MANAGERS {
        let Some(text) = configuration.text(key) else { continue };
        let text = text.trim();
        let Some((count, first)) = ports(text).filter(|(count, _)| *count < task_managers) else {
            continue;
        };
        let message = format!(
            "the {task_managers} TaskManagers on this machine need a port each, and `{text}` has {count}"
        );
        let last = u32::from(first).saturating_add(task_managers - 1);
        let range = (key == RANGE).then(|| format!(", or give a range: `{first}-{last}`"));
        let hint = format!("leave it out: each takes a free one{}", range.unwrap_or_default());
        problems.push(Problem::new(key, message).hint(hint));
    }
    let all = job_managers.saturating_add(task_managers);
    for (key, count) in [
        ("env.java.opts", all),
        ("env.java.opts.all", all),
        ("env.java.opts.jobmanager", job_managers),
        ("env.java.opts.taskmanager", task_managers),
    ] {
        let Some(text) = configuration.text(key) else { continue };
        let Some(port) = of_jvm(&text).filter(|_| 1 < count) else { continue };
        let message = format!("{count} processes on this machine cannot share port {port}");
        let hint = "0 takes a free one, which the log names; or set it for one process alone";
        problems.push(Problem::new(key, message).hint(hint));
    }
    problems
}

/// How many ports a list of numbers and ranges has, and the first of them; `None`: any free one, or it is not such a list.
fn ports(text: &str) -> Option<(u32, u16)> {
    let mut found: Option<(u32, u16)> = None;
    for part in text.split(',').map(str::trim) {
        let (start, end) = part.split_once('-').unwrap_or((part, part));
        let (start, end): (u16, u16) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
        if start == 0 || end < start {
            return None;
        }
        let (count, first) = found.unwrap_or((0, start));
        found = Some((count.saturating_add(u32::from(end - start) + 1), first));
    }
    found
}

/// The port that options of a JVM name.
fn of_jvm(text: &str) -> Option<u16> {
    text.split_whitespace().find_map(|word| {
        let debugger =
            word.strip_prefix("-agentlib:jdwp=").and_then(|word| word.split_once(OF_DEBUGGER));
        let rest = debugger.map(|(_, rest)| rest).or_else(|| word.strip_prefix(OF_JMX))?;
        let address = rest.split(',').next()?;
        let port = address.rsplit(':').next()?.trim_matches('"');
        port.parse().ok().filter(|port| *port != 0)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn configuration(options: &[(&str, &str)]) -> Configuration {
        options.iter().copied().collect()
    }

    #[test]
    fn addresses_that_others_reach() {
        #[track_caller]
        fn check(options: &[(&str, &str)], expected: &[&str]) {
            let said = open(&configuration(options));
            assert_eq!(said.len(), expected.len(), "{said:?}");
            for (said, key) in said.iter().zip(expected) {
                assert!(said.contains(key) && said.contains("run code"), "{said}");
            }
        }
        check(&[("rest.bind-address", "0.0.0.0")], &["rest.bind-address: 0.0.0.0"]);
        check(&[("jobmanager.bind-host", "::")], &["jobmanager.bind-host"]);
        check(&[("taskmanager.bind-host", "10.0.0.7")], &["taskmanager.bind-host"]);
        // The controls: loopback, and those with certificates alone.
        check(&[("rest.bind-address", "127.0.0.1"), ("jobmanager.bind-host", "localhost")], &[]);
        let closed = "security.ssl.rest.authentication-enabled";
        check(&[("rest.bind-address", "0.0.0.0"), (closed, "true")], &[]);
        check(&[("jobmanager.bind-host", "0.0.0.0"), (closed, "true")], &["jobmanager"]);
        assert!(published("0.0.0.0", &configuration(&[])).is_some());
        assert!(published("127.0.0.1", &configuration(&[])).is_none());
        assert!(published("0.0.0.0", &configuration(&[(closed, "true")])).is_none());
    }

    #[test]
    fn services_that_lead_to_rest() {
        #[track_caller]
        fn check(options: &[(&str, &str)], objects: &Value, expected: Option<&str>) {
            let said = exposed(&configuration(options), objects.as_array().unwrap());
            assert_eq!(said.is_some(), expected.is_some(), "{said:?}");
            assert!(said.unwrap_or_default().contains(expected.unwrap_or_default()));
        }
        let service = |name: &str, kind: &str, component: &str, port: (&str, u16)| {
            let ports = json!([{"name": port.0, "port": port.1, "targetPort": port.1}]);
            let spec = json!({"type": kind, "selector": {"component": component}, "ports": ports});
            json!({"kind": "Service", "metadata": {"name": name}, "spec": spec})
        };
        let rest = |kind: &str| service("shop-rest", kind, "jobmanager", ("rest", 8081));
        let closed = ("security.ssl.rest.authentication-enabled", "TRUE");
        check(&[], &json!([rest("LoadBalancer")]), Some("Service shop-rest of type LoadBalancer"));
        check(&[closed], &json!([rest("LoadBalancer")]), None);
        check(&[], &json!([rest("ClusterIP")]), None);
        // A Service of the user's, by the port's name or by its number.
        let web = |component: &str, name: &str, port: u16| {
            json!([rest("ClusterIP"), service("web", "NodePort", component, (name, port))])
        };
        check(&[], &web("jobmanager", "rest", 8081), Some("Service web of type NodePort"));
        check(&[], &web("jobmanager", "port-8081", 8081), Some("web"));
        check(&[], &web("jobmanager", "port-9249", 9249), None);
        check(&[], &web("taskmanager", "port-8081", 8081), None);
    }

    #[test]
    fn ports_that_several_processes_share() {
        #[track_caller]
        fn check(key: &str, value: &str, task_managers: u32, expected: Option<&str>) {
            let problems = shared(&configuration(&[(key, value)]), 1, task_managers);
            let said = problems.first().map(ToString::to_string);
            assert_eq!(said.is_some(), expected.is_some(), "{said:?}");
            assert!(
                said.unwrap_or_default().contains(expected.unwrap_or_default()),
                "{problems:?}"
            );
        }
        let rpc = "taskmanager.rpc.port";
        check(rpc, "6300", 2, Some("need a port each, and `6300` has 1"));
        check(rpc, "6300-6301", 3, Some("`6300-6301` has 2"));
        check("taskmanager.data.port", "6400", 2, Some("taskmanager.data.port"));
        // The controls.
        check(rpc, "6300", 1, None);
        check(rpc, "6300-6301", 2, None);
        check(rpc, "6300, 6400-6401", 3, None);
        check(rpc, "0", 2, None);
        let debugger =
            "-Xmx1g -agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005";
        check("env.java.opts.taskmanager", debugger, 2, Some("2 processes"));
        check("env.java.opts.all", debugger, 1, Some("cannot share port 5005"));
        let jmx = "-Dcom.sun.management.jmxremote.port=9010";
        check("env.java.opts", jmx, 1, Some("port 9010"));
        check("env.java.opts.taskmanager", jmx, 1, None);
        check("env.java.opts.jobmanager", jmx, 4, None);
        check("env.java.opts.all", "-agentlib:jdwp=transport=dt_socket,address=0", 1, None);
        check("env.java.opts.all", "-Daddress=5005", 1, None);
    }
}
