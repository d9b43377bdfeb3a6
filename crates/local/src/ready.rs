//! Why a process of a session died, from what it left.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;

use nutkin_shell::files::document;
use nutkin_shell::{Error, Kind};

use super::directory::SessionDirectory;
use super::launch::{Launch, ProcessPhase};
use super::{control, rotate};

/// Lines of a dead JVM's output that are shown: the exception and its cause fit.
const SHOWN_LINES: usize = 12;

/// What is known of a process that died before the session was ready: `message` says which one, its last lines follow.
pub fn died(directory: &SessionDirectory, message: &str) -> Error {
    let running = control::look(directory).running;
    let mut processes = running.into_iter().flat_map(|running| running.processes);
    let Some(dead) = processes.find(|one| one.phase == ProcessPhase::Waiting) else {
        return Error::new(Kind::Broken, message.to_owned()).because("ProcessDied");
    };
    let mut lines = tail(&dead.out, SHOWN_LINES);
    if lines.is_empty() {
        // It was started again in this very moment, and its last words were put aside.
        lines = tail(&rotate::older(&dead.out, 1), SHOWN_LINES);
    }
    lines.extend(reasons(&dead.out.with_extension("log")));
    let message = format!("{message}\n{}", lines.join("\n"));
    Error::new(Kind::Broken, message.trim_end().to_owned())
        .because("ProcessDied")
        .hint(format!("its output is `{}`", dead.out.display()))
}

/// Whether a process died of a port that another program has: what Java says of it (`java.net.BindException`), and Flink of REST
/// (`RestServerEndpoint`). TaskManagers are not given ports.
pub fn lacks_a_port(failure: &Error) -> bool {
    let said = failure.error.to_string();
    let is_bound = ["BindException", "Could not start rest endpoint", "Address already in use"];
    // `BindException` has other causes, too (`EADDRNOTAVAIL`, `EACCES`), which another port does not cure.
    let is_refused = ["Cannot assign requested address", "Permission denied"];
    !said.starts_with("taskmanager")
        && is_bound.iter().any(|words| said.contains(words))
        && !is_refused.iter().any(|words| said.contains(words))
}

/// Options whose value is an address at which a JobManager listens, with the name of its port.
const LISTENS: [(&str, &str); 2] = [("rest.bind-address", "rest"), ("jobmanager.bind-host", "rpc")];

/// Why this machine lets no program of this user listen where the options of a session say, whatever others do. About REST Flink
/// says only that it could get no port (`RestServerEndpoint` drops the cause).
pub fn refused_address(directory: &SessionDirectory) -> Option<String> {
    let launch: Launch = document::read_json(&directory.launch()).ok()?;
    LISTENS.iter().find_map(|(key, name)| {
        let (address, port) = (launch.options.get(*key)?, launch.ports.get(*name)?);
        match TcpListener::bind((address.as_str(), *port)).err()?.kind() {
            ErrorKind::AddrNotAvailable => {
                Some(format!("this machine does not have the address `{address}` of `{key}`"))
            }
            ErrorKind::PermissionDenied => {
                Some(format!("this user may not listen on port {port} of `{address}`"))
            }
            _ => None,
        }
    })
}

/// The last lines of a file; none when it cannot be read.
pub fn tail(path: &Path, count: usize) -> Vec<String> {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].iter().map(|line| (*line).to_owned()).collect()
}

/// The lines of a log that say why: exceptions and causes, without their stacks.
fn reasons(log: &Path) -> Vec<String> {
    let interesting = |line: &String| {
        (line.contains("Exception") || line.contains("Caused by") || line.contains(" ERROR "))
            && !line.trim_start().starts_with("at ")
    };
    let mut lines: Vec<String> = tail(log, 200).into_iter().filter(interesting).collect();
    lines.split_off(lines.len().saturating_sub(SHOWN_LINES))
}
