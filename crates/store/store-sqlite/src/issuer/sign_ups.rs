//! Sign-ups whose address is not confirmed yet, shadows of sign-ups for addresses that already have
//! an account, and decoys of tokens.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    BlindIndex, ConfirmOutcome, PasswordVerifier, PendingSignUp, ShadowSignUp, SignUpReader,
    SignUpRepository, StoreError, TokenHash,
    sealed::{SealedShadow, SealedSignUp},
};
use async_trait::async_trait;
use rand_core::CryptoRng;
use sqlx::sqlite::SqliteRow;

use super::schema::IssuerTransaction;
use crate::{
    error::Result,
    row::{array, sealed, seconds, timestamp},
    statement::Statement as _,
};

const TABLE: &str = "sign_ups";
const CONFIRMED: &str = "confirmed_sign_ups";
const SHADOWS: &str = "shadow_sign_ups";

#[async_trait]
impl SignUpReader for IssuerTransaction {
    async fn shadow_sign_up(&mut self, aci: &Aci) -> Result<Option<PasswordVerifier>> {
        let row = sqlx::query(
            "SELECT account_index, verifier FROM shadow_sign_ups WHERE account_index = ?",
        )
        .bind(self.account_index(aci))
        .optional_row(&mut self.transaction)
        .await?;
        row.map(|row| {
            let shadow = SealedShadow {
                account: BlindIndex::from_bytes(array(&row, SHADOWS, "account_index")?),
                verifier: sealed(&row, "verifier")?,
            };
            shadow.open(&self.keyring)
        })
        .transpose()
    }
}

#[async_trait]
impl SignUpRepository for IssuerTransaction {
    async fn add_shadow_sign_up(
        &mut self,
        shadow: &ShadowSignUp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<()> {
        let row = SealedShadow::seal(shadow, &self.keyring, rng)?;
        sqlx::query(
            "INSERT INTO shadow_sign_ups (account_index, verifier, expires) VALUES (?, ?, ?)
             ON CONFLICT (account_index) DO UPDATE SET
                 verifier = excluded.verifier, expires = excluded.expires",
        )
        .bind(row.account.as_bytes().as_slice())
        .bind(row.verifier.as_bytes())
        .bind(seconds(shadow.expires, SHADOWS, "expires")?)
        .changes_referring(&mut self.transaction, StoreError::AccountMissing)
        .await
        .map(drop)
    }

    async fn add_decoy_token(&mut self, token: &TokenHash, expires: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO decoy_tokens (id, token_hash, expires) VALUES (1, ?, ?)
             ON CONFLICT (id) DO UPDATE SET
                 token_hash = excluded.token_hash, expires = excluded.expires",
        )
        .bind(token.as_bytes().as_slice())
        .bind(seconds(expires, "decoy_tokens", "expires")?)
        .changes(&mut self.transaction)
        .await?;
        Ok(())
    }

    async fn add_sign_up(
        &mut self,
        sign_up: &PendingSignUp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<()> {
        let row = SealedSignUp::seal(sign_up, &self.keyring, rng)?;
        sqlx::query(
            "INSERT INTO sign_ups (token_hash, account_index, verifier, expires) VALUES (?, ?, ?, ?)",
        )
        .bind(row.token.as_bytes().as_slice())
        .bind(row.account.as_bytes().as_slice())
        .bind(row.verifier.as_bytes())
        .bind(seconds(sign_up.expires, TABLE, "expires")?)
        .changes_referring(&mut self.transaction, StoreError::AccountMissing)
        .await?;
        self.set_unverified(&sign_up.aci, &sign_up.verifier, false, rng)
            .await?;
        Ok(())
    }

    /// Confirms a sign-up. The request that deletes the row is the one that used the token.
    async fn confirm_sign_up(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<ConfirmOutcome> {
        let row = sqlx::query(
            "DELETE FROM sign_ups WHERE token_hash = ? AND expires > ?
             RETURNING token_hash, account_index, verifier, expires",
        )
        .bind(token.as_bytes().as_slice())
        .bind(seconds(now, TABLE, "expires")?)
        .optional_row(&mut self.transaction)
        .await?;
        let Some(row) = row else {
            return self.repeated_confirmation(token, now).await;
        };
        let expires = timestamp(&row, TABLE, "expires")?;
        let row = sign_up(&row)?;
        let verifier = row.open(&self.keyring)?;
        let aci = self.account_at(row.account.as_bytes()).await?;
        self.forget_sign_ups(&aci).await?;
        self.forget_shadows(&aci).await?;
        if !self.set_unverified(&aci, &verifier, true, rng).await? {
            return Ok(ConfirmOutcome::Invalid);
        }
        sqlx::query(
            "INSERT INTO confirmed_sign_ups (token_hash, account_index, expires) VALUES (?, ?, ?)",
        )
        .bind(token.as_bytes().as_slice())
        .bind(row.account.as_bytes().as_slice())
        .bind(seconds(expires, CONFIRMED, "expires")?)
        .changes(&mut self.transaction)
        .await?;
        Ok(ConfirmOutcome::Confirmed(aci))
    }

    async fn take_only_sign_up(
        &mut self,
        aci: &Aci,
        now: Timestamp,
    ) -> Result<Option<PasswordVerifier>> {
        let rows = sqlx::query(
            "SELECT token_hash, account_index, verifier FROM sign_ups
             WHERE account_index = ? AND expires > ? LIMIT 2",
        )
        .bind(self.account_index(aci))
        .bind(seconds(now, TABLE, "expires")?)
        .rows(&mut self.transaction)
        .await?;
        let [row] = rows.as_slice() else {
            return Ok(None);
        };
        let verifier = sign_up(row)?.open(&self.keyring)?;
        self.forget_sign_ups(aci).await?;
        Ok(Some(verifier))
    }
}

impl IssuerTransaction {
    pub(super) async fn forget_shadows(&mut self, aci: &Aci) -> Result<()> {
        sqlx::query("DELETE FROM shadow_sign_ups WHERE account_index = ?")
            .bind(self.account_index(aci))
            .changes(&mut self.transaction)
            .await?;
        Ok(())
    }

    /// Deletes all sign-ups of an account.
    pub(super) async fn forget_sign_ups(&mut self, aci: &Aci) -> Result<()> {
        sqlx::query("DELETE FROM sign_ups WHERE account_index = ?")
            .bind(self.account_index(aci))
            .changes(&mut self.transaction)
            .await?;
        Ok(())
    }

    async fn repeated_confirmation(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<ConfirmOutcome> {
        let is_confirmed: bool = sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM confirmed_sign_ups WHERE token_hash = ? AND expires > ?)",
        )
        .bind(token.as_bytes().as_slice())
        .bind(seconds(now, CONFIRMED, "expires")?)
        .scalar(&mut self.transaction)
        .await?;
        Ok(if is_confirmed {
            ConfirmOutcome::Repeated
        } else {
            ConfirmOutcome::Invalid
        })
    }
}

fn sign_up(row: &SqliteRow) -> Result<SealedSignUp> {
    Ok(SealedSignUp {
        token: TokenHash::from_bytes(array(row, TABLE, "token_hash")?),
        account: BlindIndex::from_bytes(array(row, TABLE, "account_index")?),
        verifier: sealed(row, "verifier")?,
    })
}
