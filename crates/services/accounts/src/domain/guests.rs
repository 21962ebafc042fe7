//! Accounts of guests: people who join calls without a login.
//!
//! A guest has one device with a password of its own, no login, and no right to create links. The
//! daily task deletes the account once it was not used for [`GUEST_RETENTION`].

use std::sync::Arc;

use anteroom_protocol::{Aci, AuthSalt, DAY};
use anteroom_runtime::{ClientAddress, RetryAfter};
use anteroom_store::{
    Account, AccountKind, Device, DeviceId, DeviceName, DeviceOrigin, DevicePassword,
    TransactionName,
};

use crate::{
    domain::{
        devices::{
            announcement::announce,
            changes::{ChangeCause, DeviceChange},
        },
        failure::Failure,
        storage::stored,
    },
    settings::Guests,
    state::AccountsState,
};

/// The time without a use after which the account of a guest is deleted, in seconds.
pub(crate) const GUEST_RETENTION: u64 = 30 * DAY;

/// The name of a guest's device until it is renamed.
const DEVICE_NAME: &str = "Guest";

/// The outcomes of a request for an account of a guest.
pub(crate) enum GuestOutcome {
    /// The settings allow no guests.
    Off,
    RateLimited(RetryAfter),
    Added(NewGuest),
}

/// An account of a guest and the password of its device, which is shown once.
pub(crate) struct NewGuest {
    pub(crate) aci: Aci,
    pub(crate) device: DeviceId,
    pub(crate) password: DevicePassword,
}

/// Adds an account of a guest with one device.
///
/// # Errors
/// Those of the database.
pub(crate) async fn add_guest(
    accounts: &Arc<AccountsState>,
    client: ClientAddress,
) -> Result<GuestOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("add guest");
    if accounts.login.settings.guests == Guests::Off {
        return Ok(GuestOutcome::Off);
    }
    if let Err(after) = accounts.limits.admit_guest(client).await {
        return Ok(GuestOutcome::RateLimited(after));
    }
    let (storage, now) = (&accounts.storage, accounts.now());
    let mut rng = storage.entropy.rng();
    let aci = Aci::random(&mut *rng);
    let account = Account {
        kind: AccountKind::Guest,
        ..Account::new(aci, None, AuthSalt::random(&mut *rng), now)
    };
    let password = DevicePassword::random(&mut *rng);
    let (id, keys) = (DeviceId::PRIMARY, storage.database.storage_keys());
    let name = DeviceName::parse(DEVICE_NAME).map_err(|_| Failure::Internal)?;
    let device = Device {
        last_address: accounts.address(client),
        origin: DeviceOrigin::Request,
        ..Device::new(
            id,
            name,
            keys.password_hash(&aci, id, password.as_str()),
            now,
        )
    };
    let added = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        transaction.add_account(&account, &mut *rng).await?;
        let added = storage
            .device_changes(&mut *transaction, now)
            .add(&aci, &device, ChangeCause::Account(aci), &mut *rng)
            .await?;
        transaction.save().await?;
        Ok(added)
    });
    // No owner has an address for a mail about the new device.
    let added = DeviceChange {
        new_name: None,
        ..added.await?
    };
    announce(accounts, &[added]);
    accounts.guests_added.add(1);
    accounts.login_events.guest_added(&aci);
    Ok(GuestOutcome::Added(NewGuest {
        aci,
        device: id,
        password,
    }))
}
