//! The issuer's rows.

use anteroom_protocol::{Aci, AuthSalt, ParamsId, Pni, Timestamp};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::columns;
use crate::{
    account::{Account, Device, DeviceId, DeviceName},
    error::StoreError,
    keys::{BlindIndex, Column, Keyring, PasswordHash, SealedValue},
    server_params::{ServerParamsKind, ServerParamsRecord},
};

/// A row of `accounts`.
#[derive(Clone, Debug)]
pub struct SealedAccount {
    /// The blind index of the ACI: the row's key.
    pub index: BlindIndex,
    /// The ACI.
    pub aci: SealedValue,
    /// The PNI.
    pub pni: Option<SealedValue>,
    /// The auth salt.
    pub auth_salt: SealedValue,
    /// When the account was added.
    pub created: Timestamp,
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
        let index = keyring.service().account_index(&account.aci);
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
            index,
        })
    }

    /// Opens the account.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was altered or moved, the blind index included.
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
        })
    }
}

/// A row of `devices`.
#[derive(Clone, Debug)]
pub struct SealedDevice {
    /// The account's blind index: with `id`, the row's key.
    pub account: BlindIndex,
    /// The device's number.
    pub id: DeviceId,
    /// The name.
    pub name: SealedValue,
    /// The keyed hash of the password.
    pub password_hash: PasswordHash,
    /// When the device was added.
    pub created: Timestamp,
    /// The day on which it was last seen.
    pub last_seen: Timestamp,
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
        let account = keyring.service().account_index(aci);
        let row = device_row(account, device.id);
        let name = device.name.as_str().as_bytes();
        Ok(Self {
            account,
            id: device.id,
            name: seal(keyring, columns::DEVICE_NAME, &row, name, rng)?,
            password_hash: device.password_hash.clone(),
            created: device.created,
            last_seen: device.last_seen.start_of_day(),
        })
    }

    /// Opens the device.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was altered or moved.
    pub fn open(&self, keyring: &Keyring) -> Result<Device, StoreError> {
        let row = device_row(self.account, self.id);
        let name = open(keyring, columns::DEVICE_NAME, &row, &self.name)?;
        let name = std::str::from_utf8(&name)
            .ok()
            .and_then(|name| DeviceName::parse(name).ok())
            .ok_or(cannot_open(columns::DEVICE_NAME))?;
        Ok(Device {
            id: self.id,
            name,
            password_hash: self.password_hash.clone(),
            created: self.created,
            last_seen: self.last_seen,
        })
    }
}

/// A row of `server_params`.
#[derive(Clone, Debug)]
pub struct SealedServerParams {
    /// The params' id: the row's key.
    pub id: ParamsId,
    /// Their kind.
    pub kind: ServerParamsKind,
    /// The first moment at which they hold.
    pub not_before: Timestamp,
    /// The first moment at which they no longer hold.
    pub not_after: Option<Timestamp>,
    /// The secret params.
    pub secret: SealedValue,
}

impl SealedServerParams {
    /// Seals server params.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] for a value too long to be sealed.
    pub fn seal(
        record: &ServerParamsRecord,
        keyring: &Keyring,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, StoreError> {
        let row = server_params_row(record.id, record.kind);
        let column = columns::SERVER_PARAMS_SECRET;
        Ok(Self {
            id: record.id,
            kind: record.kind,
            not_before: record.not_before,
            not_after: record.not_after,
            secret: seal(keyring, column, &row, &record.secret, rng)?,
        })
    }

    /// Opens the server params.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for a value that was altered or moved.
    pub fn open(&self, keyring: &Keyring) -> Result<ServerParamsRecord, StoreError> {
        let row = server_params_row(self.id, self.kind);
        Ok(ServerParamsRecord {
            id: self.id,
            kind: self.kind,
            not_before: self.not_before,
            not_after: self.not_after,
            secret: open(keyring, columns::SERVER_PARAMS_SECRET, &row, &self.secret)?,
        })
    }
}

fn device_row(account: BlindIndex, id: DeviceId) -> Vec<u8> {
    [account.as_bytes().as_slice(), &id.as_u32().to_be_bytes()].concat()
}

/// The kind is bound with the id, so that a secret is never read as one of the other kind.
fn server_params_row(id: ParamsId, kind: ServerParamsKind) -> Vec<u8> {
    [id.as_bytes().as_slice(), kind.as_str().as_bytes()].concat()
}

fn seal(
    keyring: &Keyring,
    column: Column,
    row: &[u8],
    value: &[u8],
    rng: &mut (dyn CryptoRng + Send),
) -> Result<SealedValue, StoreError> {
    keyring
        .sealer()
        .seal(column, row, value, rng)
        .map_err(|_| StoreError::InvalidValue {
            table: column.table(),
            column: column.name(),
        })
}

fn open(
    keyring: &Keyring,
    column: Column,
    row: &[u8],
    sealed: &SealedValue,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    keyring
        .sealer()
        .open(column, row, sealed)
        .map_err(|_| cannot_open(column))
}

fn open_array<const N: usize>(
    keyring: &Keyring,
    column: Column,
    row: &[u8],
    sealed: &SealedValue,
) -> Result<[u8; N], StoreError> {
    let value = open(keyring, column, row, sealed)?;
    <[u8; N]>::try_from(value.as_slice()).map_err(|_| cannot_open(column))
}

const fn cannot_open(column: Column) -> StoreError {
    StoreError::Sealed {
        table: column.table(),
        column: column.name(),
    }
}
