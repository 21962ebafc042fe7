//! The registration of one more device.
//!
//! An account has at most 100 devices. A further device replaces another: of the devices that a
//! login or an identity provider has created, whose passwords are unknown to everyone, the one that
//! has not been seen for longest. Without such a device a login replaces the device with a password
//! that has not been seen for longest, because a login must never fail for the limit. A request is
//! refused then.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    AddressPseudonym, Device, DeviceId, DeviceName, DeviceOrigin, DevicePassword, DeviceUse,
    StorageKeys, StoreError,
};
use rand_core::CryptoRng;

use crate::domain::devices::changes::{ChangeCause, DeviceChange, DeviceChanges};

/// The maximum number of devices of an account.
pub const MOST_DEVICES: usize = 100;

/// A device to be registered.
pub(crate) struct NewDevice<'a> {
    /// The number of the device. A known number is the same device again. `None` chooses a free
    /// number.
    pub(crate) id: Option<DeviceId>,
    /// The name of the device. It replaces the name of a known device.
    pub(crate) name: Option<DeviceName>,
    pub(crate) origin: DeviceOrigin,
    /// The password of the device; `None` for a device of a session, whose password is unknown to
    /// everyone.
    pub(crate) password: Option<&'a DevicePassword>,
    /// The address of the registration; `None` if another device registers it.
    pub(crate) address: Option<AddressPseudonym>,
    /// The registering device, which the new one never replaces.
    pub(crate) caller: Option<DeviceId>,
}

/// A registered device, and the changes to be announced.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) id: DeviceId,
    pub(crate) changes: Vec<DeviceChange>,
}

/// The row for a device, among the devices of its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeviceSlot {
    New(DeviceId),
    /// A new row, after the second device is deleted.
    InPlaceOf(DeviceId, DeviceId),
    Known(DeviceId),
    /// The account has the maximum number of devices, and none can be replaced.
    Full,
}

/// Registers a device, or records that a known one is back; `None` if the account has the maximum
/// number of devices and none can be replaced.
///
/// # Errors
/// Those of the database.
pub(crate) async fn register(
    changes: &mut DeviceChanges<'_>,
    keys: &StorageKeys,
    aci: &Aci,
    device: &NewDevice<'_>,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Option<Registration>, StoreError> {
    let known = changes.transaction.devices(aci).await?;
    let (id, replaced) = match choose(&known, device) {
        DeviceSlot::New(id) => (id, None),
        DeviceSlot::InPlaceOf(last, id) => {
            let replaced = changes.delete(aci, last, ChangeCause::Limit).await?;
            (id, replaced)
        }
        DeviceSlot::Known(id) => {
            let Some(row) = known.iter().find(|device| device.id == id) else {
                return Ok(None);
            };
            let device_use = DeviceUse {
                at: now,
                address: device.address,
            };
            let name = device.name.as_ref();
            let again = changes.register_again(aci, row, name, &device_use, rng);
            let changes = again.await?;
            return Ok(Some(Registration { id, changes }));
        }
        DeviceSlot::Full => return Ok(None),
    };
    let row = new_row(keys, aci, id, device, now, rng)?;
    let cause = ChangeCause::Account(*aci);
    let added = changes.add(aci, &row, cause, rng).await?;
    let changes = replaced.into_iter().chain([added]).collect();
    Ok(Some(Registration { id, changes }))
}

fn new_row(
    keys: &StorageKeys,
    aci: &Aci,
    id: DeviceId,
    device: &NewDevice<'_>,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Device, StoreError> {
    let name = match &device.name {
        Some(name) => name.clone(),
        None => default_name(id)?,
    };
    let hash = match device.password {
        Some(password) => keys.password_hash(aci, id, password.as_str()),
        None => keys.password_hash(aci, id, DevicePassword::random(&mut *rng).as_str()),
    };
    Ok(Device {
        last_address: device.address,
        origin: device.origin,
        ..Device::new(id, name, hash, now)
    })
}

/// Chooses the row of a device among the known ones.
fn choose(known: &[Device], device: &NewDevice<'_>) -> DeviceSlot {
    let ids: Vec<_> = known.iter().map(|device| device.id).collect();
    if let Some(id) = device.id
        && ids.contains(&id)
    {
        return DeviceSlot::Known(id);
    }
    let Some(id) = device.id.or_else(|| free(&ids)) else {
        return DeviceSlot::Full;
    };
    if known.len() < MOST_DEVICES {
        return DeviceSlot::New(id);
    }
    match first_to_go(known, device) {
        Some(last) => DeviceSlot::InPlaceOf(last, id),
        None => DeviceSlot::Full,
    }
}

/// Returns the device that a new one replaces: devices without a password of their own before those
/// with one, and of these the one that has not been seen for longest.
fn first_to_go(known: &[Device], device: &NewDevice<'_>) -> Option<DeviceId> {
    let is_request = device.origin == DeviceOrigin::Request;
    known
        .iter()
        .filter(|known| Some(known.id) != device.caller)
        .filter(|known| !(is_request && known.origin.has_password()))
        .min_by_key(|known| (known.origin.has_password(), known.last_seen, known.id))
        .map(|known| known.id)
}

/// Returns one more than the highest number, or else the lowest free one, so that the numbers of
/// deleted devices are used again as late as possible.
fn free(known: &[DeviceId]) -> Option<DeviceId> {
    let highest = known.iter().map(|id| id.as_u32()).max().unwrap_or(0);
    match highest.checked_add(1) {
        Some(next) => DeviceId::new(next),
        None => (1..=u32::MAX)
            .filter_map(DeviceId::new)
            .find(|id| !known.contains(id)),
    }
}

fn default_name(id: DeviceId) -> Result<DeviceName, StoreError> {
    DeviceName::parse(&format!("Device {id}")).map_err(|_| StoreError::InvalidValue {
        table: "devices",
        column: "name",
    })
}

#[cfg(test)]
mod tests {
    use anteroom_store::PasswordHash;

    use super::*;

    fn id(number: u32) -> DeviceId {
        DeviceId::new(number).unwrap()
    }

    /// Returns a device that was last seen at the second of its number.
    fn known(number: u32, origin: DeviceOrigin) -> Device {
        let name = DeviceName::parse("x").unwrap();
        let hash = PasswordHash::from_bytes([0; 32]);
        Device {
            origin,
            ..Device::new(id(number), name, hash, Timestamp::from_secs(number.into()))
        }
    }

    fn new(wanted: Option<u32>, origin: DeviceOrigin, caller: Option<u32>) -> NewDevice<'static> {
        NewDevice {
            id: wanted.and_then(DeviceId::new),
            name: None,
            origin,
            password: None,
            address: None,
            caller: caller.and_then(DeviceId::new),
        }
    }

    #[test]
    fn a_device_is_the_one_it_names_or_a_new_one() {
        use DeviceSlot::{Known, New};
        for (numbers, wanted, expected) in [
            (vec![], None, New(id(1))),
            (vec![], Some(7), New(id(7))),
            (vec![1, 2], None, New(id(3))),
            (vec![1, 7], None, New(id(8))),
            (vec![1, 7], Some(7), Known(id(7))),
            (vec![1, 7], Some(2), New(id(2))),
            (vec![u32::MAX], None, New(id(1))),
            (vec![1, 2, u32::MAX], None, New(id(3))),
            (vec![1], Some(u32::MAX), New(id(u32::MAX))),
            ((1..=99).collect(), None, New(id(100))),
            ((1..=100).collect(), Some(100), Known(id(100))),
        ] {
            let origin = DeviceOrigin::Login;
            let devices: Vec<_> = numbers.iter().map(|n| known(*n, origin)).collect();
            let choice = choose(&devices, &new(wanted, origin, None));
            assert_eq!(choice, expected, "{numbers:?}");
        }
    }

    #[test]
    fn the_device_unseen_for_longest_gives_way_first_one_without_a_password_never_the_caller() {
        use DeviceOrigin::{Identity, Login, Operator, Request};
        use DeviceSlot::{Full, InPlaceOf};
        // The origins of devices 1 to 3; requests made all others. The origin of the new device,
        // the calling device, and the expected choice.
        for (origins, origin, caller, expected) in [
            ([Login; 3], Login, None, InPlaceOf(id(1), id(101))),
            (
                [Request, Operator, Login],
                Login,
                None,
                InPlaceOf(id(3), id(101)),
            ),
            (
                [Request, Identity, Login],
                Login,
                None,
                InPlaceOf(id(2), id(101)),
            ),
            ([Request; 3], Login, None, InPlaceOf(id(1), id(101))),
            (
                [Operator, Request, Request],
                Identity,
                None,
                InPlaceOf(id(1), id(101)),
            ),
            (
                [Request, Request, Login],
                Request,
                Some(1),
                InPlaceOf(id(3), id(101)),
            ),
            (
                [Login, Request, Login],
                Request,
                Some(1),
                InPlaceOf(id(3), id(101)),
            ),
            ([Login, Request, Request], Request, Some(1), Full),
            ([Request; 3], Request, Some(1), Full),
        ] {
            let devices: Vec<_> = (1..=100)
                .zip(origins.into_iter().chain(std::iter::repeat(Request)))
                .map(|(number, origin)| known(number, origin))
                .collect();
            let choice = choose(&devices, &new(None, origin, caller));
            assert_eq!(choice, expected, "{origins:?} {origin:?}");
        }
    }
}
