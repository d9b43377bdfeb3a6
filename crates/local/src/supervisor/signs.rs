//! Processes that live and do not work: what is stopped or hangs is killed, and JobManagers that their ZooKeeper has forgotten are
//! started again.

use std::collections::BTreeMap;
use std::time::Instant;

use nutkin_core::supervision::life as signs;
use rustix::process::Signal;

use super::Supervisor;
use super::process::{Process, State};
use crate::launch::Role;
use crate::{life, silent};

impl Supervisor<'_> {
    /// Kills what has been stopped or silent for longer than the others wait for it; its end has it started again.
    pub(super) fn kill_silent(&mut self, now: Instant) {
        let mut lively = 0;
        for process in self.processes.values_mut() {
            let State::Running { living } = &mut process.state else { continue };
            living.stopped = silent::since(living.pid, living.stopped, now);
            lively += usize::from(process.role == Role::JobManager && living.stopped.is_none());
        }
        self.listen(now);
        let hangs_after = signs::patience(self.patience);
        let mut notes = Vec::new();
        for (name, process) in &mut self.processes {
            let State::Running { living } = &mut process.state else { continue };
            let silence = living.life.silence(now - living.since);
            living.hangs = hangs_after <= silence;
            let reason = match living.stopped {
                Some(stopped) if self.patience <= now - stopped => {
                    "was stopped (SIGSTOP)".to_owned()
                }
                None if living.hangs => {
                    format!("gave no sign of life for {} s", silence.as_secs())
                }
                _ => continue,
            };
            // A JobManager that hangs is not another one itself.
            let hangs = process.role == Role::JobManager && living.stopped.is_none();
            if silent::may_go(process.role, lively - usize::from(hangs)) {
                notes.push(format!("{name} {reason}: it is killed and started again"));
                living.killed_for = Some(format!("{reason} and was killed"));
                living.signal(Signal::KILL);
            }
        }
        for note in notes {
            self.note(&note);
        }
    }

    /// Once a ZooKeeper that had ended is there again: JobManagers whose sessions it has outstayed are started again.
    pub(super) fn follow_zookeeper(&mut self) {
        let Some(since) = self.zookeeper_away else { return };
        let Some((port, session)) = self.zookeeper.filter(|_| !self.ending) else {
            self.zookeeper_away = None;
            return;
        };
        if !silent::listens(port) {
            return;
        }
        self.zookeeper_away = None;
        let away = since.elapsed();
        if signs::lost_sessions(away, session) {
            self.restart_job_managers(&format!("ZooKeeper was away for {} s", away.as_secs()));
        }
    }

    /// Starts those again that run, in good order.
    fn restart_job_managers(&mut self, reason: &str) {
        for name in self.names(|process| process.role == Role::JobManager) {
            let Some(process) = self.processes.get_mut(&name) else { continue };
            if matches!(process.state, State::Running { .. }) {
                process.last_end = Some(format!("restarted: {reason}"));
                process.restarts += 1;
                self.note(&format!("{name} is started again: {reason}"));
                self.end(&name);
            }
        }
    }

    /// Notes the signs of life since the last look, and asks for the next ones.
    fn listen(&mut self, now: Instant) {
        if !silent::is_in_time(self.looked.replace(now), now) {
            self.question = None;
            for process in self.processes.values_mut() {
                if let State::Running { living } = &mut process.state {
                    living.life.note(signs::Sign::Unclear, now - living.since);
                }
            }
        }
        let answers = match self.question.take().map(life::Question::answers) {
            Some(Err(unanswered)) => {
                self.question = Some(unanswered);
                return;
            }
            Some(Ok(answers)) => answers,
            None => BTreeMap::new(),
        };
        self.question = life::Question::ask(self.addresses.clone());
        let since_start = now - self.started;
        let is_young = |process: &Process| {
            process.role == Role::JobManager
                && process.living().is_none_or(|one| now - one.since < signs::ELECTION)
        };
        if self.processes.values().any(is_young) {
            self.leadership.wait();
        } else if self.zookeeper.is_some() && self.leadership.is_lost(&answers, since_start) {
            self.restart_job_managers("none of them led for a minute");
        }
        let task_managers = self.names(|process| process.role == Role::TaskManager);
        let found = signs::signs(&answers, &task_managers);
        for (name, process) in &mut self.processes {
            let State::Running { living } = &mut process.state else { continue };
            let lived = now - living.since;
            // Who did not run yet when it was asked was not heard.
            if let Some(sign) = found.get(name).filter(|_| silent::LOOK_EVERY <= lived) {
                living.life.note(*sign, lived);
            }
        }
    }
}
