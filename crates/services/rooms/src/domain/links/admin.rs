//! The steps that an update and a delete share, up to the statement that compares the passkey.

use anteroom_protocol::{AuthPresentation, OpaqueUserId};
use anteroom_runtime::{ClientAddress, RetryAfter};
use anteroom_store::{LinkAddress, PasskeyHash, TransactionName};

use super::Links;
use crate::domain::{
    failure::ClaimRefusal,
    limits::{PasskeyAttempt, UserLimits},
    passkey::Passkey,
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
    Claim(ClaimRefusal),
    /// Calls on media servers cannot be ended from here.
    EndUnsupported,
    /// The user has sent too many wrong passkeys.
    RateLimited(RetryAfter),
    WrongPasskey,
    /// The link cannot change while its call is on.
    CallOn,
}

/// A verified request, up to the comparison of the passkey.
pub(super) struct AdminAttempt {
    attempt: PasskeyAttempt,
    pub(super) passkey: PasskeyHash,
}

impl AdminAttempt {
    /// Ends the attempt at the passkey by the outcome of the statement that has compared it.
    pub(super) async fn end<T>(
        self,
        limits: &UserLimits,
        stored: Result<T, AdminRefusal>,
    ) -> Result<T, AdminRefusal> {
        let was_wrong = matches!(stored, Err(AdminRefusal::WrongPasskey));
        self.attempt.end(limits, was_wrong).await;
        stored
    }
}

impl<F: Into<ClaimRefusal>> From<F> for AdminRefusal {
    fn from(refusal: F) -> Self {
        Self::Claim(refusal.into())
    }
}

impl Links {
    /// Reads the link, verifies the presentation and starts an attempt at the passkey.
    pub(super) async fn begin_attempt(
        &self,
        request: &AdminRequest,
        ends_call: bool,
    ) -> Result<AdminAttempt, AdminRefusal> {
        const LOOK: TransactionName = TransactionName::new("look at link");
        let address = &request.address;
        let context = &self.context;
        let mut reader = context.transactions.read(LOOK).await?;
        let link = reader.link(address, context.now()).await;
        drop(reader);
        let link = link?.ok_or(AdminRefusal::UnknownLink)?;
        let proof = Presentation::Auth(&request.presentation, &link.zkparams);
        if !context.verifier.holds(proof, request.client).await? {
            return Err(ClaimRefusal::Forbidden.into());
        }
        if ends_call && context.node.has_media_servers() {
            return Err(AdminRefusal::EndUnsupported);
        }
        let user = OpaqueUserId::of_ciphertext(&request.presentation.user_id());
        let attempt = PasskeyAttempt::begin(&context.limits, user.as_str()).await;
        let attempt = attempt.map_err(AdminRefusal::RateLimited)?;
        let keys = context.transactions.database.storage_keys();
        let passkey = keys.passkey_hash(&address.room, request.passkey.as_bytes());
        Ok(AdminAttempt { attempt, passkey })
    }
}
