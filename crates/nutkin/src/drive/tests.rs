//! Sessions that are driven without a terminal, a clock or a network.

use std::collections::VecDeque;

use nutkin_core::change::Effect;
use nutkin_core::decide::{About, Change, Jobs, fates, harm};
use nutkin_core::selection::Platform;

use super::*;

/// What there is in memory: processes that are started and come up after a while.
#[derive(Debug, Default)]
struct Memory {
    wanted: u32,
    started: u32,
    /// Turns until what was started is up.
    slow: u32,
    has_flink: bool,
    /// Jobs that only show once Flink is there.
    jobs: Vec<(String, String)>,
    /// Refusals of the next steps.
    refusals: VecDeque<Kind>,
    acted: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Install,
    Start,
    End,
}

#[derive(Debug, Clone)]
struct Seen {
    has_flink: bool,
    started: u32,
    is_up: bool,
    jobs: Jobs,
}

impl Shell for Memory {
    type Seen = Seen;
    type Step = Step;

    async fn observe(&mut self) -> Result<Seen, Error> {
        let jobs = if self.has_flink { self.jobs.clone() } else { Vec::new() };
        self.slow = self.slow.saturating_sub(1);
        Ok(Seen {
            has_flink: self.has_flink,
            started: self.started,
            is_up: self.slow == 0,
            jobs: Jobs::Known(jobs),
        })
    }

    fn decide(&self, seen: &Seen) -> Result<Decision<Step>, Error> {
        let about = About {
            platform: Platform::Local,
            name: "a".to_owned(),
            namespace: None,
            flink_version: "1.20.5".to_owned(),
            job_managers: 1,
            task_managers: Some(self.wanted),
        };
        let mut decision = Decision::nothing(about);
        if !seen.has_flink {
            decision.steps.push(Step::Install);
            decision.assumptions.push("there are no jobs".to_owned());
            decision.again = Again::Look;
        } else if seen.started < self.wanted {
            decision.steps.push(Step::Start);
            decision.again = Again::Look;
        } else if self.wanted < seen.started {
            decision.steps.push(Step::End);
            decision.change = Change { effect: Effect::Loss, ..Change::default() };
            decision.jobs = fates(Effect::Loss, &seen.jobs);
            decision.harm = harm(true, Effect::Loss, &seen.jobs);
            decision.again = Again::Look;
        } else if !seen.is_up {
            let reason = "waiting for the JobManager to answer".to_owned();
            decision.again = Again::Wait { reason, after: Duration::from_secs(1) };
        }
        Ok(decision)
    }

    async fn act(&mut self, step: &Step) -> Result<(), Error> {
        if let Some(kind) = self.refusals.pop_front() {
            return Err(Error::new(kind, "no"));
        }
        self.acted.push(*step);
        match step {
            Step::Install => self.has_flink = true,
            Step::Start => self.started += 1,
            Step::End => self.started -= 1,
        }
        Ok(())
    }

    fn has_begun(&self) -> bool {
        self.acted.iter().any(|step| *step != Step::Install)
    }
}

/// Agrees to so much, and waits so often: a clock that is counted.
#[derive(Debug)]
struct Attendant {
    agrees: Harm,
    patience: u32,
    asked: Vec<Harm>,
    begun: usize,
    done: Vec<bool>,
    reasons: Vec<String>,
}

impl Attendant {
    fn new(agrees: Harm, patience: u32) -> Self {
        Self {
            agrees,
            patience,
            asked: Vec::new(),
            begun: 0,
            done: Vec::new(),
            reasons: Vec::new(),
        }
    }
}

impl Attend<Step> for Attendant {
    fn decided(&mut self, decision: &Decision<Step>, asks: bool) -> Result<(), Error> {
        if !asks {
            return Ok(());
        }
        self.asked.push(decision.harm);
        if decision.harm <= self.agrees {
            return Ok(());
        }
        Err(Error::new(Kind::Unconfirmed, "consent is needed"))
    }

    fn begins(&mut self, _step: &Step) {
        self.begun += 1;
    }

    fn done(&mut self, has_begun: bool) {
        self.done.push(has_begun);
    }

    async fn waits(&mut self, wait: Wait<'_>) -> bool {
        self.reasons.push(wait.reason.to_owned());
        self.patience = self.patience.saturating_sub(1);
        0 < self.patience
    }
}

/// Runs a driver to its end, on no runtime: nothing here ever waits for the outside.
fn run(memory: &mut Memory, attendant: &mut Attendant) -> Result<Driven<Step>, Error> {
    ends(drive(memory, attendant))
}

fn ends<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it waits for somebody"),
    }
}

#[test]
fn a_session_is_brought_up_and_left_alone_the_second_time() {
    let mut memory = Memory { wanted: 2, slow: 5, ..Memory::default() };
    let mut attendant = Attendant::new(Harm::None, 100);
    let driven = run(&mut memory, &mut attendant).unwrap();
    assert!(matches!(driven, Driven::Done(decision) if decision.steps.is_empty()));
    assert_eq!(memory.acted, [Step::Install, Step::Start, Step::Start]);
    assert_eq!((attendant.begun, attendant.asked.as_slice()), (3, &[][..]));
    assert_eq!(attendant.reasons, ["waiting for the JobManager to answer"]);
    run(&mut memory, &mut attendant).unwrap();
    assert_eq!(memory.acted.len(), 3, "deciding again after carrying out decides nothing");
}

#[test]
fn consent_is_asked_for_once_and_again_where_the_harm_grows() {
    let job = vec![("0a".to_owned(), "words".to_owned())];
    let memory = || Memory { wanted: 0, started: 2, jobs: job.clone(), ..Memory::default() };
    let mut one = memory();
    let mut attendant = Attendant::new(Harm::Loss, 100);
    run(&mut one, &mut attendant).unwrap();
    assert_eq!(attendant.asked, [Harm::Loss]);
    assert_eq!(one.acted, [Step::Install, Step::End, Step::End]);

    let mut other = memory();
    let error = run(&mut other, &mut Attendant::new(Harm::Change, 100)).unwrap_err();
    assert_eq!(error.kind, Kind::Unconfirmed);
    assert_eq!(other.acted, [Step::Install], "nothing harmful was done without consent");
}

#[test]
fn what_a_decision_needs_is_prepared_until_something_is_shown_or_has_begun() {
    #[track_caller]
    fn check(wanted: u32, acted: &[Step], left: &[Step], done: &[bool]) {
        let mut memory = Memory { wanted, ..Memory::default() };
        let mut attendant = Attendant::new(Harm::None, 100);
        let decision = ends(prepare(&mut memory, &mut attendant)).unwrap();
        assert_eq!((memory.acted.as_slice(), decision.steps.as_slice()), (acted, left));
        assert_eq!((attendant.done.as_slice(), attendant.asked.len()), (done, 0));
    }
    check(0, &[Step::Install], &[], &[false]);
    check(1, &[Step::Install, Step::Start], &[], &[false, true]);
    check(2, &[Step::Install, Step::Start], &[Step::Start], &[false, true]);
}

#[test]
fn patience_ends_where_nothing_is_left_to_do() {
    let mut memory = Memory { wanted: 1, has_flink: true, slow: 100, ..Memory::default() };
    let driven = run(&mut memory, &mut Attendant::new(Harm::None, 3)).unwrap();
    assert!(matches!(driven, Driven::Left(decision) if decision.again != Again::Done));
    assert_eq!(memory.acted, [Step::Start]);
}

#[test]
fn whoever_was_slower_looks_again_and_other_refusals_are_told() {
    #[track_caller]
    fn check(refusals: &[Kind], expected: Result<usize, Kind>) {
        let refusals = refusals.iter().copied().collect();
        let mut memory = Memory { wanted: 1, has_flink: true, refusals, ..Memory::default() };
        let driven = run(&mut memory, &mut Attendant::new(Harm::None, 100));
        assert_eq!(driven.map(|_| memory.acted.len()).map_err(|error| error.kind), expected);
    }
    check(&[], Ok(1));
    check(&[Kind::Conflict, Kind::Conflict], Ok(1));
    check(&[Kind::Conflict; ATTEMPTS + 1], Err(Kind::Conflict));
    check(&[Kind::Denied], Err(Kind::Denied));
}

#[test]
fn a_cut_after_any_step_comes_to_the_same() {
    let mut whole = Memory { wanted: 3, ..Memory::default() };
    run(&mut whole, &mut Attendant::new(Harm::None, 100)).unwrap();
    for cut in 0..whole.acted.len() {
        let mut memory = Memory { wanted: 3, ..Memory::default() };
        // So many steps, and then the process is gone.
        for _ in 0..cut {
            let seen = Seen {
                has_flink: memory.has_flink,
                started: memory.started,
                is_up: true,
                jobs: Jobs::Known(Vec::new()),
            };
            let step = memory.decide(&seen).unwrap().steps[0];
            ends(memory.act(&step)).unwrap();
        }
        run(&mut memory, &mut Attendant::new(Harm::None, 100)).unwrap();
        assert_eq!((memory.started, memory.has_flink, &memory.acted), (3, true, &whole.acted));
    }
}
