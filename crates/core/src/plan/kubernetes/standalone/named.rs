//! Families of our own options that hold a name of the user's: `nutkin.claim.<name>.path`.

use std::collections::BTreeMap;

use super::super::native::settings::Settings;
use crate::Problem;
use crate::session::Session;

/// The settings of each name behind a prefix, in order of the names. A setting that is not in `known` is a
/// problem.
pub(super) fn read(
    session: &Session,
    settings: &mut Settings,
    prefix: &str,
    known: &[&str],
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut all: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (key, entry) in session.configuration.iter() {
        let Some((name, setting)) = key.strip_prefix(prefix).and_then(|rest| rest.rsplit_once('.'))
        else {
            continue;
        };
        if !known.contains(&setting) {
            let message = format!("there is no such setting of `{name}`");
            settings.problem(
                Problem::new(key, message).hint(format!("known ones: {}", known.join(", "))),
            );
            continue;
        }
        let of_name = all.entry(name.to_owned()).or_default();
        of_name.insert(setting.to_owned(), entry.value.to_string());
    }
    all
}

/// Whether a text can be the name of an object and of a volume: a DNS label (RFC 1123).
pub(super) fn is_label(name: &str) -> bool {
    let good = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    // 63: the limit of a label there.
    name.len() <= 63
        && name.bytes().all(|c| good(c) || c == b'-')
        && name.bytes().next().is_some_and(good)
        && name.bytes().last().is_some_and(good)
}
