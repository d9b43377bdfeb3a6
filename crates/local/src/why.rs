//! What there is to see of a session on this machine, for whoever looks for what is wrong: processes and how they ended, the ends of
//! their logs, and what the JobManager says. Nothing is changed and nothing waited for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nutkin_core::remedy::Deed;
use nutkin_diagnosis::{Evidence, LogEvidence, ProcessEnd, ProcessEvidence, Unseen};
use nutkin_rest::why;
use nutkin_shell::{Error, Kind};
use rustix::process::Pid;

use super::directory::SessionDirectory;
use super::launch::{Definition, ProcessState, Role, read_launch};
use super::{control, launch, ownership, rotate, time_zone};

/// Bytes of the end of a log that are read: an exception with all its causes and stacks has up to 20 KB, and some follow each other.
const READ: u64 = 256 << 10;

/// Collects it.
///
/// # Errors
/// The session has ended (5), or its state is damaged.
pub async fn evidence(directory: &SessionDirectory) -> Result<Evidence, Error> {
    let name = directory.name();
    if directory.has_ended() {
        return Err(Error::new(Kind::NotFound, format!("session `{name}` has ended"))
            .hint(Deed::up_of(name).does("starts it again")));
    }
    let launch = read_launch(directory)?;
    let seen = control::look(directory);
    let states: BTreeMap<String, ProcessState> = seen
        .running
        .into_iter()
        .flat_map(|running| running.processes)
        .map(|state| (state.name.clone(), state))
        .collect();
    let (flink, unseen) = why::look(&launch.rest_urls, launch::identity(&launch)).await?;
    let mut evidence = Evidence {
        session: name.to_owned(),
        now: Some(Timestamp::now().to_string()),
        flink,
        unkept: !seen.supervisor,
        unseen,
        ..Evidence::default()
    };
    let wanted = launch.processes.iter().filter(|one| one.role == Role::TaskManager).count();
    evidence.task_managers = u64::try_from(wanted).ok();
    let ends = end_of(&directory.supervisor_out()).unwrap_or_default();
    for definition in &launch.processes {
        let state = states.get(&definition.name);
        evidence.processes.push(process(definition, state, &ends));
        let end = evidence.processes.last().and_then(|one| one.end.clone());
        read_logs(definition, state, end.as_ref(), &mut evidence);
    }
    Ok(evidence)
}

/// Whether a signal has stopped it.
fn is_stopped(pid: i32) -> bool {
    let stat = Pid::from_raw(pid).and_then(ownership::stat);
    stat.is_some_and(|stat| stat.state == ownership::STOPPED)
}

fn process(definition: &Definition, state: Option<&ProcessState>, ends: &str) -> ProcessEvidence {
    let words = state.and_then(|state| state.last_end.clone());
    ProcessEvidence {
        name: definition.name.clone(),
        role: definition.role,
        runs: state.is_some_and(|state| state.pid.is_some()),
        restarts: state.map_or(0, |state| state.restarts),
        hangs: state.is_some_and(|state| state.hangs),
        paused: state.and_then(|state| state.pid).is_some_and(is_stopped),
        end: words.map(|words| end(&definition.name, words, ends)),
    }
}

/// How a process has ended, in the words of the supervisor. When it was is in its output: `TIME NAME WORDS after N s`.
fn end(name: &str, words: String, ends: &str) -> ProcessEnd {
    let said = format!(" {name} {words} after ");
    let line = ends.lines().rev().find(|line| line.contains(&said));
    let number = |before: &str| {
        let rest = words.strip_prefix(before)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let signal = number("was ended by signal ");
    let is_kill = words.starts_with("was killed (SIGKILL)");
    let lived =
        line.and_then(|line| line.rsplit_once(" after ")?.1.strip_suffix(" s")?.parse().ok());
    ProcessEnd {
        at: line.and_then(|line| line.split(' ').next()).map(str::to_owned),
        code: number("ended with exit code "),
        signal: signal.or(is_kill.then_some(9)),
        out_of_memory: false,
        lived,
        words,
    }
}

/// When the last life began of a process that has ended. It is known to the second.
fn began(end: &ProcessEnd) -> Option<Timestamp> {
    let at: Timestamp = end.at.as_deref()?.parse().ok()?;
    at.checked_sub(SignedDuration::from_secs(i64::try_from(end.lived?).ok()? + 1)).ok()
}

fn read_logs(
    definition: &Definition,
    state: Option<&ProcessState>,
    end: Option<&ProcessEnd>,
    evidence: &mut Evidence,
) {
    let runs = state.is_some_and(|state| state.pid.is_some());
    // A life begins in the second in which the one before has ended.
    let started = state.and_then(|state| {
        let start = Duration::from_millis(state.start_time?.checked_mul(1000)? / ownership::TICKS);
        let age = ownership::since_boot()?.checked_sub(start)?;
        Timestamp::now().checked_sub(age).ok()
    });
    // Its log has all lives of it: what was written before the last one explains nothing.
    let started = started.or_else(|| end.filter(|_| !runs).and_then(began));
    let files = [
        (definition.log.clone(), false),
        (definition.out.clone(), !runs),
        (rotate::older(&definition.out, 1), true),
    ];
    for (path, previous) in files {
        let text = match end_of(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                let what = format!("the log `{}`", path.display());
                evidence.unseen.push(Unseen { what, why: error.to_string() });
                continue;
            }
        };
        evidence.logs.push(LogEvidence {
            process: definition.name.clone(),
            role: definition.role,
            previous,
            started: started.map(|time| time.to_string()),
            offset: time_zone::offset(definition),
            text,
        });
    }
}

/// The end of a file, from the beginning of a line.
fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let skipped = file.metadata()?.len().saturating_sub(READ);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let cut = text.split_once('\n').filter(|_| 0 < skipped).map(|(_, rest)| rest.to_owned());
    Ok(cut.unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_in_the_words_of_the_supervisor() {
        #[track_caller]
        fn check(words: &str, code: Option<i32>, signal: Option<i32>) {
            let out = format!(
                "2026-01-01T00:00:09Z b x\n2026-01-01T00:00:07Z a {words} after 3 s\nother\n"
            );
            let found = end("a", words.to_owned(), &out);
            assert_eq!((found.code, found.signal), (code, signal), "{words}");
            assert_eq!(found.at.as_deref(), Some("2026-01-01T00:00:07Z"));
            assert_eq!(found.lived, Some(3));
            assert_eq!(began(&found), "2026-01-01T00:00:03Z".parse().ok());
        }
        check("ended with exit code 137", Some(137), None);
        check("was killed (SIGKILL)", None, Some(9));
        check("was ended by signal 11", None, Some(11));
        check("ended", None, None);
    }
}
