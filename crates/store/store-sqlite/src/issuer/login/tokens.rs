//! Tokens of password resets, and invites. Each works once.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{Invite, StoreError, TokenHash};

use crate::{
    error::store_error,
    issuer::{
        repository::SqliteRepository,
        row::{self, account_columns},
    },
    row::{array, seconds, timestamp},
};

const RESET_TOKENS: &str = "reset_tokens";
const INVITES: &str = "invites";

pub(super) async fn add_reset_token(
    repository: &mut SqliteRepository,
    token: &TokenHash,
    aci: &Aci,
    expires: Timestamp,
) -> Result<(), StoreError> {
    let added = sqlx::query(
        "INSERT INTO reset_tokens (account_index, token_hash, expires) VALUES (?, ?, ?)
         ON CONFLICT (account_index) DO UPDATE SET
             token_hash = excluded.token_hash, expires = excluded.expires",
    )
    .bind(repository.account_index(aci))
    .bind(token.as_bytes().as_slice())
    .bind(seconds(expires, RESET_TOKENS, "expires")?)
    .execute(&mut repository.transaction)
    .await;
    match added {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            Err(StoreError::AccountMissing)
        }
        Err(error) => Err(store_error(error)),
    }
}

pub(super) async fn reset_token_account(
    repository: &mut SqliteRepository,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Aci>, StoreError> {
    const SELECT: &str =
        "SELECT account_index FROM reset_tokens WHERE token_hash = ? AND expires > ?";
    reset_account(repository, SELECT, token, now).await
}

/// Takes a reset token. The request that deletes the row is the one that used the token.
pub(super) async fn take_reset_token(
    repository: &mut SqliteRepository,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Aci>, StoreError> {
    const TAKE: &str =
        "DELETE FROM reset_tokens WHERE token_hash = ? AND expires > ? RETURNING account_index";
    reset_account(repository, TAKE, token, now).await
}

/// The account in whose row of `reset_tokens` the token stands.
async fn reset_account(
    repository: &mut SqliteRepository,
    statement: &'static str,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Aci>, StoreError> {
    let account: Option<Vec<u8>> = sqlx::query_scalar(statement)
        .bind(token.as_bytes().as_slice())
        .bind(seconds(now, RESET_TOKENS, "expires")?)
        .fetch_optional(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    match account {
        Some(account) => Ok(Some(account_at(repository, &account).await?)),
        None => Ok(None),
    }
}

/// Returns the account whose row in `accounts` has this key.
pub(super) async fn account_at(
    repository: &mut SqliteRepository,
    index: &[u8],
) -> Result<Aci, StoreError> {
    const SELECT: &str = concat!(
        "SELECT ",
        account_columns!(),
        " FROM accounts WHERE account_index = ?"
    );
    let row = sqlx::query(SELECT)
        .bind(index)
        .fetch_one(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(row::account(&row)?.open(&repository.keyring)?.aci)
}

pub(super) async fn add_invite(
    repository: &mut SqliteRepository,
    code: &TokenHash,
    now: Timestamp,
    expires: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO invites (token_hash, created, expires) VALUES (?, ?, ?)")
        .bind(code.as_bytes().as_slice())
        .bind(seconds(now, INVITES, "created")?)
        .bind(seconds(expires, INVITES, "expires")?)
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

pub(super) async fn invites(
    repository: &mut SqliteRepository,
    now: Timestamp,
) -> Result<Vec<Invite>, StoreError> {
    sqlx::query(
        "SELECT token_hash, created, expires FROM invites WHERE expires > ?
         ORDER BY expires, token_hash",
    )
    .bind(seconds(now, INVITES, "expires")?)
    .fetch_all(&mut repository.transaction)
    .await
    .map_err(store_error)?
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
    repository: &mut SqliteRepository,
    code: &TokenHash,
) -> Result<bool, StoreError> {
    let cancelled = sqlx::query("DELETE FROM invites WHERE token_hash = ?")
        .bind(code.as_bytes().as_slice())
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(cancelled.rows_affected() > 0)
}

/// Takes an invite. The request that deletes the row is the one that used the code.
pub(super) async fn take_invite(
    repository: &mut SqliteRepository,
    code: &TokenHash,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken = sqlx::query("DELETE FROM invites WHERE token_hash = ? AND expires > ?")
        .bind(code.as_bytes().as_slice())
        .bind(seconds(now, INVITES, "expires")?)
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(taken.rows_affected() > 0)
}
