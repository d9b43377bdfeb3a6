//! The plan of native sessions against Flink's own Kubernetes client: every recorded case of four versions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;
use nutkin_testkit::recording::{DIFFERENCES, Recording, Verdict, compare};

const RECORDINGS: [(&str, &[u8]); 4] = [
    ("1.13.6", include_bytes!("../fixtures/native/1.13.6.jsonl.gz")),
    ("1.17.2", include_bytes!("../fixtures/native/1.17.2.jsonl.gz")),
    ("1.20.5", include_bytes!("../fixtures/native/1.20.5.jsonl.gz")),
    ("2.3.0", include_bytes!("../fixtures/native/2.3.0.jsonl.gz")),
];

/// The differences on purpose that the recordings of a version show.
#[track_caller]
fn check(version: &str, compressed: &[u8]) -> BTreeSet<&'static str> {
    let mut text = String::new();
    GzDecoder::new(compressed).read_to_string(&mut text).unwrap();
    let (mut same, mut shown, mut wrong) = (0, BTreeSet::new(), Vec::new());
    for line in text.lines() {
        let recording = Recording::read(version.parse().unwrap(), line).unwrap();
        match compare(&recording) {
            Verdict::Same(known) => {
                same += 1;
                shown.extend(known);
            }
            Verdict::NothingToPlan => {}
            Verdict::Different(what) => wrong.push(format!("{}:\n{what}", recording.case)),
        }
    }
    assert!(wrong.is_empty(), "{version}: {}\n{}", wrong.len(), wrong.join("\n"));
    assert!(300 < same, "{version}: the recording is there, {same}");
    shown
}

#[test]
fn every_recorded_session_of_flinks_own_client() {
    let mut shown = BTreeSet::new();
    for (version, compressed) in RECORDINGS {
        shown.extend(check(version, compressed));
    }
    let known: BTreeSet<&str> = DIFFERENCES.iter().copied().collect();
    assert_eq!(shown, known, "every difference on purpose is seen in a recording");
}
