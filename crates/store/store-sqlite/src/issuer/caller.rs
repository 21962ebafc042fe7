//! The look-up that almost every request makes: an account and one of its devices.

use anteroom_protocol::Aci;
use anteroom_store::{AccountDevice, DeviceId, Keyring};
use sqlx::sqlite::SqliteRow;

use super::row::{self, account_columns, device_columns};
use crate::{
    error::Result,
    lookups::{FastLookup, LookupPool},
};

/// Reads the account and the device in a single statement. The statement sees one state of the
/// file, including the id of the newest key. It takes a quarter of the round trips of a transaction
/// that reads the keys first.
pub(super) async fn fast_lookup(
    lookups: &LookupPool,
    keyring: &Keyring,
    aci: &Aci,
    id: DeviceId,
) -> Result<FastLookup, sqlx::Error> {
    const SELECT: &str = concat!(
        "SELECT ",
        account_columns!(),
        ", ",
        device_columns!(),
        ", newest.key_id AS newest_key FROM (SELECT max(key_id) AS key_id FROM keys) AS newest \
         LEFT JOIN accounts ON accounts.account_index = ?1 \
         LEFT JOIN devices ON devices.account_index = accounts.account_index \
             AND devices.device_id = ?2"
    );
    let index = keyring.storage().account_index(aci);
    let statement = sqlx::query(SELECT)
        .bind(index.as_bytes().as_slice())
        .bind(i64::from(id.as_u32()));
    lookups.find(statement, keyring, "device_id").await
}

/// Unseals an account and its device.
pub(super) fn opened(row: &SqliteRow, keyring: &Keyring) -> Result<AccountDevice> {
    Ok(AccountDevice {
        account: row::account(row)?.open(keyring)?,
        device: row::device(row)?.open(keyring)?,
    })
}
