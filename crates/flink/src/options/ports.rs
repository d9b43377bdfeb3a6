//! Options whose value is a port, or several of which Flink takes the first free one.

/// Those that are one number.
const ONE: &[&str] = &[
    "historyserver.web.port",
    "jobmanager.rpc.bind-port",
    "jobmanager.rpc.port",
    "resourcemanager.rpc.port",
    "rest.port",
    "taskmanager.collect-sink.port",
    "taskmanager.data.bind-port",
    "taskmanager.data.port",
    "taskmanager.rpc.bind-port",
];

/// Those that may be a list of numbers and ranges (`NetUtils.getPortRangeFromString`).
const SEVERAL: &[&str] = &[
    "blob.server.port",
    "high-availability.jobmanager.port",
    "jmx.server.port",
    "metrics.internal.query-service.port",
    "rest.bind-port",
    "taskmanager.rpc.port",
    "yarn.application-master.port",
];

/// Why a text is not a value of an option by this key, where that is a port.
pub(super) fn problem(key: &str, text: &str) -> Option<String> {
    if ONE.contains(&key) {
        return (!is_port(text)).then(|| "expected a port from 0 to 65535".to_owned());
    }
    let is_fine = |part: &str| match part.split_once('-') {
        Some((start, end)) => is_port(start) && is_port(end),
        None => is_port(part),
    };
    let is_wrong = SEVERAL.contains(&key) && !text.split(',').map(str::trim).all(is_fine);
    is_wrong.then(|| "expected ports from 0 to 65535, such as `50100` or `50100-50200`".to_owned())
}

/// As Java reads a number, in the range of `NetUtils.isValidHostPort`.
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::find;

    #[test]
    fn every_port_is_an_option_of_flink() {
        for key in ONE.iter().chain(SEVERAL) {
            assert_eq!(find(key).map(|info| info.key), Some(*key));
        }
    }

    #[test]
    fn ports_and_ranges() {
        #[track_caller]
        fn check(key: &str, text: &str, is_fine: bool) {
            assert_eq!(problem(key, text).is_none(), is_fine, "{key}: {text}");
        }
        for key in ["rest.port", "rest.bind-port"] {
            check(key, "0", true);
            check(key, "65535", true);
            check(key, "65536", false);
            check(key, "99999", false);
            check(key, "-1", false);
            check(key, "", false);
        }
        check("rest.port", "8081-8090", false);
        check("rest.bind-port", "8081-8090, 9000", true);
        check("rest.bind-port", "8081-88888", false);
        check("rest.bind-port", "8081,", false);
        check("rest.retry.max-attempts", "99999", true);
    }
}
