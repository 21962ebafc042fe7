//! The update of a call link.

use anteroom_store::{
    CallLinkRecord, LinkAddress, LinkUpdate, PasskeyHash, TransactionName, UpdateLinkOutcome,
};

use super::{
    Links,
    admin::{AdminAttempt, AdminRefusal, AdminRequest},
};
use crate::domain::failure::DecisionFailure;

impl Links {
    /// Updates the link. Its call follows, or ends if the update says so.
    pub(crate) async fn update(
        &self,
        request: &AdminRequest,
        update: &LinkUpdate,
    ) -> Result<CallLinkRecord, AdminRefusal> {
        let ends_call = update.end_call;
        let AdminAttempt { attempt, passkey } = self.begin_attempt(request, ends_call).await?;
        let stored = self.store_update(&request.address, &passkey, update).await;
        let was_wrong = matches!(stored, Ok(UpdateLinkOutcome::WrongPasskey));
        attempt.end(&self.limits, was_wrong).await;
        let link = match stored? {
            UpdateLinkOutcome::Updated(link) => link,
            UpdateLinkOutcome::UnknownRoom => return Err(AdminRefusal::UnknownLink),
            UpdateLinkOutcome::WrongPasskey => return Err(AdminRefusal::WrongPasskey),
            UpdateLinkOutcome::CallOn => return Err(AdminRefusal::CallOn),
        };
        self.events.emit_update(&link.room, link.revoked);
        if ends_call {
            self.calls.end(&link.room).await;
        } else {
            self.calls.link_changed(&link.room).await;
        }
        Ok(link)
    }

    async fn store_update(
        &self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        update: &LinkUpdate,
    ) -> Result<UpdateLinkOutcome, DecisionFailure> {
        const NAME: TransactionName = TransactionName::new("update link");
        let mut rng = self.entropy.rng();
        let mut transaction = self.transactions.begin(NAME).await?;
        let now = self.clock.now();
        let outcome = transaction
            .update_link(address, passkey, update, now, &mut *rng)
            .await?;
        if let UpdateLinkOutcome::Updated(_) = &outcome {
            transaction.save().await?;
        }
        Ok(outcome)
    }
}
