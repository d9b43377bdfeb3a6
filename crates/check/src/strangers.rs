//! Directories in the shapes of other people's: what `check` finds in each, and what `init --from` makes of it.
//!
//! Each directory of `strangers/` has files and an `expect.txt`. Its head is written by hand: comments, then one claim
//! a line.
//!
//! - `works`: the system runs, so that every error is wrong; or `broken: NK0204 NK0501`: these defects are found, and
//!   every other error is wrong.
//! - `session`: `init` makes a session file, which is the same system, and which `check` and `render` accept; or
//!   `refused`: `init` makes none.
//! - `flink: 1.20`: the release that the user names.
//!
//! After an empty line follows what comes out. `UPDATE=1` writes it, and leaves the head alone.

use std::path::{Path, PathBuf};

use super::adopt::difference::{differences, rendered};
use super::adopt::{Adoption, AdoptionRequest, adopt};
use super::{Input, Report, Settings, Severity, check, codes};

/// What a person says about a directory.
#[derive(Debug, Default)]
struct Claims {
    /// Defects that the system has.
    defects: Vec<String>,
    makes_session: bool,
    settings: Settings,
}

/// What is not as claimed: the three numbers that count.
#[derive(Debug, Default, PartialEq)]
struct Faults {
    wrong_errors: Vec<String>,
    wrong_sessions: Vec<String>,
    missed_defects: Vec<String>,
}

impl Faults {
    fn counts(&self) -> String {
        format!(
            "{} wrong errors, {} wrong sessions, {} missed defects",
            self.wrong_errors.len(),
            self.wrong_sessions.len(),
            self.missed_defects.len()
        )
    }
}

impl Claims {
    fn read(head: &str) -> Self {
        let mut claims = Self::default();
        let (mut says_state, mut says_session) = (false, false);
        for line in head.lines().filter(|line| !line.starts_with('#')) {
            let (word, rest) = line.split_once(": ").unwrap_or((line, ""));
            match word {
                "works" => says_state = true,
                "broken" => {
                    says_state = true;
                    claims.defects = rest.split_whitespace().map(str::to_owned).collect();
                    assert!(!claims.defects.is_empty(), "`broken:` names codes");
                }
                "session" | "refused" => {
                    says_session = true;
                    claims.makes_session = word == "session";
                }
                "flink" => claims.settings.flink = Some(rest.parse().unwrap()),
                other => panic!("`{other}` is not a claim"),
            }
        }
        for code in &claims.defects {
            assert!(codes::find(code).is_some(), "{code} is not a code");
        }
        assert!(
            says_state && says_session,
            "say `works` or `broken: CODES`, `session` or `refused`"
        );
        claims
    }
}

/// What comes out of the files, and what of it is not as claimed.
fn judge(inputs: &[Input], claims: &Claims) -> (String, Faults) {
    let mut faults = Faults::default();
    let report = check(inputs, &claims.settings);
    let mut text = "check:\n".to_owned();
    let found = report.findings.iter().filter(|finding| finding.silenced.is_none());
    for finding in found {
        let (code, severity) = (finding.rule.code, finding.severity());
        let at = &finding.location;
        let line = at.line.map(|line| format!(":{line}")).unwrap_or_default();
        let said = format!("{} {code} {}{line}", severity.name(), at.file);
        text.push_str(&format!("  {said}\n"));
        if severity == Severity::Error && !claims.defects.iter().any(|known| known == code) {
            faults.wrong_errors.push(format!("{said}: {}", finding.message));
        }
    }
    for code in &claims.defects {
        if !report.findings.iter().any(|finding| finding.rule.code == code) {
            faults.missed_defects.push(code.clone());
        }
    }
    text.push_str(&seen(&report));
    text.push_str("init:\n");
    let request = AdoptionRequest {
        flink: claims.settings.flink,
        directory: Some("/srv/shop".to_owned()),
        ..AdoptionRequest::default()
    };
    match adopt(inputs, &request) {
        Ok(adoption) => {
            text.push_str(&written(&adoption));
            if !claims.makes_session {
                faults.wrong_sessions.push("a session file was made".to_owned());
            } else if let Some(fault) = fault_of(inputs, &request, &adoption) {
                faults.wrong_sessions.push(fault);
            }
        }
        Err(problems) => {
            for problem in &problems {
                text.push_str(&format!("  refused: {problem}\n"));
            }
            if claims.makes_session {
                faults.wrong_sessions.push(format!("no session file was made: {problems:?}"));
            }
        }
    }
    (text, faults)
}

/// The sessions, and files that were not looked at.
fn seen(report: &Report) -> String {
    let mut text = String::new();
    for session in &report.sessions {
        let flink = session.flink.map_or_else(String::new, |flink| format!(", Flink {flink}"));
        let files = session.files.join(" ");
        text.push_str(&format!("  session {}{flink}: {files}\n", session.title));
    }
    for skipped in &report.skipped {
        text.push_str(&format!("  not looked at: {skipped}\n"));
    }
    if !report.foreign.is_empty() {
        text.push_str(&format!("  foreign: {}\n", report.foreign.join(" ")));
    }
    text
}

/// What `init` writes and says.
fn written(adoption: &Adoption) -> String {
    let mut text = String::new();
    for line in adoption.text.lines() {
        text.push_str(format!("  | {line}").trim_end());
        text.push('\n');
    }
    for object in &adoption.beside {
        let word =
            |at: &str| object.pointer(at).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        text.push_str(&format!("  beside: {} {}\n", word("/kind"), word("/metadata/name")));
    }
    for note in &adoption.notes {
        text.push_str(&format!("  note: {note}\n"));
    }
    text
}

/// Why the session file is not the system of the files, or nothing that can be used.
fn fault_of(inputs: &[Input], request: &AdoptionRequest, adoption: &Adoption) -> Option<String> {
    let found = match differences(inputs, request, adoption) {
        Ok(found) => found,
        Err(problems) => return Some(format!("it cannot be compared: {problems:?}")),
    };
    let unexplained = found.iter().filter(|one| one.why.is_none());
    let lines: Vec<String> =
        unexplained.map(|one| format!("{}: {}", one.object, one.line())).collect();
    if !lines.is_empty() {
        return Some(format!("it is another system: {lines:?}"));
    }
    let mut made = vec![("session.yaml", adoption.text.clone())];
    // A configuration directory is for machines, and has no objects.
    if inputs.iter().any(|input| input.text.contains("apiVersion:")) {
        match rendered(adoption) {
            Ok(objects) => made.push(("objects.yaml", objects)),
            Err(problems) => return Some(format!("`render` refuses it: {problems:?}")),
        }
    }
    for (name, text) in made {
        let mut all = vec![Input { name: name.to_owned(), text }];
        // Commands that create objects lie beside what was written as they lay beside the files.
        all.extend(super::adopt::created(inputs));
        let settings = Settings { session_files: vec![name.to_owned()], ..Settings::default() };
        let report = check(&all, &settings);
        let is_error = |finding: &&super::Finding| {
            finding.severity() == Severity::Error && finding.silenced.is_none()
        };
        let errors: Vec<String> = report
            .findings
            .iter()
            .filter(is_error)
            .map(|one| format!("{} {}: {}", one.rule.code, one.location, one.message))
            .collect();
        if !errors.is_empty() {
            return Some(format!("`check` finds errors in {name}: {errors:?}"));
        }
    }
    None
}

/// The files of a directory in the order in which the command reads them.
#[allow(clippy::disallowed_methods, reason = "a test reads committed files")]
fn read(directory: &Path, prefix: &str, into: &mut Vec<Input>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            read(&path, &format!("{name}/"), into);
        } else if name != "expect.txt" {
            let bytes = std::fs::read(&path).unwrap();
            into.push(Input { name, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test reads committed files")]
fn directories_of_strangers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("strangers");
    let mut names: Vec<String> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let (mut all, mut changed) = (Faults::default(), Vec::new());
    for name in &names {
        let directory = root.join(name);
        let expected = directory.join("expect.txt");
        let text = std::fs::read_to_string(&expected).unwrap_or_default();
        let head = text.split("\n\n").next().unwrap_or_default().trim_end();
        let mut inputs = Vec::new();
        read(&directory, "", &mut inputs);
        let (found, faults) = judge(&inputs, &Claims::read(head));
        for (from, to) in [
            (faults.wrong_errors, &mut all.wrong_errors),
            (faults.wrong_sessions, &mut all.wrong_sessions),
            (faults.missed_defects, &mut all.missed_defects),
        ] {
            to.extend(from.into_iter().map(|fault| format!("{name}: {fault}")));
        }
        changed.extend(nutkin_testkit::golden_difference(&expected, &format!("{head}\n\n{found}")));
    }
    println!("{} directories: {}", names.len(), all.counts());
    assert!(all == Faults::default(), "{}\n{all:#?}", all.counts());
    assert!(
        changed.is_empty(),
        "{}\nUPDATE=1 writes them again; read the change before you commit it",
        changed.join("\n")
    );
}

/// The control: each of the three faults is seen.
#[test]
fn what_is_not_as_claimed_is_seen() {
    let input = |text: &str| [Input { name: "flink-conf.yaml".to_owned(), text: text.to_owned() }];
    let faults = |text: &str, head: &str| judge(&input(text), &Claims::read(head)).1;
    let (good, bad) = ("parallelism.default: 2\n", "taskmanager.numberOfTaskSlots: abc\n");
    assert_eq!(faults(good, "works\nsession\nflink: 1.20"), Faults::default());
    assert_eq!(faults(bad, "works\nsession\nflink: 1.20").wrong_errors.len(), 1);
    assert_eq!(faults(good, "broken: NK0103\nsession\nflink: 1.20").missed_defects.len(), 1);
    assert_eq!(faults(good, "works\nrefused\nflink: 1.20").wrong_sessions.len(), 1);
}
