//! Families of our own options that hold a name of the user's: `nutkin.claim.<name>.path`.

use std::collections::BTreeMap;

use super::super::steps::settings::Settings;
use crate::session::Session;
use nutkin_flink::Problem;

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
