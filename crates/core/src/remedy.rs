//! Sentences with what helps: the part that names commands is data until somebody shows it.

pub use nutkin_flink::remedy::{Argument, Deed, Remedy, RunAgain, UpWith};

/// How a remedy is worded where it is shown.
pub type Wording = fn(&Remedy) -> String;

/// Something to know, with what can be done about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    /// What is so.
    pub text: String,
    /// What helps, in the order in which it is told.
    pub remedies: Vec<Remedy>,
}

impl Remark {
    /// A sentence with what helps.
    pub fn new(text: impl Into<String>, remedies: Vec<Remedy>) -> Self {
        Self { text: text.into(), remedies }
    }

    /// One line: the sentence, and behind a semicolon what helps.
    pub fn line(&self, words: Wording) -> String {
        let remedies: Vec<String> = self.remedies.iter().map(words).collect();
        match (self.text.as_str(), remedies.as_slice()) {
            (text, []) => text.to_owned(),
            ("", remedies) => remedies.join(", "),
            (text, remedies) => format!("{text}; {}", remedies.join(", ")),
        }
    }

    /// For tests and logs: the line, with data in place of commands.
    pub fn plain(&self) -> String {
        self.line(Remedy::plain)
    }
}

impl From<String> for Remark {
    fn from(text: String) -> Self {
        Self::new(text, Vec::new())
    }
}

impl From<&str> for Remark {
    fn from(text: &str) -> Self {
        Self::new(text, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::{Deed, Remark};

    #[test]
    fn a_remark_is_one_line() {
        #[track_caller]
        fn check(remark: Remark, expected: &str) {
            assert_eq!(remark.plain(), expected);
        }
        check("it runs".into(), "it runs");
        let remedies = vec!["wait".into(), Deed::Init.does("begins anew")];
        check(Remark::new("it is gone", remedies), "it is gone; wait, Init begins anew");
    }
}
