//! Processes in the background: PID files as Flink's scripts keep them, and what a whole cluster in one container is.
//!
//! Source: `flink-daemon.sh`, `start-cluster.sh`, `stop-cluster.sh` and `config.sh` of flink-dist.

use super::{Host, Service};
use nutkin_flink::{Location, Problem};

/// The PIDs in a file, one on each line, the last one started last. What is not a PID is passed over.
pub fn pids(text: &str) -> Vec<i32> {
    text.lines().filter_map(|line| line.trim().parse().ok()).filter(|pid| 0 < *pid).collect()
}

/// The text of a file with these PIDs.
pub fn pid_file(pids: &[i32]) -> String {
    pids.iter().map(|pid| format!("{pid}\n")).collect()
}

/// One process of a cluster: what it is, and the words behind `start`.
pub type Step = (Service, Vec<String>);

/// The files beside the configuration that say where a cluster runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClusterFiles<'a> {
    /// The directory, for messages.
    pub directory: &'a str,
    /// Text of `masters`.
    pub masters: Option<&'a str>,
    /// Text of `workers`.
    pub workers: Option<&'a str>,
}

/// The processes that `start-cluster.sh` starts, in its order: with ZooKeeper one JobManager for each line of
/// `masters`, otherwise one; a TaskManager for each line of `workers`. A missing file means this host once.
///
/// # Errors
/// All lines that name another host: a container starts processes only in itself.
pub fn cluster(
    files: &ClusterFiles<'_>,
    highly_available: bool,
    host: &Host,
) -> Result<Vec<Step>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut read = |name: &str, text: Option<&str>, verb: &str| {
        let text = text.unwrap_or("localhost");
        let mut hosts = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let Some(named) = named(line) else { continue };
            let (address, port) = named.split_once(':').unwrap_or((named, ""));
            if !host.is_me(address) {
                let file = format!("{}/{name}", files.directory);
                let location = Location { file, line: Some(number), column: None };
                let message =
                    format!("`{address}` is another host than this one (`{}`)", host.name);
                let hint = format!(
                    "start a container with the command `{verb}` on that host, and remove the line; a container has no \
                     ssh to start processes elsewhere"
                );
                problems.push(Problem::new("", message).hint(hint).at(location));
            }
            hosts.push((address.to_owned(), port.to_owned()));
        }
        hosts
    };
    let masters = read("masters", files.masters, "jobmanager");
    let workers = read("workers", files.workers, "taskmanager");
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut steps = Vec::new();
    if highly_available {
        for (address, port) in masters {
            // Port 0 is any: several JobManagers cannot share one.
            let port = if port.is_empty() { "0".to_owned() } else { port };
            steps.push((Service::StandaloneSession, vec![address, port]));
        }
    } else {
        steps.push((Service::StandaloneSession, Vec::new()));
    }
    steps.extend(workers.iter().map(|_| (Service::TaskExecutor, Vec::new())));
    Ok(steps)
}

/// The host on a line: without a comment and without the rack that may stand before it.
fn named(line: &str) -> Option<&str> {
    let line = line.split('#').next()?.trim();
    let line = line.rsplit('/').next()?;
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        Host { name: "6437e358ba1d".to_owned(), hosts: "172.17.0.2\t6437e358ba1d\n".to_owned() }
    }

    #[track_caller]
    fn check(masters: Option<&str>, workers: Option<&str>, available: bool, expected: &[&str]) {
        let files = ClusterFiles { directory: "/c", masters, workers };
        let steps = cluster(&files, available, &host()).unwrap();
        let steps: Vec<String> = steps
            .iter()
            .map(|(service, words)| {
                format!("{} {}", service.name(), words.join(" ")).trim().to_owned()
            })
            .collect();
        assert_eq!(steps, expected);
    }

    #[test]
    fn clusters() {
        check(None, None, false, &["standalonesession", "taskexecutor"]);
        check(
            Some("localhost:8081\n"),
            Some("localhost\n# none\n172.17.0.2 # me\n"),
            false,
            &["standalonesession", "taskexecutor", "taskexecutor"],
        );
        check(
            Some("localhost:8081\n6437e358ba1d\n"),
            Some(""),
            true,
            &["standalonesession localhost 8081", "standalonesession 6437e358ba1d 0"],
        );
    }

    #[test]
    fn other_hosts_are_refused_all_at_once() {
        let files = ClusterFiles {
            directory: "/c",
            masters: Some("192.168.244.131:8081"),
            workers: Some("localhost\nhost-b\n"),
        };
        let problems = cluster(&files, false, &host()).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "/c/masters:1: `192.168.244.131` is another host than this one (`6437e358ba1d`)",
                "/c/workers:2: `host-b` is another host than this one (`6437e358ba1d`)",
            ]
        );
    }

    #[test]
    fn pid_files() {
        assert_eq!(pids("12\n\nx\n-3\n0\n13\n"), [12, 13]);
        assert_eq!(pids(&pid_file(&[4, 5])), [4, 5]);
    }
}
