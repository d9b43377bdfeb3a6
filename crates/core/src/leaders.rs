//! Which of several JobManagers leads, as their own logs tell: REST answers on each of them as the leader would.

/// What a JobManager logs when it becomes the leader, behind the address of its REST API (`WebMonitorEndpoint.grantLeadership`,
/// all versions).
const GRANTED: &str = " was granted leadership";

/// What it logs when it is not the leader any more (`WebMonitorEndpoint.revokeLeadership`, all versions).
const LOST: &str = " lost leadership";

/// What its log begins with (`EnvironmentInformation.logEnvironmentInfo`, all versions). Nothing before it counts.
const BEGINS: &str = " Starting StandaloneSessionClusterEntrypoint";

/// What a log says last of its JobManager. `None`: nothing, because its beginning is not there.
pub fn said(log: &str) -> Option<bool> {
    log.lines().rev().find_map(|line| {
        let of_rest = |words: &str| {
            let (before, _) = line.split_once(words)?;
            before.rsplit(' ').next().filter(|address| address.starts_with("http"))
        };
        if of_rest(GRANTED).is_some() {
            return Some(true);
        }
        let is_not = of_rest(LOST).is_some() || line.contains(BEGINS);
        is_not.then_some(false)
    })
}

/// Who leads, by what each log says. Where the log of one alone says nothing and the others do not lead, it does. `None` for
/// all: nobody can tell.
pub fn leads(said: &[Option<bool>]) -> Vec<Option<bool>> {
    let count = |what: Option<bool>| said.iter().filter(|one| **one == what).count();
    match (count(Some(true)), count(None)) {
        (1, _) => said.iter().map(|one| Some(*one == Some(true))).collect(),
        (0, 1) if 1 < said.len() => said.iter().map(|one| Some(one.is_none())).collect(),
        _ => vec![None; said.len()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTS: &str = "2026-11-30 05:17:51,001 INFO  org.apache.flink.runtime.entrypoint.ClusterEntrypoint [] -  \
         Starting StandaloneSessionClusterEntrypoint (Version: 1.20.5, Scala: 2.12)";
    const GETS: &str = "2026-11-30 05:18:39,325 INFO  org.apache.flink.runtime.dispatcher.DispatcherRestEndpoint [] - \
         http://127.0.0.1:8081 was granted leadership with leaderSessionID=ee671bfe";
    const LOSES: &str = "2026-11-30 05:19:05,800 INFO  org.apache.flink.runtime.dispatcher.DispatcherRestEndpoint [] - \
         http://127.0.0.1:8081 lost leadership";
    const OTHER: &str =
        "2026-11-30 05:19:06,000 INFO  JobManagerRunner [] - job a was granted leadership";

    #[test]
    fn the_last_word_of_a_log_counts() {
        #[track_caller]
        fn check(lines: &[&str], expected: Option<bool>) {
            assert_eq!(said(&lines.join("\n")), expected);
        }
        check(&[STARTS, GETS, OTHER], Some(true));
        check(&[STARTS, GETS, LOSES], Some(false));
        check(&[LOSES, GETS], Some(true));
        // It was killed while it led, and has been started again.
        check(&[STARTS, GETS, STARTS], Some(false));
        check(&[OTHER, "a"], None);
        check(&[], None);
    }

    #[test]
    fn one_of_several_leads() {
        #[track_caller]
        fn check(said: &[Option<bool>], expected: &[Option<bool>]) {
            assert_eq!(leads(said), expected);
        }
        let (yes, no) = (Some(true), Some(false));
        check(&[no, yes], &[no, yes]);
        check(&[yes, None], &[yes, no]);
        // Its log is longer than what was read of it.
        check(&[None, no], &[yes, no]);
        check(&[no, no], &[None, None]);
        check(&[yes, yes], &[None, None]);
        check(&[None, None], &[None, None]);
        check(&[None], &[None]);
    }
}
