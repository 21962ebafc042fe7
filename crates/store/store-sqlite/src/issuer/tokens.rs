//! Tokens of password resets, and invites. Each works once.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{Invite, StoreError, TokenHash};
use sqlx::Row as _;

use super::row::{self, account_columns, account_index};
use crate::{
    error::store_error,
    file::KeyedTransaction,
    row::{array, seconds, timestamp},
    statement::Statement as _,
};

const RESET_TOKENS: &str = "reset_tokens";
const INVITES: &str = "invites";

pub(super) async fn add_reset_token(
    keyed: &mut KeyedTransaction,
    token: &TokenHash,
    aci: &Aci,
    expires: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reset_tokens (account_index, token_hash, expires) VALUES (?, ?, ?)
         ON CONFLICT (account_index) DO UPDATE SET
             token_hash = excluded.token_hash, expires = excluded.expires",
    )
    .bind(account_index(keyed, aci))
    .bind(token.as_bytes().as_slice())
    .bind(seconds(expires, RESET_TOKENS, "expires")?)
    .changes_referring(&mut keyed.transaction, StoreError::AccountMissing)
    .await
    .map(drop)
}

pub(super) async fn reset_token_account(
    keyed: &mut KeyedTransaction,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Aci>, StoreError> {
    const SELECT: &str =
        "SELECT account_index FROM reset_tokens WHERE token_hash = ? AND expires > ?";
    reset_account(keyed, SELECT, token, now).await
}

/// Takes a reset token. The request that deletes the row is the one that used the token.
pub(super) async fn take_reset_token(
    keyed: &mut KeyedTransaction,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Aci>, StoreError> {
    const TAKE: &str =
        "DELETE FROM reset_tokens WHERE token_hash = ? AND expires > ? RETURNING account_index";
    reset_account(keyed, TAKE, token, now).await
}

/// The account in whose row of `reset_tokens` the token stands.
async fn reset_account(
    keyed: &mut KeyedTransaction,
    statement: &'static str,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Aci>, StoreError> {
    let row = sqlx::query(statement)
        .bind(token.as_bytes().as_slice())
        .bind(seconds(now, RESET_TOKENS, "expires")?)
        .optional_row(&mut keyed.transaction)
        .await?;
    match row {
        Some(row) => {
            let index: &[u8] = row.try_get("account_index").map_err(store_error)?;
            account_at(keyed, index).await.map(Some)
        }
        None => Ok(None),
    }
}

/// Returns the account whose row in `accounts` has this key.
pub(super) async fn account_at(
    keyed: &mut KeyedTransaction,
    index: &[u8],
) -> Result<Aci, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        account_columns!(),
        " FROM accounts WHERE account_index = ?"
    );
    let row = sqlx::query(SELECT)
        .bind(index)
        .row(&mut keyed.transaction)
        .await?;
    Ok(row::account(&row)?.open(&keyed.keyring)?.aci)
}

pub(super) async fn add_invite(
    keyed: &mut KeyedTransaction,
    code: &TokenHash,
    now: Timestamp,
    expires: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO invites (token_hash, created, expires) VALUES (?, ?, ?)")
        .bind(code.as_bytes().as_slice())
        .bind(seconds(now, INVITES, "created")?)
        .bind(seconds(expires, INVITES, "expires")?)
        .changes(&mut keyed.transaction)
        .await?;
    Ok(())
}

pub(super) async fn invites(
    keyed: &mut KeyedTransaction,
    now: Timestamp,
) -> Result<Vec<Invite>, StoreError> {
    sqlx::query(
        "SELECT token_hash, created, expires FROM invites WHERE expires > ?
         ORDER BY expires, token_hash",
    )
    .bind(seconds(now, INVITES, "expires")?)
    .rows(&mut keyed.transaction)
    .await?
    .iter()
    .map(|row| {
        Ok(Invite {
            code: TokenHash::from_bytes(array(row, INVITES, "token_hash")?),
            created: timestamp(row, INVITES, "created")?,
            expires: timestamp(row, INVITES, "expires")?,
        })
    })
    .collect()
}

pub(super) async fn cancel_invite(
    keyed: &mut KeyedTransaction,
    code: &TokenHash,
) -> Result<bool, StoreError> {
    let cancelled = sqlx::query("DELETE FROM invites WHERE token_hash = ?")
        .bind(code.as_bytes().as_slice())
        .changes(&mut keyed.transaction)
        .await?;
    Ok(cancelled > 0)
}

/// Takes an invite. The request that deletes the row is the one that used the code.
pub(super) async fn take_invite(
    keyed: &mut KeyedTransaction,
    code: &TokenHash,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken = sqlx::query("DELETE FROM invites WHERE token_hash = ? AND expires > ?")
        .bind(code.as_bytes().as_slice())
        .bind(seconds(now, INVITES, "expires")?)
        .changes(&mut keyed.transaction)
        .await?;
    Ok(taken > 0)
}
