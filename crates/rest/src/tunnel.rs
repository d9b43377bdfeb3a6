//! What keeps a way to a session open.

use std::sync::Arc;

use tokio::task::JoinHandle;

/// A way to a session that closes when the last copy of this is dropped.
#[derive(Debug, Clone)]
pub struct Tunnel {
    _task: Arc<Task>,
}

impl Tunnel {
    /// The way that this task keeps open.
    pub fn of(task: JoinHandle<()>) -> Self {
        Self { _task: Arc::new(Task(task)) }
    }
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
