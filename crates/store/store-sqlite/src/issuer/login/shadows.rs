//! Shadows of sign-ups for addresses that already have an account, and decoys of tokens.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    BlindIndex, PasswordVerifier, ShadowSignUp, StoreError, TokenHash, sealed::SealedShadow,
};

use crate::{
    error::store_error,
    issuer::repository::SqliteRepository,
    row::{array, sealed, seconds},
};

const TABLE: &str = "shadow_sign_ups";

pub(super) async fn find(
    repository: &mut SqliteRepository,
    aci: &Aci,
) -> Result<Option<PasswordVerifier>, StoreError> {
    let row =
        sqlx::query("SELECT account_index, verifier FROM shadow_sign_ups WHERE account_index = ?")
            .bind(repository.account_index(aci))
            .fetch_optional(&mut repository.transaction)
            .await
            .map_err(store_error)?;
    row.map(|row| {
        let shadow = SealedShadow {
            account: BlindIndex::from_bytes(array(&row, TABLE, "account_index")?),
            verifier: sealed(&row, "verifier")?,
        };
        shadow.open(&repository.keyring)
    })
    .transpose()
}

pub(super) async fn add(
    repository: &mut SqliteRepository,
    shadow: &ShadowSignUp,
    rng: &mut (dyn rand_core::CryptoRng + Send),
) -> Result<(), StoreError> {
    let row = SealedShadow::seal(shadow, &repository.keyring, rng)?;
    let added = sqlx::query(
        "INSERT INTO shadow_sign_ups (account_index, verifier, expires) VALUES (?, ?, ?)
         ON CONFLICT (account_index) DO UPDATE SET
             verifier = excluded.verifier, expires = excluded.expires",
    )
    .bind(row.account.as_bytes().as_slice())
    .bind(row.verifier.as_bytes())
    .bind(seconds(shadow.expires, TABLE, "expires")?)
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

pub(super) async fn forget(repository: &mut SqliteRepository, aci: &Aci) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM shadow_sign_ups WHERE account_index = ?")
        .bind(repository.account_index(aci))
        .execute(&mut repository.transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

pub(super) async fn add_decoy(
    repository: &mut SqliteRepository,
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
    .execute(&mut repository.transaction)
    .await
    .map_err(store_error)?;
    Ok(())
}
