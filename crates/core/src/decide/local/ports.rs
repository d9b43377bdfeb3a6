//! Ports of a session: chosen once, kept for its life.

use std::collections::{BTreeMap, BTreeSet};

use crate::session::Session;
use crate::words::decision as words;
use nutkin_flink::{Configuration, Origin};
use nutkin_flink::{Problem, Remedy};

/// Flink's default for `rest.port`, which people type by heart.
pub const REST: u16 = 8081;

/// The ports of a session by what they are for: `rest`, `rest-2`, `rpc`, `zookeeper`.
pub type Ports = BTreeMap<String, u16>;

/// Ports, as they were seen a moment ago.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Those of other sessions of this user, with their names.
    pub sessions: BTreeMap<u16, String>,
    /// Those of [`wishes`] that something listens on.
    pub programs: BTreeSet<u16>,
    /// Some that nobody listens on, in the order in which they are to be given.
    pub free: Vec<u16>,
}

/// Name of the REST port of a JobManager, counted from 1.
pub fn rest_name(index: u32) -> String {
    if index == 1 { "rest".to_owned() } else { format!("rest-{index}") }
}

/// What a session wants of ports: which ones the shell has to look at, and how many others it may need.
///
/// # Errors
/// A port that the user asks for is none.
pub fn wishes(session: &Session, own: &Ports) -> Result<(BTreeSet<u16>, usize), Vec<Problem>> {
    let mut look: BTreeSet<u16> = own.values().copied().collect();
    look.extend(asked(&session.configuration)?);
    look.extend(asked_rpc(&session.configuration));
    look.insert(REST);
    Ok((look, names(session).len()))
}

fn names(session: &Session) -> Vec<String> {
    let mut names: Vec<String> = (1..=session.job_managers()).map(rest_name).collect();
    names.push("rpc".to_owned());
    names.extend(session.needs_zookeeper().then(|| "zookeeper".to_owned()));
    names
}

/// Completes the ports that the session has already, and says when a usual one was taken. Ports of a session that
/// does not run are looked at again: another program may have taken them since.
pub(super) fn choose(
    session: &Session,
    own: &Ports,
    runs: bool,
    taken: &Taken,
) -> Result<(Ports, Vec<String>), Vec<Problem>> {
    let asked = asked(&session.configuration)?;
    let asked_rpc = asked_rpc(&session.configuration);
    let mut chosen = Chosen { used: BTreeSet::new(), taken };
    let mut said = Vec::new();
    let mut ports = Ports::new();
    for name in names(session) {
        let has = own.get(&name).copied();
        let is_first = name == rest_name(1);
        let port = match (has, asked) {
            (own, Some(port)) if is_first => {
                if !(runs && own == Some(port)) {
                    chosen.take(port).map_err(|owner| vec![refused(port, owner)])?;
                }
                port
            }
            (Some(own), _) if runs || chosen.take(own).is_ok() => own,
            (Some(own), _) if name.starts_with("rest") => {
                let port = chosen.free()?;
                said.push(words::port_taken_since(own, port));
                port
            }
            (None, None) if is_first && !is_any(&session.configuration) => {
                match chosen.take(REST) {
                    Ok(()) => REST,
                    Err(owner) => {
                        let port = chosen.free()?;
                        said.push(words::port_taken(REST, owner, port));
                        port
                    }
                }
            }
            (None, _) if name == "rpc" && asked_rpc.is_some() => {
                let wanted = asked_rpc.unwrap_or_default();
                match chosen.take(wanted) {
                    Ok(()) => wanted,
                    Err(owner) => {
                        let port = chosen.free()?;
                        said.push(words::port_taken(wanted, owner, port));
                        port
                    }
                }
            }
            _ => chosen.free()?,
        };
        chosen.used.insert(port);
        ports.insert(name, port);
    }
    Ok((ports, said))
}

/// Ports that are given while more are chosen.
struct Chosen<'a> {
    used: BTreeSet<u16>,
    taken: &'a Taken,
}

impl<'a> Chosen<'a> {
    /// Takes a port, or says which session has it, if one does.
    fn take(&mut self, port: u16) -> Result<(), Option<&'a str>> {
        let taken: &'a Taken = self.taken;
        if let Some(name) = taken.sessions.get(&port) {
            return Err(Some(name));
        }
        if self.taken.programs.contains(&port) || !self.used.insert(port) {
            return Err(None);
        }
        Ok(())
    }

    fn free(&mut self) -> Result<u16, Vec<Problem>> {
        let free = self.taken.free.iter().copied();
        let Taken { sessions, programs, .. } = self.taken;
        let is_held = |port: &u16| sessions.contains_key(port) || programs.contains(port);
        let found = free.into_iter().find(|port| !is_held(port) && !self.used.contains(port));
        let port = found.ok_or_else(|| vec![Problem::new("", "this machine has no free port")])?;
        self.used.insert(port);
        Ok(port)
    }
}

/// Whether the user says in Flink's way that any port does.
fn is_any(configuration: &Configuration) -> bool {
    configuration.get("rest.port").is_some_and(|entry| entry.value.to_string().trim() == "0")
}

/// The port that the user asks for with `rest.port`, or with `rest.bind-port`, which wins in Flink (`RestServerEndpoint`).
fn asked(configuration: &Configuration) -> Result<Option<u16>, Vec<Problem>> {
    let port = match given(configuration, "rest.port").map(|text| (text.parse(), text)) {
        None | Some((Ok(0), _)) => None,
        Some((Ok(port), _)) => Some(port),
        Some((Err(_), text)) => {
            return Err(vec![
                Problem::new("rest.port", format!("`{text}` is not a port"))
                    .hint("give a number from 1 to 65535, or leave it out"),
            ]);
        }
    };
    let Some(bound) = given(configuration, "rest.bind-port") else { return Ok(port) };
    match (bound.parse(), port) {
        (Ok(0), port) => Ok(port),
        (Ok(bound), None) => Ok(Some(bound)),
        (Ok(bound), Some(port)) if bound == port => Ok(Some(port)),
        _ => Err(vec![
            Problem::new("rest.bind-port", words::one_rest_port(&bound)).hint(words::ONE_REST_PORT),
        ]),
    }
}

/// The port that the user asks for with `jobmanager.rpc.port`.
fn asked_rpc(configuration: &Configuration) -> Option<u16> {
    given(configuration, "jobmanager.rpc.port")?.parse().ok().filter(|port| *port != 0)
}

/// The value of an option that somebody gave.
fn given(configuration: &Configuration, key: &str) -> Option<String> {
    let entry = configuration.get(key).filter(|one| !matches!(one.origin, Origin::Default(_)))?;
    Some(entry.value.to_string().trim().to_owned())
}

fn refused(port: u16, owner: Option<&str>) -> Problem {
    match owner {
        Some(name) => Problem::new("rest.port", format!("session `{name}` has port {port}"))
            .hint(Remedy::OtherPort { holder: Some(name.to_owned()) }),
        None => Problem::new("rest.port", format!("another program listens on port {port}"))
            .hint(Remedy::OtherPort { holder: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{self, Inputs};

    fn session(options: &[(&str, &str)]) -> Session {
        let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        spec::resolve(&Inputs { options, ..Inputs::default() }).unwrap()
    }

    /// Programs listen on these ports, session `b` has 18081, and 20001 to 20009 are free.
    fn taken(programs: &[u16]) -> Taken {
        Taken {
            sessions: BTreeMap::from([(18_081, "b".to_owned())]),
            programs: programs.iter().copied().collect(),
            free: (20_001..20_010).collect(),
        }
    }

    type Named<'a> = &'a [(&'a str, u16)];

    #[track_caller]
    fn check(
        options: &[(&str, &str)],
        (own, runs): (Named<'_>, bool),
        programs: &[u16],
        expected: Result<(Named<'_>, &str), &str>,
    ) {
        let ports = |all: &[(&str, u16)]| -> Ports {
            all.iter().map(|(name, port)| ((*name).to_owned(), *port)).collect()
        };
        let chosen = choose(&session(options), &ports(own), runs, &taken(programs));
        match (chosen, expected) {
            (Ok((found, said)), Ok((expected, says))) => {
                assert_eq!(found, ports(expected));
                assert_eq!(said.join("\n"), says);
            }
            (Err(problems), Err(expected)) => assert_eq!(problems[0].message, expected),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn ports_are_chosen_once_and_kept() {
        let first: &[(&str, u16)] = &[("rest", REST), ("rpc", 20_001)];
        check(&[], (&[], false), &[], Ok((first, "")));
        check(&[], (first, true), &[REST, 20_001], Ok((first, "")));
        check(&[], (first, false), &[], Ok((first, "")));
        let moved: &[(&str, u16)] = &[("rest", 20_002), ("rpc", 20_003)];
        check(
            &[],
            (first, false),
            &[REST, 20_001],
            Ok((moved, "port 8081 was taken in the meantime: the session uses 20002")),
        );
        let moved: &[(&str, u16)] = &[("rest", 20_001), ("rpc", 20_002)];
        check(
            &[],
            (&[], false),
            &[REST],
            Ok((moved, "port 8081 is taken: the session uses 20001")),
        );
        check(&[("rest.port", "0")], (&[], false), &[], Ok((moved, "")));
        // What is asked for is had, or it is said that it is not.
        let rpc: &[(&str, u16)] = &[("rest", REST), ("rpc", 6123)];
        check(&[("jobmanager.rpc.port", "6123")], (&[], false), &[], Ok((rpc, "")));
        check(
            &[("jobmanager.rpc.port", "6123")],
            (&[], false),
            &[6123],
            Ok((first, "port 6123 is taken: the session uses 20001")),
        );
        let bound: &[(&str, u16)] = &[("rest", 9000), ("rpc", 20_001)];
        check(&[("rest.bind-port", "9000")], (&[], false), &[], Ok((bound, "")));
        let both = [("rest.bind-port", "9000"), ("rest.port", "9000")];
        check(&both, (&[], false), &[], Ok((bound, "")));
        let range = "a session on this machine has one port for REST, found `9000-9010`";
        check(&[("rest.bind-port", "9000-9010")], (&[], false), &[], Err(range));
        let other = "a session on this machine has one port for REST, found `9000`";
        let both = [("rest.bind-port", "9000"), ("rest.port", "9001")];
        check(&both, (&[], false), &[], Err(other));
        check(&[("rest.port", "0")], (moved, true), &[20_001], Ok((moved, "")));
    }

    #[test]
    fn an_asked_port_is_given_or_refused() {
        let asked: &[(&str, u16)] = &[("rest", 9000), ("rpc", 20_001)];
        let option: &[(&str, &str)] = &[("rest.port", "9000")];
        check(option, (&[], false), &[], Ok((asked, "")));
        check(option, (asked, true), &[9000], Ok((asked, "")));
        let listens = "another program listens on port 9000";
        check(option, (asked, false), &[9000], Err(listens));
        check(option, (&[("rest", REST)], true), &[9000], Err(listens));
        let other = "session `b` has port 18081";
        check(&[("rest.port", "18081")], (&[], false), &[], Err(other));
        check(&[("rest.port", "x")], (&[], false), &[], Err("`x` is not a port"));
    }

    #[test]
    fn high_availability_has_more_of_them() {
        let expected: &[(&str, u16)] =
            &[("rest", REST), ("rest-2", 20_001), ("rpc", 20_002), ("zookeeper", 20_003)];
        let options: &[(&str, &str)] = &[("high-availability.type", "zookeeper")];
        check(options, (&[], false), &[], Ok((expected, "")));
        assert_eq!(wishes(&session(options), &Ports::new()).unwrap(), ([REST].into(), 4));
    }
}
