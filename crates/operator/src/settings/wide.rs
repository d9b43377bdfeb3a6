//! What the options say about the operator itself.

use nutkin_flink::Configuration;

use super::Reader;
use crate::lease::LeaseTerms;
use crate::validate::JarPolicy;

/// FKO's word for no bound on namespaces.
const EVERYWHERE: &str = "JOSDK_ALL_NAMESPACES";

/// FKO's word for its own namespace.
const HERE: &str = "JOSDK_WATCH_CURRENT";

/// The Lease's name where nothing else is said: what FKO's documentation and scripts have.
pub const LEASE: &str = "flink-operator-lease";

/// Which namespaces are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchedNamespaces {
    /// All.
    All,
    /// The one that the operator runs in.
    Own,
    /// These.
    These(Vec<String>),
}

/// Values that are the same for all resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorWide {
    /// Which namespaces are looked at.
    pub namespaces: WatchedNamespaces,
    /// Labels of the resources that are looked at.
    pub selector: Option<String>,
    /// Name of the Lease.
    pub lease: String,
    /// How long the Lease holds, and how often it is looked at.
    pub terms: LeaseTerms,
    /// The health port; `None` where there is none.
    pub health: Option<u16>,
    /// Where jars may come from.
    pub jars: JarPolicy,
}

impl OperatorWide {
    /// As the operator's options say.
    pub fn of(options: &Configuration) -> Self {
        let read = Reader(options);
        let port = u16::try_from(read.whole("health.probe.port")).ok();
        let schemes = read.text("user.artifacts.allowed-schemes").unwrap_or_default();
        Self {
            namespaces: namespaces(&read.text("watched.namespaces").unwrap_or_default()),
            selector: read.text("label.selector"),
            lease: read.text("leader-election.lease-name").unwrap_or_else(|| LEASE.to_owned()),
            terms: terms(options),
            health: port.filter(|_| read.is_on("health.probe.enabled")),
            jars: JarPolicy {
                schemes: words(&schemes).map(str::to_lowercase).collect(),
                refuse_restricted: read.is_on("user.artifacts.disallow-restricted-hosts"),
            },
        }
    }
}

/// Times of the Lease as the options say, where there cannot be two leaders by them; otherwise the defaults.
fn terms(options: &Configuration) -> LeaseTerms {
    let terms = said_terms(options);
    if are_unsafe(terms) { said_terms(&Configuration::new()) } else { terms }
}

fn said_terms(options: &Configuration) -> LeaseTerms {
    let read = Reader(options);
    LeaseTerms {
        duration: read.duration("leader-election.lease-duration"),
        deadline: read.duration("leader-election.renew-deadline"),
        retry: read.duration("leader-election.retry-period"),
    }
}

/// Whether by these times two replicas could lead, or the Lease would be asked for without a pause. Source: what client-go refuses
/// (`leaderelection.NewLeaderElector`); 1.2 is its jitter.
pub(super) fn is_unsafe(options: &Configuration) -> bool {
    are_unsafe(said_terms(options))
}

fn are_unsafe(terms: LeaseTerms) -> bool {
    let LeaseTerms { duration, deadline, retry } = terms;
    retry.is_zero() || duration <= deadline || deadline <= retry.mul_f64(1.2)
}

/// FKO's page says commas, and Flink's lists have semicolons.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';']).map(str::trim).filter(|word| !word.is_empty())
}

fn namespaces(text: &str) -> WatchedNamespaces {
    let named: Vec<String> = words(text).map(str::to_owned).collect();
    match named.first().map(String::as_str) {
        None | Some(EVERYWHERE) => WatchedNamespaces::All,
        Some(HERE) if named.len() == 1 => WatchedNamespaces::Own,
        Some(_) => WatchedNamespaces::These(named),
    }
}
