//! The state of a call link.

use anteroom_protocol::AuthPresentation;
use anteroom_runtime::ClientAddress;
use anteroom_store::{CallLinkRecord, LinkAddress, TransactionName};

use super::Links;
use crate::domain::{failure::ClaimRefusal, verification::Presentation};

impl Links {
    /// Reads the link for a holder of it; `None` if there is no such link.
    pub(crate) async fn read(
        &self,
        address: &LinkAddress,
        presentation: &AuthPresentation,
        client: ClientAddress,
    ) -> Result<Option<CallLinkRecord>, ClaimRefusal> {
        const NAME: TransactionName = TransactionName::new("read link");
        let Some(found) = self.context.transactions.look_up(NAME, address).await? else {
            return Ok(None);
        };
        let proof = Presentation::Auth(presentation, &found.link.zkparams);
        match self.context.verifier.holds(proof, client).await? {
            true => Ok(Some(found.link)),
            false => Err(ClaimRefusal::Forbidden),
        }
    }
}
