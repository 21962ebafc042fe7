//! Changes of devices: the only code that adds, renames and deletes them.
//!
//! Each method of [`DeviceChanges`] works in the caller's transaction and returns a [`DeviceChange`].
//! Once the transaction is saved, the caller hands the change to [`DeviceEvents::announce`], which
//! emits its events.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    Device, DeviceAction, DeviceId, DeviceName, DeviceOrigin, DevicePosition, DeviceRetention,
    DeviceUse, IssuerRepository, StoreError,
};
use rand_core::CryptoRng;

/// The cause of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeCause {
    /// A request of this account.
    Account(Aci),
    /// A command of the operator.
    Operator,
    /// A new device of an account that has the maximum number of devices.
    Limit,
    /// The daily task.
    Retention,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Registered,
    Updated,
    Deleted,
    Purged,
}

/// A change of a device, made in a transaction that is not announced yet.
#[derive(Debug)]
#[must_use = "a change is announced once its transaction is saved"]
pub struct DeviceChange {
    pub(crate) kind: ChangeKind,
    pub(crate) owner: Aci,
    pub(crate) device: DeviceId,
    pub(crate) cause: ChangeCause,
    /// The account's other devices, for which an event is emitted.
    pub(crate) others: Vec<DeviceId>,
    /// The name of a new device.
    pub(crate) new_name: Option<DeviceName>,
}

impl DeviceChange {
    /// Returns the device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Returns whether the device was deleted.
    pub(crate) const fn is_end(&self) -> bool {
        matches!(self.kind, ChangeKind::Deleted | ChangeKind::Purged)
    }
}

/// A page of purged devices.
#[derive(Debug)]
pub(crate) struct PurgedPage {
    /// The deletions.
    pub(crate) changes: Vec<DeviceChange>,
    /// The number of devices whose accounts cannot be read.
    pub(crate) damaged: u64,
    /// The last device of the page; `None` behind the last page.
    pub(crate) last: Option<DevicePosition>,
}

/// The result of a purge of guests.
#[derive(Default)]
pub(crate) struct PurgedGuests {
    /// The number of deleted guests.
    pub(crate) guests: u64,
    /// The number of guests whose devices cannot be read.
    pub(crate) damaged: u64,
    pub(crate) changes: Vec<DeviceChange>,
}

/// Changes devices in a transaction.
pub struct DeviceChanges<'a> {
    pub(crate) transaction: &'a mut dyn IssuerRepository,
    retention: DeviceRetention,
    now: Timestamp,
}

impl<'a> DeviceChanges<'a> {
    /// Creates the changes of this transaction.
    pub fn new(
        transaction: &'a mut dyn IssuerRepository,
        retention: DeviceRetention,
        now: Timestamp,
    ) -> Self {
        Self {
            transaction,
            retention,
            now,
        }
    }

    /// Adds a device to an account.
    ///
    /// # Errors
    /// Those of [`add_device`](anteroom_store::DeviceRepository::add_device).
    pub async fn add(
        &mut self,
        owner: &Aci,
        device: &Device,
        cause: ChangeCause,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<DeviceChange, StoreError> {
        self.transaction.add_device(owner, device, rng).await?;
        let change = self.change(ChangeKind::Registered, owner, device.id, cause);
        Ok(DeviceChange {
            new_name: Some(device.name.clone()),
            ..change.await?
        })
    }

    /// Registers a known device again: records a use, and renames the device if its name
    /// differs.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn register_again(
        &mut self,
        owner: &Aci,
        known: &Device,
        name: Option<&DeviceName>,
        device_use: &DeviceUse,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Vec<DeviceChange>, StoreError> {
        let (id, cause) = (known.id, ChangeCause::Account(*owner));
        self.transaction
            .touch_device(owner, id, device_use, rng)
            .await?;
        let registered = self.change(ChangeKind::Registered, owner, id, cause);
        let mut changes = vec![registered.await?];
        if let Some(name) = name
            && *name != known.name
        {
            changes.extend(self.rename(owner, id, name, cause, rng).await?);
        }
        Ok(changes)
    }

    /// Renames a device; `None` if the account does not have it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn rename(
        &mut self,
        owner: &Aci,
        id: DeviceId,
        name: &DeviceName,
        cause: ChangeCause,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Option<DeviceChange>, StoreError> {
        if !self.allows(owner, id, DeviceAction::Rename).await?
            || !self.transaction.rename_device(owner, id, name, rng).await?
        {
            return Ok(None);
        }
        let change = self.change(ChangeKind::Updated, owner, id, cause);
        change.await.map(Some)
    }

    /// Deletes a device with its password, sessions, tokens and identities; `None` if the account
    /// does not have it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete(
        &mut self,
        owner: &Aci,
        id: DeviceId,
        cause: ChangeCause,
    ) -> Result<Option<DeviceChange>, StoreError> {
        if !self.allows(owner, id, DeviceAction::Delete).await?
            || !self.transaction.delete_device(owner, id, self.now).await?
        {
            return Ok(None);
        }
        let change = self.change(ChangeKind::Deleted, owner, id, cause);
        change.await.map(Some)
    }

    /// Deletes the devices of an account that requests have given a password of their own, because
    /// anyone who had a session or a device for a moment may have created them. Each is a change.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_requested(
        &mut self,
        owner: &Aci,
        cause: ChangeCause,
    ) -> Result<Vec<DeviceChange>, StoreError> {
        let devices = self.transaction.devices(owner).await?;
        let mut changes = Vec::new();
        for device in devices {
            if device.origin == DeviceOrigin::Request {
                changes.extend(self.delete(owner, device.id, cause).await?);
            }
        }
        Ok(changes)
    }

    /// Deletes an account and all of its rows; `None` if it does not exist. The deletion of each
    /// device is a change.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_account(
        &mut self,
        owner: &Aci,
        cause: ChangeCause,
    ) -> Result<Option<Vec<DeviceChange>>, StoreError> {
        let devices = self.transaction.devices(owner).await?;
        if !self.transaction.delete_account(owner).await? {
            return Ok(None);
        }
        let deleted = devices.iter().map(|device| DeviceChange {
            kind: ChangeKind::Deleted,
            owner: *owner,
            device: device.id,
            cause,
            others: Vec::new(),
            new_name: None,
        });
        Ok(Some(deleted.collect()))
    }

    /// Deletes those of these guests none of whose devices was seen at `used_before` or later, with
    /// all of their rows. The deletion of each device is a change. Leaves out guests whose devices
    /// cannot be read.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn purge_guests(
        &mut self,
        guests: &[Aci],
        used_before: Timestamp,
    ) -> Result<PurgedGuests, StoreError> {
        let mut purged = PurgedGuests::default();
        for guest in guests {
            let devices = match self.transaction.devices(guest).await {
                Ok(devices) => devices,
                Err(StoreError::Sealed { .. } | StoreError::InvalidValue { .. }) => {
                    purged.damaged += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if devices.iter().any(|device| used_before <= device.last_seen) {
                continue;
            }
            let deleted = self.delete_account(guest, ChangeCause::Retention).await?;
            if let Some(devices) = deleted {
                purged.guests += 1;
                let changes = devices.into_iter().map(|change| DeviceChange {
                    kind: ChangeKind::Purged,
                    ..change
                });
                purged.changes.extend(changes);
            }
        }
        Ok(purged)
    }

    /// Deletes a page of at most `most` stale devices.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn purge(
        &mut self,
        after: Option<&DevicePosition>,
        most: u32,
    ) -> Result<PurgedPage, StoreError> {
        let stale_before = self.retention.stale_before(self.now);
        let purged = self
            .transaction
            .purge_stale_devices(stale_before, after, most, self.now)
            .await?;
        let mut changes = Vec::with_capacity(purged.devices.len());
        for (owner, id) in purged.devices {
            let change = self.change(ChangeKind::Purged, &owner, id, ChangeCause::Retention);
            changes.push(change.await?);
        }
        Ok(PurgedPage {
            changes,
            damaged: purged.damaged,
            last: purged.last,
        })
    }

    /// Returns whether the device's state allows an action.
    async fn allows(
        &mut self,
        owner: &Aci,
        id: DeviceId,
        action: DeviceAction,
    ) -> Result<bool, StoreError> {
        let device = self.transaction.device(owner, id).await?;
        let state = self.retention.state(device.as_ref(), self.now);
        Ok(state.after(action).is_ok())
    }

    async fn change(
        &mut self,
        kind: ChangeKind,
        owner: &Aci,
        id: DeviceId,
        cause: ChangeCause,
    ) -> Result<DeviceChange, StoreError> {
        let devices = self.transaction.device_ids(owner).await?;
        Ok(DeviceChange {
            kind,
            owner: *owner,
            device: id,
            cause,
            others: devices.into_iter().filter(|other| *other != id).collect(),
            new_name: None,
        })
    }
}
