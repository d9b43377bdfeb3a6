//! A JobManager that is lost: its session with ZooKeeper is closed. Without high availability its TaskManagers are ended, and a command has its jobs go on.

use std::time::Instant;

use nutkin_core::supervision;
use rustix::process::Signal;

use super::Supervisor;
use super::process::State;
use crate::launch::Role;
use crate::let_go;

impl Supervisor<'_> {
    /// Whether one lives.
    pub(super) fn has_job_manager(&self) -> bool {
        self.processes.values().any(|one| one.role == Role::JobManager && one.living().is_some())
    }

    /// Kills the TaskManagers that run, which are started again: tasks of a lost JobManager would go on writing for as long as its
    /// heartbeat is waited for, and no job of the same id would start beside them (FLINK-32212).
    pub(super) fn end_task_managers(&mut self) {
        for name in self.names(|process| process.role == Role::TaskManager) {
            let Some(mut process) = self.processes.remove(&name) else { continue };
            if let State::Running { living } = process.state {
                living.signal(Signal::KILL);
                self.note(&format!("{name} is started again: its JobManager is lost"));
                process.restarts += 1;
                process.last_end = Some("was killed, because its JobManager was lost".to_owned());
                process.state =
                    State::Ending { living, kill_at: Instant::now() + supervision::GRACE };
            }
            self.processes.insert(name, process);
        }
    }

    /// Closes the session of a JobManager that has ended with the ZooKeeper of these orders, before it is started again: another one
    /// leads at once. Where that fails it lasts until its timeout.
    pub(super) fn let_go(&self, job_manager: &str) {
        let (Some((port, _)), Some(definition)) = (self.zookeeper, self.orders.get(job_manager))
        else {
            return;
        };
        let Some(session) = let_go::session(&definition.log) else { return };
        let what = match let_go::close(port, session) {
            Ok(true) => "is closed".to_owned(),
            Ok(false) => return,
            Err(error) => format!("lasts until its timeout: {error}"),
        };
        self.note(&format!("{job_manager}: its session with ZooKeeper {what}"));
    }

    /// Has the jobs go on of a JobManager that was lost, now that there is another one.
    pub(super) fn recover(&mut self, job_manager: &str) {
        let Some(definition) = self.orders.get(job_manager) else { return };
        self.is_lost = false;
        let begun = self.recovery.begin(self.directory, &self.token, &definition.environment);
        if let Err(error) = begun {
            self.note(&format!("jobs do not go on by themselves: {error}"));
        }
    }
}
