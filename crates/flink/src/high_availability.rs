//! Whether a configuration asks for high availability, and for which kind.

use crate::Configuration;

/// Whether a configuration asks for high availability. Flink takes any value but NONE for a yes.
pub fn is_highly_available(configuration: &Configuration) -> bool {
    high_availability(configuration).is_some()
}

/// The kind of high availability that a configuration asks for, as it is written there.
pub fn high_availability(configuration: &Configuration) -> Option<String> {
    ["high-availability.type", "high-availability"]
        .iter()
        .find_map(|key| configuration.text(key))
        .filter(|value| !value.eq_ignore_ascii_case("none"))
}
