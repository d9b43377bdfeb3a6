//! How Kubernetes writes labels and amounts.

/// Whether something puts another value in the place of a text: also the server, where it is empty.
pub(super) fn is_open(text: &str) -> bool {
    text.is_empty() || text.contains(['$', '{', '<', '%'])
}

/// Whether a text may be the value of a label (`IsValidLabelValue`).
pub(super) fn is_label(text: &str) -> bool {
    let is_end = |c: char| c.is_ascii_alphanumeric();
    let is_inside = text.chars().all(|c| is_end(c) || "-_.".contains(c));
    text.is_empty()
        || text.len() <= 63 && is_inside && text.starts_with(is_end) && text.ends_with(is_end)
}

/// What may follow the number of an amount, powers of ten apart.
const UNITS: [&str; 16] =
    ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Whether a text is an amount (`resource.ParseQuantity`).
pub(super) fn is_quantity(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let is_number = number.bytes().any(|b| b.is_ascii_digit()) && number.matches('.').count() <= 1;
    let is_power = || {
        let power = unit.strip_prefix(['e', 'E']).unwrap_or_default();
        power.parse::<i32>().is_ok()
    };
    is_number && (UNITS.contains(&unit) || is_power())
}
