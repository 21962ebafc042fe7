//! The view of an operator on the databases: numbers, ages and states.

use std::fmt;

use anteroom_protocol::Timestamp;

use crate::{keys::BlindIndex, login::TokenHash};

/// An invite code that was not used yet.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The keyed hash of the code.
    pub code: TokenHash,
    /// When it was made.
    pub created: Timestamp,
    /// The first moment at which it is worth nothing any more.
    pub expires: Timestamp,
}

impl Invite {
    /// Names the invite among others, as 16 hex digits: the beginning of the keyed hash of its code,
    /// which tells nothing of the code.
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
    /// Failures that still count.
    pub failures: u64,
    /// Networks and known devices for which the address is locked.
    pub locked_origins: u64,
    /// The first moment at which it is locked for none of them, if it is for any.
    pub until: Option<Timestamp>,
}

/// The rows of an issuer's database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IssuerCounts {
    /// Accounts, disabled ones included.
    pub accounts: u64,
    /// Accounts that are disabled.
    pub disabled_accounts: u64,
    /// Devices.
    pub devices: u64,
    /// Sessions that go on.
    pub sessions: u64,
    /// Sign-ups that wait for their mail to be opened.
    pub sign_ups: u64,
    /// Invite codes that are good.
    pub invites: u64,
    /// Email addresses that wrong passwords have locked somewhere.
    pub locked_addresses: u64,
}

/// The rows of a room service's database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomsCounts {
    /// Links that are known, revoked and expired ones included.
    pub links: u64,
    /// Links that are revoked.
    pub revoked_links: u64,
    /// Links that are expired.
    pub expired_links: u64,
    /// Calls that are on, those of groups included.
    pub calls: u64,
}

/// Where a listing of all links goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkCursor(BlindIndex);

impl LinkCursor {
    /// After the link of this blind index.
    #[must_use]
    pub const fn after(index: BlindIndex) -> Self {
        Self(index)
    }

    /// The blind index.
    #[must_use]
    pub const fn index(&self) -> &BlindIndex {
        &self.0
    }
}
