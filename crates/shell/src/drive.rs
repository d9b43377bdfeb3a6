//! What a driver drives: one session on one platform, which can be looked at, decided about and acted on.

use nutkin_core::decide::Decision;

use crate::Error;

/// One session on one platform, and what is wanted of it. It keeps what it has to remember between two turns (that its
/// supervisor was told to read orders, what an answer of the API server said), never what it has decided.
///
/// ```text
///      ┌───────────────► observe ──► decide (pure) ──► act, step by step ───────────┐
///      └──────────────────────────────── Again::Look, Again::Wait ◄─────────────────┘
/// ```
#[allow(
    async_fn_in_trait,
    reason = "a driver runs on one thread, and nobody needs these futures to move"
)]
pub trait Shell {
    /// What there is, as plain data.
    type Seen;
    /// One thing to do, as plain data.
    type Step;

    /// Looks at what there is. Creates, pulls, installs and takes over nothing.
    ///
    /// # Errors
    /// It cannot be looked at.
    async fn observe(&mut self) -> Result<Self::Seen, Error>;

    /// What is to be done. Touches nothing, and says the same of the same.
    ///
    /// # Errors
    /// What is wanted is wrong, or cannot be had as things are.
    fn decide(&self, seen: &Self::Seen) -> Result<Decision<Self::Step>, Error>;

    /// Does one step, if things are still as they were seen.
    ///
    /// # Errors
    /// [`Kind::Conflict`](crate::Kind::Conflict): somebody else was faster; whoever drives looks again.
    async fn act(&mut self, step: &Self::Step) -> Result<(), Error>;

    /// Whether a step has changed anything that somebody can see. Where nothing is asked before something is created, it
    /// is the creation; elsewhere any step may have.
    fn has_begun(&self) -> bool {
        true
    }
}
