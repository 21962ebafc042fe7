//! The steps that an update and a delete share, up to the statement that compares the passkey.

use anteroom_protocol::{AuthPresentation, OpaqueUserId};
use anteroom_runtime::{ClientAddress, RetryAfter};
use anteroom_store::{LinkAddress, PasskeyHash, TransactionName};

use super::Links;
use crate::domain::{
    failure::DecisionFailure, limits::PasskeyAttempt, passkey::Passkey, transactions::failed,
    verification::Presentation,
};

/// A request of a holder of a link who has its passkey.
pub(crate) struct AdminRequest {
    pub(crate) address: LinkAddress,
    pub(crate) presentation: Box<AuthPresentation>,
    pub(crate) passkey: Passkey,
    pub(crate) client: ClientAddress,
}

/// The reason why a link is neither updated nor deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdminRefusal {
    UnknownLink,
    /// The presentation does not hold for the link.
    Forbidden,
    /// Calls on media servers cannot be ended from here.
    EndUnsupported,
    /// The user has sent too many wrong passkeys.
    RateLimited(RetryAfter),
    WrongPasskey,
    /// The link cannot change while its call is on.
    CallOn,
}

/// An admitted request, up to the comparison of the passkey.
pub(super) struct AdminAttempt {
    pub(super) attempt: PasskeyAttempt,
    pub(super) passkey: PasskeyHash,
}

impl Links {
    /// Reads the link, verifies the presentation and starts an attempt at the passkey.
    ///
    /// # Errors
    /// [`DecisionFailure`].
    pub(super) async fn begin_attempt(
        &self,
        request: &AdminRequest,
        ends_call: bool,
    ) -> Result<Result<AdminAttempt, AdminRefusal>, DecisionFailure> {
        const LOOK: TransactionName = TransactionName::new("look at link");
        let address = &request.address;
        let mut reader = self.transactions.read(LOOK).await?;
        let found = reader.link(address, self.clock.now()).await;
        drop(reader);
        let Some(link) = found.map_err(failed)? else {
            return Ok(Err(AdminRefusal::UnknownLink));
        };
        let proof = Presentation::Auth(&request.presentation, &link.zkparams);
        if !self.verifier.holds(proof, request.client).await? {
            return Ok(Err(AdminRefusal::Forbidden));
        }
        if ends_call && !self.can_end_calls {
            return Ok(Err(AdminRefusal::EndUnsupported));
        }
        let user = OpaqueUserId::of_ciphertext(&request.presentation.user_id());
        let attempt = match PasskeyAttempt::begin(&self.limits, user.as_str()).await {
            Ok(attempt) => attempt,
            Err(after) => return Ok(Err(AdminRefusal::RateLimited(after))),
        };
        let keys = self.transactions.database.storage_keys();
        let passkey = keys.passkey_hash(&address.room, request.passkey.as_bytes());
        Ok(Ok(AdminAttempt { attempt, passkey }))
    }
}
