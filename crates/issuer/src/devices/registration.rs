//! How an account comes to one more device.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    AddressPseudonym, Device, DeviceId, DeviceName, DevicePassword, ServiceKeys, Sighting,
    StoreError,
};
use rand_core::CryptoRng;

use super::changes::{Actor, DeviceChange, DeviceChanges};

/// The most devices of an account.
const MOST_DEVICES: usize = 100;

/// A device that wants to be registered.
#[derive(Default)]
pub(crate) struct NewDevice {
    /// Its number: a known one is the same device again. Without one it gets a free one.
    pub(crate) id: Option<DeviceId>,
    /// Its name; a new one, if the device is known.
    pub(crate) name: Option<DeviceName>,
    /// Its password. A device of a session has none that anybody knows.
    pub(crate) password: Option<DevicePassword>,
    /// The address that it is registered from, unless another device registers it.
    pub(crate) address: Option<AddressPseudonym>,
}

/// A registered device, and the changes to be announced.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) device: DeviceId,
    pub(crate) changes: Vec<DeviceChange>,
}

/// The row for a device, among those of its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    New(DeviceId),
    Known(DeviceId),
    /// There are too many.
    Full,
}

/// Adds a device, or notes that a known one is there again; `None` if there are too many.
///
/// # Errors
/// Those of the database.
pub(crate) async fn register(
    changes: &mut DeviceChanges<'_>,
    keys: &ServiceKeys,
    aci: &Aci,
    device: &NewDevice,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Option<Registration>, StoreError> {
    let known = changes.transaction.devices(aci).await?;
    let ids: Vec<_> = known.iter().map(|device| device.id).collect();
    match choose(&ids, device.id) {
        Choice::New(id) => {
            let row = new_row(keys, aci, id, device, now, rng)?;
            let change = changes.add(aci, &row, Actor::Account(*aci), rng).await?;
            Ok(Some(Registration {
                device: id,
                changes: vec![change],
            }))
        }
        Choice::Known(id) => {
            let Some(row) = known.iter().find(|device| device.id == id) else {
                return Ok(None);
            };
            let sighting = Sighting {
                at: now,
                address: device.address,
            };
            let name = device.name.as_ref();
            let changes = changes
                .register_again(aci, row, name, &sighting, rng)
                .await?;
            Ok(Some(Registration {
                device: id,
                changes,
            }))
        }
        Choice::Full => Ok(None),
    }
}

fn new_row(
    keys: &ServiceKeys,
    aci: &Aci,
    id: DeviceId,
    device: &NewDevice,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Device, StoreError> {
    let name = match &device.name {
        Some(name) => name.clone(),
        None => default_name(id)?,
    };
    let drawn;
    let password = match &device.password {
        Some(password) => password,
        None => {
            drawn = DevicePassword::random(&mut *rng);
            &drawn
        }
    };
    let hash = keys.password_hash(aci, id, password.as_str());
    Ok(Device {
        last_address: device.address,
        ..Device::new(id, name, hash, now)
    })
}

/// Which device it is, among those that are there.
fn choose(known: &[DeviceId], wanted: Option<DeviceId>) -> Choice {
    if let Some(id) = wanted
        && known.contains(&id)
    {
        return Choice::Known(id);
    }
    if known.len() >= MOST_DEVICES {
        return Choice::Full;
    }
    match wanted.or_else(|| free(known)) {
        Some(id) => Choice::New(id),
        None => Choice::Full,
    }
}

/// One more than the highest, or else the lowest that is free: numbers of devices that are gone come
/// back as late as possible.
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
    use super::*;

    fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<DeviceId> {
        numbers.into_iter().filter_map(DeviceId::new).collect()
    }

    #[test]
    fn a_device_is_the_one_it_names_or_a_new_one() {
        use Choice::{Full, Known, New};
        let id = |number| DeviceId::new(number).unwrap();
        for (known, wanted, expected) in [
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
            ((1..=100).collect(), None, Full),
            ((1..=100).collect(), Some(101), Full),
            ((1..=100).collect(), Some(100), Known(id(100))),
        ] {
            let known = ids(known);
            assert_eq!(
                choose(&known, wanted.and_then(DeviceId::new)),
                expected,
                "{known:?}"
            );
        }
    }
}
