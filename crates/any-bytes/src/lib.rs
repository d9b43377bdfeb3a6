//! Every reader of what other people write, as a function of bytes that must come back whatever they are. The fuzz
//! targets in `fuzz/` call these functions for hours; the tests call them with a few hundred inputs.
//!
//! Each function panics where a reader breaks a promise: that is what a fuzzer looks for.

use nutkin_check::adopt::difference::differences;
use nutkin_check::adopt::{AdoptionRequest, adopt};
use nutkin_check::{self as check, Input, Settings};
use nutkin_core::spec::{self, Inputs};
use nutkin_flink::FlinkVersion;
use nutkin_flink::convert::{self, convert};
use nutkin_flink::dialect::{self, Dialect};

/// A reader: its name, which is that of the fuzz target, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All readers.
pub const TARGETS: &[Target] = &[
    ("session_file", session_file),
    ("check_objects", check_objects),
    ("check_configuration", check_configuration),
    ("check_logging", check_logging),
    ("check_machines", check_machines),
    ("adoption", adoption),
    ("conversion", conversion),
];

/// Stands between the files of one input.
const BETWEEN: &str = "\n=====\n";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The parts of an input under names in turn.
fn files(bytes: &[u8], names: &[&str]) -> Vec<Input> {
    let text = text(bytes);
    let parts = text.split(BETWEEN).zip(names.iter().cycle()).enumerate();
    let file = |(index, (text, name)): (usize, (&str, &&str))| Input {
        name: format!("{index}/{name}"),
        text: text.to_owned(),
    };
    parts.map(file).collect()
}

/// Checks files, and holds each finding to its place.
fn look(inputs: &[Input]) {
    let report = check::check(inputs, &Settings::default());
    for finding in &report.findings {
        let file = inputs.iter().find(|input| input.name == finding.location.file);
        let lines = file.map_or(0, |file| file.text.split('\n').count());
        let line = finding.location.line.and_then(|line| usize::try_from(line).ok()).unwrap_or(0);
        assert!((1..=lines).contains(&line), "{} at {}", finding.rule.code, finding.location);
    }
}

/// Session files: reading and resolving.
pub fn session_file(bytes: &[u8]) {
    if let Ok(file) = spec::read(&text(bytes), "session.yaml") {
        drop(spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }));
    }
}

/// `check` of Kubernetes objects and session files.
pub fn check_objects(bytes: &[u8]) {
    look(&files(bytes, &["objects.yaml"]));
}

/// `check` of both kinds of configuration.
pub fn check_configuration(bytes: &[u8]) {
    look(&files(bytes, &["flink-conf.yaml"]));
    look(&files(bytes, &["config.yaml"]));
}

/// `check` of log configurations.
pub fn check_logging(bytes: &[u8]) {
    look(&files(bytes, &["log4j-console.properties", "logback.xml"]));
    look(&files(bytes, &["logback-console.xml", "log4j.properties"]));
}

/// `check` of `masters`, `workers`, Dockerfiles and scripts.
pub fn check_machines(bytes: &[u8]) {
    look(&files(bytes, &["masters", "workers"]));
    look(&files(bytes, &["Dockerfile", "docker-entrypoint.sh"]));
}

/// `init --from`, and the comparison of what comes out with what went in. What comes out is a session file.
///
/// # Panics
/// It is none.
pub fn adoption(bytes: &[u8]) {
    for names in [["objects.yaml", "docker-entrypoint.sh"], ["flink-conf.yaml", "config.yaml"]] {
        let inputs = files(bytes, &names);
        for as_is in [false, true] {
            let request = AdoptionRequest { as_is, ..AdoptionRequest::default() };
            let Ok(adoption) = adopt(&inputs, &request) else { continue };
            let read = spec::read(&adoption.text, "made.yaml");
            assert!(read.is_ok(), "{read:?}\n{}", adoption.text);
            drop(differences(&inputs, &request, &adoption));
        }
    }
}

/// `convert` in both directions: what is written is read as it was meant.
///
/// # Panics
/// It is read otherwise.
pub fn conversion(bytes: &[u8]) {
    let text = text(bytes);
    for (from, to) in [
        (Dialect::FlinkConf, Dialect::ConfigYaml),
        (Dialect::ConfigYaml, Dialect::FlinkConf),
        (Dialect::ConfigYaml, Dialect::ConfigYaml),
    ] {
        let request = convert::ConversionRequest { from, to, version: FlinkVersion::DEFAULT };
        let Ok(made) = convert(&text, "conf", request) else { continue };
        let read = dialect::read(to, &made.text, "made").map(|reading| reading.configuration);
        let values = |configuration: &nutkin_flink::Configuration| -> Vec<(String, String)> {
            let pairs = configuration.iter();
            pairs.map(|(key, entry)| (key.to_owned(), entry.value.to_string())).collect()
        };
        match read {
            Ok(read) => assert_eq!(values(&read), values(&made.configuration), "{}", made.text),
            Err(problems) => panic!("{problems:?}\n{}", made.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BETWEEN, TARGETS};
    use nutkin_check::codes;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn bytes(which in 0..TARGETS.len(), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            TARGETS[which].1(&bytes);
        }

        /// Damaged files of the table of codes, two at a time.
        #[test]
        fn damaged_files(
            which in 0..TARGETS.len(),
            files in prop::collection::vec(any::<prop::sample::Index>(), 1..3),
            damages in prop::collection::vec((any::<u16>(), 0..30_u16, any::<u8>()), 0..4),
        ) {
            let all: Vec<&str> = codes::all()
                .flat_map(|rule| rule.bad().into_iter().chain(rule.good()))
                .map(|(_, text)| text)
                .collect();
            let texts: Vec<&str> = files.iter().map(|index| all[index.index(all.len())]).collect();
            let mut bytes = texts.join(BETWEEN).into_bytes();
            for (at, length, byte) in damages {
                let from = usize::from(at) % (bytes.len() + 1);
                let to = (from + usize::from(length)).min(bytes.len());
                bytes.splice(from..to, (byte % 3 != 0).then_some(byte));
            }
            TARGETS[which].1(&bytes);
        }
    }
}
