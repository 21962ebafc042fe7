//! The issuer's rows.

use anteroom_protocol::Aci;
use anteroom_store::{
    AccountKind, AccountRole, BlindIndex, DeviceId, DeviceOrigin, PasswordHash,
    sealed::{SealedAccount, SealedDevice},
};
use sqlx::{Row, sqlite::SqliteRow};

use super::schema::IssuerTransaction;
use crate::{
    error::{Result, store_error},
    row::{array, invalid, number, optional_sealed, sealed, timestamp},
};

const ACCOUNTS: &str = "accounts";
const DEVICES: &str = "devices";

/// The select list that [`account`] reads.
macro_rules! account_columns {
    () => {
        "accounts.account_index, accounts.aci, accounts.pni, accounts.auth_salt, \
         accounts.created AS account_created, accounts.kind, accounts.role, accounts.disabled, \
         accounts.limit_epoch"
    };
}

/// The select list that [`device`] reads, beside `account_index`.
macro_rules! device_columns {
    () => {
        "devices.device_id, devices.name, devices.password_hash, \
         devices.created AS device_created, devices.last_seen, devices.last_address, devices.origin"
    };
}

pub(super) use {account_columns, device_columns};

pub(super) fn account(row: &SqliteRow) -> Result<SealedAccount> {
    let kind: &str = row.try_get("kind").map_err(store_error)?;
    let role: &str = row.try_get("role").map_err(store_error)?;
    Ok(SealedAccount {
        index: account_index(row)?,
        aci: sealed(row, "aci")?,
        pni: optional_sealed(row, "pni")?,
        auth_salt: sealed(row, "auth_salt")?,
        created: timestamp(row, ACCOUNTS, "account_created")?,
        kind: AccountKind::from_word(kind).ok_or(invalid(ACCOUNTS, "kind"))?,
        role: AccountRole::from_word(role).ok_or(invalid(ACCOUNTS, "role"))?,
        disabled: row.try_get("disabled").map_err(store_error)?,
        limit_epoch: number(row, ACCOUNTS, "limit_epoch")?,
    })
}

pub(super) fn account_index(row: &SqliteRow) -> Result<BlindIndex> {
    Ok(BlindIndex::from_bytes(array(
        row,
        ACCOUNTS,
        "account_index",
    )?))
}

pub(super) fn device(row: &SqliteRow) -> Result<SealedDevice> {
    let origin: &str = row.try_get("origin").map_err(store_error)?;
    Ok(SealedDevice {
        account: BlindIndex::from_bytes(array(row, DEVICES, "account_index")?),
        id: device_id(row, DEVICES, "device_id")?,
        name: sealed(row, "name")?,
        password_hash: PasswordHash::from_bytes(array(row, DEVICES, "password_hash")?),
        created: timestamp(row, DEVICES, "device_created")?,
        last_seen: timestamp(row, DEVICES, "last_seen")?,
        last_address: optional_sealed(row, "last_address")?,
        origin: DeviceOrigin::from_word(origin).ok_or(invalid(DEVICES, "origin"))?,
    })
}

/// Reads the number of a device.
pub(super) fn device_id(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<DeviceId> {
    DeviceId::new(number(row, table, column)?).ok_or(invalid(table, column))
}

impl IssuerTransaction {
    /// Returns the key of an account's rows.
    pub(super) fn account_index(&self, aci: &Aci) -> Vec<u8> {
        let index = self.keyring.storage().account_index(aci);
        index.as_bytes().to_vec()
    }
}
