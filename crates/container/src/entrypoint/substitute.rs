//! `$NAME` and `${NAME}` in a text, as `envsubst` of GNU gettext fills them in.

use std::collections::BTreeMap;

/// The text with every variable replaced by its value, and by nothing where it is not set. Anything else behind a
/// `$` stays.
pub(super) fn substitute(text: &str, environment: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let inner = &from[1..];
        let (name, after) = match inner.strip_prefix('{') {
            Some(inner) => {
                let name = name(inner);
                (name, inner[name.len()..].strip_prefix('}'))
            }
            None => (name(inner), Some(&inner[name(inner).len()..])),
        };
        match after {
            Some(after) if !name.is_empty() => {
                out.push_str(environment.get(name).map_or("", String::as_str));
                rest = after;
            }
            _ => {
                out.push('$');
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The longest name that a text begins with.
fn name(text: &str) -> &str {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_envsubst_does() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let environment = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
            assert_eq!(substitute(text, &environment), expected, "{text:?}");
        }
        check("x: $A-${A}$A_B${B}", "x: 1-1");
        check("$ $$A ${A $1 ${} $", "$ $1 ${A $1 ${} $");
        check("ä$Aä", "ä1ä");
        check("", "");
    }
}
