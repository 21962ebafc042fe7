//! New names and deletions of devices.

use std::sync::Arc;

use anteroom_protocol::Aci;
use anteroom_store::{DeviceId, DeviceName, TransactionName};

use crate::{
    domain::{
        callers::caller::Caller,
        devices::{
            announcement::announce,
            changes::{ChangeCause, DeviceChange},
            owner::is_own_device,
        },
        failure::Failure,
        login::recent::{NotRecent, RecentProof},
        renewal::{RenewalCause, RenewalPermit},
        storage::stored,
    },
    state::AccountsState,
};

/// The outcomes of a change of a device.
pub(crate) enum ManageOutcome {
    NotRecent(NotRecent),
    NotFound,
    Changed,
}

/// Renames a device. Another device than the calling one needs a recent login.
pub(crate) async fn rename(
    accounts: &Arc<AccountsState>,
    caller: &Caller,
    owner: &Aci,
    device: DeviceId,
    name: &DeviceName,
    proof: RecentProof<'_>,
) -> Result<ManageOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("rename device");
    if !is_own_device(caller, owner, device)
        && let Err(reason) = proof.check(accounts, caller).await?
    {
        return Ok(ManageOutcome::NotRecent(reason));
    }
    let cause = ChangeCause::Account(caller.account.aci);
    let storage = &accounts.storage;
    let mut rng = storage.entropy.rng();
    let change = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let mut changes = storage.device_changes(&mut *transaction, accounts.now());
        let change = changes
            .rename(owner, device, name, cause, &mut *rng)
            .await?;
        transaction.save().await?;
        Ok(change)
    });
    Ok(announced(accounts, change.await?))
}

/// Deletes a device. Another device than the calling one needs a recent login.
pub(crate) async fn delete(
    accounts: &Arc<AccountsState>,
    caller: &Caller,
    owner: &Aci,
    device: DeviceId,
    proof: RecentProof<'_>,
) -> Result<ManageOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let is_another = !is_own_device(caller, owner, device);
    if is_another && let Err(reason) = proof.check(accounts, caller).await? {
        return Ok(ManageOutcome::NotRecent(reason));
    }
    let cause = ChangeCause::Account(caller.account.aci);
    let (limits, storage) = (&accounts.limits, &accounts.storage);
    // The deleted device leaves the others none of the limits that it has used up.
    let renewal = match is_another {
        true => RenewalPermit::take(limits, RenewalCause::Removal, owner).await,
        false => None,
    };
    let change = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let mut changes = storage.device_changes(&mut *transaction, accounts.now());
        let change = changes.delete(owner, device, cause).await?;
        if change.is_some() && renewal.is_some() {
            transaction.renew_limits(owner).await?;
        }
        transaction.save().await?;
        Ok(change)
    })
    .await;
    RenewalPermit::settle(renewal, limits, matches!(change, Ok(Some(_)))).await;
    Ok(announced(accounts, change?))
}

/// Announces a change. Without a change, the account does not have the device.
fn announced(accounts: &Arc<AccountsState>, change: Option<DeviceChange>) -> ManageOutcome {
    match change {
        None => ManageOutcome::NotFound,
        Some(change) => {
            announce(accounts, &[change]);
            ManageOutcome::Changed
        }
    }
}
