//! The registration of a device by another one of its account.

use std::sync::Arc;

use anteroom_store::{
    AccountKind, DeviceId, DeviceName, DeviceOrigin, DevicePassword, TransactionName,
};

use crate::{
    domain::{
        callers::caller::Caller,
        devices::{
            announcement::announce,
            registration::{NewDevice, register},
        },
        failure::Failure,
        login::recent::{NotRecent, RecentProof},
        storage::stored,
    },
    state::AccountsState,
};

/// The outcomes of a registration.
pub(crate) enum RegisterOutcome {
    /// The calling device was deleted meanwhile.
    Unauthenticated,
    /// A guest has one device.
    GuestRefused,
    NotRecent(NotRecent),
    TooManyDevices,
    Registered(DeviceId, DevicePassword),
}

/// Registers one more device of the calling account, with a password of its own.
pub(crate) async fn register_device(
    accounts: &Arc<AccountsState>,
    caller: &Caller,
    name: DeviceName,
    proof: RecentProof<'_>,
) -> Result<RegisterOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("register device");
    let owner = caller.account.aci;
    if caller.account.kind == AccountKind::Guest {
        return Ok(RegisterOutcome::GuestRefused);
    }
    if let Err(reason) = proof.check(accounts, caller).await? {
        return Ok(RegisterOutcome::NotRecent(reason));
    }
    let storage = &accounts.storage;
    let mut rng = storage.entropy.rng();
    let password = DevicePassword::random(&mut *rng);
    let device = NewDevice {
        id: None,
        name: Some(name),
        origin: DeviceOrigin::Request,
        password: Some(&password),
        // The address is unknown, because the new device has not been seen.
        address: None,
        caller: Some(caller.device),
    };
    let keys = storage.database.storage_keys();
    let now = accounts.now();
    let registered = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        if transaction.device(&owner, caller.device).await?.is_none() {
            return Ok(None);
        }
        let mut changes = storage.device_changes(&mut *transaction, now);
        let registered = register(&mut changes, &keys, &owner, &device, now, &mut *rng).await?;
        transaction.save().await?;
        Ok(Some(registered))
    });
    Ok(match registered.await? {
        None => RegisterOutcome::Unauthenticated,
        Some(None) => RegisterOutcome::TooManyDevices,
        Some(Some(registration)) => {
            announce(accounts, &registration.changes);
            RegisterOutcome::Registered(registration.id, password)
        }
    })
}
