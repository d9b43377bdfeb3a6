//! `-D key=value`.

use crate::Problem;

/// Splits an option of the command line. `-Dkey` alone means `true`, as for Flink's own client.
///
/// # Errors
/// The key is empty.
pub fn dynamic_option(text: &str) -> Result<(String, String), Problem> {
    let (key, value) = text.split_once('=').unwrap_or((text, "true"));
    let key = key.trim();
    if key.is_empty() {
        return Err(Problem::new("-D", format!("`{text}` has no key")).hint("write -D key=value"));
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn options() {
        #[track_caller]
        fn check(text: &str, expected: Option<(&str, &str)>) {
            let option = super::dynamic_option(text).ok();
            assert_eq!(
                option.as_ref().map(|(k, v)| (k.as_str(), v.as_str())),
                expected,
                "{text:?}"
            );
        }
        check("a.b=c", Some(("a.b", "c")));
        check("a=b=c", Some(("a", "b=c")));
        check("a=", Some(("a", "")));
        check("a", Some(("a", "true")));
        check("=a", None);
        check("", None);
    }
}
