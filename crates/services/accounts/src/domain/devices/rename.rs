//! New names of devices.

use anteroom_protocol::Aci;
use anteroom_store::{DeviceId, DeviceName, TransactionName};

use crate::{
    domain::{
        callers::caller::Caller,
        devices::{
            changes::{ChangeCause, DeviceChange},
            owner::is_own_device,
        },
        failure::Failure,
        login::recent::{NotRecent, RecentProof},
    },
    state::AccountsState,
};

/// The outcomes of a new name.
pub(crate) enum RenameOutcome {
    NotRecent(NotRecent),
    NotFound,
    Renamed(DeviceChange),
}

/// Renames a device. Another device than the calling one needs a recent login.
///
/// # Errors
/// The database is unavailable, or too many passwords wait for their hash.
pub(crate) async fn rename(
    accounts: &AccountsState,
    caller: &Caller,
    owner: &Aci,
    device: DeviceId,
    name: &DeviceName,
    proof: RecentProof<'_>,
) -> Result<RenameOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("rename device");
    if !is_own_device(caller, owner, device)
        && let Err(reason) = proof.check(accounts, caller).await?
    {
        return Ok(RenameOutcome::NotRecent(reason));
    }
    let cause = ChangeCause::Account(caller.account.aci);
    let mut rng = accounts.storage.entropy.rng();
    let change = accounts
        .storage
        .stored(async {
            let mut transaction = accounts.storage.database.begin(NAME).await?;
            let change = accounts
                .storage
                .device_changes(&mut *transaction, accounts.now())
                .rename(owner, device, name, cause, &mut *rng)
                .await?;
            transaction.save().await?;
            Ok(change)
        })
        .await?;
    Ok(change.map_or(RenameOutcome::NotFound, RenameOutcome::Renamed))
}
