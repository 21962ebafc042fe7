//! The deletion of a device and its sessions.

use anteroom_protocol::Aci;
use anteroom_store::{DeviceId, TransactionName};

use crate::{
    domain::{
        callers::caller::Caller,
        devices::{
            changes::{ChangeCause, DeviceChange},
            owner::is_own_device,
        },
        failure::Failure,
        login::recent::{NotRecent, RecentProof},
        renewal::{RenewalCause, RenewalPermit},
    },
    state::AccountsState,
};

/// The outcomes of a deletion.
pub(crate) enum DeleteOutcome {
    NotRecent(NotRecent),
    NotFound,
    Deleted(DeviceChange),
}

/// Deletes a device. Another device than the calling one needs a recent login.
///
/// # Errors
/// The database is unavailable, or too many passwords wait for their hash.
pub(crate) async fn delete(
    accounts: &AccountsState,
    caller: &Caller,
    owner: &Aci,
    device: DeviceId,
    proof: RecentProof<'_>,
) -> Result<DeleteOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let is_another = !is_own_device(caller, owner, device);
    if is_another && let Err(reason) = proof.check(accounts, caller).await? {
        return Ok(DeleteOutcome::NotRecent(reason));
    }
    let cause = ChangeCause::Account(caller.account.aci);
    // The deleted device leaves the others none of the limits that it has used up.
    let renewal = match is_another {
        true => RenewalPermit::take(&accounts.limits, RenewalCause::Removal, owner).await,
        false => None,
    };
    let change = accounts
        .storage
        .stored(async {
            let mut transaction = accounts.storage.database.begin(NAME).await?;
            let change = accounts
                .storage
                .device_changes(&mut *transaction, accounts.now())
                .delete(owner, device, cause)
                .await?;
            if change.is_some() && renewal.is_some() {
                transaction.renew_limits(owner).await?;
            }
            transaction.save().await?;
            Ok(change)
        })
        .await;
    if let Some(renewal) = renewal
        && !matches!(change, Ok(Some(_)))
    {
        renewal.refund(&accounts.limits).await;
    }
    Ok(change?.map_or(DeleteOutcome::NotFound, DeleteOutcome::Deleted))
}
