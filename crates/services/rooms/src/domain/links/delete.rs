//! The deletion of a call link.

use anteroom_store::{DeleteLinkOutcome, LinkAddress, PasskeyHash, TransactionName};

use super::{
    Links,
    admin::{AdminAttempt, AdminRefusal, AdminRequest},
};
use crate::domain::{
    failure::DecisionFailure,
    transactions::{DatabaseFailure, failed},
};

/// The outcome of a delete.
pub(crate) enum DeleteOutcome {
    Deleted,
    Refused(AdminRefusal),
}

impl Links {
    /// Deletes the link, and ends its call if the request says so.
    ///
    /// # Errors
    /// [`DecisionFailure`].
    pub(crate) async fn delete(
        &self,
        request: &AdminRequest,
        ends_call: bool,
    ) -> Result<DeleteOutcome, DecisionFailure> {
        let AdminAttempt { attempt, passkey } = match self.begin_attempt(request, ends_call).await?
        {
            Ok(attempt) => attempt,
            Err(refusal) => return Ok(DeleteOutcome::Refused(refusal)),
        };
        let address = &request.address;
        let stored = self.store_delete(address, &passkey, ends_call).await;
        let was_wrong = matches!(stored, Ok(DeleteLinkOutcome::WrongPasskey));
        attempt.end(&self.limits, was_wrong).await;
        Ok(match stored? {
            DeleteLinkOutcome::Deleted => {
                self.events
                    .emit("call_link.deleted", &address.room, |event| event);
                // The room has a call only if the request ends it, or a lobby whose era never
                // started.
                self.calls.end(&address.room).await;
                DeleteOutcome::Deleted
            }
            DeleteLinkOutcome::UnknownRoom => DeleteOutcome::Refused(AdminRefusal::UnknownLink),
            DeleteLinkOutcome::WrongPasskey => DeleteOutcome::Refused(AdminRefusal::WrongPasskey),
            DeleteLinkOutcome::CallOn => DeleteOutcome::Refused(AdminRefusal::CallOn),
        })
    }

    async fn store_delete(
        &self,
        address: &LinkAddress,
        passkey: &PasskeyHash,
        ends_call: bool,
    ) -> Result<DeleteLinkOutcome, DatabaseFailure> {
        const NAME: TransactionName = TransactionName::new("delete link");
        let mut transaction = self.transactions.begin(NAME).await?;
        let outcome = transaction
            .delete_link(address, passkey, ends_call, self.clock.now())
            .await
            .map_err(failed)?;
        if outcome == DeleteLinkOutcome::Deleted {
            transaction.save().await.map_err(failed)?;
        }
        Ok(outcome)
    }
}
