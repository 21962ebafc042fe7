//! Sign-ups whose address is not confirmed yet.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    BlindIndex, ConfirmOutcome, PasswordVerifier, PendingSignUp, StoreError, TokenHash,
    sealed::SealedSignUp,
};
use rand_core::CryptoRng;
use sqlx::sqlite::SqliteRow;

use super::{logins, shadows, tokens};
use crate::{
    error::store_error,
    issuer::repository::SqliteRepository,
    row::{array, sealed, seconds, timestamp},
};

const TABLE: &str = "sign_ups";
const CONFIRMED: &str = "confirmed_sign_ups";

pub(super) async fn add(
    repository: &mut SqliteRepository,
    sign_up: &PendingSignUp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<(), StoreError> {
    let row = SealedSignUp::seal(sign_up, &repository.keyring, rng)?;
    let added = sqlx::query(
        "INSERT INTO sign_ups (token_hash, account_index, verifier, expires) VALUES (?, ?, ?, ?)",
    )
    .bind(row.token.as_bytes().as_slice())
    .bind(row.account.as_bytes().as_slice())
    .bind(row.verifier.as_bytes())
    .bind(seconds(sign_up.expires, TABLE, "expires")?)
    .execute(&mut repository.transaction)
    .await;
    match added {
        Ok(_) => {}
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            return Err(StoreError::AccountMissing);
        }
        Err(error) => return Err(store_error(error)),
    }
    logins::set_waiting(repository, &sign_up.aci, &sign_up.verifier, false, rng).await?;
    Ok(())
}

/// Confirms a sign-up. The request that deletes the row is the one that used the token.
pub(super) async fn confirm(
    repository: &mut SqliteRepository,
    token: &TokenHash,
    now: Timestamp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<ConfirmOutcome, StoreError> {
    let row = sqlx::query(
        "DELETE FROM sign_ups WHERE token_hash = ? AND expires > ?
         RETURNING token_hash, account_index, verifier, expires",
    )
    .bind(token.as_bytes().as_slice())
    .bind(seconds(now, TABLE, "expires")?)
    .fetch_optional(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    let Some(row) = row else {
        return repeated(repository, token, now).await;
    };
    let expires = timestamp(&row, TABLE, "expires")?;
    let row = sign_up(&row)?;
    let verifier = row.open(&repository.keyring)?;
    let aci = tokens::account_at(repository, row.account.as_bytes()).await?;
    forget(repository, &aci).await?;
    shadows::forget(repository, &aci).await?;
    if !logins::set_waiting(repository, &aci, &verifier, true, rng).await? {
        return Ok(ConfirmOutcome::Invalid);
    }
    sqlx::query(
        "INSERT INTO confirmed_sign_ups (token_hash, account_index, expires) VALUES (?, ?, ?)",
    )
    .bind(token.as_bytes().as_slice())
    .bind(row.account.as_bytes().as_slice())
    .bind(seconds(expires, CONFIRMED, "expires")?)
    .execute(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    Ok(ConfirmOutcome::Confirmed(aci))
}

async fn repeated(
    repository: &mut SqliteRepository,
    token: &TokenHash,
    now: Timestamp,
) -> Result<ConfirmOutcome, StoreError> {
    let is_confirmed: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM confirmed_sign_ups WHERE token_hash = ? AND expires > ?)",
    )
    .bind(token.as_bytes().as_slice())
    .bind(seconds(now, CONFIRMED, "expires")?)
    .fetch_one(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    Ok(if is_confirmed {
        ConfirmOutcome::Repeated
    } else {
        ConfirmOutcome::Invalid
    })
}

pub(super) async fn take_only(
    repository: &mut SqliteRepository,
    aci: &Aci,
    now: Timestamp,
) -> Result<Option<PasswordVerifier>, StoreError> {
    let rows = sqlx::query(
        "SELECT token_hash, account_index, verifier FROM sign_ups
         WHERE account_index = ? AND expires > ? LIMIT 2",
    )
    .bind(repository.account_index(aci))
    .bind(seconds(now, TABLE, "expires")?)
    .fetch_all(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    let [row] = rows.as_slice() else {
        return Ok(None);
    };
    let verifier = sign_up(row)?.open(&repository.keyring)?;
    forget(repository, aci).await?;
    Ok(Some(verifier))
}

/// Deletes all sign-ups of an account.
pub(super) async fn forget(repository: &mut SqliteRepository, aci: &Aci) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sign_ups WHERE account_index = ?")
        .bind(repository.account_index(aci))
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

fn sign_up(row: &SqliteRow) -> Result<SealedSignUp, StoreError> {
    Ok(SealedSignUp {
        token: TokenHash::from_bytes(array(row, TABLE, "token_hash")?),
        account: BlindIndex::from_bytes(array(row, TABLE, "account_index")?),
        verifier: sealed(row, "verifier")?,
    })
}
