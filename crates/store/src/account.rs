//! Accounts and their devices.

use std::{fmt, num::NonZeroU32};

use anteroom_protocol::{Aci, AuthSalt, Pni, Timestamp};

use crate::{device_name::DeviceName, keys::PasswordHash, sighting::AddressPseudonym};

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account id.
    pub aci: Aci,
    /// The phone-number id, of accounts that have one.
    pub pni: Option<Pni>,
    /// What stands in for the PNI in the group credentials of an account without one.
    pub auth_salt: AuthSalt,
    /// When the account was added.
    pub created: Timestamp,
    /// What it may do.
    pub role: AccountRole,
    /// Whether an administrator has shut it out.
    pub disabled: bool,
    /// Counts how often its rate limits have begun anew.
    pub limit_epoch: u32,
}

impl Account {
    /// An account that is being added now: a member that may sign in.
    #[must_use]
    pub const fn new(aci: Aci, pni: Option<Pni>, auth_salt: AuthSalt, created: Timestamp) -> Self {
        Self {
            aci,
            pni,
            auth_salt,
            created,
            role: AccountRole::Member,
            disabled: false,
            limit_epoch: 0,
        }
    }
}

/// What an account may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountRole {
    /// What concerns itself.
    #[default]
    Member,
    /// That, and manage the devices of others.
    Administrator,
}

impl AccountRole {
    /// The word a database stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Administrator => "administrator",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Member, Self::Administrator]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

/// A device of an account: what may sign in.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its number within the account.
    pub id: DeviceId,
    /// What its owner calls it.
    pub name: DeviceName,
    /// The keyed hash of its password.
    pub password_hash: PasswordHash,
    /// When the device was added.
    pub created: Timestamp,
    /// When it was last seen, within the intervals of [`Sighting`](crate::Sighting); `created` at
    /// first.
    pub last_seen: Timestamp,
    /// The address it was last seen from, if that is known.
    pub last_address: Option<AddressPseudonym>,
    /// How it was made.
    pub origin: DeviceOrigin,
}

impl Device {
    /// A device that the operator is adding now.
    #[must_use]
    pub fn new(
        id: DeviceId,
        name: DeviceName,
        password_hash: PasswordHash,
        created: Timestamp,
    ) -> Self {
        Self {
            id,
            name,
            password_hash,
            created,
            last_seen: created,
            last_address: None,
            origin: DeviceOrigin::Operator,
        }
    }
}

/// How a device was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceOrigin {
    /// By a command of the operator, with a password.
    Operator,
    /// By a login: nobody knows its password.
    Login,
    /// By a request of a session or another device, with a password of its own.
    Request,
    /// By a token of an identity provider: nobody knows its password.
    Identity,
}

impl DeviceOrigin {
    const ALL: [Self; 4] = [Self::Operator, Self::Login, Self::Request, Self::Identity];

    /// The word a database stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Login => "login",
            Self::Request => "request",
            Self::Identity => "identity",
        }
    }

    /// The origin of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == word)
    }

    /// Whether somebody may know a password of the device's own.
    #[must_use]
    pub const fn has_password(self) -> bool {
        matches!(self, Self::Operator | Self::Request)
    }
}

/// An account and one of its devices: what authentication looks up.
#[derive(Clone, Debug)]
pub struct AccountDevice {
    /// The account.
    pub account: Account,
    /// The device.
    pub device: Device,
}

/// A device's number within its account, 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(NonZeroU32);

impl DeviceId {
    /// The first device of an account, meant where none is named.
    pub const PRIMARY: Self = Self(NonZeroU32::MIN);

    /// From its number; `None` for 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn as_u32(self) -> u32 {
        self.0.get()
    }

    /// Parses the decimal text: digits without a sign or a leading zero.
    ///
    /// # Errors
    /// Any other text, and numbers above `u32::MAX`.
    pub fn parse(text: &str) -> Result<Self, DeviceIdError> {
        if text.starts_with('0') || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DeviceIdError);
        }
        text.parse().map(Self).map_err(|_| DeviceIdError)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The text is not a device's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a device id")]
pub struct DeviceIdError;
