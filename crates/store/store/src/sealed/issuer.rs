//! The sealed rows of the issuer.

use anteroom_protocol::{Aci, AuthSalt, DeviceId, Pni, Timestamp};
use rand_core::CryptoRng;

use super::{
    cell::{cannot_open, open, open_array, seal},
    columns,
};
use crate::{
    account::{Account, AccountRole, Device, DeviceOrigin},
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
        let row = index.as_bytes();
        let mut seal = |column, value: &[u8]| seal(keyring, column, row, value, rng);
        Ok(Self {
            aci: seal(columns::ACCOUNT_ACI, account.aci.as_bytes())?,
            pni: account
                .pni
                .map(|pni| seal(columns::ACCOUNT_PNI, pni.as_bytes()))
                .transpose()?,
            auth_salt: seal(columns::ACCOUNT_AUTH_SALT, account.auth_salt.as_bytes())?,
            created: account.created,
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
        let row = self.index.as_bytes();
        let aci = Aci::from_bytes(open_array(keyring, columns::ACCOUNT_ACI, row, &self.aci)?);
        let pni = self
            .pni
            .as_ref()
            .map(|pni| open_array(keyring, columns::ACCOUNT_PNI, row, pni))
            .transpose()?;
        let salt = open_array(keyring, columns::ACCOUNT_AUTH_SALT, row, &self.auth_salt)?;
        Ok(Account {
            aci,
            pni: pni.map(Pni::from_bytes),
            auth_salt: AuthSalt::from_bytes(salt),
            created: self.created,
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
        let row = device_row(self.account, self.id);
        let name = open(keyring, columns::DEVICE_NAME, &row, &self.name)?;
        let name = std::str::from_utf8(&name).map_err(|_| cannot_open(columns::DEVICE_NAME))?;
        let address = self
            .last_address
            .as_ref()
            .map(|address| open_array(keyring, columns::DEVICE_LAST_ADDRESS, &row, address))
            .transpose()?;
        Ok(Device {
            id: self.id,
            name: DeviceName::from_stored(name),
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
    let row = device_row(keyring.storage().account_index(aci), id);
    let column = columns::DEVICE_LAST_ADDRESS;
    seal(keyring, column, &row, address.as_bytes(), rng)
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
    let row = device_row(keyring.storage().account_index(aci), id);
    let name = name.as_str().as_bytes();
    seal(keyring, columns::DEVICE_NAME, &row, name, rng)
}

fn device_row(account: BlindIndex, id: DeviceId) -> Vec<u8> {
    [account.as_bytes().as_slice(), &id.as_u32().to_be_bytes()].concat()
}
