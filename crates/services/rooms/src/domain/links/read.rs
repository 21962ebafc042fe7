//! The state of a call link.

use anteroom_protocol::AuthPresentation;
use anteroom_runtime::ClientAddress;
use anteroom_store::{CallLinkRecord, LinkAddress, TransactionName};

use super::Links;
use crate::domain::{failure::DecisionFailure, verification::Presentation};

/// The outcome of a read.
pub(crate) enum ReadOutcome {
    Link(Box<CallLinkRecord>),
    UnknownLink,
    /// The presentation does not hold for the link.
    Forbidden,
}

impl Links {
    /// Reads the link for a holder of it.
    ///
    /// # Errors
    /// [`DecisionFailure`].
    pub(crate) async fn read(
        &self,
        address: &LinkAddress,
        presentation: &AuthPresentation,
        client: ClientAddress,
    ) -> Result<ReadOutcome, DecisionFailure> {
        const NAME: TransactionName = TransactionName::new("read link");
        let Some(found) = self.transactions.look_up(NAME, address).await? else {
            return Ok(ReadOutcome::UnknownLink);
        };
        let link = found.link;
        let proof = Presentation::Auth(presentation, &link.zkparams);
        Ok(match self.verifier.holds(proof, client).await? {
            true => ReadOutcome::Link(Box::new(link)),
            false => ReadOutcome::Forbidden,
        })
    }
}
