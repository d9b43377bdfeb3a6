//! Signs of life: which process of a local session counts as hung although it lives and no signal has stopped it.
//!
//! JobManagers are asked by REST. One that answers anything lives; a TaskManager lives while a JobManager lists it, which
//! Flink stops `heartbeat.timeout` after the last heartbeat (`ResourceManager.TaskManagerHeartbeatListener`, all versions).
//! A false alarm is worse than none: silent is only who has answered before, and only while somebody else answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a JobManager says when it is asked for its TaskManagers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nothing in time, or nobody listens.
    Nothing,
    /// Something else: it starts, or waits for a leader.
    Other,
    /// The resource IDs of the TaskManagers that are registered.
    TaskManagers(BTreeSet<String>),
}

/// What one look says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It lives.
    Answers,
    /// It gives no sign, while another process does.
    Silent,
    /// It gives no sign, and nobody can say whether that is its own affair.
    Unclear,
}

/// The signs of one look. `job_managers`: what each says, by name. `task_managers`: those that run.
pub fn signs(
    job_managers: &BTreeMap<String, Heard>,
    task_managers: &[String],
) -> BTreeMap<String, Sign> {
    let registered = job_managers.values().find_map(|answer| match answer {
        Heard::TaskManagers(names) => Some(names),
        Heard::Nothing | Heard::Other => None,
    });
    let is_registered = |name: &String| registered.is_some_and(|names| names.contains(name));
    // Where none of several is registered, it is the JobManager that is not ready for them.
    let is_clear = registered.is_some()
        && (task_managers.len() == 1 || task_managers.iter().any(is_registered));
    let mut signs = BTreeMap::new();
    for (name, answer) in job_managers {
        let sign = match answer {
            Heard::Other | Heard::TaskManagers(_) => Sign::Answers,
            // A standby says nothing while there is no leader. The only one is known to be alone.
            Heard::Nothing if registered.is_some() || job_managers.len() == 1 => Sign::Silent,
            Heard::Nothing => Sign::Unclear,
        };
        signs.insert(name.clone(), sign);
    }
    for name in task_managers {
        let sign = match is_registered(name) {
            true => Sign::Answers,
            false if is_clear => Sign::Silent,
            false => Sign::Unclear,
        };
        signs.insert(name.clone(), sign);
    }
    signs
}

/// What is known of the life of one process, from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Life {
    has_answered: bool,
    silent_since: Option<Duration>,
}

impl Life {
    /// Notes a sign at this time on a clock that does not count a suspended machine.
    pub fn note(&mut self, sign: Sign, now: Duration) {
        match sign {
            Sign::Answers => *self = Self { has_answered: true, silent_since: None },
            Sign::Silent if self.has_answered => {
                self.silent_since.get_or_insert(now);
            }
            Sign::Silent => {}
            Sign::Unclear => self.silent_since = None,
        }
    }

    /// For how long every look has found it silent.
    pub fn silence(&self, now: Duration) -> Duration {
        self.silent_since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }
}

/// How long nobody may lead before the JobManagers are started again: longer than an election, which takes the 40 s at most
/// that a ZooKeeper of Nutkin grants a dead session (`maxSessionTimeout`), and some seconds on a machine that is busy.
pub const ELECTION: Duration = Duration::from_mins(1);

/// Whether somebody leads a session whose JobManagers elect their leader by a ZooKeeper that Nutkin starts.
///
/// Curator's latch may hand the leadership to two of them once their sessions were lost together, for example while
/// ZooKeeper was away for longer than they last. They overwrite each other for ever, and REST has no leader to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leadership {
    was_led: bool,
    lost_at: Option<Duration>,
}

impl Leadership {
    /// A JobManager has just been started, and needs its time: the silence begins anew.
    pub fn wait(&mut self) {
        self.lost_at = None;
    }

    /// Notes what the JobManagers say. Whether it is too long now since one led; then it counts anew.
    pub fn is_lost(&mut self, job_managers: &BTreeMap<String, Heard>, now: Duration) -> bool {
        let leads = |one: &Heard| matches!(one, Heard::TaskManagers(_));
        if job_managers.values().any(leads) {
            *self = Self { was_led: true, lost_at: None };
        } else if self.was_led && !job_managers.is_empty() {
            let lost_at = *self.lost_at.get_or_insert(now);
            if ELECTION <= now.saturating_sub(lost_at) {
                *self = Self::default();
                return true;
            }
        }
        false
    }
}

/// Whether JobManagers have lost their sessions with a ZooKeeper that was away for so long (`session`: their
/// `high-availability.zookeeper.client.session-timeout`). Those start again: see [`Leadership`].
pub fn lost_sessions(away: Duration, session: Duration) -> bool {
    session <= away + SLACK
}

/// What may lie between the end of a ZooKeeper and the moment in which its clients notice, and between looks.
const SLACK: Duration = Duration::from_secs(1);

/// From which silence on a process counts as hung: twice `heartbeat.timeout`. After the first of them Flink itself has
/// given it up; in the second one that was only slow, or whose JobManager is new, has come back.
pub fn patience(heartbeat: Duration) -> Duration {
    2 * heartbeat
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(names: &[&str]) -> Heard {
        Heard::TaskManagers(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Expected: one letter for each JobManager and TaskManager, `a` answers, `s` is silent, `?` is unclear.
    #[track_caller]
    fn check(job_managers: &[Heard], task_managers: &[&str], expected: &str) {
        let each = job_managers.iter().cloned().enumerate();
        let answers = each.map(|(index, answer)| (format!("jobmanager-{index}"), answer)).collect();
        let names: Vec<_> = task_managers.iter().map(|name| (*name).to_owned()).collect();
        let found: String = signs(&answers, &names)
            .values()
            .map(|sign| match sign {
                Sign::Answers => 'a',
                Sign::Silent => 's',
                Sign::Unclear => '?',
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn who_is_silent_while_others_answer() {
        use Heard::{Nothing, Other};
        check(&[listed(&["t1", "t2"])], &["t1", "t2"], "aaa");
        check(&[listed(&["t1"])], &["t1", "t2"], "aas");
        check(&[listed(&[])], &["t1"], "as");
        check(&[listed(&["t1"]), Nothing], &["t1"], "asa");
        check(&[Nothing, listed(&["t1"])], &["t1"], "saa");
        check(&[Nothing], &["t1"], "s?");
        // The controls. A new JobManager has no TaskManagers yet, one that elects a leader lists none, and a standby
        // without a leader says nothing.
        check(&[listed(&[])], &["t1", "t2"], "a??");
        check(&[Other], &["t1"], "a?");
        check(&[Nothing, Nothing], &["t1"], "???");
        check(&[Nothing, Other], &["t1"], "?a?");
    }

    #[test]
    fn nobody_leads_for_longer_than_an_election() {
        /// One look each 20 s: `l` somebody leads, `n` nobody, `-` nobody was asked, `s` one
        /// was started. Expected: the looks that tell.
        #[track_caller]
        fn check(looks: &str, expected: &[usize]) {
            let mut leadership = Leadership::default();
            let mut told = Vec::new();
            for (index, look) in looks.chars().enumerate() {
                let heard = match look {
                    'l' => [("a", Heard::Nothing), ("b", listed(&[]))].to_vec(),
                    'n' => [("a", Heard::Other), ("b", Heard::Nothing)].to_vec(),
                    _ => Vec::new(),
                };
                if look == 's' {
                    leadership.wait();
                }
                let heard = heard.into_iter().map(|(name, one)| (name.to_owned(), one)).collect();
                let now = Duration::from_secs(20 * index as u64);
                if leadership.is_lost(&heard, now) {
                    told.push(index);
                }
            }
            assert_eq!(told, expected);
        }
        check("lnnnnnnn", &[4]);
        check("lnnnlnnnn", &[8]);
        check("ln--n", &[4]);
        // The controls: an election, a session that has never had a leader, and one that has one.
        check("lnnnl", &[]);
        check("lnnsnnns", &[]);
        check("nnnnnnnn", &[]);
        check("llllllll", &[]);
    }

    #[test]
    fn sessions_that_are_lost() {
        let check = |away, session, lost| {
            let (away, session) = (Duration::from_secs(away), Duration::from_secs(session));
            assert_eq!(lost_sessions(away, session), lost);
        };
        check(17, 6, true);
        check(5, 6, true);
        check(4, 6, false);
        check(17, 40, false);
    }

    #[test]
    fn silence_is_counted_from_the_first_look_without_a_break() {
        #[track_caller]
        fn check(signs: &[Sign], seconds: u64) {
            let mut life = Life::default();
            let mut now = Duration::ZERO;
            for sign in signs {
                now += Duration::from_secs(10);
                life.note(*sign, now);
            }
            assert_eq!(life.silence(now).as_secs(), seconds);
        }
        use Sign::{Answers, Silent, Unclear};
        check(&[Answers, Silent, Silent, Silent], 20);
        check(&[Answers, Silent, Silent, Answers, Silent], 0);
        // Who has never answered is starting, and where nobody knows nothing is counted.
        check(&[Silent, Silent, Silent, Silent], 0);
        check(&[Answers, Silent, Unclear, Silent, Silent], 10);
    }
}
