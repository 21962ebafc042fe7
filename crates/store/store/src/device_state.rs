//! The states of a device, and the changes between them.
//!
//! ```text
//!               register            not seen for the retention period
//!   deleted ───────────────▶ active ────────────────────────────────▶ stale
//!      ▲                      │  ▲  register, see                      │  │
//!      │        delete        │  └─────────────────────────────────────┘  │
//!      ├──────────────────────┘                                           │
//!      └──────────────────────────────────────────────────────────────────┘
//!                                 delete, purge
//! ```
//!
//! A device that was never registered is in the same state as a deleted one: it has no row. The
//! registration of a deleted device creates a new one with another password. Nothing of the old
//! device remains.

use anteroom_protocol::Timestamp;

use crate::account::Device;

/// A state of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// The device was seen within the retention period.
    Active,
    /// The device was not seen within the retention period. The next purge deletes it unless it is
    /// seen before.
    Stale,
    /// The device has no row.
    Deleted,
}

/// An action on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceAction {
    /// The device is registered, for the first time or again.
    Register,
    /// The device presents valid credentials.
    See,
    /// The device gets another name. This does not count as a use.
    Rename,
    /// The owner, an administrator or the operator deletes the device.
    Delete,
    /// The daily task deletes the device.
    Purge,
}

/// The error for an action that is not possible in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device in this state cannot be changed so")]
pub struct IllegalChange;

impl DeviceState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Active, Self::Stale, Self::Deleted];

    /// Returns the word for the state.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stale => "stale",
            Self::Deleted => "deleted",
        }
    }

    /// Returns the state after an action.
    ///
    /// # Errors
    /// When the action is not possible: a deleted device can only be registered, and an active one
    /// cannot be purged.
    pub const fn after(self, action: DeviceAction) -> Result<Self, IllegalChange> {
        match (self, action) {
            (_, DeviceAction::Register)
            | (Self::Active | Self::Stale, DeviceAction::See)
            | (Self::Active, DeviceAction::Rename) => Ok(Self::Active),
            (Self::Stale, DeviceAction::Rename) => Ok(Self::Stale),
            (Self::Active | Self::Stale, DeviceAction::Delete)
            | (Self::Stale, DeviceAction::Purge) => Ok(Self::Deleted),
            (Self::Active, DeviceAction::Purge)
            | (
                Self::Deleted,
                DeviceAction::See
                | DeviceAction::Rename
                | DeviceAction::Delete
                | DeviceAction::Purge,
            ) => Err(IllegalChange),
        }
    }
}

/// The time for which a device stays active without being seen, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceRetention(u64);

impl DeviceRetention {
    /// Creates the period from seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns the time before which a device must have been last seen to be stale at `now`.
    #[must_use]
    pub const fn stale_before(self, now: Timestamp) -> Timestamp {
        now.minus(self.0)
    }

    /// Returns the state of a device at `now`. A device without a row is deleted.
    #[must_use]
    pub fn state(self, device: Option<&Device>, now: Timestamp) -> DeviceState {
        match device {
            None => DeviceState::Deleted,
            Some(device) if device.last_seen < self.stale_before(now) => DeviceState::Stale,
            Some(_) => DeviceState::Active,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeviceId, DeviceName, PasswordHash};

    #[test]
    fn no_illegal_change_of_a_devices_state_is_possible() {
        use DeviceAction::{Delete, Purge, Register, Rename, See};
        use DeviceState::{Active, Deleted, Stale};
        let table = [
            (Active, Register, Ok(Active)),
            (Active, See, Ok(Active)),
            (Active, Rename, Ok(Active)),
            (Active, Delete, Ok(Deleted)),
            (Active, Purge, Err(IllegalChange)),
            (Stale, Register, Ok(Active)),
            (Stale, See, Ok(Active)),
            (Stale, Rename, Ok(Stale)),
            (Stale, Delete, Ok(Deleted)),
            (Stale, Purge, Ok(Deleted)),
            (Deleted, Register, Ok(Active)),
            (Deleted, See, Err(IllegalChange)),
            (Deleted, Rename, Err(IllegalChange)),
            (Deleted, Delete, Err(IllegalChange)),
            (Deleted, Purge, Err(IllegalChange)),
        ];
        for (state, action, expected) in table {
            assert_eq!(state.after(action), expected, "{state:?} {action:?}");
        }
        for state in DeviceState::ALL {
            for action in [Register, See, Rename, Delete, Purge] {
                let is_listed = |row: &&(_, _, _)| row.0 == state && row.1 == action;
                assert_eq!(table.iter().filter(is_listed).count(), 1);
            }
        }
    }

    #[test]
    fn a_device_is_stale_when_it_was_not_seen_within_the_retention_period() {
        let retention = DeviceRetention::from_secs(100);
        let seen = Timestamp::from_secs(1_000);
        let device = Device::new(
            DeviceId::PRIMARY,
            DeviceName::parse("x").unwrap(),
            PasswordHash::from_bytes([0; 32]),
            seen,
        );
        for (elapsed, expected) in [
            (0, DeviceState::Active),
            (100, DeviceState::Active),
            (101, DeviceState::Stale),
        ] {
            assert_eq!(retention.state(Some(&device), seen.plus(elapsed)), expected);
        }
        assert_eq!(retention.state(None, seen), DeviceState::Deleted);
    }
}
