//! The update of a call link.

use anteroom_store::{
    CallLinkRecord, LinkAddress, LinkUpdate, PasskeyHash, TransactionName, UpdateLinkOutcome,
};

use super::{
    Links,
    admin::{AdminRefusal, AdminRequest},
};

impl Links {
    /// Updates the link. Its call follows, or ends if the update says so.
    pub(crate) async fn update(
        &self,
        request: &AdminRequest,
        update: &LinkUpdate,
    ) -> Result<CallLinkRecord, AdminRefusal> {
        let ends_call = update.end_call;
        let attempt = self.begin_attempt(request, ends_call).await?;
        let (address, passkey) = (&request.address, &attempt.passkey);
        let stored = self.store_update(address, passkey, update).await;
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
        address: &LinkAddress,
        passkey: &PasskeyHash,
        update: &LinkUpdate,
    ) -> Result<CallLinkRecord, AdminRefusal> {
        const NAME: TransactionName = TransactionName::new("update link");
        let mut rng = self.context.entropy.rng();
        let mut transaction = self.context.transactions.begin(NAME).await?;
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
}
