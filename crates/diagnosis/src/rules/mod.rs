//! The table, by theme. Each file has its part; the words are Flink's, as they are in the classes of 1.13.6, 1.20.5 and 2.3.0 where no other
//! source is named.

mod configuration;
mod connections;
mod jobs;
mod looking;
mod memory;
mod places;
mod pods;
mod processes;
mod storage;

use nutkin_core::codes::Rule;

use crate::symptom::Symptom;

/// Writes a part of the table. The examples of a code are in a file.
macro_rules! symptoms {
    ($($code:literal $severity:ident $layer:ident $follows:ident $counts:ident $title:literal
       signs [$($sign:expr),* $(,)?] happens $happens:literal cure $cure:literal;)*) => {
        use $crate::symptom::{Counts, Follows, Layer, Symptom};
        /// This part of the table.
        pub(super) static TABLE: &[Symptom] = &[$(Symptom {
            rule: nutkin_core::codes::Rule {
                code: $code,
                severity: nutkin_core::codes::Severity::$severity,
                title: $title,
                happens: $happens,
                cure: $cure,
                example: include_str!(concat!("../examples/", $code, ".txt")),
            },
            layer: Layer::$layer,
            follows: Follows::$follows,
            counts: Counts::$counts,
            signs: &[$($sign),*],
        }),*];
    };
}
use symptoms;

/// All rows, in order of the codes.
pub(crate) fn all() -> impl Iterator<Item = &'static Symptom> + Clone {
    TABLES.iter().copied().flatten()
}

static TABLES: &[&[Symptom]] = &[
    looking::TABLE,
    pods::TABLE,
    processes::TABLE,
    connections::TABLE,
    memory::TABLE,
    storage::TABLE,
    jobs::TABLE,
    configuration::TABLE,
    places::TABLE,
];

/// Commands of cures that are about one session, and the same with its name.
const NAMED: [(&str, &str); 5] = [
    ("`nutkin up`", "`nutkin up NAME`"),
    ("`nutkin logs`", "`nutkin logs NAME`"),
    ("`nutkin restart`", "`nutkin restart NAME`"),
    ("`nutkin watch`", "`nutkin watch NAME`"),
    ("`nutkin scale --task-managers N`", "`nutkin scale NAME --task-managers N`"),
];

/// What to do about a finding of a session, with its name in the commands.
pub(crate) fn cure(rule: &Rule, session: &str) -> String {
    NAMED.iter().fold(rule.cure.to_owned(), |cure, (plain, named)| {
        cure.replace(plain, &named.replace("NAME", session))
    })
}
