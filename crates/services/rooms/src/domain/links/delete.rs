//! The deletion of a call link.

use anteroom_store::{DeleteLinkOutcome, LinkAddress, PasskeyHash, TransactionName};

use super::{
    Links,
    admin::{AdminRefusal, AdminRequest},
};

impl Links {
    /// Deletes the link, and ends its call if the request says so.
    pub(crate) async fn delete(
        &self,
        request: &AdminRequest,
        ends_call: bool,
    ) -> Result<(), AdminRefusal> {
        let attempt = self.begin_attempt(request, ends_call).await?;
        let address = &request.address;
        let passkey = &attempt.passkey;
        let stored = self.store_delete(address, passkey, ends_call).await;
        attempt.end(&self.context.limits, stored).await?;
        self.context.events.emit("call_link.deleted", &address.room);
        // The room has a call only if the request ends it, or a lobby whose era never started.
        self.calls.end(&address.room).await;
        Ok(())
    }

    async fn store_delete(
        &self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        ends_call: bool,
    ) -> Result<(), AdminRefusal> {
        const NAME: TransactionName = TransactionName::new("delete link");
        let mut transaction = self.context.transactions.begin(NAME).await?;
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
