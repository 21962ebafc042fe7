//! The numbers of rows in the database.

use anteroom_protocol::Timestamp;
use anteroom_store::{IssuerCounts, IssuerReader};
use async_trait::async_trait;

use super::schema::IssuerTransaction;
use crate::{
    error::Result,
    row::{number, seconds},
    statement::Statement as _,
};

#[async_trait]
impl IssuerReader for IssuerTransaction {
    async fn counts(&mut self, now: Timestamp) -> Result<IssuerCounts> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM accounts) AS accounts,
                    (SELECT count(*) FROM accounts WHERE disabled = 1) AS disabled,
                    (SELECT count(*) FROM accounts WHERE kind = 'guest') AS guests,
                    (SELECT count(*) FROM devices) AS devices,
                    (SELECT count(*) FROM sessions WHERE expires > ?1) AS sessions,
                    (SELECT count(*) FROM sign_ups WHERE expires > ?1) AS sign_ups,
                    (SELECT count(*) FROM invites WHERE expires > ?1) AS invites,
                    (SELECT count(DISTINCT email_index) FROM login_failures
                     WHERE locked = 1 AND expires > ?1) AS locked",
        )
        .bind(seconds(now, "sessions", "expires")?)
        .row(&mut self.transaction)
        .await?;
        let number = |column| number(&row, "accounts", column);
        Ok(IssuerCounts {
            accounts: number("accounts")?,
            disabled_accounts: number("disabled")?,
            guest_accounts: number("guests")?,
            devices: number("devices")?,
            sessions: number("sessions")?,
            sign_ups: number("sign_ups")?,
            invites: number("invites")?,
            locked_addresses: number("locked")?,
        })
    }
}
