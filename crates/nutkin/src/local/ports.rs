//! Ports of a session: chosen once, kept for its life.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;

use nutkin_core::Problem;
use nutkin_core::flink::{Configuration, Origin};

use crate::Failure;

/// Flink's default for `rest.port`, which people type by heart.
const REST: u16 = 8081;

/// First port that we choose ourselves: below it well-known services live.
const FIRST: u16 = 10_000;
/// First port that Linux gives to connections by default (`ip_local_port_range`).
const LOCAL_PORTS: u16 = 32_768;

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
            (_, None) if index == 1 && !is_any(configuration) => {
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

fn is_any(configuration: &Configuration) -> bool {
    configuration.get("rest.port").is_some_and(|entry| entry.value.to_string().trim() == "0")
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

/// A port that nobody listens on and that the system hands to nobody: it gives out those of its range of
/// local ports, to connections too, and a JVM takes seconds until it listens on what was chosen for it.
fn free(listeners: &mut Vec<TcpListener>) -> Result<u16, Failure> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let first = range.ok().and_then(|range| range.split_whitespace().next()?.parse().ok());
    let end = first.filter(|first| FIRST < *first).unwrap_or(LOCAL_PORTS);
    // Where to begin is by chance, so that two sessions that start together look at different ports.
    let chance = RandomState::new().hash_one(std::process::id());
    let width = u64::from(end - FIRST);
    let begin = FIRST + u16::try_from(chance % width).unwrap_or_default();
    let found = (begin..end).chain(FIRST..begin).find_map(|port| Some((port, take(port)?)));
    // A machine without a free one below its range has one in it, or says why not.
    let (port, listener) = if let Some(found) = found {
        found
    } else {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        (listener.local_addr()?.port(), listener)
    };
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
    fn any_port_is_not_the_usual_one_nor_one_that_the_system_hands_out() {
        let configuration: Configuration = [("rest.port", "0")].into_iter().collect();
        let ports = choose(&configuration, 1, false, &Ports::new(), |_| ()).unwrap();
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
        let handed_out: u16 = range.split_whitespace().next().unwrap().parse().unwrap();
        assert!(FIRST <= ports["rest"] && ports["rest"] < handed_out, "{ports:?}");
        assert_eq!(choose(&configuration, 1, false, &ports, |_| ()).unwrap(), ports);
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
