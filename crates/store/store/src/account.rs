//! Accounts and their devices.

use anteroom_protocol::{Aci, AuthSalt, DeviceId, Pni, Timestamp};

use crate::{
    address_pseudonym::AddressPseudonym, device_name::DeviceName, keys::PasswordHash,
    stored_words::stored_words,
};

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account id.
    pub aci: Aci,
    /// The phone-number id; `None` for an account without one.
    pub pni: Option<Pni>,
    /// The replacement of the PNI in the group credentials of an account without one.
    pub auth_salt: AuthSalt,
    /// The time at which the account was added.
    pub created: Timestamp,
    /// The kind of the account.
    pub kind: AccountKind,
    /// The rights of the account.
    pub role: AccountRole,
    /// Whether an administrator has disabled the account.
    pub disabled: bool,
    /// The number of times that the account's rate limits were reset.
    pub limit_epoch: u32,
}

impl Account {
    /// Creates a regular account: an enabled member.
    #[must_use]
    pub const fn new(aci: Aci, pni: Option<Pni>, auth_salt: AuthSalt, created: Timestamp) -> Self {
        Self {
            aci,
            pni,
            auth_salt,
            created,
            kind: AccountKind::Regular,
            role: AccountRole::Member,
            disabled: false,
            limit_epoch: 0,
        }
    }
}

/// The kind of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountKind {
    /// An account of somebody whom the operator, an invite, a mail or an identity provider has let in.
    #[default]
    Regular,
    /// An account that anybody can have without a login. It is deleted once it is not used any more.
    Guest,
}

stored_words!(AccountKind {
    Regular = "regular",
    Guest = "guest",
});

/// The rights of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountRole {
    /// The right to manage the account itself.
    #[default]
    Member,
    /// The same, and the right to manage the devices of other accounts.
    Administrator,
}

stored_words!(AccountRole {
    Member = "member",
    Administrator = "administrator",
});

/// A device of an account. A device signs in.
#[derive(Clone, Debug)]
pub struct Device {
    /// The number of the device within its account.
    pub id: DeviceId,
    /// The owner's name for the device.
    pub name: DeviceName,
    /// The keyed hash of the device's password.
    pub password_hash: PasswordHash,
    /// The time at which the device was added.
    pub created: Timestamp,
    /// The time at which the device was last seen, to the accuracy of
    /// [`DeviceUse`](crate::DeviceUse); `created` at first.
    pub last_seen: Timestamp,
    /// The address from which the device was last seen; `None` if it is unknown.
    pub last_address: Option<AddressPseudonym>,
    /// The origin of the device.
    pub origin: DeviceOrigin,
}

impl Device {
    /// Creates a device that the operator adds.
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

/// The origin of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceOrigin {
    /// A command of the operator, with a password.
    Operator,
    /// A login. The password of the device is unknown to everyone.
    Login,
    /// A request of a session or of another device, with a password of its own.
    Request,
    /// A token of an identity provider. The password of the device is unknown to everyone.
    Identity,
}

stored_words!(DeviceOrigin {
    Operator = "operator",
    Login = "login",
    Request = "request",
    Identity = "identity",
});

impl DeviceOrigin {
    /// Returns whether the device's password may be known to its owner.
    #[must_use]
    pub const fn has_password(self) -> bool {
        matches!(self, Self::Operator | Self::Request)
    }
}

/// An account and one of its devices, as authentication reads them.
#[derive(Clone, Debug)]
pub struct AccountDevice {
    /// The account.
    pub account: Account,
    /// The device.
    pub device: Device,
}
