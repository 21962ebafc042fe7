//! The update and the deletion of a call link, which need its passkey.

use anteroom_protocol::{AuthPresentation, OpaqueUserId};
use anteroom_runtime::{ClientAddress, RetryAfter};
use anteroom_store::{
    CallLinkRecord, DeleteLinkOutcome, LinkAddress, LinkUpdate, PasskeyHash, UpdateLinkOutcome,
};

use super::Links;
use crate::domain::{
    failure::{ClaimRefusal, DecisionFailure},
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
struct AdminAttempt {
    attempt: PasskeyAttempt,
    address: LinkAddress,
    passkey: PasskeyHash,
}

impl AdminAttempt {
    /// Ends the attempt at the passkey by the outcome of the statement that has compared it.
    async fn end<T>(
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
    async fn begin_attempt(
        &self,
        request: AdminRequest,
        ends_call: bool,
    ) -> Result<AdminAttempt, AdminRefusal> {
        let (context, address) = (&self.context, request.address);
        // Without the call: a damaged record of it must not keep an admin from ending it.
        let mut reader = context.transactions.read("look at link").await?;
        let link = reader.link(&address, context.now()).await;
        drop(reader);
        let link = link.map_err(DecisionFailure::from)?;
        let link = link.ok_or(AdminRefusal::UnknownLink)?;
        let proof = Presentation::Auth(&request.presentation, &link.zkparams, None);
        let holder = context.verifier.holder(proof, request.client).await?;
        if holder.is_none() {
            return Err(ClaimRefusal::Forbidden.into());
        }
        let user = OpaqueUserId::of_ciphertext(&request.presentation.user_id());
        if ends_call && context.node.has_media_servers {
            return Err(AdminRefusal::EndUnsupported);
        }
        let attempt = PasskeyAttempt::begin(&context.limits, user.as_str()).await;
        let attempt = attempt.map_err(AdminRefusal::RateLimited)?;
        let keys = context.transactions.database.storage_keys();
        let passkey = keys.passkey_hash(&address.room, request.passkey.as_bytes());
        Ok(AdminAttempt {
            attempt,
            address,
            passkey,
        })
    }

    /// Updates the link. Its call follows, or ends if the update says so.
    pub(crate) async fn update(
        &self,
        request: AdminRequest,
        update: &LinkUpdate,
    ) -> Result<CallLinkRecord, AdminRefusal> {
        let ends_call = update.end_call;
        let attempt = self.begin_attempt(request, ends_call).await?;
        let stored = self.store_update(&attempt, update).await;
        let link = attempt.end(&self.context.limits, stored).await?;
        self.context.events.emit_update(&link.room, link.revoked);
        if ends_call {
            self.calls.end(&link.room).await;
        } else {
            self.calls.link_changed(&link.room).await;
        }
        Ok(link)
    }

    async fn store_update(
        &self,
        AdminAttempt {
            address, passkey, ..
        }: &AdminAttempt,
        update: &LinkUpdate,
    ) -> Result<CallLinkRecord, AdminRefusal> {
        let mut rng = self.context.entropy.rng();
        let mut transaction = self.context.transactions.begin("update link").await?;
        let now = self.context.now();
        let updated = transaction.update_link(address, passkey, update, now, &mut *rng);
        match updated.await? {
            UpdateLinkOutcome::Updated(link) => {
                transaction.save().await?;
                Ok(link)
            }
            UpdateLinkOutcome::UnknownRoom => Err(AdminRefusal::UnknownLink),
            UpdateLinkOutcome::WrongPasskey => Err(AdminRefusal::WrongPasskey),
            UpdateLinkOutcome::CallOn => Err(AdminRefusal::CallOn),
        }
    }

    /// Deletes the link, and ends its call if the request says so.
    pub(crate) async fn delete(
        &self,
        request: AdminRequest,
        ends_call: bool,
    ) -> Result<(), AdminRefusal> {
        let attempt = self.begin_attempt(request, ends_call).await?;
        let room = attempt.address.room.clone();
        let stored = self.store_delete(&attempt, ends_call).await;
        attempt.end(&self.context.limits, stored).await?;
        self.context.events.emit("call_link.deleted", &room);
        // The room has a call only if the request ends it, or a lobby whose era never started.
        self.calls.end(&room).await;
        Ok(())
    }

    async fn store_delete(
        &self,
        AdminAttempt {
            address, passkey, ..
        }: &AdminAttempt,
        ends_call: bool,
    ) -> Result<(), AdminRefusal> {
        let mut transaction = self.context.transactions.begin("delete link").await?;
        let now = self.context.now();
        let deleted = transaction.delete_link(address, passkey, ends_call, now);
        match deleted.await? {
            DeleteLinkOutcome::Deleted => Ok(transaction.save().await?),
            DeleteLinkOutcome::UnknownRoom => Err(AdminRefusal::UnknownLink),
            DeleteLinkOutcome::WrongPasskey => Err(AdminRefusal::WrongPasskey),
            DeleteLinkOutcome::CallOn => Err(AdminRefusal::CallOn),
        }
    }
}
