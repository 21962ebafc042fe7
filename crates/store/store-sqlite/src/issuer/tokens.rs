//! Tokens of password resets, and invites. Each works once.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{Invite, StoreError, TokenHash, TokenReader, TokenRepository};
use async_trait::async_trait;
use sqlx::Row as _;

use super::{
    row::{self, account_columns},
    schema::IssuerTransaction,
};
use crate::{
    error::{Result, store_error},
    row::{array, seconds, timestamp},
    statement::Statement as _,
};

const RESET_TOKENS: &str = "reset_tokens";
const INVITES: &str = "invites";

#[async_trait]
impl TokenReader for IssuerTransaction {
    async fn reset_token_account(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Aci>> {
        const SELECT: &str =
            "SELECT account_index FROM reset_tokens WHERE token_hash = ? AND expires > ?";
        self.reset_account(SELECT, token, now).await
    }

    async fn invites(&mut self, now: Timestamp) -> Result<Vec<Invite>> {
        sqlx::query(
            "SELECT token_hash, created, expires FROM invites WHERE expires > ?
             ORDER BY expires, token_hash",
        )
        .bind(seconds(now, INVITES, "expires")?)
        .rows(&mut self.transaction)
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
}

#[async_trait]
impl TokenRepository for IssuerTransaction {
    async fn add_reset_token(
        &mut self,
        token: &TokenHash,
        aci: &Aci,
        expires: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO reset_tokens (account_index, token_hash, expires) VALUES (?, ?, ?)
             ON CONFLICT (account_index) DO UPDATE SET
                 token_hash = excluded.token_hash, expires = excluded.expires",
        )
        .bind(self.account_index(aci))
        .bind(token.as_bytes().as_slice())
        .bind(seconds(expires, RESET_TOKENS, "expires")?)
        .changes_referring(&mut self.transaction, StoreError::AccountMissing)
        .await
        .map(drop)
    }

    /// Takes a reset token. The request that deletes the row is the one that used the token.
    async fn take_reset_token(&mut self, token: &TokenHash, now: Timestamp) -> Result<Option<Aci>> {
        const TAKE: &str =
            "DELETE FROM reset_tokens WHERE token_hash = ? AND expires > ? RETURNING account_index";
        self.reset_account(TAKE, token, now).await
    }

    async fn add_invite(
        &mut self,
        code: &TokenHash,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<()> {
        sqlx::query("INSERT INTO invites (token_hash, created, expires) VALUES (?, ?, ?)")
            .bind(code.as_bytes().as_slice())
            .bind(seconds(now, INVITES, "created")?)
            .bind(seconds(expires, INVITES, "expires")?)
            .changes(&mut self.transaction)
            .await?;
        Ok(())
    }

    async fn cancel_invite(&mut self, code: &TokenHash) -> Result<bool> {
        sqlx::query("DELETE FROM invites WHERE token_hash = ?")
            .bind(code.as_bytes().as_slice())
            .changed(&mut self.transaction)
            .await
    }

    /// Takes an invite. The request that deletes the row is the one that used the code.
    async fn take_invite(&mut self, code: &TokenHash, now: Timestamp) -> Result<bool> {
        sqlx::query("DELETE FROM invites WHERE token_hash = ? AND expires > ?")
            .bind(code.as_bytes().as_slice())
            .bind(seconds(now, INVITES, "expires")?)
            .changed(&mut self.transaction)
            .await
    }
}

impl IssuerTransaction {
    /// Returns the account whose row in `accounts` has this key.
    pub(super) async fn account_at(&mut self, index: &[u8]) -> Result<Aci> {
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM accounts WHERE account_index = ?"
        );
        let row = sqlx::query(SELECT)
            .bind(index)
            .row(&mut self.transaction)
            .await?;
        Ok(row::account(&row)?.open(&self.keyring)?.aci)
    }

    /// The account in whose row of `reset_tokens` the token stands.
    async fn reset_account(
        &mut self,
        statement: &'static str,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Aci>> {
        let row = sqlx::query(statement)
            .bind(token.as_bytes().as_slice())
            .bind(seconds(now, RESET_TOKENS, "expires")?)
            .optional_row(&mut self.transaction)
            .await?;
        match row {
            Some(row) => {
                let index: &[u8] = row.try_get("account_index").map_err(store_error)?;
                self.account_at(index).await.map(Some)
            }
            None => Ok(None),
        }
    }
}
