//! What this machine and a Docker daemon have for a session, and whether it can be planned.

use super::Check;
use crate::codes;

/// What was seen of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineSeen {
    /// Where Java is and its release, or why there is none.
    pub java: Result<String, Vec<String>>,
    /// Its memory in bytes, where that is known.
    pub memory: Option<u64>,
}

/// What was seen of a Docker daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonSeen {
    /// Its release, or why it does not answer.
    pub version: Result<String, String>,
    /// The memory of its machine in bytes, where that is known.
    pub memory: Option<u64>,
}

/// What this machine has.
pub fn machine(seen: &MachineSeen) -> Vec<Check> {
    const GROUP: &str = "this machine";
    let java = "a Java is there that the release of Flink can use";
    vec![
        match &seen.java {
            Ok(java_home) => Check::passed(GROUP, java, java_home),
            Err(why) => Check::of(GROUP, java, codes::NO_JAVA, "this machine", why.clone(), ""),
        },
        match seen.memory {
            Some(bytes) => Check::passed(GROUP, "its memory is known", gibibytes(bytes)),
            None => Check::unseen(GROUP, "its memory is known", "`/proc/meminfo` does not say it"),
        },
    ]
}

/// What a daemon has.
pub fn daemon(seen: &DaemonSeen) -> Vec<Check> {
    const GROUP: &str = "Docker";
    let what = "the daemon answers";
    vec![match &seen.version {
        Ok(version) => {
            let memory = seen.memory.map(|bytes| format!(", {}", gibibytes(bytes)));
            Check::passed(GROUP, what, format!("{version}{}", memory.unwrap_or_default()))
        }
        Err(why) => {
            Check::of(GROUP, what, codes::NO_PLATFORM, "the Docker daemon", vec![why.clone()], "")
        }
    }]
}

/// Whether the session can be planned where it shall run: what it needs is there, its ports are free, its options fit. `planned`: what
/// the plan has to say, or why there is none.
pub fn planned(session: &str, planned: &Result<Vec<String>, Vec<String>>) -> Vec<Check> {
    let group = format!("session `{session}`");
    let can = "it can be planned: options, files, ports and images";
    let remarks = "the plan has no warning";
    match planned {
        Ok(lines) => vec![
            Check::passed(&group, can, ""),
            Check::of(&group, remarks, codes::PLAN_WARNS, session, lines.clone(), ""),
        ],
        Err(lines) => vec![Check::of(&group, can, codes::NO_PLAN, session, lines.clone(), "")],
    }
}

fn gibibytes(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "shown with one digit behind the point")]
    let amount = bytes as f64 / f64::from(1 << 30);
    format!("{amount:.1} GiB")
}

#[cfg(test)]
mod tests {
    use super::super::CheckResult;
    use super::*;

    #[track_caller]
    fn check(found: &[Check], expected: &[&str]) {
        let shown = |check: &Check| match &check.result {
            CheckResult::Passed { detail } => format!("ok {detail}"),
            CheckResult::Failed { code, lines, .. } => format!("{code} {}", lines.join("; ")),
            CheckResult::Unseen { why } => format!("unseen {why}"),
        };
        assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_machines_have() {
        let seen = MachineSeen { java: Ok("17 at /java".to_owned()), memory: Some(3 << 29) };
        check(&machine(&seen), &["ok 17 at /java", "ok 1.5 GiB"]);
        let without = MachineSeen { java: Err(vec!["there is none".to_owned()]), memory: None };
        let unknown = "unseen `/proc/meminfo` does not say it";
        check(&machine(&without), &["NK2705 there is none", unknown]);
        let seen = DaemonSeen { version: Ok("29.1".to_owned()), memory: Some(1 << 30) };
        check(&daemon(&seen), &["ok 29.1, 1.0 GiB"]);
        let silent = DaemonSeen { version: Err("no socket".to_owned()), memory: None };
        check(&daemon(&silent), &["NK2701 no socket"]);
        check(&planned("a", &Ok(Vec::new())), &["ok ", "ok "]);
        check(&planned("a", &Ok(vec!["much".to_owned()])), &["ok ", "NK2707 much"]);
        check(&planned("a", &Err(vec!["port 8081".to_owned()])), &["NK2706 port 8081"]);
    }
}
