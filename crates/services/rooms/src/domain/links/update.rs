//! The update of a call link.

use anteroom_store::{
    CallLinkRecord, LinkAddress, LinkUpdate, PasskeyHash, TransactionName, UpdateLinkOutcome,
};

use super::{
    Links,
    admin::{AdminAttempt, AdminRefusal, AdminRequest},
};
use crate::domain::{
    failure::DecisionFailure,
    transactions::{DatabaseFailure, failed},
};

/// The outcome of an update.
#[expect(
    clippy::large_enum_variant,
    reason = "moved once, and mostly it is the large one"
)]
pub(crate) enum UpdateOutcome {
    Updated(CallLinkRecord),
    Refused(AdminRefusal),
}

impl Links {
    /// Updates the link. Its call follows, or ends if the update says so.
    ///
    /// # Errors
    /// [`DecisionFailure`].
    pub(crate) async fn update(
        &self,
        request: &AdminRequest,
        update: &LinkUpdate,
    ) -> Result<UpdateOutcome, DecisionFailure> {
        let AdminAttempt { attempt, passkey } =
            match self.begin_attempt(request, update.end_call).await? {
                Ok(attempt) => attempt,
                Err(refusal) => return Ok(UpdateOutcome::Refused(refusal)),
            };
        let stored = self.store_update(&request.address, &passkey, update).await;
        let was_wrong = matches!(stored, Ok(UpdateLinkOutcome::WrongPasskey));
        attempt.end(&self.limits, was_wrong).await;
        let link = match stored? {
            UpdateLinkOutcome::Updated(link) => link,
            UpdateLinkOutcome::UnknownRoom => {
                return Ok(UpdateOutcome::Refused(AdminRefusal::UnknownLink));
            }
            UpdateLinkOutcome::WrongPasskey => {
                return Ok(UpdateOutcome::Refused(AdminRefusal::WrongPasskey));
            }
            UpdateLinkOutcome::CallOn => return Ok(UpdateOutcome::Refused(AdminRefusal::CallOn)),
        };
        self.events.emit("call_link.updated", &link.room, |event| {
            event.with("revoked", link.revoked)
        });
        if update.end_call {
            self.calls.end(&link.room).await;
        } else {
            self.calls.link_changed(&link.room).await;
        }
        Ok(UpdateOutcome::Updated(link))
    }

    async fn store_update(
        &self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        update: &LinkUpdate,
    ) -> Result<UpdateLinkOutcome, DatabaseFailure> {
        const NAME: TransactionName = TransactionName::new("update link");
        let mut rng = self.entropy.rng();
        let mut transaction = self.transactions.begin(NAME).await?;
        let outcome = transaction
            .update_link(address, passkey, update, self.clock.now(), &mut *rng)
            .await
            .map_err(failed)?;
        if let UpdateLinkOutcome::Updated(_) = &outcome {
            transaction.save().await.map_err(failed)?;
        }
        Ok(outcome)
    }
}
