//! One finding: what it is, whose, since when, the lines that prove it, and what it led to. As text and as a document.

use nutkin_core::codes::Rule;
use serde_json::{Value, json};

use crate::codes;
use crate::rules;
use crate::symptom::{Layer, Symptom};
use crate::time;

/// One thing that is wrong.
#[derive(Debug)]
pub struct Diagnosis {
    pub(crate) symptom: &'static Symptom,
    /// When it was seen first, in milliseconds since 1970.
    pub(crate) at: Option<i64>,
    pub(crate) of_task_managers: bool,
    pub(crate) of_job_managers: bool,
    pub(crate) has_end: bool,
    /// All words of its facts, in which names are looked for.
    pub(crate) words: String,
    /// Whose it is: processes, pods, jobs.
    pub subjects: Vec<String>,
    /// The lines that prove it, the earliest first.
    pub proofs: Vec<Proof>,
    /// How often it was seen.
    pub count: usize,
    /// The last cause of the exception, for failures that have nothing else in common.
    pub cause: Option<String>,
    /// What it led to, in order of time.
    pub led_to: Vec<Diagnosis>,
}

/// Something that proves a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub(crate) at: Option<i64>,
    pub(crate) source: &'static str,
    /// Whose it is.
    pub of: String,
    /// The lines, secrets hidden.
    pub lines: Vec<String>,
}

/// Subjects that are named; of more the number is said.
const NAMED: usize = 3;

impl Diagnosis {
    pub(crate) const fn new(symptom: &'static Symptom, cause: Option<String>) -> Self {
        Self {
            symptom,
            at: None,
            of_task_managers: false,
            of_job_managers: false,
            has_end: false,
            words: String::new(),
            subjects: Vec::new(),
            proofs: Vec::new(),
            count: 0,
            cause,
            led_to: Vec::new(),
        }
    }

    /// The entry of the table of codes.
    pub const fn rule(&self) -> &'static Rule {
        &self.symptom.rule
    }

    /// Whether it says why something is so, and not only that something is missing or was not seen.
    pub fn is_cause(&self) -> bool {
        let is_missing = matches!(self.symptom.layer, Layer::Connection | Layer::Missing);
        !is_missing && self.rule().code != codes::UNSEEN
    }

    /// Whether it is about the session as a whole, or about a part that was not seen: it matters to whatever is asked about.
    pub fn is_of_session(&self) -> bool {
        self.symptom.layer == Layer::Missing || self.rule().code == codes::UNSEEN
    }

    /// In short, for documents about something else.
    pub fn brief(&self) -> Value {
        json!({
            "code": self.rule().code,
            "message": self.what(),
            "time": self.time(),
            "subjects": self.subjects,
        })
    }

    /// When it was seen first, in RFC 3339.
    pub fn time(&self) -> Option<String> {
        self.at.map(time::shown)
    }

    /// Whose it is, in words.
    pub fn whose(&self) -> String {
        let named = self.subjects.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>();
        match self.subjects.len().saturating_sub(NAMED) {
            0 => named.join(", "),
            1 => format!("{} and another one", named.join(", ")),
            more => format!("{} and {more} others", named.join(", ")),
        }
    }

    /// What it is in one line: the title, and the cause of an exception.
    pub fn what(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}: {cause}", self.rule().title),
            None => self.rule().title.to_owned(),
        }
    }

    /// In one line: code, what, whose.
    pub fn line(&self) -> String {
        format!("{} {} ({})", self.rule().code, self.what(), self.whose())
    }

    fn fields(&self, session: &str) -> Value {
        let proof = |proof: &Proof| {
            json!({
                "time": proof.at.map(time::shown),
                "source": proof.source,
                "of": proof.of,
                "lines": proof.lines,
            })
        };
        json!({
            "code": self.rule().code,
            "severity": self.rule().severity.name(),
            "title": self.rule().title,
            "message": self.what(),
            "time": self.time(),
            "subjects": self.subjects,
            "count": self.count,
            "evidence": self.proofs.iter().map(proof).collect::<Vec<_>>(),
            "happens": self.rule().happens,
            "cure": rules::cure(self.rule(), session),
        })
    }
}

/// The document of `-o json`, without `apiVersion` and `kind`.
pub fn document(session: &str, found: &[Diagnosis]) -> Value {
    let item = |one: &Diagnosis| {
        let mut fields = one.fields(session);
        fields["ledTo"] = one.led_to.iter().map(|later| later.fields(session)).collect();
        fields
    };
    json!({ "session": session, "items": found.iter().map(item).collect::<Vec<_>>() })
}
