//! What helps against a failure that Flink's own words name: the cure of the first row that has them.

use nutkin_core::Remedy;
use nutkin_core::remedy::Argument;

use crate::codes;
use crate::fact::{Fact, Level, Source};
use crate::rules;

/// What helps against a failure with these texts, most telling first.
pub fn advice<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Remedy> {
    texts.into_iter().find_map(|text| {
        let fact = Fact {
            at: None,
            source: Source::Job,
            of: String::new(),
            role: None,
            level: Level::Loud,
            previous: false,
            code: None,
            text: text.to_owned(),
            quote: Vec::new(),
            cause: None,
        };
        let seen = rules::all().filter(|symptom| symptom.is_seen_in(&fact));
        let found = seen.min_by_key(|symptom| symptom.layer)?;
        Some(remedy(found.rule.code, found.rule.cure))
    })
}

/// The cure of a code, as data where it is something that Nutkin does.
fn remedy(code: &str, cure: &str) -> Remedy {
    match code {
        codes::NO_SLOTS => Remedy::AddSlots,
        codes::FORBIDDEN => Remedy::ProcessPermissions,
        codes::STATE_DOES_NOT_FIT => Argument::AllowNonRestoredState
            .within("give operators the uids that they had, or drop the state with ", ""),
        _ => {
            let cure = cure.trim_end_matches('.');
            let mut letters = cure.chars();
            // A key or a name keeps its capitals.
            let first = letters.next().map(|first| first.to_lowercase().to_string());
            (first.unwrap_or_default() + letters.as_str()).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn what_helps() {
        #[track_caller]
        fn check(texts: &[&str], expected: Option<&str>) {
            let advice = advice(texts.iter().copied());
            assert_eq!(advice.is_some(), expected.is_some(), "{advice:?}");
            assert!(format!("{advice:?}").contains(expected.unwrap_or_default()), "{advice:?}");
        }
        check(&["java.lang.OutOfMemoryError: Metaspace. The"], Some("jvm-metaspace.size"));
        check(&["Java heap space", "Metaspace"], Some("process.size"));
        check(&["no", "Caused by: java.lang.ClassNotFoundException: a.B"], Some("nutkin.libs"));
        check(&["NoResourceAvailableException: no"], Some("AddSlots"));
        check(&["Insufficient number of network buffers: required 2"], Some("network.max"));
        check(&["IllegalStateException: cannot map checkpoint/savepoint state"], Some("uids"));
        check(&["failed as asked"], None);
        check(&[], None);
    }
}
