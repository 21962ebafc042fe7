//! The operator's view of the databases: numbers, ages and states.

use std::fmt;

use anteroom_protocol::Timestamp;

use crate::{keys::BlindIndex, login::TokenHash};

/// An unused invite code.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The keyed hash of the code.
    pub code: TokenHash,
    /// The time at which the invite was created.
    pub created: Timestamp,
    /// The time from which the invite is invalid.
    pub expires: Timestamp,
}

impl Invite {
    /// Returns the name of the invite: the first 16 hex digits of the keyed hash of its code. The
    /// name does not reveal the code.
    #[must_use]
    pub fn name(&self) -> InviteName {
        let bytes = self.code.as_bytes();
        InviteName(*bytes.first_chunk().unwrap_or(&[0; 8]))
    }
}

/// The name of an invite.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InviteName([u8; 8]);

impl fmt::Display for InviteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for InviteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InviteName({self})")
    }
}

/// The failed logins of an email address, from all origins together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginLock {
    /// The failures that count.
    pub failures: u64,
    /// The networks and known devices for which the address is locked.
    pub locked_origins: u64,
    /// The time from which the address is locked for no origin; `None` if it is not locked.
    pub until: Option<Timestamp>,
}

/// The numbers of rows of an issuer's database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IssuerCounts {
    /// Accounts, disabled ones included.
    pub accounts: u64,
    /// Disabled accounts.
    pub disabled_accounts: u64,
    /// Accounts of guests.
    pub guest_accounts: u64,
    /// Devices.
    pub devices: u64,
    /// Sessions that are not expired.
    pub sessions: u64,
    /// Unconfirmed sign-ups.
    pub sign_ups: u64,
    /// Valid invite codes.
    pub invites: u64,
    /// Email addresses that are locked for some origin.
    pub locked_addresses: u64,
}

/// The numbers of rows of a room service's database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomsCounts {
    /// Links, revoked and expired ones included.
    pub links: u64,
    /// Revoked links.
    pub revoked_links: u64,
    /// Expired links.
    pub expired_links: u64,
    /// Live calls, those of groups included.
    pub calls: u64,
}

/// The position of a listing of all links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkCursor(BlindIndex);

impl LinkCursor {
    /// Creates the position after the link of this blind index.
    #[must_use]
    pub const fn after(index: BlindIndex) -> Self {
        Self(index)
    }

    /// Returns the blind index.
    #[must_use]
    pub const fn index(&self) -> &BlindIndex {
        &self.0
    }
}
