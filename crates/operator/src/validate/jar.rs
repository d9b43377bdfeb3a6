//! Where a session job's jar may come from. Source: `validateJarURI` of FKO 1.16.

use std::net::IpAddr;

use super::{ResourceRefusal, Sort, refusal};
use crate::texts;

const PATH: &str = "spec.job.jarURI";

/// What the operator's options allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JarPolicy {
    /// Schemes, in lower case.
    pub schemes: Vec<String>,
    /// Whether hosts of networks that are not open are refused.
    pub refuse_restricted: bool,
}

impl Default for JarPolicy {
    fn default() -> Self {
        Self { schemes: vec!["https".to_owned()], refuse_restricted: true }
    }
}

/// What is wrong with an address, as far as it says so itself. The host that has to be looked up is [`host`]'s.
pub(super) fn check(jar: &str, policy: &JarPolicy) -> Option<ResourceRefusal> {
    let Some(scheme) = scheme(jar) else { return Some(refusal(Sort::Jar, PATH, texts::NO_SCHEME)) };
    if !policy.schemes.iter().any(|one| one.eq_ignore_ascii_case(scheme)) {
        let mut schemes: Vec<String> =
            policy.schemes.iter().map(|one| one.to_ascii_lowercase()).collect();
        schemes.sort();
        schemes.dedup();
        let [before, after, key, end] = texts::SCHEME;
        let text = format!(
            "{before}{scheme}{after}[{}]{key}{}{end}",
            schemes.join(", "),
            texts::ALLOWED_SCHEMES_KEY
        );
        return Some(refusal(Sort::Jar, PATH, text));
    }
    let needs_host = is_web(scheme) && policy.refuse_restricted;
    (needs_host && authority(jar).is_none_or(str::is_empty))
        .then(|| refusal(Sort::Jar, PATH, texts::NO_HOST))
}

/// The host that has to be looked up before a jar is fetched; `None` where nothing is asked of it.
pub fn host<'j>(jar: &'j str, policy: &JarPolicy) -> Option<&'j str> {
    let scheme = scheme(jar)?;
    let host = authority(jar).filter(|host| !host.is_empty())?;
    (is_web(scheme) && policy.refuse_restricted).then_some(host)
}

/// What is wrong with a host whose addresses were looked up. FKO looks at the first; all of them are looked at here, because a client
/// may take any.
pub fn resolved(host: &str, addresses: &[IpAddr]) -> Option<ResourceRefusal> {
    let text = |[before, after]: [&str; 2]| [before, host, after].concat();
    if addresses.is_empty() {
        return Some(refusal(Sort::Jar, PATH, text(texts::UNKNOWN_HOST)));
    }
    let restricted = addresses.iter().any(|address| is_restricted(*address));
    restricted.then(|| refusal(Sort::Jar, PATH, text(texts::RESTRICTED_HOST)))
}

/// Whether an address is loopback, link-local, site-local, wildcard or multicast, as `java.net.InetAddress` says it.
pub fn is_restricted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            four.is_loopback()
                || four.is_link_local()
                || four.is_private()
                || four.is_unspecified()
                || four.is_multicast()
        }
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or_else(
            || {
                // fec0::/10: the site-local addresses that Java means.
                let is_site_local = six.segments()[0] & 0xffc0 == 0xfec0;
                six.is_loopback()
                    || six.is_unicast_link_local()
                    || is_site_local
                    || six.is_unspecified()
                    || six.is_multicast()
            },
            |four| is_restricted(IpAddr::V4(four)),
        ),
    }
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn scheme(jar: &str) -> Option<&str> {
    let (scheme, _) = jar.split_once(':')?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let is_scheme =
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_part);
    is_scheme.then_some(scheme)
}

/// The host of `scheme://user@host:port/path`.
fn authority(jar: &str) -> Option<&str> {
    let (_, rest) = jar.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    // An address of IPv6 is in brackets, with colons of its own.
    Some(match host.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => host.split(':').next()?,
    })
}
