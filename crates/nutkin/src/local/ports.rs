//! Ports of a session: chosen once, kept for its life.

use std::collections::BTreeMap;
use std::net::TcpListener;

use nutkin_core::Problem;
use nutkin_core::flink::{Configuration, Origin};

use crate::Failure;

/// Flink's default for `rest.port`, which people type by heart.
const REST: u16 = 8081;

/// The ports of a session by what they are for: `rest`, `rest-2`, `rpc`, `zookeeper`.
pub type Ports = BTreeMap<String, u16>;

/// Completes `held`, the ports that the session has already, and says when a usual one was taken.
///
/// # Errors
/// Exit 2: a port that the user asked for is no port, or another program has it.
pub fn choose(
    configuration: &Configuration,
    job_managers: u32,
    zookeeper: bool,
    held: &Ports,
    say: impl Fn(&str),
) -> Result<Ports, Failure> {
    let mut ports = Ports::new();
    // Held open until all are known, so that no two are the same.
    let mut listeners = Vec::new();
    for index in 1..=job_managers {
        let name = rest_name(index);
        let port = match (held.get(&name), asked(configuration)?) {
            (Some(port), asked) if asked.is_none() || index > 1 => *port,
            (held, Some(port)) if index == 1 => {
                if held != Some(&port) {
                    listeners.push(take(port).ok_or_else(|| taken(port))?);
                }
                port
            }
            (_, None) if index == 1 => {
                if let Some(listener) = take(REST) {
                    listeners.push(listener);
                    REST
                } else {
                    let port = free(&mut listeners)?;
                    say(&format!("port {REST} is taken: the session uses {port}"));
                    port
                }
            }
            _ => free(&mut listeners)?,
        };
        ports.insert(name, port);
    }
    for name in ["rpc"].into_iter().chain(zookeeper.then_some("zookeeper")) {
        let port = match held.get(name) {
            Some(port) => *port,
            None => free(&mut listeners)?,
        };
        ports.insert(name.to_owned(), port);
    }
    Ok(ports)
}

/// Two ports that nobody uses at this moment.
///
/// # Errors
/// The system has none left.
pub fn two_free() -> Result<(u16, u16), Failure> {
    let mut listeners = Vec::new();
    Ok((free(&mut listeners)?, free(&mut listeners)?))
}

/// Name of the REST port of a JobManager, counted from 1.
pub fn rest_name(index: u32) -> String {
    if index == 1 { "rest".to_owned() } else { format!("rest-{index}") }
}

fn asked(configuration: &Configuration) -> Result<Option<u16>, Failure> {
    let Some(entry) = configuration.get("rest.port") else { return Ok(None) };
    if matches!(entry.origin, Origin::Default(_)) {
        return Ok(None);
    }
    let text = entry.value.to_string();
    match text.trim().parse() {
        // Flink's way of saying: any.
        Ok(0) => Ok(None),
        Ok(port) => Ok(Some(port)),
        Err(_) => Err(Failure::input(vec![
            Problem::new("rest.port", format!("`{text}` is no port"))
                .hint("give a number from 1 to 65535, or leave it out"),
        ])),
    }
}

fn taken(port: u16) -> Failure {
    Failure::input(vec![
        Problem::new("rest.port", format!("another program listens on port {port}"))
            .hint("give another one, or leave the option out to get a free one"),
    ])
}

fn take(port: u16) -> Option<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).ok()
}

fn free(listeners: &mut Vec<TcpListener>) -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    listeners.push(listener);
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asked_port_that_is_taken_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let configuration: Configuration = [("rest.port", port.to_string())].into_iter().collect();
        let failure = choose(&configuration, 1, false, &Ports::new(), |_| ()).unwrap_err();
        assert_eq!(failure.problems[0].path, "rest.port");
        let held = Ports::from([("rest".to_owned(), port)]);
        assert_eq!(choose(&configuration, 1, false, &held, |_| ()).unwrap()["rest"], port);
    }

    #[test]
    fn ports_are_kept_and_distinct() {
        let configuration = Configuration::new();
        let first = choose(&configuration, 2, true, &Ports::new(), |_| ()).unwrap();
        let mut numbers: Vec<_> = first.values().collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 4);
        assert_eq!(choose(&configuration, 2, true, &first, |_| ()).unwrap(), first);
    }
}
