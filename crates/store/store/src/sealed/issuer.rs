//! The sealed rows of the issuer.

use std::convert::Infallible;

use anteroom_protocol::{Aci, AuthSalt, DeviceId, Pni, Timestamp};
use rand_core::CryptoRng;

use super::{columns, row_sealer::RowSealer};
use crate::{
    account::{Account, AccountKind, AccountRole, Device, DeviceOrigin},
    address_pseudonym::AddressPseudonym,
    device_name::DeviceName,
    error::StoreError,
    keys::{BlindIndex, Keyring, PasswordHash, SealedValue},
};

/// A row of `accounts`.
#[derive(Clone, Debug)]
pub struct SealedAccount {
    /// The blind index of the ACI, which is the row's key.
    pub index: BlindIndex,
    /// The ACI.
    pub aci: SealedValue,
    /// The PNI.
    pub pni: Option<SealedValue>,
    /// The auth salt.
    pub auth_salt: SealedValue,
    /// The time at which the account was added.
    pub created: Timestamp,
    /// The kind of the account.
    pub kind: AccountKind,
    /// The rights of the account.
    pub role: AccountRole,
    /// Whether the account is disabled.
    pub disabled: bool,
    /// The number of times that the account's rate limits were reset.
    pub limit_epoch: u32,
}

impl SealedAccount {
    /// Seals an account.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        account: &Account,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let index = keyring.storage().account_index(&account.aci);
        let row = RowSealer::new(keyring, &[index.as_bytes()]);
        Ok(Self {
            aci: row.seal(columns::ACCOUNT_ACI, account.aci.as_bytes(), rng)?,
            pni: account
                .pni
                .map(|pni| row.seal(columns::ACCOUNT_PNI, pni.as_bytes(), rng))
                .transpose()?,
            auth_salt: row.seal(
                columns::ACCOUNT_AUTH_SALT,
                account.auth_salt.as_bytes(),
                rng,
            )?,
            created: account.created,
            kind: account.kind,
            role: account.role,
            disabled: account.disabled,
            limit_epoch: account.limit_epoch,
            index,
        })
    }

    /// Unseals the account.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved, the blind index included.
    pub fn open(&self, keyring: &Keyring) -> Result<Account, StoreError> {
        let row = RowSealer::new(keyring, &[self.index.as_bytes()]);
        let aci = row.open_array(columns::ACCOUNT_ACI, &self.aci)?;
        let pni = self
            .pni
            .as_ref()
            .map(|pni| row.open_array(columns::ACCOUNT_PNI, pni))
            .transpose()?;
        let salt = row.open_array(columns::ACCOUNT_AUTH_SALT, &self.auth_salt)?;
        Ok(Account {
            aci: Aci::from_bytes(aci),
            pni: pni.map(Pni::from_bytes),
            auth_salt: AuthSalt::from_bytes(salt),
            created: self.created,
            kind: self.kind,
            role: self.role,
            disabled: self.disabled,
            limit_epoch: self.limit_epoch,
        })
    }
}

/// A row of `devices`.
#[derive(Clone, Debug)]
pub struct SealedDevice {
    /// The account's blind index. Together with `id` it is the row's key.
    pub account: BlindIndex,
    /// The device's number.
    pub id: DeviceId,
    /// The name.
    pub name: SealedValue,
    /// The keyed hash of the password.
    pub password_hash: PasswordHash,
    /// The time at which the device was added.
    pub created: Timestamp,
    /// The time at which the device was last seen.
    pub last_seen: Timestamp,
    /// The pseudonym of the address from which the device was last seen.
    pub last_address: Option<SealedValue>,
    /// The origin of the device.
    pub origin: DeviceOrigin,
}

impl SealedDevice {
    /// Seals a device of an account.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        aci: &Aci,
        device: &Device,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        Ok(Self {
            account: keyring.storage().account_index(aci),
            id: device.id,
            name: sealed_device_name(aci, device.id, &device.name, keyring, rng)?,
            password_hash: device.password_hash.clone(),
            created: device.created,
            last_seen: device.last_seen,
            last_address: device
                .last_address
                .map(|address| sealed_address(aci, device.id, &address, keyring, rng))
                .transpose()?,
            origin: device.origin,
        })
    }

    /// Unseals the device.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was changed or moved.
    pub fn open(&self, keyring: &Keyring) -> Result<Device, StoreError> {
        let row = device_row(self.account, self.id, keyring);
        let name = row.open_text(columns::DEVICE_NAME, &self.name, |name| {
            Ok::<_, Infallible>(DeviceName::from_stored(name))
        })?;
        let address = self
            .last_address
            .as_ref()
            .map(|address| row.open_array(columns::DEVICE_LAST_ADDRESS, address))
            .transpose()?;
        Ok(Device {
            id: self.id,
            name,
            password_hash: self.password_hash.clone(),
            created: self.created,
            last_seen: self.last_seen,
            last_address: address.map(AddressPseudonym::from_bytes),
            origin: self.origin,
        })
    }
}

/// Seals the pseudonym of the address from which a device was last seen.
///
/// # Errors
/// [`StoreError::InvalidValue`] for a value too long to be sealed.
pub fn sealed_address(
    aci: &Aci,
    id: DeviceId,
    address: &AddressPseudonym,
    keyring: &Keyring,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<SealedValue, StoreError> {
    let row = device_row(keyring.storage().account_index(aci), id, keyring);
    row.seal(columns::DEVICE_LAST_ADDRESS, address.as_bytes(), rng)
}

/// Seals the name of a device of an account.
///
/// # Errors
/// [`StoreError::InvalidValue`] for a value too long to be sealed.
pub fn sealed_device_name(
    aci: &Aci,
    id: DeviceId,
    name: &DeviceName,
    keyring: &Keyring,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<SealedValue, StoreError> {
    let row = device_row(keyring.storage().account_index(aci), id, keyring);
    row.seal(columns::DEVICE_NAME, name.as_str().as_bytes(), rng)
}

fn device_row(account: BlindIndex, id: DeviceId, keyring: &Keyring) -> RowSealer<'_> {
    RowSealer::new(keyring, &[account.as_bytes(), &id.as_u32().to_be_bytes()])
}
