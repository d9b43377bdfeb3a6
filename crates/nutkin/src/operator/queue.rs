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
    /// What is to be done for a session is not done while somebody works for a job of it: it is begun again once nobody does.
    Alone,
    /// It did not, and is tried again.
    Failed,
}

/// One that waits.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Instant,
    /// Whether what runs is compared with what is wanted.
    looks: bool,
    /// Whether nobody may work for a job of it meanwhile.
    alone: bool,
}

/// One that is worked for.
#[derive(Debug)]
struct Working {
    /// The session that it is, or belongs to.
    session: Key,
    /// How closely it is looked at.
    looks: bool,
    /// Whether it is a session that is being changed: nobody begins to work for a job of it.
    alone: bool,
    /// Whether it waits for Flink, and takes nobody's place.
    is_patient: bool,
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
        let due = self.waiting.entry(key.clone()).or_insert(Due { at: now, looks, alone: false });
        let at = if has_failed { due.at } else { due.at.min(now) };
        *due = Due { at, looks: due.looks || looks, alone: due.alone };
    }

    /// The next one whose time has come. `session_of`: the session that a resource is, or belongs to.
    ///
    /// A session is looked at beside its jobs, and changed when nobody works for one of them: those that would wait for that take
    /// nobody's place.
    pub(super) fn next(
        &mut self,
        now: Instant,
        session_of: impl Fn(&Key) -> Key,
    ) -> Option<(Key, bool)> {
        let due = self.waiting.iter().filter(|(_, due)| due.at <= now);
        let free = due.filter(|(key, _)| self.is_free(key, &session_of(key), now));
        let key = free.min_by_key(|(_, due)| due.at).map(|(key, _)| key.clone())?;
        let Due { looks, alone, .. } = self.waiting.remove(&key)?;
        let session = session_of(&key);
        let working = Working { session, looks, alone, is_patient: false, heard: None };
        self.working.insert(key.clone(), working);
        Some((key, looks))
    }

    /// Whether nobody is in its way. A session that is to be changed goes before its jobs, or they could keep it waiting for ever.
    fn is_free(&self, key: &Key, session: &Key, now: Instant) -> bool {
        if key != session {
            return !self.is_to_be_alone(session, now) && !self.is_alone(session);
        }
        let waits = self.waiting.get(key).is_some_and(|due| due.alone);
        !waits || self.jobs_of(session).next().is_none()
    }

    /// Whether a session waits for the end of all work for its jobs.
    pub(super) fn is_to_be_alone(&self, session: &Key, now: Instant) -> bool {
        self.waiting.get(session).is_some_and(|due| due.alone && due.at <= now)
    }

    /// Whether a session is being changed.
    pub(super) fn is_alone(&self, session: &Key) -> bool {
        self.working.get(session).is_some_and(|one| one.alone)
    }

    /// A session that is worked for is to be changed. Gives whether it may be now; otherwise its work ends with [`Outcome::Alone`].
    pub(super) fn has_alone(&mut self, session: &Key) -> bool {
        let is_free = self.jobs_of(session).next().is_none();
        if let Some(working) = self.working.get_mut(session) {
            working.alone |= is_free;
        }
        is_free
    }

    /// A session that was changed is only looked after from now on.
    pub(super) fn shares(&mut self, session: &Key) {
        if let Some(working) = self.working.get_mut(session) {
            working.alone = false;
        }
    }

    /// Jobs of a session that somebody works for.
    pub(super) fn jobs_of<'q>(&'q self, session: &Key) -> impl Iterator<Item = &'q Key> {
        let of = session.clone();
        let all = self.working.iter().filter(move |(key, one)| one.session == of && **key != of);
        all.map(|(key, _)| key)
    }

    /// One that is worked for waits for Flink from now on.
    pub(super) fn waits(&mut self, key: &Key) {
        if let Some(working) = self.working.get_mut(key) {
            working.is_patient = true;
        }
    }

    /// How many are worked for and do more than wait for Flink.
    pub(super) fn places(&self) -> usize {
        self.working.values().filter(|one| !one.is_patient).count()
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
            Outcome::Alone => {
                let looks = looked || heard.unwrap_or(false);
                self.waiting.insert(key.clone(), Due { at: now, looks, alone: true });
                return;
            }
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
                    let alone = false;
                    self.waiting.insert(key.clone(), Due { at: now + after, looks, alone });
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
    fn a_session_is_looked_at_beside_its_jobs_and_changed_alone() {
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
        queue.wake(&session, true, now);
        queue.wake(&job("b"), false, now);
        // A look holds nobody up, and nobody holds it up.
        assert_eq!(all(&mut queue), ["s", "a", "b"]);
        let working: Vec<&str> = queue.jobs_of(&session).map(|key| key.name.as_str()).collect();
        assert_eq!(working, ["a", "b"]);
        // It has to change something, and waits for both. A job that is woken meanwhile waits for it, and takes no place of others.
        assert!(!queue.has_alone(&session));
        queue.done(&session, Outcome::Alone, now);
        for key in [&job("c"), &other] {
            queue.wake(key, false, now);
        }
        assert!(queue.is_to_be_alone(&session, now));
        assert_eq!(all(&mut queue), ["z"]);
        assert_eq!(queue.due(now), None);
        queue.done(&job("a"), Outcome::Again(None), now);
        assert_eq!(all(&mut queue), [""; 0]);
        queue.done(&job("b"), Outcome::Again(None), now);
        let next = queue.next(now, of).map(|(key, looks)| (key.name, looks));
        assert_eq!(next, Some(("s".to_owned(), true)), "it looks as closely as before");
        assert!(queue.is_alone(&session) && queue.has_alone(&session));
        assert_eq!(all(&mut queue), [""; 0]);
        // What is left of it is to wait for Flink.
        queue.shares(&session);
        assert_eq!(all(&mut queue), ["c"]);
        assert_eq!(queue.places(), 3);
        queue.waits(&session);
        assert_eq!(queue.places(), 2);
        queue.done(&session, Outcome::Again(Some(Duration::from_secs(1))), now);
        assert_eq!(queue.due(now), Some(now + Duration::from_secs(1)));
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
