//! The deletion of a call link.

use anteroom_store::{DeleteLinkOutcome, LinkAddress, PasskeyHash, TransactionName};

use super::{
    Links,
    admin::{AdminAttempt, AdminRefusal, AdminRequest},
};
use crate::domain::failure::DecisionFailure;

impl Links {
    /// Deletes the link, and ends its call if the request says so.
    pub(crate) async fn delete(
        &self,
        request: &AdminRequest,
        ends_call: bool,
    ) -> Result<(), AdminRefusal> {
        let AdminAttempt { attempt, passkey } = self.begin_attempt(request, ends_call).await?;
        let address = &request.address;
        let stored = self.store_delete(address, &passkey, ends_call).await;
        let was_wrong = matches!(stored, Ok(DeleteLinkOutcome::WrongPasskey));
        attempt.end(&self.limits, was_wrong).await;
        match stored? {
            DeleteLinkOutcome::Deleted => {}
            DeleteLinkOutcome::UnknownRoom => return Err(AdminRefusal::UnknownLink),
            DeleteLinkOutcome::WrongPasskey => return Err(AdminRefusal::WrongPasskey),
            DeleteLinkOutcome::CallOn => return Err(AdminRefusal::CallOn),
        }
        self.events.emit("call_link.deleted", &address.room);
        // The room has a call only if the request ends it, or a lobby whose era never started.
        self.calls.end(&address.room).await;
        Ok(())
    }

    async fn store_delete(
        &self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        ends_call: bool,
    ) -> Result<DeleteLinkOutcome, DecisionFailure> {
        const NAME: TransactionName = TransactionName::new("delete link");
        let mut transaction = self.transactions.begin(NAME).await?;
        let now = self.clock.now();
        let outcome = transaction
            .delete_link(address, passkey, ends_call, now)
            .await?;
        if outcome == DeleteLinkOutcome::Deleted {
            transaction.save().await?;
        }
        Ok(outcome)
    }
}
