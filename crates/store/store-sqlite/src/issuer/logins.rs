//! Email addresses with passwords.

use anteroom_protocol::Aci;
use anteroom_store::{
    Account, BlindIndex, Email, Login, LoginReader, LoginRepository, PasswordVerifier, StoreError,
    sealed::{SealedLogin, sealed_verifier},
};
use async_trait::async_trait;
use rand_core::CryptoRng;
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    row::{self, account_columns},
    schema::IssuerTransaction,
};
use crate::{
    error::{Result, store_error},
    row::{array, sealed, seconds, timestamp},
    statement::Statement as _,
};

const TABLE: &str = "logins";

/// The select list that [`login`] reads, beside `account_index`.
macro_rules! login_columns {
    () => {
        "logins.email_index, logins.email, logins.verifier, logins.verified, \
         logins.created AS login_created"
    };
}
pub(super) use login_columns;

pub(super) fn login(row: &SqliteRow) -> Result<SealedLogin> {
    Ok(SealedLogin {
        account: BlindIndex::from_bytes(array(row, TABLE, "account_index")?),
        email_index: BlindIndex::from_bytes(array(row, TABLE, "email_index")?),
        email: sealed(row, "email")?,
        verifier: sealed(row, "verifier")?,
        verified: row.try_get("verified").map_err(store_error)?,
        created: timestamp(row, TABLE, "login_created")?,
    })
}

#[async_trait]
impl LoginReader for IssuerTransaction {
    async fn login(&mut self, aci: &Aci) -> Result<Option<Login>> {
        const SELECT: &str = concat!(
            "SELECT logins.account_index, ",
            login_columns!(),
            " FROM logins WHERE logins.account_index = ?"
        );
        let row = sqlx::query(SELECT)
            .bind(self.account_index(aci))
            .optional_row(&mut self.transaction)
            .await?;
        row.map(|row| login(&row)?.open(*aci, &self.keyring))
            .transpose()
    }

    async fn login_by_email(&mut self, email: &Email) -> Result<Option<(Login, Account)>> {
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            ", ",
            login_columns!(),
            " FROM logins JOIN accounts USING (account_index) WHERE logins.email_index IN (?, ?)"
        );
        let keys = self.keyring.storage();
        let index = keys.email_index(email);
        let older = email
            .older_spelling()
            .map_or(index, |older| keys.email_index(&older));
        let row = sqlx::query(SELECT)
            .bind(index.as_bytes().as_slice())
            .bind(older.as_bytes().as_slice())
            .optional_row(&mut self.transaction)
            .await?;
        row.map(|row| {
            let account = row::account(&row)?.open(&self.keyring)?;
            let login = login(&row)?.open(account.aci, &self.keyring)?;
            Ok((login, account))
        })
        .transpose()
    }
}

#[async_trait]
impl LoginRepository for IssuerTransaction {
    /// Adds a login, unless its address is taken. The look-up before also finds addresses in the
    /// form of an older version. The statement ignores conflicts; a look-up after it tells which
    /// one occurred.
    async fn add_login(&mut self, login: &Login, rng: &mut (dyn CryptoRng + Send)) -> Result<()> {
        if self
            .login_by_email(&login.email)
            .await?
            .is_some_and(|(known, _)| known.aci != login.aci)
        {
            return Err(StoreError::EmailTaken);
        }
        let sealed = SealedLogin::seal(login, &self.keyring, rng)?;
        let created = seconds(sealed.created, TABLE, "created")?;
        let added = sqlx::query(
            "INSERT INTO logins (account_index, email_index, email, verifier, verified, created)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(sealed.account.as_bytes().as_slice())
        .bind(sealed.email_index.as_bytes().as_slice())
        .bind(sealed.email.as_bytes())
        .bind(sealed.verifier.as_bytes())
        .bind(sealed.verified)
        .bind(created)
        .changes_referring(&mut self.transaction, StoreError::AccountMissing)
        .await?;
        if added > 0 {
            return Ok(());
        }
        let has_login = self.login(&login.aci).await?.is_some();
        Err(if has_login {
            StoreError::LoginExists
        } else {
            StoreError::EmailTaken
        })
    }

    async fn set_verifier(
        &mut self,
        aci: &Aci,
        verifier: &PasswordVerifier,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool> {
        // A sign-up that waits must not replace the new password.
        self.forget_sign_ups(aci).await?;
        self.forget_shadows(aci).await?;
        let verifier = sealed_verifier(aci, verifier, &self.keyring, rng)?;
        sqlx::query("UPDATE logins SET verifier = ? WHERE account_index = ?")
            .bind(verifier.as_bytes())
            .bind(self.account_index(aci))
            .changed(&mut self.transaction)
            .await
    }

    async fn set_verified(&mut self, aci: &Aci) -> Result<bool> {
        sqlx::query("UPDATE logins SET verified = 1 WHERE account_index = ?")
            .bind(self.account_index(aci))
            .changed(&mut self.transaction)
            .await
    }
}

impl IssuerTransaction {
    /// Replaces the verifier, only while the address is not confirmed.
    pub(super) async fn set_unverified(
        &mut self,
        aci: &Aci,
        verifier: &PasswordVerifier,
        verified: bool,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<bool> {
        let verifier = sealed_verifier(aci, verifier, &self.keyring, rng)?;
        sqlx::query(
            "UPDATE logins SET verifier = ?, verified = ? WHERE account_index = ? AND verified = 0",
        )
        .bind(verifier.as_bytes())
        .bind(verified)
        .bind(self.account_index(aci))
        .changed(&mut self.transaction)
        .await
    }
}
