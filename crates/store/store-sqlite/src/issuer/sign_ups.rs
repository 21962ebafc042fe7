//! Sign-ups whose address is not confirmed yet.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    BlindIndex, ConfirmOutcome, PasswordVerifier, PendingSignUp, StoreError, TokenHash,
    sealed::SealedSignUp,
};
use rand_core::CryptoRng;
use sqlx::sqlite::SqliteRow;

use super::{logins, row::account_index, shadows, tokens};
use crate::{
    file::KeyedTransaction,
    row::{array, sealed, seconds, timestamp},
    statement::Statement as _,
};

const TABLE: &str = "sign_ups";
const CONFIRMED: &str = "confirmed_sign_ups";

pub(super) async fn add(
    keyed: &mut KeyedTransaction,
    sign_up: &PendingSignUp,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<(), StoreError> {
    let row = SealedSignUp::seal(sign_up, &keyed.keyring, rng)?;
    sqlx::query(
        "INSERT INTO sign_ups (token_hash, account_index, verifier, expires) VALUES (?, ?, ?, ?)",
    )
    .bind(row.token.as_bytes().as_slice())
    .bind(row.account.as_bytes().as_slice())
    .bind(row.verifier.as_bytes())
    .bind(seconds(sign_up.expires, TABLE, "expires")?)
    .changes_referring(&mut keyed.transaction, StoreError::AccountMissing)
    .await?;
    logins::set_waiting(keyed, &sign_up.aci, &sign_up.verifier, false, rng).await?;
    Ok(())
}

/// Confirms a sign-up. The request that deletes the row is the one that used the token.
pub(super) async fn confirm(
    keyed: &mut KeyedTransaction,
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
    .optional_row(&mut keyed.transaction)
    .await?;
    let Some(row) = row else {
        return repeated(keyed, token, now).await;
    };
    let expires = timestamp(&row, TABLE, "expires")?;
    let row = sign_up(&row)?;
    let verifier = row.open(&keyed.keyring)?;
    let aci = tokens::account_at(keyed, row.account.as_bytes()).await?;
    forget(keyed, &aci).await?;
    shadows::forget(keyed, &aci).await?;
    if !logins::set_waiting(keyed, &aci, &verifier, true, rng).await? {
        return Ok(ConfirmOutcome::Invalid);
    }
    sqlx::query(
        "INSERT INTO confirmed_sign_ups (token_hash, account_index, expires) VALUES (?, ?, ?)",
    )
    .bind(token.as_bytes().as_slice())
    .bind(row.account.as_bytes().as_slice())
    .bind(seconds(expires, CONFIRMED, "expires")?)
    .changes(&mut keyed.transaction)
    .await?;
    Ok(ConfirmOutcome::Confirmed(aci))
}

async fn repeated(
    keyed: &mut KeyedTransaction,
    token: &TokenHash,
    now: Timestamp,
) -> Result<ConfirmOutcome, StoreError> {
    let is_confirmed: bool = sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM confirmed_sign_ups WHERE token_hash = ? AND expires > ?)",
    )
    .bind(token.as_bytes().as_slice())
    .bind(seconds(now, CONFIRMED, "expires")?)
    .scalar(&mut keyed.transaction)
    .await?;
    Ok(if is_confirmed {
        ConfirmOutcome::Repeated
    } else {
        ConfirmOutcome::Invalid
    })
}

pub(super) async fn take_only(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
    now: Timestamp,
) -> Result<Option<PasswordVerifier>, StoreError> {
    let rows = sqlx::query(
        "SELECT token_hash, account_index, verifier FROM sign_ups
         WHERE account_index = ? AND expires > ? LIMIT 2",
    )
    .bind(account_index(keyed, aci))
    .bind(seconds(now, TABLE, "expires")?)
    .rows(&mut keyed.transaction)
    .await?;
    let [row] = rows.as_slice() else {
        return Ok(None);
    };
    let verifier = sign_up(row)?.open(&keyed.keyring)?;
    forget(keyed, aci).await?;
    Ok(Some(verifier))
}

/// Deletes all sign-ups of an account.
pub(super) async fn forget(keyed: &mut KeyedTransaction, aci: &Aci) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sign_ups WHERE account_index = ?")
        .bind(account_index(keyed, aci))
        .changes(&mut keyed.transaction)
        .await?;
    Ok(())
}

fn sign_up(row: &SqliteRow) -> Result<SealedSignUp, StoreError> {
    Ok(SealedSignUp {
        token: TokenHash::from_bytes(array(row, TABLE, "token_hash")?),
        account: BlindIndex::from_bytes(array(row, TABLE, "account_index")?),
        verifier: sealed(row, "verifier")?,
    })
}
