//! The plan of native sessions against Flink's own Kubernetes client: every recorded case of four versions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;
use nutkin_testkit::recording::{Recording, Verdict, compare, differences};

const RECORDINGS: [(&str, &[u8]); 4] = [
    ("1.13.6", include_bytes!("../../fixtures/native/1.13.6.jsonl.gz")),
    ("1.17.2", include_bytes!("../../fixtures/native/1.17.2.jsonl.gz")),
    ("1.20.5", include_bytes!("../../fixtures/native/1.20.5.jsonl.gz")),
    ("2.3.0", include_bytes!("../../fixtures/native/2.3.0.jsonl.gz")),
];

/// The differences on purpose that the recordings of a version show; cases that differ otherwise go to `wrong`.
#[track_caller]
fn check(version: &str, compressed: &[u8], wrong: &mut Vec<String>) -> BTreeSet<&'static str> {
    let mut text = String::new();
    GzDecoder::new(compressed).read_to_string(&mut text).unwrap();
    let (mut same, mut shown, before) = (0, BTreeSet::new(), wrong.len());
    for line in text.lines() {
        let recording = Recording::read(version.parse().unwrap(), line).unwrap();
        match compare(&recording) {
            Verdict::Same(known) => {
                same += 1;
                shown.extend(known);
            }
            Verdict::NothingToPlan => {}
            Verdict::Different(what) => {
                wrong.push(format!("{version} {}:\n{what}", recording.case));
            }
        }
    }
    assert!(300 < same + wrong.len() - before, "{version}: the recording is there, {same}");
    shown
}

#[test]
fn every_recorded_session_of_flinks_own_client() {
    let (mut shown, mut wrong) = (BTreeSet::new(), Vec::new());
    for (version, compressed) in RECORDINGS {
        shown.extend(check(version, compressed, &mut wrong));
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    let known: BTreeSet<&str> = differences().into_iter().collect();
    assert_eq!(shown, known, "every difference on purpose is seen in a recording");
}
