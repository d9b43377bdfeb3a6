//! Numbers of things in words, and words as a shell takes them.

use std::fmt::Display;

/// `1 JobManager`, `2 JobManagers`.
pub fn counted(number: impl TryInto<u64> + Display + Copy, one: &str) -> String {
    let plural = if number.try_into().is_ok_and(|number: u64| number == 1) { "" } else { "s" };
    format!("{number} {one}{plural}")
}

/// The one of these that was most likely meant by a word: at most two letters differ, and fewer than a third.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let distance = |one: &str| strsim::damerau_levenshtein(one, word);
    let near = |one: &&str| distance(one) <= 2 && 3 * distance(one) < word.len();
    known.into_iter().filter(near).min_by_key(|one| distance(one))
}

/// A word as a shell has to be given it: as it is, or in single quotes.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_is_not_many() {
        let counted = |number: usize| super::counted(number, "slot");
        assert_eq!([counted(0), counted(1), counted(2)], ["0 slots", "1 slot", "2 slots"]);
    }

    #[test]
    fn words_with_a_slip() {
        #[track_caller]
        fn check(word: &str, expected: Option<&str>) {
            assert_eq!(super::nearest(word, ["jobmanager", "taskmanager", "local"]), expected);
        }
        check("jobmanger", Some("jobmanager"));
        check("tsakmanager", Some("taskmanager"));
        check("locla", Some("local"));
        check("ls", None);
        check("manager", None);
    }

    #[test]
    fn words_for_a_shell() {
        #[track_caller]
        fn check(word: &str, expected: &str) {
            assert_eq!(super::shell_word(word), expected);
        }
        check("a/b-1.jar", "a/b-1.jar");
        check("", "''");
        check("a b", "'a b'");
        check("it's", "'it'\\''s'");
        check("$HOME", "'$HOME'");
    }
}
