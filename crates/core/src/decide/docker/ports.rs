//! The port on which REST is published: one that nobody else has.

use super::{Observation, TakenPort};
use crate::change::Difference;
use crate::plan::docker::{Containers, LOOPBACK, PUBLISH, PUBLISHED, Published, REST_PORT, Steps};
use crate::session::Session;
use crate::words::{decision, refusal};
use nutkin_flink::process::Role;
use nutkin_flink::{Argument, Problem};

/// Ports after the usual one that are tried: more sessions are on no daemon.
pub const TRIED: u16 = 100;

/// The port of a session of which no option says it, and what to say of it: that which it has, otherwise the usual one or the
/// next that is free. `None`: an option says it.
pub(super) fn choose(session: &Session, seen: &Observation) -> Option<(u16, Option<String>)> {
    if session.configuration.text(PUBLISH).is_some() {
        return None;
    }
    let own = seen.first(Role::JobManager);
    let kept = own.and_then(|one| one.labels.get(PUBLISHED)?.parse().ok());
    let first = kept.unwrap_or(REST_PORT);
    let count = u16::try_from(session.job_managers()).unwrap_or(1);
    let holder =
        |port: u16| (port..port.saturating_add(count)).find_map(|port| taken(LOOPBACK, port, seen));
    let Some(other) = holder(first) else { return Some((first, None)) };
    let mut ports = REST_PORT..REST_PORT + TRIED;
    let Some(port) = ports.find(|port| holder(*port).is_none()) else { return Some((first, None)) };
    let said = match own {
        Some(_) => decision::port_taken_since(first, port),
        None => decision::port_published(first, other.by.as_deref(), port),
    };
    Some((port, Some(said)))
}

/// What is wrong with the port that an option says: containers that are to be started cannot have it.
pub(super) fn refused(wanted: &Containers, todo: &Steps, seen: &Observation) -> Option<Problem> {
    let starts = |name: &String| {
        [&todo.create, &todo.replace, &todo.start].iter().any(|all| all.contains(name))
    };
    let started = wanted.containers.iter().filter(|one| starts(&one.name));
    let mut published = started.filter_map(|one| one.published.as_ref());
    let (published, other) =
        published.find_map(|one| Some((one, taken(&one.address, one.port, seen)?)))?;
    let Published { address, port } = published;
    let free =
        (port.saturating_add(1)..=u16::MAX).find(|port| taken(address, *port, seen).is_none());
    let free = free.unwrap_or_default();
    let text = refusal::port_taken(address, *port, other.by.as_deref());
    Some(
        Problem::new(PUBLISH, text).hint(
            Argument::Option.within("choose another one: ", refusal::other_port(PUBLISH, free)),
        ),
    )
}

/// The port on which REST was published until now, where it is made again on another one.
pub(super) fn moved(wanted: &Containers, todo: &Steps, seen: &Observation) -> Option<Difference> {
    let is_made_again = |name: &String| todo.replace.contains(name);
    let mut made = wanted.containers.iter().filter(|one| is_made_again(&one.name));
    let (name, new) = made.find_map(|one| Some((&one.name, one.published.as_ref()?)))?;
    let of_name = seen.containers.iter().find(|one| one.seen.name == *name)?;
    let (address, port) = of_name.rest.as_ref()?;
    // The daemon chooses, and its choice need not be another one.
    if new.port == 0 || (*address == new.address && *port == new.port) {
        return None;
    }
    let (old, new) = if *address == new.address {
        (port.to_string(), new.port.to_string())
    } else {
        (format!("{address}:{port}"), format!("{}:{}", new.address, new.port))
    };
    Some(Difference { what: PUBLISH.to_owned(), old: Some(old), new: Some(new) })
}

/// Who has a port. Whoever has it on all addresses has it on each.
fn taken<'a>(address: &str, port: u16, seen: &'a Observation) -> Option<&'a TakenPort> {
    let is_any = |address: &str| ["0.0.0.0", "::", ""].contains(&address);
    let meets =
        |one: &&TakenPort| one.address == address || is_any(&one.address) || is_any(address);
    seen.taken.iter().filter(|one| port != 0 && one.port == port).find(meets)
}
