//! The async runtime of one command: one thread, as a command waits far more than it works.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use nutkin_shell::Error;

/// How long a thread that unpacks may take to notice that it is no longer wanted, and to clean up. One that hangs in
/// a read of a dead network disk never does.
const CLEANING: Duration = Duration::from_secs(3);

/// Runs a command's future to its end.
///
/// # Errors
/// Those of the command, and a system that allows no event queue.
pub fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(future);
    runtime.shutdown_timeout(CLEANING);
    outcome
}

/// Does something unless Ctrl-C is pressed, which ends it where it is. `left` says what is left then.
///
/// # Errors
/// Those of the work; what `left` says; a system that allows no signal handler.
pub fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Error>>,
    left: impl FnOnce() -> Error,
) -> impl Future<Output = Result<T, Error>> {
    // On the heap: a whole command is in it.
    let work = Box::pin(work);
    async move {
        let mut interrupt = Interrupt::listen()?;
        tokio::select! {
            // Ctrl-C ends the programs that we have started, too, whose failure would be no news.
            biased;
            () = interrupt.pressed() => Err(left()),
            done = work => done,
        }
    }
}

/// The wish that this process ends: of Kubernetes (SIGTERM), or of somebody at a keyboard.
#[derive(Debug)]
pub struct Terminated(Signal, Signal);

impl Terminated {
    /// Takes both signals away from the system.
    ///
    /// # Errors
    /// The system allows no signal handler.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    /// Waits for either.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// Ctrl-C, heard from the moment of [`Interrupt::listen`] on: one that is pressed while nobody waits for it is not
/// lost, as it would be between two calls of `tokio::signal::ctrl_c`.
#[derive(Debug)]
pub struct Interrupt(Signal);

impl Interrupt {
    /// Takes Ctrl-C away from the system.
    ///
    /// # Errors
    /// The system allows no signal handler.
    pub fn listen() -> std::io::Result<Self> {
        signal(SignalKind::interrupt()).map(Self)
    }

    /// Waits until it is pressed, or was since the last call.
    pub async fn pressed(&mut self) {
        self.0.recv().await;
    }
}
