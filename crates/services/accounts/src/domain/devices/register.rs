//! The registration of a device by another one of its account.

use anteroom_store::{DeviceName, DeviceOrigin, DevicePassword, TransactionName};

use crate::{
    domain::{
        callers::caller::Caller,
        devices::registration::{NewDevice, Registration, register},
        failure::Failure,
        login::recent::{NotRecent, RecentProof},
    },
    state::AccountsState,
};

/// The outcomes of a registration.
pub(crate) enum RegisterOutcome {
    /// The calling device was deleted meanwhile.
    Unauthenticated,
    NotRecent(NotRecent),
    TooManyDevices,
    Registered(Registration, DevicePassword),
}

/// Registers one more device of the calling account, with a password of its own.
///
/// # Errors
/// The database is unavailable, or too many passwords wait for their hash.
pub(crate) async fn register_device(
    accounts: &AccountsState,
    caller: &Caller,
    name: DeviceName,
    proof: RecentProof<'_>,
) -> Result<RegisterOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("register device");
    let owner = caller.account.aci;
    if let Err(reason) = proof.check(accounts, caller).await? {
        return Ok(RegisterOutcome::NotRecent(reason));
    }
    let mut rng = accounts.storage.entropy.rng();
    let mut device = NewDevice {
        id: None,
        name: Some(name),
        origin: DeviceOrigin::Request,
        password: Some(DevicePassword::random(&mut *rng)),
        // The address is unknown, because the new device has not been seen.
        address: None,
        caller: Some(caller.device),
    };
    let keys = accounts.storage.database.storage_keys();
    let now = accounts.now();
    let registered = accounts
        .storage
        .stored(async {
            let mut transaction = accounts.storage.database.begin(NAME).await?;
            let still_there = transaction.device(&owner, caller.device).await?.is_some();
            if !still_there {
                return Ok(None);
            }
            let mut changes = accounts.storage.device_changes(&mut *transaction, now);
            let registered = register(&mut changes, &keys, &owner, &device, now, &mut *rng).await?;
            transaction.save().await?;
            Ok(Some(registered))
        })
        .await?;
    Ok(match (registered, device.password.take()) {
        (Some(Some(registration)), Some(password)) => {
            RegisterOutcome::Registered(registration, password)
        }
        (Some(_), _) => RegisterOutcome::TooManyDevices,
        (None, _) => RegisterOutcome::Unauthenticated,
    })
}
