//! Every code with its two examples, and whole cases in files: what was seen, and what is said about it.

use std::path::{Path, PathBuf};

use nutkin_core::codes;

use super::{Diagnosis, Evidence, diagnose, document, page, text};
use crate::codes as table;
use crate::symptom::Layer;

fn found(files: &[(&str, &str)]) -> Vec<Diagnosis> {
    diagnose(&Evidence::of_files(files.iter().copied()))
}

/// A session that is well, nine days after what the examples say.
const LATER: &str = r#"{"session": "orders", "now": "2026-01-10T00:00:00Z", "taskManagers": 1, "processes": [
    {"name": "jobmanager", "role": "jobmanager", "runs": true}, {"name": "taskmanager-1", "role": "taskmanager", "runs": true}],
    "flink": {"overview": {"taskmanagers": 1}}}"#;

#[test]
fn lines_of_long_ago_say_nothing_of_a_session_that_is_well() {
    let is_log = |(name, _): &(&str, &str)| !name.contains("json");
    for rule in table::all().filter(|rule| rule.bad().iter().all(is_log)) {
        let mut files = rule.bad();
        files.push(("seen.json", LATER));
        let seen = found(&files);
        assert!(seen.is_empty(), "{}:\n{}", rule.code, text("s", &seen));
    }
}

#[test]
fn each_code_is_seen_in_its_bad_example_and_nothing_in_its_good_one() {
    let mut faults = String::new();
    for rule in table::all() {
        let (bad, good) = (rule.bad(), rule.good());
        assert!(!bad.is_empty() && !good.is_empty(), "{} has no examples", rule.code);
        let seen = found(&bad);
        if seen.first().map(|one| one.rule().code) != Some(rule.code) {
            faults.push_str(&format!(
                "{} misses its bad example:\n{}\n",
                rule.code,
                text("s", &seen)
            ));
        }
        let seen = found(&good);
        if !seen.is_empty() {
            faults.push_str(&format!(
                "{} alarms at its good example:\n{}\n",
                rule.code,
                text("s", &seen)
            ));
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn the_table_keeps_its_promises() {
    let all: Vec<&str> = table::all().map(|rule| rule.code).collect();
    assert!(all.is_sorted() && all.windows(2).all(|two| two[0] != two[1]), "{all:?}");
    for rule in table::all() {
        let is_ours = rule.code.starts_with(codes::RUNNING);
        assert!(is_ours && !rule.theme().is_empty() && !rule.title.ends_with('.'), "{}", rule.code);
        assert!(rule.happens.ends_with('.') && rule.cure.ends_with('.'), "{}", rule.code);
        assert_eq!(table::find(&rule.code.to_lowercase()), Some(rule));
    }
    for code in table::GIVEN {
        assert!(table::find(code).is_some(), "{code} is given and not in the table");
    }
}

#[test]
fn causes_are_below_what_they_lead_to() {
    let layers = [Layer::Around, Layer::Inside, Layer::End, Layer::Connection, Layer::Missing];
    assert!(layers.is_sorted() && layers.iter().all(|layer| *layer < Layer::Job));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test looks at the committed pages")]
fn the_pages_are_those_of_the_table() {
    let directory = root().join("../../docs/checks");
    let pages = page::pages();
    for (name, text) in &pages {
        nutkin_testkit::check_golden(&directory.join(name), text);
    }
    let mut strays = Vec::new();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if name.starts_with(codes::RUNNING) && !pages.iter().any(|(known, _)| *known == name) {
            strays.push(name);
        }
    }
    assert!(strays.is_empty(), "pages of no code: {strays:?}");
}

/// The files of a case: a folder of `fixtures`.
#[allow(clippy::disallowed_methods, reason = "a test reads its cases")]
fn case(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    files.iter().filter(|path| !path.to_string_lossy().contains("said.")).map(read).collect()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test looks for its cases")]
fn cases_are_judged_as_their_files_say() {
    let mut count = 0;
    for entry in std::fs::read_dir(root().join("fixtures")).unwrap() {
        let folder = entry.unwrap().path();
        let files = case(&folder);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let found = found(&files);
        let is_well =
            folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("well-"));
        assert_eq!(found.is_empty(), is_well, "{}:\n{}", folder.display(), text("s", &found));
        nutkin_testkit::check_golden(&folder.join("said.txt"), &text("orders", &found));
        let document = format!("{:#}\n", document("orders", &found));
        nutkin_testkit::check_golden(&folder.join("said.json"), &document);
        count += 1;
    }
    assert!(6 <= count, "{count} cases");
}
