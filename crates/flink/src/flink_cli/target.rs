//! Which JobManager Flink's client asks where `-m` names none: what its configuration says.

use crate::Configuration;
use crate::high_availability::high_availability;

/// Where options and the configuration directory lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfiguredTarget {
    /// To an address: `host:port`.
    Address(String),
    /// To whatever leads at the moment, which somebody else knows: `zookeeper`, `kubernetes`.
    Leader(String),
    /// Nowhere: nothing names a JobManager.
    Unnamed,
}

/// Where REST listens unless told otherwise (`RestOptions.PORT`).
const REST_PORT: &str = "8081";

/// The JobManager of a configuration: `rest.address`, otherwise `jobmanager.rpc.address` (the fallback key of
/// `RestOptions.ADDRESS`), and `rest.port`. With high availability Flink's client asks ZooKeeper or Kubernetes instead.
pub fn configured(configuration: &Configuration) -> ConfiguredTarget {
    if let Some(kind) = high_availability(configuration) {
        return ConfiguredTarget::Leader(kind);
    }
    let text = |key: &str| configuration.text(key).map(|text| text.trim().to_owned());
    let address = text("rest.address").or_else(|| text("jobmanager.rpc.address"));
    let Some(address) = address.filter(|address| !address.is_empty()) else {
        return ConfiguredTarget::Unnamed;
    };
    let port = text("rest.port").unwrap_or_else(|| REST_PORT.to_owned());
    let is_ip6 = address.contains(':') && !address.starts_with('[');
    let host = if is_ip6 { format!("[{address}]") } else { address };
    ConfiguredTarget::Address(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(options: &[(&str, &str)], expected: ConfiguredTarget) {
        assert_eq!(configured(&options.iter().copied().collect()), expected, "{options:?}");
    }

    #[test]
    fn the_address_of_a_configuration() {
        let address = |text: &str| ConfiguredTarget::Address(text.to_owned());
        check(&[("rest.address", "jm"), ("rest.port", "18081")], address("jm:18081"));
        check(&[("jobmanager.rpc.address", "a")], address("a:8081"));
        check(&[("jobmanager.rpc.address", "a"), ("rest.address", "b")], address("b:8081"));
        check(&[("rest.address", "fe80::1")], address("[fe80::1]:8081"));
        check(&[("rest.port", "1")], ConfiguredTarget::Unnamed);
        check(&[("rest.address", " ")], ConfiguredTarget::Unnamed);
        check(&[], ConfiguredTarget::Unnamed);
        let leader = ConfiguredTarget::Leader("zookeeper".to_owned());
        check(&[("rest.address", "a"), ("high-availability.type", "zookeeper")], leader);
        check(&[("rest.address", "a"), ("high-availability", "NONE")], address("a:8081"));
    }
}
