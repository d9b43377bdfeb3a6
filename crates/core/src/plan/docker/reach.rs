//! Whether the REST API of a session can be reached from where the command runs.

use super::{PUBLISH, default_published, read_published};
use crate::plan::network::is_loopback;
use crate::session::Session;
use crate::words::refusal as words;
use nutkin_flink::Problem;

/// What is wrong where the daemon is on another machine and would publish REST on that machine alone: nobody here could ever
/// reach the session. `daemon`: its host.
pub fn unreachable(session: &Session, daemon: &str) -> Option<Problem> {
    let text = session.configuration.text(PUBLISH);
    let published =
        text.map_or_else(|| Some(default_published()), |text| read_published(&text).ok())?;
    (is_loopback(&published.address) && !is_loopback(daemon)).then(|| {
        Problem::new(PUBLISH, words::published_elsewhere(daemon, &published.address))
            .hint(words::PUBLISH_FOR_ALL)
    })
}

/// Ports of the daemon's machine on which an option has REST published, one for each JobManager. Empty: no option says it, or the
/// daemon chooses.
pub fn asked_ports(session: &Session) -> Vec<u16> {
    let text = session.configuration.text(PUBLISH);
    let port = text.and_then(|text| read_published(&text).ok()).map_or(0, |one| one.port);
    let count = u16::try_from(session.job_managers()).unwrap_or(1);
    if port == 0 { Vec::new() } else { (port..port.saturating_add(count)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{self, Inputs};

    #[track_caller]
    fn check(publish: Option<&str>, daemon: &str, expected: bool) {
        let options = publish.map(|text| (PUBLISH.to_owned(), text.to_owned()));
        let options = options.into_iter().collect();
        let session = spec::resolve(&Inputs { options, ..Inputs::default() }).unwrap();
        assert_eq!(unreachable(&session, daemon).is_some(), expected);
    }

    #[test]
    fn ports_that_an_option_names() {
        #[track_caller]
        fn check(options: &[(&str, &str)], expected: &[u16]) {
            let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let session = spec::resolve(&Inputs { options, ..Inputs::default() }).unwrap();
            assert_eq!(asked_ports(&session), expected);
        }
        check(&[], &[]);
        check(&[(PUBLISH, "0")], &[]);
        check(&[(PUBLISH, "0.0.0.0:9999")], &[9999]);
        check(&[(PUBLISH, "9999"), ("high-availability.type", "zookeeper")], &[9999, 10_000]);
    }

    #[test]
    fn a_daemon_elsewhere_publishes_for_others() {
        check(None, "10.0.0.1", true);
        check(Some("9999"), "10.0.0.1", true);
        check(Some("[::1]:9999"), "host.example.org", true);
        // The controls: all addresses, and daemons of this machine.
        check(Some("0.0.0.0:9999"), "10.0.0.1", false);
        check(Some("10.0.0.1:9999"), "10.0.0.1", false);
        check(None, "127.0.0.1", false);
        check(None, "localhost", false);
    }
}
