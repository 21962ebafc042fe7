//! The administration of accounts.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    Account, AccountReader, AccountRepository, AccountRole, AccountSummary, BlindIndex,
    SealedValue, StoreError, UnusedGuests, sealed::SealedAccount,
};
use async_trait::async_trait;
use rand_core::CryptoRng;
use sqlx::Row as _;

use super::{
    logins::{self, login_columns},
    row::{self, account_columns},
    schema::IssuerTransaction,
};
use crate::{
    error::{Result, store_error},
    row::{number, seconds},
    statement::Statement as _,
};

#[async_trait]
impl AccountReader for IssuerTransaction {
    async fn account(&mut self, aci: &Aci) -> Result<Option<Account>> {
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM accounts WHERE account_index = ?"
        );
        sqlx::query(SELECT)
            .bind(self.account_index(aci))
            .optional_row(&mut self.transaction)
            .await?
            .map(|row| row::account(&row)?.open(&self.keyring))
            .transpose()
    }

    async fn accounts(&mut self, after: Option<&Aci>, most: u32) -> Result<Vec<AccountSummary>> {
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            ", ",
            login_columns!(),
            ", (SELECT count(*) FROM devices
                WHERE devices.account_index = accounts.account_index) AS devices
             FROM accounts LEFT JOIN logins USING (account_index)
             WHERE ?1 IS NULL OR accounts.account_index > ?1
             ORDER BY accounts.account_index LIMIT ?2"
        );
        let after = after.map(|aci| self.account_index(aci));
        let rows = sqlx::query(SELECT)
            .bind(after)
            .bind(i64::from(most))
            .rows(&mut self.transaction)
            .await?;
        let keyring = &self.keyring;
        rows.iter()
            .map(|row| {
                let email: Option<&[u8]> = row.try_get("email").map_err(store_error)?;
                let login = match email {
                    Some(_) => Some(logins::login(row)?),
                    None => None,
                };
                Ok(AccountSummary {
                    account: row::account(row)?.open(keyring)?,
                    email: login
                        .as_ref()
                        .map(|login| login.open_email(keyring))
                        .transpose()?,
                    verified: login.is_some_and(|login| login.verified),
                    devices: number(row, "devices", "devices")?,
                })
            })
            .collect()
    }

    async fn unused_guests(
        &mut self,
        used_before: Timestamp,
        after: Option<&BlindIndex>,
        most: u32,
    ) -> Result<UnusedGuests> {
        // Every index is behind the empty one.
        const SELECT: &str = concat!(
            "SELECT ",
            account_columns!(),
            " FROM accounts WHERE kind = 'guest' AND account_index > ?1 AND NOT EXISTS (
                 SELECT 1 FROM devices
                 WHERE devices.account_index = accounts.account_index AND last_seen >= ?2)
             ORDER BY account_index LIMIT ?3"
        );
        let after = after.map_or(&[][..], |index| index.as_bytes());
        let rows = sqlx::query(SELECT)
            .bind(after)
            .bind(seconds(used_before, "devices", "last_seen")?)
            .bind(i64::from(most))
            .rows(&mut self.transaction)
            .await?;
        let mut page = UnusedGuests {
            last: rows.last().map(row::account_index).transpose()?,
            ..UnusedGuests::default()
        };
        for row in &rows {
            let account = row::account(row).and_then(|sealed| sealed.open(&self.keyring));
            match account {
                Ok(account) => page.guests.push(account.aci),
                Err(_) => page.damaged += 1,
            }
        }
        Ok(page)
    }
}

#[async_trait]
impl AccountRepository for IssuerTransaction {
    async fn add_account(
        &mut self,
        account: &Account,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<()> {
        let sealed = SealedAccount::seal(account, &self.keyring, rng)?;
        let created = seconds(sealed.created, "accounts", "created")?;
        let added = sqlx::query(
            "INSERT INTO accounts (account_index, aci, pni, auth_salt, created, kind, role, disabled,
                 limit_epoch)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_index) DO NOTHING",
        )
        .bind(sealed.index.as_bytes().as_slice())
        .bind(sealed.aci.as_bytes())
        .bind(sealed.pni.as_ref().map(SealedValue::as_bytes))
        .bind(sealed.auth_salt.as_bytes())
        .bind(created)
        .bind(sealed.kind.as_str())
        .bind(sealed.role.as_str())
        .bind(sealed.disabled)
        .bind(sealed.limit_epoch)
        .changes(&mut self.transaction)
        .await?;
        if added == 0 {
            return Err(StoreError::AccountExists);
        }
        Ok(())
    }

    async fn set_disabled(&mut self, aci: &Aci, disabled: bool) -> Result<bool> {
        sqlx::query("UPDATE accounts SET disabled = ? WHERE account_index = ?")
            .bind(disabled)
            .bind(self.account_index(aci))
            .changed(&mut self.transaction)
            .await
    }

    async fn set_role(&mut self, aci: &Aci, role: AccountRole) -> Result<bool> {
        sqlx::query("UPDATE accounts SET role = ? WHERE account_index = ?")
            .bind(role.as_str())
            .bind(self.account_index(aci))
            .changed(&mut self.transaction)
            .await
    }

    /// Increments the limit epoch, which wraps from the last number to 0.
    async fn renew_limits(&mut self, aci: &Aci) -> Result<bool> {
        sqlx::query(
            "UPDATE accounts SET limit_epoch = (limit_epoch + 1) % 4294967296 WHERE account_index = ?",
        )
        .bind(self.account_index(aci))
        .changed(&mut self.transaction).await
    }

    async fn delete_account(&mut self, aci: &Aci) -> Result<bool> {
        sqlx::query("DELETE FROM accounts WHERE account_index = ?")
            .bind(self.account_index(aci))
            .changed(&mut self.transaction)
            .await
    }
}
