//! What is to be worked for next: each resource once, with a growing pause after failures.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::world::Key;

/// The first pause after a failure; each is twice the one before.
const FIRST: Duration = Duration::from_secs(1);

/// The longest one.
const LONGEST: Duration = Duration::from_mins(1);

/// How work for a resource ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As it should; when to look again if nothing happens before.
    Again(Option<Duration>),
    /// It did not, and is tried again.
    Failed,
}

/// One that waits.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Instant,
    /// Whether what runs is compared with what is wanted.
    looks: bool,
}

/// One that is worked for.
#[derive(Debug)]
struct Working {
    /// The session that it is, or belongs to.
    session: Key,
    /// How closely it is looked at.
    looks: bool,
    /// What was heard of it meanwhile: whether it is to be looked at again, and how closely.
    heard: Option<bool>,
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<Key, Due>,
    working: BTreeMap<Key, Working>,
    failures: BTreeMap<Key, u32>,
}

impl Queue {
    /// A resource says something else than before: failures of what it said do not hold it up.
    pub(super) fn renew(&mut self, key: &Key) {
        self.failures.remove(key);
    }

    /// Something has happened to a resource. `looks`: perhaps to what belongs to it. The pause after a failure stays: pods that come
    /// and go are not a reason to try again sooner.
    pub(super) fn wake(&mut self, key: &Key, looks: bool, now: Instant) {
        if let Some(Working { heard, .. }) = self.working.get_mut(key) {
            *heard = Some(heard.unwrap_or(false) || looks);
            return;
        }
        let has_failed = self.failures.contains_key(key);
        let due = self.waiting.entry(key.clone()).or_insert(Due { at: now, looks });
        let at = if has_failed { due.at } else { due.at.min(now) };
        *due = Due { at, looks: due.looks || looks };
    }

    /// The next one whose time has come. `session_of`: the session that a resource is, or belongs to.
    ///
    /// Jobs are worked for side by side, and none while their session changes: those that would wait for it take nobody's place.
    pub(super) fn next(
        &mut self,
        now: Instant,
        session_of: impl Fn(&Key) -> Key,
    ) -> Option<(Key, bool)> {
        let due = self.waiting.iter().filter(|(_, due)| due.at <= now);
        let free = due.filter(|(key, _)| self.is_free(key, &session_of(key), now));
        let key = free.min_by_key(|(_, due)| due.at).map(|(key, _)| key.clone())?;
        let Due { looks, .. } = self.waiting.remove(&key)?;
        let session = session_of(&key);
        self.working.insert(key.clone(), Working { session, looks, heard: None });
        Some((key, looks))
    }

    /// Whether nobody is in its way. A session whose time has come goes before its jobs, or they could keep it waiting for ever.
    fn is_free(&self, key: &Key, session: &Key, now: Instant) -> bool {
        if key == session {
            return self.working.values().all(|one| one.session != *session);
        }
        !self.is_due(session, now) && !self.working.contains_key(session)
    }

    /// Whether its time has come.
    pub(super) fn is_due(&self, key: &Key, now: Instant) -> bool {
        self.waiting.get(key).is_some_and(|due| due.at <= now)
    }

    /// When the next one's time comes, of those that wait for nothing but time.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.waiting.values().map(|due| due.at).filter(|at| now < *at).min()
    }

    /// Work has ended.
    pub(super) fn done(&mut self, key: &Key, outcome: Outcome, now: Instant) {
        let worked = self.working.remove(key);
        let (looked, heard) = worked.map_or((false, None), |one| (one.looks, one.heard));
        let is_failed = matches!(outcome, Outcome::Failed);
        let after = match outcome {
            Outcome::Again(after) => {
                self.failures.remove(key);
                after
            }
            Outcome::Failed => {
                let count = self.failures.entry(key.clone()).or_default();
                let pause = FIRST.saturating_mul(1 << (*count).min(6)).min(LONGEST);
                *count = count.saturating_add(1);
                Some(pause)
            }
        };
        match heard {
            // A failure keeps its pause, whatever echoes follow.
            Some(looks) if !is_failed => self.wake(key, looks, now),
            heard => {
                if let Some(after) = after {
                    // What was not fixed is looked for again.
                    let looks = heard.unwrap_or(false) || (is_failed && looked);
                    self.waiting.insert(key.clone(), Due { at: now + after, looks });
                }
            }
        }
    }

    /// It is gone.
    pub(super) fn forget(&mut self, key: &Key) {
        self.waiting.remove(key);
        self.failures.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use nutkin_operator::resource::CustomKind;

    use super::*;

    fn names(queue: &mut Queue, now: Instant) -> Vec<(String, bool)> {
        let next = || queue.next(now, Key::clone);
        std::iter::from_fn(next).map(|(key, looks)| (key.name, looks)).collect()
    }

    #[test]
    fn jobs_and_their_session_take_turns_and_no_place_of_others() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let session = Key::session("n", "s");
        let job = |name: &str| Key { kind: CustomKind::SessionJob, ..Key::session("n", name) };
        let other = Key::session("n", "z");
        let of = |key: &Key| match key.kind {
            CustomKind::SessionJob => Key::session("n", "s"),
            CustomKind::Deployment => key.clone(),
        };
        let all = |queue: &mut Queue| -> Vec<String> {
            std::iter::from_fn(|| queue.next(now, of)).map(|(key, _)| key.name).collect()
        };
        queue.wake(&job("a"), false, now);
        queue.wake(&job("b"), false, now);
        assert_eq!(all(&mut queue), ["a", "b"]);
        // It waits for both, and a job that is woken meanwhile for it. Nothing is due but what waits for them.
        for key in [&session, &job("c"), &other] {
            queue.wake(key, false, now);
        }
        assert!(!queue.is_due(&job("b"), now), "somebody works for it");
        assert_eq!(all(&mut queue), ["z"]);
        assert!(queue.is_due(&job("c"), now), "it waits for its turn");
        assert_eq!(queue.due(now), None);
        queue.done(&job("a"), Outcome::Again(None), now);
        assert_eq!(all(&mut queue), [""; 0]);
        queue.done(&job("b"), Outcome::Again(None), now);
        assert_eq!(all(&mut queue), ["s"]);
        queue.done(&session, Outcome::Again(Some(Duration::from_secs(1))), now);
        assert_eq!(all(&mut queue), ["c"]);
    }

    #[test]
    fn each_is_worked_for_once_at_a_time() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let (a, b) = (Key::session("n", "a"), Key::session("n", "b"));
        queue.wake(&a, false, now);
        queue.wake(&a, true, now);
        queue.wake(&b, false, now);
        assert_eq!(names(&mut queue, now), [("a".to_owned(), true), ("b".to_owned(), false)]);
        queue.wake(&a, false, now);
        assert_eq!(names(&mut queue, now), []);
        queue.done(&a, Outcome::Again(None), now);
        queue.done(&b, Outcome::Again(Some(Duration::from_secs(5))), now);
        assert_eq!(names(&mut queue, now), [("a".to_owned(), false)]);
        assert_eq!(queue.due(now), Some(now + Duration::from_secs(5)));
    }

    #[test]
    fn pauses_grow_with_failures_and_end_with_success() {
        let (mut queue, mut now) = (Queue::default(), Instant::now());
        let a = Key::session("n", "a");
        queue.wake(&a, true, now);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            assert!(queue.next(now, Key::clone).is_some_and(|(_, looks)| looks));
            // The write of the failure comes back as news.
            queue.wake(&a, false, now);
            queue.done(&a, Outcome::Failed, now);
            let due = queue.due(now).expect("it is tried again");
            pauses.push((due - now).as_secs());
            now = due;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(queue.next(now, Key::clone).is_some());
        queue.done(&a, Outcome::Again(None), now);
        assert_eq!(queue.due(now), None);
    }
}
