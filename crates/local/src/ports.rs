//! Ports of a session: chosen once, kept for its life.

use std::collections::BTreeMap;
use std::net::TcpListener;

use nutkin_flink::Problem;
use nutkin_flink::{Configuration, Origin};

use nutkin_shell::Error;
use nutkin_shell::ports::{free, take};

/// Flink's default for `rest.port`, which people type by heart.
const REST: u16 = 8081;

/// The ports of a session by what they are for: `rest`, `rest-2`, `rpc`, `zookeeper`.
pub type Ports = BTreeMap<String, u16>;

/// What a session has of ports, and what it cannot have.
#[derive(Debug, Default)]
pub struct Held {
    /// Those of its last orders.
    pub own: Ports,
    /// Whether its processes live and hold them.
    pub runs: bool,
    /// Those of other sessions, which may be between the orders and the JVM that listens.
    pub others: BTreeMap<u16, String>,
}

/// Completes the ports that the session has already, and says when a usual one was taken. Ports of a session that
/// does not run are looked at again: another program may have taken them since.
///
/// # Errors
/// [`Kind::Invalid`](nutkin_shell::Kind): a port that the user asked for is not a port, or somebody else has it.
pub fn choose(
    configuration: &Configuration,
    job_managers: u32,
    zookeeper: bool,
    held: &Held,
    say: impl Fn(&str),
) -> Result<Ports, Error> {
    // Held open until all are known, so that no two are the same.
    let mut chosen = Chosen { listeners: Vec::new(), others: &held.others };
    let asked = asked(configuration)?;
    let mut ports = Ports::new();
    for index in 1..=job_managers {
        let name = rest_name(index);
        let own = held.own.get(&name).copied();
        let port = match (own, asked) {
            (own, Some(port)) if index == 1 => {
                if !(held.runs && own == Some(port)) {
                    chosen.take(port).map_err(|owner| taken(port, owner))?;
                }
                port
            }
            (Some(own), _) if held.runs || chosen.take(own).is_ok() => own,
            (Some(own), _) => {
                let port = chosen.free()?;
                say(&format!("port {own} was taken in the meantime: the session uses {port}"));
                port
            }
            (None, None) if index == 1 && !is_any(configuration) => match chosen.take(REST) {
                Ok(()) => REST,
                Err(owner) => {
                    let port = chosen.free()?;
                    let how = owner.map_or("is taken".to_owned(), |name| {
                        format!("belongs to session `{name}`")
                    });
                    say(&format!("port {REST} {how}: the session uses {port}"));
                    port
                }
            },
            (None, _) => chosen.free()?,
        };
        ports.insert(name, port);
    }
    for name in ["rpc"].into_iter().chain(zookeeper.then_some("zookeeper")) {
        let port = match held.own.get(name) {
            Some(port) if held.runs || chosen.take(*port).is_ok() => *port,
            _ => chosen.free()?,
        };
        ports.insert(name.to_owned(), port);
    }
    Ok(ports)
}

/// Ports that are held open while more are chosen.
struct Chosen<'a> {
    listeners: Vec<TcpListener>,
    others: &'a BTreeMap<u16, String>,
}

impl Chosen<'_> {
    /// Takes a port, or says which session has it, if one does.
    fn take(&mut self, port: u16) -> Result<(), Option<String>> {
        if let Some(name) = self.others.get(&port) {
            return Err(Some(name.clone()));
        }
        self.listeners.push(take(port).ok_or(None)?);
        Ok(())
    }

    fn free(&mut self) -> Result<u16, Error> {
        Ok(free(&mut self.listeners, |port| self.others.contains_key(&port))?)
    }
}

/// Name of the REST port of a JobManager, counted from 1.
pub fn rest_name(index: u32) -> String {
    if index == 1 { "rest".to_owned() } else { format!("rest-{index}") }
}

fn is_any(configuration: &Configuration) -> bool {
    configuration.get("rest.port").is_some_and(|entry| entry.value.to_string().trim() == "0")
}

fn asked(configuration: &Configuration) -> Result<Option<u16>, Error> {
    let Some(entry) = configuration.get("rest.port") else { return Ok(None) };
    if matches!(entry.origin, Origin::Default(_)) {
        return Ok(None);
    }
    let text = entry.value.to_string();
    match text.trim().parse() {
        // Flink's way of saying: any.
        Ok(0) => Ok(None),
        Ok(port) => Ok(Some(port)),
        Err(_) => Err(Error::input(vec![
            Problem::new("rest.port", format!("`{text}` is not a port"))
                .hint("give a number from 1 to 65535, or leave it out"),
        ])),
    }
}

fn taken(port: u16, owner: Option<String>) -> Error {
    let problem = match owner {
        Some(name) => {
            Problem::new("rest.port", format!("session `{name}` has port {port}")).hint(format!(
                "give another one (-D rest.port=N), leave the option out to get a free one, or end that \
                 session: `nutkin down {name}`"
            ))
        }
        None => Problem::new("rest.port", format!("another program listens on port {port}"))
            .hint("give another one (-D rest.port=N), or leave the option out to get a free one"),
    };
    Error::input(vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(port: &str) -> Configuration {
        [("rest.port", port)].into_iter().collect()
    }

    fn held(own: &Ports, runs: bool) -> Held {
        Held { own: own.clone(), runs, others: BTreeMap::new() }
    }

    /// A port that something else listens on.
    fn busy() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[test]
    fn an_asked_port_that_is_taken_is_refused() {
        let (_listener, port) = busy();
        let configuration = asking(&port.to_string());
        let own = Ports::from([("rest".to_owned(), port)]);
        for held in [Held::default(), held(&own, false)] {
            let failure = choose(&configuration, 1, false, &held, |_| ()).unwrap_err();
            let text = failure.problems[0].to_string();
            assert!(text.contains(&format!("another program listens on port {port}")), "{text}");
        }
        assert_eq!(
            choose(&configuration, 1, false, &held(&own, true), |_| ()).unwrap()["rest"],
            port
        );
    }

    #[test]
    fn a_port_of_another_session_is_refused_or_passed_over() {
        let others = BTreeMap::from([(18_081, "b".to_owned()), (REST, "c".to_owned())]);
        let held = Held { others, ..Held::default() };
        let failure = choose(&asking("18081"), 1, false, &held, |_| ()).unwrap_err();
        let text = failure.problems[0].to_string();
        assert!(text.contains("session `b` has port 18081"), "{text}");
        let said = std::cell::RefCell::new(String::new());
        let say = |text: &str| text.clone_into(&mut said.borrow_mut());
        let ports = choose(&Configuration::new(), 1, false, &held, say).unwrap();
        assert_ne!(ports["rest"], REST);
        assert!(said.borrow().starts_with("port 8081 belongs to session `c`"), "{said:?}");
    }

    #[test]
    fn ports_of_a_session_that_does_not_run_are_chosen_anew_where_they_were_taken() {
        let (_listener, port) = busy();
        let own = Ports::from([("rest".to_owned(), port), ("rpc".to_owned(), port)]);
        let configuration = Configuration::new();
        let kept = choose(&configuration, 1, false, &held(&own, true), |_| ()).unwrap();
        assert_eq!(kept, own);
        let again = choose(&configuration, 1, false, &held(&own, false), |_| ()).unwrap();
        assert!(again.values().all(|new| *new != port), "{again:?}");
    }

    #[test]
    fn any_port_is_not_the_usual_one_nor_one_that_the_system_hands_out() {
        let configuration = asking("0");
        let ports = choose(&configuration, 1, false, &Held::default(), |_| ()).unwrap();
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
        let handed_out: u16 = range.split_whitespace().next().unwrap().parse().unwrap();
        assert!(
            nutkin_shell::ports::FIRST <= ports["rest"] && ports["rest"] < handed_out,
            "{ports:?}"
        );
        assert_eq!(choose(&configuration, 1, false, &held(&ports, true), |_| ()).unwrap(), ports);
    }

    #[test]
    fn ports_are_kept_and_distinct() {
        let configuration = Configuration::new();
        let first = choose(&configuration, 2, true, &Held::default(), |_| ()).unwrap();
        let mut numbers: Vec<_> = first.values().collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 4);
        assert_eq!(choose(&configuration, 2, true, &held(&first, true), |_| ()).unwrap(), first);
    }
}
