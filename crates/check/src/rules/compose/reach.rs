//! Ports of a container at which somebody knocks and nobody listens: those that it publishes, and those of its health check.

use super::DEAD_PORT;
use super::address::is_plain;
use crate::embedded::Origin;
use crate::finding::{Findings, Place};
use crate::image;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::path;
use crate::rules::network::{RPC, listening};
use crate::service::Service;
use crate::settings::REST;
use crate::system::{System, texts_of_service};

/// Ports that people give web interfaces.
const WEB: std::ops::Range<i64> = 8000..9000;

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        let Some(service) = &workload.object.compose else { continue };
        if !is_known(system, workload, service) {
            continue;
        }
        let open = listening(&system.settings_of(workload), workload);
        if workload.role.is_job_manager() {
            published(system, workload, service, &open, out);
        }
        for (port, place) in asked(service) {
            // At which ports TaskManagers listen is rarely said: those of a JobManager are not among them.
            let is_judged = workload.role.is_job_manager() || matches!(port, REST | RPC);
            if is_judged && !open.contains(&port) {
                let message = format!(
                    "the health check of {} asks port {port}, on which nothing listens, and another service waits for it",
                    workload.title()
                );
                let finding = out.add(&DEAD_PORT, place, message);
                let cure = if workload.role.is_job_manager() {
                    "Ask the port of `rest.port`, 8081 by default."
                } else {
                    "TaskManagers have no REST API: take the health check out, and wait for `service_started`."
                };
                finding.cure = Some(cure.to_owned());
            }
        }
    }
}

/// A JobManager that publishes ports, of which none leads to its REST API.
fn published(
    system: &System<'_>,
    workload: &Workload<'_>,
    service: &Service,
    open: &[i64],
    out: &mut Findings<'_>,
) {
    let rest = system.settings_of(workload).rest_port();
    let ports: Vec<_> = service.published.iter().filter(|(port, _)| port.is_tcp).collect();
    if ports.iter().any(|(port, _)| i64::from(port.target) == rest) {
        return;
    }
    // Others may be meant for something else, such as queryable state.
    let is_meant = |target: i64| target == REST || ports.len() == 1 && WEB.contains(&target);
    let is_dead = |target: i64| is_meant(target) && !open.contains(&target);
    let Some((port, place)) = ports.iter().find(|(port, _)| is_dead(port.target.into())) else {
        return;
    };
    let message = format!(
        "port {} of {} is published, on which nothing listens; its REST API has port {rest}",
        port.target,
        workload.title()
    );
    out.add(&DEAD_PORT, *place, message);
}

/// Whether all is known at which a container listens: it runs Flink's own image and entrypoint alone, and the options are in
/// the files.
fn is_known(system: &System<'_>, workload: &Workload<'_>, service: &Service) -> bool {
    let image = workload.image().and_then(Walk::text).unwrap_or_default();
    let is_alone = workload
        .words()
        .all(|(word, _)| !word.contains(' ') && !matches!(path::last(word), "sh" | "bash"));
    let is_read = || {
        is_plain(system.world, workload)
            || texts_of_service(system.world, workload)
                .iter()
                .any(|text| text.kind.is_options() && !matches!(text.origin, Origin::Properties(_)))
    };
    let is_joined = || {
        let network = format!("service:{}", workload.object.name);
        let mut others = system.world.services_of(&service.project);
        others.any(|(_, other)| other.network_mode.as_deref() == Some(&network))
    };
    // What others call `flink` may come with options of its own.
    let is_projects = || image::is_official(image) && service.build.is_none();
    let is_said = || system.settings_of(workload).get("rest.port").is_some();
    image::is_flinks_own(image)
        && (is_projects() || is_said())
        && workload.container.get("command").is_none()
        && is_alone
        && system.refused.is_empty()
        && service.missing.is_empty()
        && service.open.is_empty()
        && service.network_mode.is_none()
        && is_read()
        && !is_joined()
}

/// The ports of its own that the health check of a service asks.
fn asked(service: &Service) -> Vec<(i64, Place)> {
    let is_own = |host: &str| {
        matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0" | "$HOSTNAME" | "${HOSTNAME}")
            || service.hosts.contains(host)
    };
    let ends = |c: char| c.is_whitespace() || "'\"`;|&()".contains(c);
    let texts = service.health.iter();
    let words: Vec<(&str, Place)> =
        texts.flat_map(|(text, place)| text.split(ends).map(|word| (word, *place))).collect();
    let mut found = Vec::new();
    for (index, (word, place)) in words.iter().enumerate() {
        let word = word.split_once("://").map_or(*word, |(_, rest)| rest);
        let address = if let Some((_, rest)) = word.split_once("/dev/tcp/") {
            rest.split_once('/')
        } else {
            let authority = word.split(['/', '?']).next().unwrap_or_default();
            // `nc -z localhost 8081`
            let next = || Some((authority, words.get(index + 1)?.0));
            authority.rsplit_once(':').or_else(next)
        };
        let Some((host, port)) = address else { continue };
        let port = port.parse::<i64>().ok().filter(|_| is_own(host));
        found.extend(port.map(|port| (port, *place)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_health_checks() {
        #[track_caller]
        fn check(texts: &[&str], expected: &[i64]) {
            let place = Place { file: 0, line: 1, column: 1 };
            let health = texts.iter().map(|text| ((*text).to_owned(), place)).collect();
            let hosts = ["jm".to_owned()].into();
            let found = asked(&Service { hosts, health, ..Service::default() });
            assert_eq!(
                found.iter().map(|(port, _)| *port).collect::<Vec<_>>(),
                expected,
                "{texts:?}"
            );
        }
        check(&["CMD", "curl", "-f", "http://localhost:8082/overview"], &[8082]);
        check(&["curl -s 'http://jm:8081/jobs?x=1' || exit 1"], &[8081]);
        check(&["nc -z localhost 8083 && nc -z zookeeper 2181"], &[8083]);
        check(&["CMD", "nc", "-z", "localhost", "8084"], &[8084]);
        check(&["CMD-SHELL", "</dev/tcp/127.0.0.1/6123"], &[6123]);
        check(&["CMD", "curl", "http://kafka:9092"], &[]);
        check(&["curl localhost"], &[]);
    }
}
