//! What the operator has `nutkin up` do.

use nutkin_shell::Error;

use super::super::{up, wanted};
use crate::Context;
use crate::operator::{Hands, SessionWish};

/// Those of the command line.
#[derive(Debug)]
pub(super) struct CommandHands;

impl Hands for CommandHands {
    async fn bring(&self, wish: &SessionWish, context: &Context<'_>) -> Result<(), Error> {
        let SessionWish { session, wanted, place, base } = wish.clone();
        let wish = wanted::Wish { session, place, base, wanted, of_ledger: None };
        Box::pin(up::unasked(&wish, context)).await
    }
}
