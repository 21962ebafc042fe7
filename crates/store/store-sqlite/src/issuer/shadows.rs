//! Shadows of sign-ups for addresses that already have an account, and decoys of tokens.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    BlindIndex, PasswordVerifier, ShadowSignUp, StoreError, TokenHash, sealed::SealedShadow,
};

use super::row::account_index;
use crate::{
    file::KeyedTransaction,
    row::{array, sealed, seconds},
    statement::Statement as _,
};

const TABLE: &str = "shadow_sign_ups";

pub(super) async fn find(
    keyed: &mut KeyedTransaction,
    aci: &Aci,
) -> Result<Option<PasswordVerifier>, StoreError> {
    let row =
        sqlx::query("SELECT account_index, verifier FROM shadow_sign_ups WHERE account_index = ?")
            .bind(account_index(keyed, aci))
            .optional_row(&mut keyed.transaction)
            .await?;
    row.map(|row| {
        let shadow = SealedShadow {
            account: BlindIndex::from_bytes(array(&row, TABLE, "account_index")?),
            verifier: sealed(&row, "verifier")?,
        };
        shadow.open(&keyed.keyring)
    })
    .transpose()
}

pub(super) async fn add(
    keyed: &mut KeyedTransaction,
    shadow: &ShadowSignUp,
    rng: &mut (dyn rand_core::CryptoRng + Send),
) -> Result<(), StoreError> {
    let row = SealedShadow::seal(shadow, &keyed.keyring, rng)?;
    sqlx::query(
        "INSERT INTO shadow_sign_ups (account_index, verifier, expires) VALUES (?, ?, ?)
         ON CONFLICT (account_index) DO UPDATE SET
             verifier = excluded.verifier, expires = excluded.expires",
    )
    .bind(row.account.as_bytes().as_slice())
    .bind(row.verifier.as_bytes())
    .bind(seconds(shadow.expires, TABLE, "expires")?)
    .changes_referring(&mut keyed.transaction, StoreError::AccountMissing)
    .await
    .map(drop)
}

pub(super) async fn forget(keyed: &mut KeyedTransaction, aci: &Aci) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM shadow_sign_ups WHERE account_index = ?")
        .bind(account_index(keyed, aci))
        .changes(&mut keyed.transaction)
        .await?;
    Ok(())
}

pub(super) async fn add_decoy(
    keyed: &mut KeyedTransaction,
    token: &TokenHash,
    expires: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO decoy_tokens (id, token_hash, expires) VALUES (1, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
             token_hash = excluded.token_hash, expires = excluded.expires",
    )
    .bind(token.as_bytes().as_slice())
    .bind(seconds(expires, "decoy_tokens", "expires")?)
    .changes(&mut keyed.transaction)
    .await?;
    Ok(())
}
